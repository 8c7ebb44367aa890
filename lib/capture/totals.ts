/**
 * What is the same in every run of a long transfer though its frames are not: the bytes of each
 * stream, the sizes of its segments, its options, how often acknowledgments come, how far windows
 * open, how much is sent again. One value for each direction of each TCP connection on each
 * interface, in the order in which they appear.
 */
import { formatIpv4 } from "../base/inet.ts";
import * as ethernet from "../wire/ethernet.ts";
import * as ipv4 from "../wire/ipv4.ts";
import { ETHERTYPE_IPV4, IPPROTO_TCP } from "../wire/protocol-numbers.ts";
import * as tcp from "../wire/tcp.ts";
import type { Capture, CapturedFrame } from "./capture.ts";

/** One direction of one connection on one interface. */
export interface StreamTotals {
  readonly interface: string;
  /** `10.0.0.1 to 10.0.0.2:8080`; the port of the side that was called. */
  readonly stream: string;
  /** Payload bytes that were delivered, each counted once. */
  readonly bytes: number;
  /** FNV-1a of them in order, as 8 hexadecimal digits. */
  readonly digest: string;
  /** Payload of the largest segment. */
  readonly largest: number;
  /** Option kinds of the SYN, and of the first segment after it. */
  readonly synOptions: string;
  readonly options: string;
  /** Segments with payload. */
  readonly segments: number;
  /** Those of them that began before the highest byte sent. */
  readonly repeated: number;
  /** Segments without payload, SYN, FIN or RST. */
  readonly acknowledgments: number;
  /** The largest window advertised, in bytes. */
  readonly window: number;
}

