/**
 * Where DNS messages begin in TCP connections: each has its length in front of it, so each says
 * where the next one is. Cold path.
 *
 * Spec: RFC 1035 §4.2.2, RFC 7766 §8.
 */

/** The length in front of a message, and the identifier that the message begins with. */
export const DNS_LENGTH_SIZE = 2;
const ID_SIZE = 2;
/** The sequence number of the first byte, from the initial one. */
const FIRST_BYTE = 1;

/** What is known of the streams of a run. */
export class DnsStreams {
  /** Where messages begin, in order, counted from the initial sequence number. */
  readonly #starts = new Map<string, number[]>();

  /**
   * Offsets into a segment's payload of the messages whose length and identifier are in it.
   * `sequence` is that of the payload's first byte, from the initial one; `stream` names one side of
   * one connection. Segments are given in order; one that was sent again changes nothing.
   */
  messagesIn(
    stream: string,
    sequence: number,
    view: DataView,
    payload: { readonly at: number; readonly length: number },
  ): number[] {
    const starts = this.#starts.get(stream) ?? [FIRST_BYTE];
    this.#starts.set(stream, starts);
    const offsets: number[] = [];
    for (let index = 0; index < starts.length; index += 1) {
      const offset = (starts[index] ?? 0) - sequence;
      if (offset < 0 || offset + DNS_LENGTH_SIZE + ID_SIZE > payload.length) continue;
      offsets.push(offset);
      const next = sequence + offset + DNS_LENGTH_SIZE + view.getUint16(payload.at + offset);
      if (index === starts.length - 1) starts.push(next);
    }
    return offsets;
  }
}
