/**
 * Probes that are sent and answered through one raw socket.
 *
 * Spec: traceroute 2.1.2, traceroute/traceroute.c (recv_reply).
 */
import type { Ipv4 } from "../../base/inet.ts";
import type { Route } from "../../net/route.ts";
import type { WaitQueue } from "../../sim/process.ts";
import { RawSocket } from "../../socket/raw-socket.ts";
import { ICMP_ECHO_REPLY } from "../../wire/icmp.ts";
import type { AppHost } from "../app-host.ts";
import type { AnswerSink, Probe, ProbeMethod, SentProbe, TracerouteOptions } from "./probe.ts";

/** Probing by packets of a protocol. */
export abstract class RawProbes implements ProbeMethod {
  protected readonly socket: RawSocket;

  constructor(host: AppHost, { source }: TracerouteOptions, protocol: number) {
    this.socket = new RawSocket(host.namespace, protocol);
    this.socket.pmtuDiscovery = "dont";
    this.socket.source = source;
  }

  abstract begin(route: Route): void;
  abstract send(index: number, ttl: number, probes: readonly Probe[]): SentProbe;
  /** The key of the probe that an error quotes, from its transport header on; -1 for none. */
  protected abstract quoted(view: DataView): number;
  /** The key of the probe that a packet answers, likewise. */
  protected abstract answered(view: DataView, from: Ipv4): number;

  queues(): WaitQueue[] {
    return [this.socket.readable];
  }

  /** Takes one message, as the real program does between two looks at what may be sent. */
  collect(probes: readonly Probe[], _busy: readonly Probe[], answer: AnswerSink): boolean {
    const underWay = (key: number): Probe | undefined =>
      probes.find((probe) => probe.key === key && !probe.done);
    const error = this.socket.takeError();
    if (error !== null) {
      const { data } = error;
      const view = new DataView(data.buffer, data.byteOffset, data.length);
      const probe = view.byteLength < 8 ? undefined : underWay(this.quoted(view));
      if (probe !== undefined) answer(probe, error.offender, error.type, error.code);
      return true;
    }
    const packet = this.socket.hasInput ? this.socket.receive() : null;
    if (packet === null) return false;
    const { bytes, source } = packet;
    const header = ((bytes[0] ?? 0x45) & 15) * 4;
    const view = new DataView(bytes.buffer, bytes.byteOffset + header);
    const probe = view.byteLength < 8 ? undefined : underWay(this.answered(view, source));
    if (probe !== undefined) answer(probe, source, ICMP_ECHO_REPLY, 0);
    return true;
  }

  close(): void {
    this.socket.close();
  }

  /** Sends a packet, taking no notice of an error about an earlier one. */
  protected transmit(packet: Uint8Array, ttl: number, destination: Ipv4): void {
    this.socket.ttl = ttl;
    this.socket.clearError();
    this.socket.sendTo(packet, destination);
  }
}
