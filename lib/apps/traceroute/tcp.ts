/**
 * The probes of `traceroute -T`: SYNs as an old Linux sent them, each from a port of its own, which
 * the host itself resets when they are answered.
 *
 * Spec: traceroute 2.1.2, traceroute/mod-tcp.c (tcp_init, tcp_send_probe, tcp_check_reply).
 */
import type { Ipv4 } from "../../base/inet.ts";
import type { Route } from "../../net/route.ts";
import type { RandomStream } from "../../sim/random.ts";
import { add, finish, pseudoHeaderSum, sum } from "../../wire/checksum.ts";
import { IPPROTO_TCP } from "../../wire/protocol-numbers.ts";
import { FLAG_ACK, FLAG_RST, FLAG_SYN, TCP_SIZE } from "../../wire/tcp.ts";
import type { AppHost } from "../app-host.ts";
import type { Probe, SentProbe, TracerouteOptions } from "./probe.ts";
import { RawProbes } from "./raw.ts";

/** Header and options: MSS, SACK permitted, timestamps, window scale. */
const SEGMENT_SIZE = 40;
const HEADER_WORDS = 10;
const WINDOW_SCALE = 2;
/** The window in segments. */
const WINDOW_SEGMENTS = 4;
/** IPv4's and TCP's, which an MSS does not count. */
const HEADERS = 40;
/** Ports that bind(2) chooses: the odd ones of the usual range. */
const FIRST_PORT = 32_769;
const PORT_COUNT = 14_115;

/** Probing by TCP. */
export class TcpProbes extends RawProbes {
  readonly #destination: Ipv4;
  readonly #port: number;
  readonly #stream: RandomStream;
  #source = 0 as Ipv4;
  #mtu = 0;
  /** The timestamp of all probes. */
  #stamp = 0;

  /** `stream`: for ports and sequence numbers. */
  constructor(host: AppHost, options: TracerouteOptions, destination: Ipv4, stream: RandomStream) {
    super(host, options, IPPROTO_TCP);
    this.#destination = destination;
    this.#port = options.port;
    this.#stream = stream;
  }

  override begin({ source, mtu }: Route): void {
    this.#source = source;
    this.#mtu = mtu;
    this.#stamp = this.#stream.uint32();
  }

  override send(_index: number, ttl: number, probes: readonly Probe[]): SentProbe {
    const port = this.#freePort(new Set(probes.map(({ key }) => key)));
    this.transmit(this.#syn(port, this.#stream.int32()), ttl, this.#destination);
    return { key: port, socket: null };
  }

  protected override quoted(view: DataView): number {
    return view.getUint16(0);
  }

  protected override answered(segment: DataView, from: Ipv4): number {
    if (from !== this.#destination || segment.byteLength < TCP_SIZE) return -1;
    if (segment.getUint16(0) !== this.#port) return -1;
    const flags = segment.getUint8(13);
    const accepts = (flags & (FLAG_SYN | FLAG_ACK)) === (FLAG_SYN | FLAG_ACK);
    return accepts || (flags & FLAG_RST) !== 0 ? segment.getUint16(2) : -1;
  }

  /** A port that no other probe of the run has. */
  #freePort(taken: ReadonlySet<number>): number {
    let port = 0;
    do port = FIRST_PORT + 2 * this.#stream.below(PORT_COUNT);
    while (taken.has(port));
    return port;
  }

  /** The segment of a probe, its checksum done. */
  #syn(sourcePort: number, sequence: number): Uint8Array {
    const bytes = new Uint8Array(SEGMENT_SIZE);
    const view = new DataView(bytes.buffer);
    const mss = this.#mtu - HEADERS;
    view.setUint16(0, sourcePort);
    view.setUint16(2, this.#port);
    view.setInt32(4, sequence);
    view.setUint8(12, HEADER_WORDS << 4);
    view.setUint8(13, FLAG_SYN);
    view.setUint16(14, Math.min(WINDOW_SEGMENTS * mss, 0xffff));
    bytes.set([2, 4], 20);
    view.setUint16(22, mss);
    bytes.set([4, 2, 8, 10], 24);
    view.setUint32(28, this.#stamp);
    bytes.set([1, 3, 3, WINDOW_SCALE], 36);
    const pseudo = pseudoHeaderSum(this.#source, this.#destination, IPPROTO_TCP, SEGMENT_SIZE);
    view.setUint16(16, finish(add(sum(view, 0, SEGMENT_SIZE), pseudo)));
    return bytes;
  }
}
