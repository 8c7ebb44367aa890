/**
 * `traceroute`: probes with growing TTL, by UDP, ICMP or TCP, and who complains about them.
 *
 * Spec: traceroute 2.1.2, traceroute/traceroute.c (do_it, poll_callback, check_expired, get_timeout).
 * Not modelled: names of hops, path MTU discovery, extensions of ICMP.
 */
import { utf8 } from "../base/bytes.ts";
import { errnoMessage } from "../base/errno.ts";
import { formatIpv4, type Ipv4 } from "../base/inet.ts";
import { NS_PER_US, type Ns } from "../base/units.ts";
import type { Route } from "../net/route.ts";
import { type Program, waitFor } from "../sim/process.ts";
import { RawSocket } from "../socket/raw-socket.ts";
import { ICMP_TIME_EXCEEDED, ICMP_UNREACHABLE, UNREACHABLE_PORT } from "../wire/icmp.ts";
import { IPPROTO_ICMP } from "../wire/protocol-numbers.ts";
import type { AppHost } from "./app-host.ts";
import { resolveErrorText } from "./resolver.ts";
import { IcmpProbes } from "./traceroute/icmp.ts";
import type { AnswerSink, Probe, ProbeMethod, TracerouteOptions } from "./traceroute/probe.ts";
import { TcpProbes } from "./traceroute/tcp.ts";
import { UdpProbes } from "./traceroute/udp.ts";

/** The port that the first UDP probe goes to, and that of all TCP probes. */
export const TRACEROUTE_PORT = 33_434;
export const TRACEROUTE_TCP_PORT = 80;
/** `-w MAX,HERE,NEAR`: how many times as long as others a probe may take. */
const HERE_FACTOR = 3;
const NEAR_FACTOR = 10;
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
  readonly #method: ProbeMethod;
  #printed = 0;
  /** Index of the first probe behind the hop that is the destination. */
  #end = Number.POSITIVE_INFINITY;
  #lastFrom: Ipv4 | null = null;

  constructor(host: AppHost, options: TracerouteOptions, destination: Ipv4) {
    this.#host = host;
    this.#options = options;
    this.#destination = destination;
    this.#method = methodOf(host, options, destination);
  }

  close(): void {
    this.#method.close(this.#probes);
  }

  *loop(): Program<number> {
    const { target, maxTtl, length, queries, firstTtl } = this.#options;
    const name = `${target} (${formatIpv4(this.#destination)})`;
    this.#print(`traceroute to ${name}, ${maxTtl} hops max, ${length} byte packets`);
    const route = this.#route();
    if (typeof route === "number") {
      this.#print("\n");
      this.#host.stderr(`connect: ${errnoMessage(route)}\n`);
      return 1;
    }
    this.#method.begin(route);
    const total = (maxTtl - firstTtl + 1) * queries;
    while (this.#printed < Math.min(total, this.#end)) {
      this.#sendMore(Math.min(total, this.#end));
      const busy = this.#probes.filter(({ done }) => !done);
      if (!this.#method.collect(this.#probes, busy, this.#answer)) {
        const { now } = this.#host.namespace.cpu;
        const expiry = Math.min(...busy.map((probe) => probe.sentAt + this.#patience(probe)));
        if (busy.length > 0 && expiry > now) yield waitFor(this.#method.queues(busy), expiry - now);
        this.#expire();
      }
      this.#show(total);
    }
    this.#print("\n");
    return 0;
  }

  /** The route to the destination, or what connecting a socket to it fails with. */
  #route(): Route | number {
    const socket = new RawSocket(this.#host.namespace, IPPROTO_ICMP);
    socket.source = this.#options.source;
    const route = socket.routeTo(this.#destination);
    socket.close();
    return route;
  }

  #sendMore(limit: number): void {
    const { simultaneous, queries, firstTtl } = this.#options;
    let busy = this.#probes.filter(({ done }) => !done).length;
    while (busy < simultaneous && this.#probes.length < limit) {
      const index = this.#probes.length;
      const ttl = firstTtl + Math.floor(index / queries);
      const sentAt = this.#host.namespace.cpu.now;
      const sent = this.#method.send(index, ttl, this.#probes);
      this.#probes.push({
        ...sent,
        ttl,
        sentAt,
        from: 0 as Ipv4,
        answeredAt: 0,
        done: false,
        mark: "",
        final: false,
      });
      busy += 1;
    }
  }

  readonly #answer: AnswerSink = (probe, from, type, code) => {
    probe.done = true;
    probe.from = from;
    probe.answeredAt = this.#host.namespace.cpu.now;
    probe.final = type !== ICMP_TIME_EXCEEDED;
    if (type === ICMP_UNREACHABLE && code !== UNREACHABLE_PORT)
      probe.mark = MARKS[code] ?? `!<${code}>`;
    if (!probe.final) return;
    const { queries, firstTtl } = this.#options;
    this.#end = Math.min(this.#end, (probe.ttl - firstTtl + 1) * queries);
  };

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

/** The identifier is drawn for each run, whatever its method. */
function methodOf(host: AppHost, options: TracerouteOptions, destination: Ipv4): ProbeMethod {
  const stream = host.namespace.random.stream(`${host.namespace.name}:traceroute`);
  const identifier = stream.below(0x10000);
  switch (options.method) {
    case "udp":
      return new UdpProbes(host, options, destination);
    case "icmp":
      return new IcmpProbes(host, options, destination, identifier);
    default:
      return new TcpProbes(host, options, destination, stream);
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
