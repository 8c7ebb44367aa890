/**
 * `traceroute`: probes with growing TTL, by UDP or ICMP, and who complains about them.
 *
 * Spec: traceroute 2.1.2, traceroute/traceroute.c (do_it), mod-udp (mod-traceroute.c), mod-icmp.c.
 * Not modelled: names of hops, TCP probes, path MTU discovery, extensions of ICMP.
 */
import { utf8 } from "../base/bytes.ts";
import { errnoMessage } from "../base/errno.ts";
import { formatIpv4, type Ipv4 } from "../base/inet.ts";
import { NS_PER_US, type Ns } from "../base/units.ts";
import { type Program, type WaitQueue, waitFor } from "../sim/process.ts";
import { RawSocket } from "../socket/raw-socket.ts";
import { UdpSocket } from "../socket/udp-socket.ts";
import { transportsOf } from "../transport/stack.ts";
import { finish, sum } from "../wire/checksum.ts";
import type { AppHost } from "./app-host.ts";
import { resolveErrorText } from "./resolver.ts";

const UDP_PORT = 33_434;
const ECHO_REPLY = 0;
const ECHO = 8;
const UNREACHABLE = 3;
const TIME_EXCEEDED = 11;
const IP_PMTUDISC_DONT = 0;
/** IPv4 header and UDP or ICMP header. */
const HEADERS = 28;

/** What the command line says. */
export interface TracerouteOptions {
  readonly target: string;
  readonly icmp: boolean;
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

/** A probe under way or answered. */
interface Probe {
  readonly ttl: number;
  readonly sentAt: Ns;
  readonly socket: UdpSocket | null;
  from: Ipv4;
  answeredAt: Ns;
  done: boolean;
  /** `!H` and the like, or "". */
  mark: string;
  final: boolean;
}

/** Runs traceroute; status 0, or 2 for a name that nobody knows. */
export function* traceroute(host: AppHost, options: TracerouteOptions): Program<number> {
  const destination = yield* host.resolve(options.target);
  if (typeof destination === "string") {
    host.stderr(
      `${options.target}: ${resolveErrorText(destination)}\nCannot handle "host" cmdline arg \`${options.target}' on position 1 (argc 1)\n`,
    );
    return 2;
  }
  const run = new Trace(host, options, destination);
  try {
    return yield* run.loop();
  } finally {
    run.close();
  }
}

class Trace {
  readonly #host: AppHost;
  readonly #options: TracerouteOptions;
  readonly #destination: Ipv4;
  readonly #probes: Probe[] = [];
  readonly #raw: RawSocket | null;
  readonly #identifier: number;
  #printed = 0;
  /** Index of the first probe behind the hop that is the destination. */
  #end = Number.POSITIVE_INFINITY;
  #lastFrom: Ipv4 | null = null;

  constructor(host: AppHost, options: TracerouteOptions, destination: Ipv4) {
    this.#host = host;
    this.#options = options;
    this.#destination = destination;
    this.#raw = options.icmp ? new RawSocket(host.namespace, 1) : null;
    if (this.#raw !== null) {
      this.#raw.accepted = [ECHO_REPLY];
      this.#raw.pmtuDiscovery = "dont";
      this.#raw.source = options.source;
    }
    const stream = host.namespace.random.stream(`${host.namespace.name}:traceroute`);
    this.#identifier = stream.below(0x10000);
  }

