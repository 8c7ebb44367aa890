/**
 * TCP options. They are a list of type, length, value, so they are read and written by hand.
 *
 * Spec: RFC 9293 §3.2 (EOL, NOP, MSS), RFC 7323 §2–3 (window scale, timestamps), RFC 2018 (SACK),
 * RFC 7413 §4.1.1 (fast open cookie), RFC 2385 (MD5).
 */

export const OPTION_EOL = 0;
export const OPTION_NOP = 1;
export const OPTION_MSS = 2;
export const OPTION_WINDOW_SCALE = 3;
export const OPTION_SACK_PERMITTED = 4;
export const OPTION_SACK = 5;
export const OPTION_TIMESTAMPS = 8;
export const OPTION_MD5 = 19;
export const OPTION_FAST_OPEN = 34;

/** Size of a timestamps option with the two NOPs that Linux puts before it. */
export const TIMESTAMPS_ALIGNED_SIZE = 12;
/** A receiver reports at most four blocks, three beside timestamps. */
const MAX_SACK_BLOCKS = 4;

/**
 * The options of one received segment: one preallocated object for each reader, filled by `parse`.
 * Absent: `mss` 0, `windowScale` -1, `md5` false, `sackCount` 0.
 */
export class TcpOptions {
  mss = 0;
  windowScale = -1;
  sackPermitted = false;
  hasTimestamps = false;
  timestampValue = 0;
  timestampEcho = 0;
  sackCount = 0;
  md5 = false;
  /** Start and end of each SACK block as int32, in the order of the segment. */
  readonly sack = new Int32Array(2 * MAX_SACK_BLOCKS);

  /**
   * Reads the options between `at` and `end`. Malformed ones end the walk, as in the kernel
   * (tcp_parse_options): what was read before them stays. `syn` allows what only a SYN may carry.
   * @hot
   */
  parse(view: DataView, at: number, end: number, syn: boolean): void {
    this.mss = 0;
    this.windowScale = -1;
    this.sackPermitted = false;
    this.hasTimestamps = false;
    this.timestampValue = 0;
    this.timestampEcho = 0;
    this.sackCount = 0;
    this.md5 = false;
    let position = at;
    while (position < end) {
      const kind = view.getUint8(position);
      if (kind === OPTION_EOL) return;
      if (kind === OPTION_NOP) {
        position += 1;
        continue;
      }
      if (position + 2 > end) return;
      const length = view.getUint8(position + 1);
      if (length < 2 || position + length > end) return;
      this.#take(view, position, kind, length, syn);
      position += length;
    }
  }

  #take(view: DataView, at: number, kind: number, length: number, syn: boolean): void {
    switch (kind) {
      case OPTION_MSS:
        if (length === 4 && syn) this.mss = view.getUint16(at + 2);
        return;
      case OPTION_WINDOW_SCALE:
        // RFC 7323 §2.3: a shift above 14 is used as 14.
        if (length === 3 && syn) this.windowScale = Math.min(view.getUint8(at + 2), 14);
        return;
      case OPTION_SACK_PERMITTED:
        if (length === 2 && syn) this.sackPermitted = true;
        return;
      case OPTION_TIMESTAMPS:
        if (length !== 10) return;
        this.hasTimestamps = true;
        this.timestampValue = view.getInt32(at + 2);
        this.timestampEcho = view.getInt32(at + 6);
        return;
      case OPTION_SACK:
        if (length < 10 || (length - 2) % 8 !== 0) return;
        this.sackCount = Math.min((length - 2) / 8, MAX_SACK_BLOCKS);
        for (let index = 0; index < 2 * this.sackCount; index += 1) {
          this.sack[index] = view.getInt32(at + 2 + 4 * index);
        }
        return;
      case OPTION_MD5:
        this.md5 = length === 18;
        return;
      default:
        return;
    }
  }
}

/** Writes MSS; returns the position after it. @hot */
export function writeMss(view: DataView, at: number, mss: number): number {
  view.setUint8(at, OPTION_MSS);
  view.setUint8(at + 1, 4);
  view.setUint16(at + 2, mss);
  return at + 4;
}

/** Writes SACK permitted; returns the position after it. @hot */
export function writeSackPermitted(view: DataView, at: number): number {
  view.setUint8(at, OPTION_SACK_PERMITTED);
  view.setUint8(at + 1, 2);
  return at + 2;
}

/** Writes a window scale; returns the position after it. @hot */
export function writeWindowScale(view: DataView, at: number, shift: number): number {
  view.setUint8(at, OPTION_WINDOW_SCALE);
  view.setUint8(at + 1, 3);
  view.setUint8(at + 2, shift);
  return at + 3;
}

/** Writes timestamps without padding; returns the position after them. @hot */
export function writeTimestamps(view: DataView, at: number, value: number, echo: number): number {
  view.setUint8(at, OPTION_TIMESTAMPS);
  view.setUint8(at + 1, 10);
  view.setInt32(at + 2, value);
  view.setInt32(at + 6, echo);
  return at + 10;
}

/** Writes `count` NOPs; returns the position after them. @hot */
export function writeNops(view: DataView, at: number, count: number): number {
  for (let index = 0; index < count; index += 1) view.setUint8(at + index, OPTION_NOP);
  return at + count;
}

/** Writes `count` SACK blocks from `blocks` (start, end, …); returns the position after them. @hot */
export function writeSack(view: DataView, at: number, blocks: Int32Array, count: number): number {
  view.setUint8(at, OPTION_SACK);
  view.setUint8(at + 1, 2 + 8 * count);
  for (let index = 0; index < 2 * count; index += 1) {
    view.setInt32(at + 2 + 4 * index, blocks[index] ?? 0);
  }
  return at + 2 + 8 * count;
}