/** The streams of a capture. */
export function totals(capture: Capture): StreamTotals[] {
  return capture.interfaces
    .map(({ name }, index) => ({ name, index }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    .flatMap(({ name, index }) => {
      const streams = new Map<string, Stream>();
      for (const frame of capture.frames) {
        if (frame.interfaceIndex === index) take(frame, name, streams);
      }
      return [...streams.values()].map((stream) => stream.totals());
    });
}

/**
 * Why the totals of a run are not among those that others had, or null. Numbers that depend on
 * speed may leave the range of the others by a third of it and of themselves.
 */
export function compareTotals(
  expected: readonly (readonly StreamTotals[])[],
  actual: readonly StreamTotals[],
): string | null {
  const first = expected[0] ?? [];
  const count = Math.max(first.length, actual.length);
  for (let index = 0; index < count; index += 1) {
    const [one, here] = [first[index], actual[index]];
    if (here === undefined) return `${nameOf(one)} is missing here`;
    if (one === undefined) return `${nameOf(here)} is extra here`;
    for (const key of EXACT) {
      if (one[key] !== here[key]) {
        return `${nameOf(one)}: ${key} ${one[key]} on the kernel, ${here[key]} here`;
      }
    }
    for (const key of RANGED) {
      const values = expected.flatMap((run) => run[index]?.[key] ?? []);
      const [least, most] = [Math.min(...values), Math.max(...values)];
      const play = Math.ceil(most / 3);
      if (here[key] < least - play || here[key] > most + play) {
        return `${nameOf(one)}: ${key} ${least} to ${most} on the kernel, ${here[key]} here`;
      }
    }
  }
  return null;
}

const EXACT = [
  "interface",
  "stream",
  "bytes",
  "digest",
  "largest",
  "synOptions",
  "options",
] as const;
const RANGED = ["segments", "repeated", "acknowledgments", "window"] as const;

function nameOf(totals: StreamTotals | undefined): string {
  return totals === undefined ? "" : `${totals.interface} ${totals.stream}`;
}

function take(frame: CapturedFrame, name: string, streams: Map<string, Stream>): void {
  const { bytes } = frame;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const ip = ethernet.ETHERNET_SIZE;
  if (bytes.length < ip || ethernet.type(view, 0) !== ETHERTYPE_IPV4) return;
  if (!ipv4.isValid(view, ip, bytes.length) || ipv4.protocol(view, ip) !== IPPROTO_TCP) return;
  const at = ip + ipv4.headerSize(view, ip);
  const end = ip + ipv4.totalLength(view, ip);
  if (!tcp.isValid(view, at, end)) return;
  const [from, to] = [tcp.sourcePort(view, at), tcp.destinationPort(view, at)];
  const [source, destination] = [ipv4.source(view, ip), ipv4.destination(view, ip)];
  const key = `${source}:${from} ${destination}:${to}`;
  let stream = streams.get(key);
  if (stream === undefined) {
    const called = streams.has(`${destination}:${to} ${source}:${from}`);
    const label = called
      ? `${formatIpv4(source)}:${from} to ${formatIpv4(destination)}`
      : `${formatIpv4(source)} to ${formatIpv4(destination)}:${to}`;
    stream = new Stream(name, label);
    streams.set(key, stream);
  }
  stream.take(view, at, end);
}

class Stream {
  readonly #interface: string;
  readonly #label: string;
  #isn = 0;
  #scale = 0;
  #highest = 0;
  #synOptions = "";
  #options = "";
  #segments = 0;
  #repeated = 0;
  #acknowledgments = 0;
  #largest = 0;
  #window = 0;
  readonly #pieces = new Map<number, Uint8Array>();

  constructor(name: string, label: string) {
    this.#interface = name;
    this.#label = label;
  }

  take(view: DataView, at: number, end: number): void {
    const flags = tcp.flags(view, at);
    const payloadAt = at + tcp.headerSize(view, at);
    if ((flags & tcp.FLAG_SYN) !== 0) {
      this.#isn = tcp.sequence(view, at);
      this.#synOptions = optionKinds(view, at);
      this.#scale = windowScale(view, at);
      return;
    }
    if ((flags & tcp.FLAG_RST) !== 0) return;
    if (this.#options === "") this.#options = optionKinds(view, at);
    this.#window = Math.max(this.#window, tcp.window(view, at) << this.#scale);
    const length = end - payloadAt;
    if (length === 0) {
      if ((flags & tcp.FLAG_FIN) === 0) this.#acknowledgments += 1;
      return;
    }
    const offset = (tcp.sequence(view, at) - this.#isn - 1) | 0;
    this.#segments += 1;
    if (offset < this.#highest) this.#repeated += 1;
    this.#highest = Math.max(this.#highest, offset + length);
    this.#largest = Math.max(this.#largest, length);
    const payload = new Uint8Array(view.buffer, view.byteOffset + payloadAt, length);
    const known = this.#pieces.get(offset);
    if (known === undefined || known.length < length) this.#pieces.set(offset, payload);
  }

  totals(): StreamTotals {
    const { bytes, digest } = this.#content();
    return {
      interface: this.#interface,
      stream: this.#label,
      bytes,
      digest,
      largest: this.#largest,
      synOptions: this.#synOptions,
      options: this.#options,
      segments: this.#segments,
      repeated: this.#repeated,
      acknowledgments: this.#acknowledgments,
      window: this.#window,
    };
  }

  /** The bytes in order, as far as there is no hole. */
  #content(): { bytes: number; digest: string } {
    let hash = 0x811c9dc5;
    let bytes = 0;
    for (const [offset, piece] of [...this.#pieces].sort(([a], [b]) => a - b)) {
      if (offset > bytes) break;
      for (let index = bytes - offset; index < piece.length; index += 1) {
        hash = Math.imul(hash ^ (piece[index] ?? 0), 0x01000193);
      }
      bytes = Math.max(bytes, offset + piece.length);
    }
    return { bytes, digest: (hash >>> 0).toString(16).padStart(8, "0") };
  }
}

const OPTION_END = 0;
const OPTION_NOP = 1;
const OPTION_WINDOW_SCALE = 3;

/** Option kinds in their order: `2 4 8 1 3`. */
function optionKinds(view: DataView, at: number): string {
  const kinds: number[] = [];
  eachOption(view, at, (kind) => kinds.push(kind));
  return kinds.join(" ");
}

function windowScale(view: DataView, at: number): number {
  let scale = 0;
  eachOption(view, at, (kind, place) => {
    if (kind === OPTION_WINDOW_SCALE) scale = view.getUint8(place + 2);
  });
  return scale;
}

function eachOption(view: DataView, at: number, see: (kind: number, place: number) => void): void {
  const end = at + tcp.headerSize(view, at);
  let place = at + tcp.TCP_SIZE;
  while (place < end) {
    const kind = view.getUint8(place);
    if (kind === OPTION_END) return;
    see(kind, place);
    const length = kind === OPTION_NOP ? 1 : place + 1 < end ? view.getUint8(place + 1) : 0;
    if (length === 0) return;
    place += length;
  }
}