  close(): void {
    this.#raw?.close();
    for (const { socket } of this.#probes) socket?.close();
  }

  *loop(): Program<number> {
    const { target, maxTtl, length, queries, firstTtl } = this.#options;
    const name = `${target} (${formatIpv4(this.#destination)})`;
    this.#print(`traceroute to ${name}, ${maxTtl} hops max, ${length} byte packets`);
    const unreachable = this.#routeError();
    if (unreachable < 0) {
      this.#print("\n");
      this.#host.stderr(`connect: ${errnoMessage(unreachable)}\n`);
      return 1;
    }
    const total = (maxTtl - firstTtl + 1) * queries;
    while (this.#printed < Math.min(total, this.#end)) {
      this.#sendMore(Math.min(total, this.#end));
      const busy = this.#probes.filter(({ done }) => !done);
      if (!this.#collect(busy)) {
        const { now } = this.#host.namespace.cpu;
        const expiry = Math.min(...busy.map(({ sentAt }) => sentAt + this.#options.waitNs));
        if (busy.length > 0 && expiry > now) yield waitFor(this.#queues(busy), expiry - now);
        this.#expire();
      }
      this.#show(total);
    }
    this.#print("\n");
    return 0;
  }

  /** What connecting a socket to the destination fails with, or 0. */
  #routeError(): number {
    const socket = new RawSocket(this.#host.namespace, 1);
    const route = socket.routeTo(this.#destination);
    socket.close();
    return typeof route === "number" ? route : 0;
  }

  #sendMore(limit: number): void {
    let busy = this.#probes.filter(({ done }) => !done).length;
    while (busy < this.#options.simultaneous && this.#probes.length < limit) {
      this.#send();
      busy += 1;
    }
  }

  #send(): void {
    const index = this.#probes.length;
    const { queries, firstTtl } = this.#options;
    const ttl = firstTtl + Math.floor(index / queries);
    const { cpu } = this.#host.namespace;
    const sentAt = cpu.now;
    const socket = this.#raw === null ? this.#sendUdp(index, ttl) : null;
    if (this.#raw !== null) this.#sendIcmp(this.#raw, index, ttl);
    this.#probes.push({
      ttl,
      sentAt,
      socket,
      from: 0 as Ipv4,
      answeredAt: 0,
      done: false,
      mark: "",
      final: false,
    });
  }

  #sendUdp(index: number, ttl: number): UdpSocket {
    const socket = new UdpSocket(transportsOf(this.#host.namespace));
    socket.bind(this.#options.source, 0);
    socket.setOption("IP_MTU_DISCOVER", IP_PMTUDISC_DONT);
    socket.setOption("IP_TTL", ttl);
    socket.connect(this.#destination, this.#options.port + index);
    socket.setOption("IP_RECVERR", 1);
    socket.nonBlocking = true;
    socket.send(filler(this.#options.length - HEADERS));
    return socket;
  }

  #sendIcmp(raw: RawSocket, index: number, ttl: number): void {
    const packet = new Uint8Array(this.#options.length - 20);
    packet.set(filler(packet.length - 8), 8);
    const view = new DataView(packet.buffer);
    view.setUint8(0, ECHO);
    view.setUint16(4, this.#identifier);
    view.setUint16(6, index + 1);
    view.setUint16(2, finish(sum(view, 0, packet.length)));
    raw.ttl = ttl;
    raw.sendTo(packet, this.#destination);
  }

  #queues(busy: readonly Probe[]): WaitQueue[] {
    if (this.#raw !== null) return [this.#raw.readable];
    return busy.flatMap(({ socket }) => (socket === null ? [] : [socket.waitQueue]));
  }

  /** Takes the answers that are there; false if there were none. */
  #collect(busy: readonly Probe[]): boolean {
    let any = false;
    for (const probe of busy) {
      const error = probe.socket?.receiveError() ?? null;
      if (error === null) continue;
      any = true;
      probe.socket?.takeError();
      this.#answer(probe, error.offender, error.type, error.code);
    }
    return this.#raw === null ? any : this.#collectRaw(this.#raw) || any;
  }

  #collectRaw(raw: RawSocket): boolean {
    let any = false;
    for (let error = raw.takeError(); error !== null; error = raw.takeError()) {
      const view = new DataView(error.data.buffer, error.data.byteOffset);
      if (error.data.length < 8 || view.getUint16(4) !== this.#identifier) continue;
      const probe = this.#probes[view.getUint16(6) - 1];
      if (probe !== undefined && !probe.done) {
        this.#answer(probe, error.offender, error.type, error.code);
        any = true;
      }
    }
    while (raw.hasInput) {
      const packet = raw.receive();
      if (packet === null) break;
      const header = ((packet.bytes[0] ?? 0x45) & 15) * 4;
      const view = new DataView(packet.bytes.buffer, packet.bytes.byteOffset + header);
      const probe = this.#probes[view.getUint16(6) - 1];
      if (view.getUint16(4) !== this.#identifier || probe === undefined || probe.done) continue;
      this.#answer(probe, packet.source, ECHO_REPLY, 0);
      any = true;
    }
    return any;
  }

  #answer(probe: Probe, from: Ipv4, type: number, code: number): void {
    probe.done = true;
    probe.from = from;
    probe.answeredAt = this.#host.namespace.cpu.now;
    probe.final = type !== TIME_EXCEEDED;
    if (type === UNREACHABLE && code !== 3) probe.mark = MARKS[code] ?? `!<${code}>`;
    if (!probe.final) return;
    const { queries, firstTtl } = this.#options;
    this.#end = Math.min(this.#end, (probe.ttl - firstTtl + 1) * queries);
  }

  #expire(): void {
    const { now } = this.#host.namespace.cpu;
    for (const probe of this.#probes) {
      if (!probe.done && now >= probe.sentAt + this.#options.waitNs) probe.done = true;
    }
  }

  /** Prints what is known in the order of the probes. */
  #show(total: number): void {
    const { queries } = this.#options;
    while (this.#printed < Math.min(total, this.#end)) {
      const probe = this.#probes[this.#printed];
      if (probe === undefined || !probe.done) return;
      if (this.#printed % queries === 0) {
        this.#print(`\n${String(probe.ttl).padStart(2)} `);
        this.#lastFrom = null;
      }
      this.#print(this.#probeText(probe));
      this.#printed += 1;
    }
  }

  #probeText(probe: Probe): string {
    if (probe.from === 0) return " *";
    const us = Math.floor((probe.answeredAt - probe.sentAt) / NS_PER_US);
    const address = formatIpv4(probe.from);
    const name = this.#options.numeric ? address : `${address} (${address})`;
    const who = this.#lastFrom === probe.from ? "" : ` ${name}`;
    this.#lastFrom = probe.from;
    const time = `${Math.floor(us / 1000)}.${String(us % 1000).padStart(3, "0")}`;
    return `${who}  ${time} ms${probe.mark === "" ? "" : ` ${probe.mark}`}`;
  }

  #print(text: string): void {
    this.#host.stdout(utf8(text));
  }
}

/** Letters for the codes of "destination unreachable". */
const MARKS: Readonly<Record<number, string>> = {
  0: "!N",
  1: "!H",
  2: "!P",
  4: "!F",
  5: "!S",
  9: "!X",
  10: "!X",
  13: "!X",
  14: "!V",
  15: "!C",
};

/** The data of a probe: `@ABC…`. */
function filler(length: number): Uint8Array {
  return Uint8Array.from({ length: Math.max(length, 0) }, (_, index) => 0x40 + (index & 0x3f));
}

/** The port that the first UDP probe goes to. */
export const TRACEROUTE_PORT = UDP_PORT;
