/**
 * The probes of `traceroute`: datagrams to ports that nobody listens on, each from a socket of its own.
 *
 * Spec: traceroute 2.1.2, traceroute/mod-udp.c (udp_default).
 */
import type { Ipv4 } from "../../base/inet.ts";
import type { WaitQueue } from "../../sim/process.ts";
import { UdpSocket } from "../../socket/udp-socket.ts";
import { PMTUDISC_DONT } from "../../transport/inet-sock.ts";
import { transportsOf } from "../../transport/stack.ts";
import { IPV4_SIZE } from "../../wire/ipv4.ts";
import { UDP_SIZE } from "../../wire/udp.ts";
import type { AppHost } from "../app-host.ts";
import {
  type AnswerSink,
  filler,
  type Probe,
  type ProbeMethod,
  type SentProbe,
  type TracerouteOptions,
} from "./probe.ts";

/** Probing by UDP. */
export class UdpProbes implements ProbeMethod {
  readonly #host: AppHost;
  readonly #options: TracerouteOptions;
  readonly #destination: Ipv4;

  constructor(host: AppHost, options: TracerouteOptions, destination: Ipv4) {
    this.#host = host;
    this.#options = options;
    this.#destination = destination;
  }

  begin(): void {}

  send(index: number, ttl: number): SentProbe {
    const { source, port, length } = this.#options;
    const socket = new UdpSocket(transportsOf(this.#host.namespace));
    socket.bind(source, 0);
    socket.setOption("IP_MTU_DISCOVER", PMTUDISC_DONT);
    socket.setOption("IP_TTL", ttl);
    socket.connect(this.#destination, port + index);
    socket.setOption("IP_RECVERR", 1);
    socket.nonBlocking = true;
    socket.send(filler(length - IPV4_SIZE - UDP_SIZE));
    return { key: index + 1, socket };
  }

  queues(busy: readonly Probe[]): WaitQueue[] {
    return busy.flatMap(({ socket }) => (socket === null ? [] : [socket.waitQueue]));
  }

  collect(_probes: readonly Probe[], busy: readonly Probe[], answer: AnswerSink): boolean {
    let any = false;
    for (const probe of busy) {
      const error = probe.socket?.receiveError() ?? null;
      if (error === null) continue;
      any = true;
      probe.socket?.takeError();
      answer(probe, error.offender, error.type, error.code);
    }
    return any;
  }

  close(probes: readonly Probe[]): void {
    for (const { socket } of probes) socket?.close();
  }
}
