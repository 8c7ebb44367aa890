/**
 * `traceroute`: probes with growing TTL, by UDP, ICMP or TCP, and who complains about them.
 *
 * Spec: traceroute 2.1.2, traceroute/traceroute.c (do_it), mod-udp (mod-traceroute.c), mod-icmp.c.
 * Not modelled: names of hops, path MTU discovery, extensions of ICMP.
 */
import { utf8 } from "../base/bytes.ts";
import { errnoMessage } from "../base/errno.ts";
import { formatIpv4, type Ipv4 } from "../base/inet.ts";
import { NS_PER_US, type Ns } from "../base/units.ts";
import { type Program, type WaitQueue, waitFor } from "../sim/process.ts";
import type { RandomStream } from "../sim/random.ts";
import { RawSocket } from "../socket/raw-socket.ts";
import { UdpSocket } from "../socket/udp-socket.ts";
import { PMTUDISC_DONT } from "../transport/inet-sock.ts";
import { transportsOf } from "../transport/stack.ts";
import { finish, sum } from "../wire/checksum.ts";
import { IPPROTO_ICMP, IPPROTO_TCP } from "../wire/protocol-numbers.ts";
import type { AppHost } from "./app-host.ts";
import { resolveErrorText } from "./resolver.ts";
import { answeredPort, probePort, synSegment, type TcpProbes } from "./traceroute-tcp.ts";

const UDP_PORT = 33_434;
const ECHO_REPLY = 0;
const ECHO = 8;
const UNREACHABLE = 3;
const TIME_EXCEEDED = 11;
/** `-w MAX,HERE,NEAR`: how many times as long as others a probe may take. */
const HERE_FACTOR = 3;
const NEAR_FACTOR = 10;
/** IPv4 header and UDP or ICMP header. */
const HEADERS = 28;

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

/** A probe under way or answered. */
interface Probe {
  readonly ttl: number;
  readonly sentAt: Ns;
  readonly socket: UdpSocket | null;
  /** What an answer is known by: a sequence number, or with TCP a port. */
  readonly key: number;
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
  readonly #stream: RandomStream;
  #tcp: TcpProbes | null = null;
  #printed = 0;
  /** Index of the first probe behind the hop that is the destination. */
  #end = Number.POSITIVE_INFINITY;
  #lastFrom: Ipv4 | null = null;

