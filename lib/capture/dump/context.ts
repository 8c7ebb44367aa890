/** What the printers of one frame share: its bytes, how much to say, and earlier frames' numbers. */

/** How frames are printed; the letters are tcpdump's. */
export interface DumpOptions {
  /** -v and -vv. */
  readonly verbose?: 0 | 1 | 2;
  /** -e: the Ethernet header. */
  readonly link?: boolean;
  /** -S: sequence numbers as they are. */
  readonly absoluteSequence?: boolean;
  /** -x, -xx, -X, -XX: the bytes, with the Ethernet header when doubled, with text when capital. */
  readonly hex?: "none" | "x" | "xx" | "X" | "XX";
}

/** The first sequence numbers seen of a TCP connection, from the side that sorts first. */
export interface SequenceOrigin {
  sequence: number;
  acknowledgment: number;
}

/** The frame that is being printed. Positions are absolute in `bytes`. */
export interface DumpContext {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly verbose: 0 | 1 | 2;
  /** Whether the Ethernet header is printed; then "IP" is left out. */
  readonly link: boolean;
  readonly absoluteSequence: boolean;
  /** By the connection's addresses and ports. */
  readonly origins: Map<string, SequenceOrigin>;
  /** Prints an IPv4 packet of `length` bytes, of which `end - at` were captured. */
  ipv4(context: DumpContext, at: number, length: number, end: number): string;
}

/** tcpdump's mark for what was not captured whole. */
export function truncated(protocol: string): string {
  return ` [|${protocol}]`;
}

/** `0x1a2b`, as tcpdump prints checksums. */
export function hex16(value: number): string {
  return `0x${value.toString(16).padStart(4, "0")}`;
}
