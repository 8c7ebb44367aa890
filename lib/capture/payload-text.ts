/**
 * The payloads of packets for a comparison: bytes in hexadecimal, with what programs put into them
 * from chance or from the clock named or left out. What that is stands at the head of normalise.ts.
 */
import type { Field } from "./dissect.ts";
import { DNS_LENGTH_SIZE, DnsStreams } from "./dns-streams.ts";
import type { Namer } from "./value-names.ts";

const PING_TIME_DIGITS = 32;
const DNS_ID_DIGITS = 4;
/** The digits of a tracepath probe that tell the time. */
const PROBE_TIME_DIGITS = { from: 16, to: 48 };
/** In hexadecimal: `Date: ` and 29 characters, `X-Request-ID: ` and 32, and the line's end. */
const HTTP_DATE = /(0d0a446174653a20)(?:[0-9a-f]{2}){29}(0d0a)/;
const REQUEST_ID = /(0d0a582d526571756573742d49443a20)([0-9a-f]{64})(?=0d0a)/;

/** The payloads of a run. */
export class PayloadText {
  readonly #name: Namer;
  readonly #dnsStreams = new DnsStreams();

  constructor(name: Namer) {
    this.#name = name;
  }

  /** The data of an ICMP echo, which begins with the time if it is ping's. */
  echo({ text }: Field): string {
    if (text.length < PING_TIME_DIGITS) return text;
    const time = this.#name("time", text.slice(0, PING_TIME_DIGITS));
    return `${time} ${text.slice(PING_TIME_DIGITS)}`;
  }

  /** A probe of tracepath: its TTL, then the time of sending, then zeros. */
  tracepathProbe({ text }: Field): string {
    const { from, to } = PROBE_TIME_DIGITS;
    return `${text.slice(0, from)}${this.#name("time", text.slice(from, to))}${text.slice(to)}`;
  }

  /** A DNS message in a datagram. */
  dnsMessage({ text }: Field): string {
    return `${this.#name("dns", text.slice(0, DNS_ID_DIGITS))} ${text.slice(DNS_ID_DIGITS)}`;
  }

  /**
   * A segment of DNS messages. `sequence` is that of its first byte from the initial one; `stream`
   * names one side of one connection.
   */
  dnsSegment(stream: string, sequence: number, view: DataView, field: Field): string {
    let text = "";
    let end = 0;
    for (const start of this.#dnsStreams.messagesIn(stream, sequence, view, field)) {
      const id = 2 * (start + DNS_LENGTH_SIZE);
      const digits = field.text.slice(id, id + DNS_ID_DIGITS);
      text += `${field.text.slice(end, id)} ${this.#name("dns", digits)} `;
      end = id + DNS_ID_DIGITS;
    }
    return text + field.text.slice(end);
  }

  /** Anything else, which may be HTTP. */
  other({ text }: Field): string {
    return text
      .replace(HTTP_DATE, "$1 $2")
      .replace(REQUEST_ID, (_all, before, id) => `${before} ${this.#name("request", id)} `);
  }
}