  constructor(host: AppHost, options: TracerouteOptions, destination: Ipv4) {
    this.#host = host;
    this.#options = options;
    this.#destination = destination;
    const protocol = options.method === "tcp" ? IPPROTO_TCP : IPPROTO_ICMP;
    this.#raw = options.method === "udp" ? null : new RawSocket(host.namespace, protocol);
    if (this.#raw !== null) {
      if (options.method === "icmp") this.#raw.accepted = [ECHO_REPLY];
      this.#raw.pmtuDiscovery = "dont";
      this.#raw.source = options.source;
    }
    this.#stream = host.namespace.random.stream(`${host.namespace.name}:traceroute`);
    this.#identifier = this.#stream.below(0x10000);
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
        const expiry = Math.min(...busy.map((probe) => probe.sentAt + this.#patience(probe)));
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
    socket.source = this.#options.source;
    const route = socket.routeTo(this.#destination);
    socket.close();
    if (typeof route === "number") return route;
    if (this.#options.method === "tcp") {
      this.#tcp = {
        source: route.source,
        destination: this.#destination,
        port: this.#options.port,
        mtu: route.mtu,
        stamp: this.#stream.uint32(),
      };
    }
    return 0;
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
    let key = index + 1;
    if (this.#raw !== null && this.#tcp !== null) key = this.#sendTcp(this.#raw, this.#tcp, ttl);
    else if (this.#raw !== null) this.#sendIcmp(this.#raw, key, ttl);
    this.#probes.push({
      ttl,
      sentAt,
      socket,
      key,
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
    socket.setOption("IP_MTU_DISCOVER", PMTUDISC_DONT);
    socket.setOption("IP_TTL", ttl);
    socket.connect(this.#destination, this.#options.port + index);
    socket.setOption("IP_RECVERR", 1);
    socket.nonBlocking = true;
    socket.send(filler(this.#options.length - HEADERS));
    return socket;
  }

  /** Returns the port of the probe. */
  #sendTcp(raw: RawSocket, tcp: TcpProbes, ttl: number): number {
    const port = probePort(this.#stream, new Set(this.#probes.map(({ key }) => key)));
    raw.ttl = ttl;
    raw.clearError();
    raw.sendTo(synSegment(tcp, port, this.#stream.int32()), this.#destination);
    return port;
  }

  #sendIcmp(raw: RawSocket, sequence: number, ttl: number): void {
    const packet = new Uint8Array(this.#options.length - 20);
    packet.set(filler(packet.length));
    const view = new DataView(packet.buffer);
    view.setUint32(0, 0);
    view.setUint8(0, ECHO);
    view.setUint16(4, this.#identifier);
    view.setUint16(6, sequence);
    view.setUint16(2, finish(sum(view, 0, packet.length)));
    raw.ttl = ttl;
    // An error about an earlier probe does not keep this one.
    raw.clearError();
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

  /** Takes one message, as the real program does between two looks at what may be sent. */
  #collectRaw(raw: RawSocket): boolean {
    const error = raw.takeError();
    if (error !== null) {
      const { data } = error;
      const probe = this.#quoted(new DataView(data.buffer, data.byteOffset, data.length));
      if (probe !== null && !probe.done) {
        this.#answer(probe, error.offender, error.type, error.code);
      }
      return true;
    }
    const packet = raw.hasInput ? raw.receive() : null;
    if (packet === null) return false;
    const header = ((packet.bytes[0] ?? 0x45) & 15) * 4;
    const view = new DataView(packet.bytes.buffer, packet.bytes.byteOffset + header);
    const probe = this.#answered(view, packet.source);
    if (probe !== null && !probe.done) this.#answer(probe, packet.source, ECHO_REPLY, 0);
    return true;
  }

  /** The probe that an error quotes, from its transport header on. */
  #quoted(view: DataView): Probe | null {
    if (view.byteLength < 8) return null;
    if (this.#tcp !== null) return this.#find(view.getUint16(0));
    return view.getUint16(4) === this.#identifier ? this.#find(view.getUint16(6)) : null;
  }

  /** The probe that the destination answers. */
  #answered(view: DataView, from: Ipv4): Probe | null {
    if (this.#tcp === null) return this.#quoted(view);
    if (from !== this.#destination) return null;
    return this.#find(answeredPort(view, this.#tcp.port));
  }

  #find(key: number): Probe | null {
    return this.#probes.find((probe) => probe.key === key) ?? null;
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
      if (!probe.done && now >= probe.sentAt + this.#patience(probe)) probe.done = true;
    }
  }

  /**
   * How long a probe is waited for: some times as long as others of the same hop took, or else as
   * one of a later hop did (`get_timeout`).
   */
  #patience(probe: Probe): Ns {
    const { waitNs, queries } = this.#options;
    const index = this.#probes.indexOf(probe);
    const first = index - (index % queries);
    const same = this.#probes.slice(first, first + queries).find(hasAnswer);
    if (same !== undefined) return Math.min(HERE_FACTOR * tripOf(same), waitNs);
    const later = this.#probes.slice(index + 1).find(hasAnswer);
    return later === undefined ? waitNs : Math.min(NEAR_FACTOR * tripOf(later), waitNs);
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

function hasAnswer({ from, sentAt, answeredAt }: Probe): boolean {
  return from !== 0 && answeredAt > sentAt;
}

function tripOf({ sentAt, answeredAt }: Probe): Ns {
  return answeredAt - sentAt;
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

/** The port that the first UDP probe goes to, and that of all TCP probes. */
export const TRACEROUTE_PORT = UDP_PORT;
export const TRACEROUTE_TCP_PORT = 80;
