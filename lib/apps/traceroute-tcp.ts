/**
 * The probes of `traceroute -T`: SYNs as an old Linux sent them, each from a port of its own, which
 * the host itself resets when they are answered.
 *
 * Spec: traceroute 2.1.2, traceroute/mod-tcp.c (tcp_send_probe).
 */
import type { Ipv4 } from "../base/inet.ts";
import type { RandomStream } from "../sim/random.ts";
import { add, finish, pseudoHeaderSum, sum } from "../wire/checksum.ts";
import { IPPROTO_TCP } from "../wire/protocol-numbers.ts";

/** Header and options: MSS, SACK permitted, timestamps, window scale. */
const SEGMENT_SIZE = 40;
const HEADER_WORDS = 10;
const SYN = 0x02;
const ACK = 0x10;
const RST = 0x04;
const WINDOW_SCALE = 2;
/** The window in segments. */
const WINDOW_SEGMENTS = 4;
const HEADERS = 40;
/** Ports that bind(2) chooses: the odd ones of the usual range. */
const FIRST_PORT = 32_769;
const PORT_COUNT = 14_115;

/** What probes of one run have in common. */
export interface TcpProbes {
  readonly source: Ipv4;
  readonly destination: Ipv4;
  readonly port: number;
  readonly mtu: number;
  /** Their timestamp. */
  readonly stamp: number;
}

/** A port that no other probe of the run has. */
export function probePort(stream: RandomStream, taken: ReadonlySet<number>): number {
  let port = 0;
  do port = FIRST_PORT + 2 * stream.below(PORT_COUNT);
  while (taken.has(port));
  return port;
}

/** The segment of a probe, its checksum done. */
export function synSegment(probes: TcpProbes, sourcePort: number, sequence: number): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_SIZE);
  const view = new DataView(bytes.buffer);
  const mss = probes.mtu - HEADERS;
  view.setUint16(0, sourcePort);
  view.setUint16(2, probes.port);
  view.setInt32(4, sequence);
  view.setUint8(12, HEADER_WORDS << 4);
  view.setUint8(13, SYN);
  view.setUint16(14, Math.min(WINDOW_SEGMENTS * mss, 0xffff));
  bytes.set([2, 4], 20);
  view.setUint16(22, mss);
  bytes.set([4, 2, 8, 10], 24);
  view.setUint32(28, probes.stamp);
  bytes.set([1, 3, 3, WINDOW_SCALE], 36);
  const pseudo = pseudoHeaderSum(probes.source, probes.destination, IPPROTO_TCP, SEGMENT_SIZE);
  view.setUint16(16, finish(add(sum(view, 0, SEGMENT_SIZE), pseudo)));
  return bytes;
}

/** The port of the probe that a segment from the destination answers, or -1. */
export function answeredPort(segment: DataView, port: number): number {
  if (segment.byteLength < 20 || segment.getUint16(0) !== port) return -1;
  const flags = segment.getUint8(13);
  const accepts = (flags & (SYN | ACK)) === (SYN | ACK);
  return accepts || (flags & RST) !== 0 ? segment.getUint16(2) : -1;
}
