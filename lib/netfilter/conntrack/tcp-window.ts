/**
 * What conntrack remembers of a TCP connection beside its state: for each direction the end of what
 * was sent, the end of what may be sent, the largest window and its scale; and the last segment, to
 * find retransmissions and to get back in step. Kept as rows of one growing integer array, since
 * there may be a million of them.
 *
 * Spec: Guido van Rooij, "Real stateful TCP packet filtering in IP Filter" (2000).
 * Kernel: include/linux/netfilter/nf_conntrack_tcp.h (struct ip_ct_tcp), 6.18.
 */

/** Fields of one direction; the reply's are `SIDE` further on. */
export const END = 0;
export const MAX_END = 1;
export const MAX_WINDOW = 2;
export const MAX_ACK = 3;
export const SCALE = 4;
export const FLAGS = 5;
export const SIDE = 6;
/** The last segment. */
export const LAST_DIRECTION = 12;
export const LAST_INDEX = 13;
export const LAST_SEQUENCE = 14;
export const LAST_ACK = 15;
export const LAST_END = 16;
export const LAST_WINDOW = 17;
export const LAST_SCALE = 18;
export const LAST_FLAGS = 19;
/** Equal segments seen in a row. */
export const RETRANSMISSIONS = 20;

const ROW = 21;
const FIRST_ROWS = 64;

/** Values of `FLAGS` (`IP_CT_TCP_FLAG_*`) and `LAST_FLAGS`. */
export const Flag = {
  WINDOW_SCALE: 0x01,
  SACK_PERM: 0x02,
  CLOSE_INIT: 0x04,
  BE_LIBERAL: 0x08,
  DATA_UNACKNOWLEDGED: 0x10,
  MAXACK_SET: 0x20,
  CHALLENGE_ACK: 0x40,
  SIMULTANEOUS_OPEN: 0x80,
} as const;

/** The rows of all TCP connections of a host. */
export class TcpWindows {
  #fields = new Int32Array(FIRST_ROWS * ROW);
  #rows = 0;
  readonly #free: number[] = [];

  /** A row of zeros. */
  take(): number {
    const freed = this.#free.pop();
    if (freed !== undefined) {
      this.#fields.fill(0, freed * ROW, (freed + 1) * ROW);
      return freed;
    }
    if ((this.#rows + 1) * ROW > this.#fields.length) {
      const larger = new Int32Array(Math.ceil(this.#fields.length * 1.5));
      larger.set(this.#fields);
      this.#fields = larger;
    }
    this.#rows += 1;
    return this.#rows - 1;
  }

  /** Gives a row back. */
  release(row: number): void {
    this.#free.push(row);
  }

  /** @hot */
  get(row: number, field: number): number {
    return this.#fields[row * ROW + field] ?? 0;
  }

  /** @hot */
  set(row: number, field: number, value: number): void {
    this.#fields[row * ROW + field] = value;
  }

  /** Sets bits of a field. @hot */
  or(row: number, field: number, bits: number): void {
    this.set(row, field, this.get(row, field) | bits);
  }

  /** Clears bits of a field. @hot */
  clear(row: number, field: number, bits: number): void {
    this.set(row, field, this.get(row, field) & ~bits);
  }
}
