/**
 * A probe of traceroute, and what a way of probing must be able to do.
 *
 * Spec: traceroute 2.1.2, traceroute/traceroute.h (struct probe, tr_module).
 */
import type { Ipv4 } from "../../base/inet.ts";
import type { Ns } from "../../base/units.ts";
import type { Route } from "../../net/route.ts";
import type { WaitQueue } from "../../sim/process.ts";
import type { UdpSocket } from "../../socket/udp-socket.ts";

/** What the command line says. */
export interface TracerouteOptions {
  readonly target: string;
  readonly method: "udp" | "icmp" | "tcp";
  readonly numeric: boolean;
  readonly firstTtl: number;
  readonly maxTtl: number;
  /** Probes for each TTL. */
  readonly queries: number;
  /** `-N`: probes under way at a time. */
  readonly simultaneous: number;
  readonly waitNs: Ns;
  /** Length of the whole packet. */
  readonly length: number;
  readonly port: number;
  readonly source: Ipv4;
}

/** What a probe that was sent is told from others by. */
export interface SentProbe {
  /** A sequence number, or with TCP a port. */
  readonly key: number;
  /** With UDP, each has its own. */
  readonly socket: UdpSocket | null;
}

/** A probe under way or answered. */
export interface Probe extends SentProbe {
  readonly ttl: number;
  readonly sentAt: Ns;
  /** 0 while there is no answer. */
  from: Ipv4;
  answeredAt: Ns;
  done: boolean;
  /** `!H` and the like, or "". */
  mark: string;
  final: boolean;
}

/** Takes note of an answer: an ICMP message by type and code, ICMP_ECHO_REPLY for the destination's. */
export type AnswerSink = (probe: Probe, from: Ipv4, type: number, code: number) => void;

/** How probes are sent and answers found. */
export interface ProbeMethod {
  /** The way to the destination is known. */
  begin(route: Route): void;
  /** Sends the probe with that index, counted from 0; `probes` were sent before. */
  send(index: number, ttl: number, probes: readonly Probe[]): SentProbe;
  /** Where those that are not done wake the program. */
  queues(busy: readonly Probe[]): WaitQueue[];
  /** Takes answers that are there; false if there were none. */
  collect(probes: readonly Probe[], busy: readonly Probe[], answer: AnswerSink): boolean;
  close(probes: readonly Probe[]): void;
}

/** The data of a probe: `@ABC…`. */
export function filler(length: number): Uint8Array {
  return Uint8Array.from({ length: Math.max(length, 0) }, (_, index) => 0x40 + (index & 0x3f));
}
