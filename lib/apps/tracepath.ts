/**
 * `tracepath`: finds the hops and the path MTU to a host with UDP datagrams as large as may be,
 * which need no rights.
 *
 * Spec: iputils 20221126, tracepath.c (probe_ttl, recverr), which is followed step by step.
 * Not modelled: names of hops.
 */
import { utf8 } from "../base/bytes.ts";
import {
  EACCES,
  ECONNREFUSED,
  EHOSTUNREACH,
  EMSGSIZE,
  ENETUNREACH,
  EPROTO,
  ETIMEDOUT,
  errnoMessage,
} from "../base/errno.ts";
import { ANY_ADDRESS, formatIpv4, type Ipv4 } from "../base/inet.ts";
import { NS_PER_S, NS_PER_US, type Ns } from "../base/units.ts";
import { type Program, waitFor } from "../sim/process.ts";
import { UdpSocket } from "../socket/udp-socket.ts";
import { PMTUDISC_DO } from "../transport/inet-sock.ts";
import { transportsOf } from "../transport/stack.ts";
import type { UdpError } from "../transport/udp-sock.ts";
import { ICMP_TIME_EXCEEDED, TIME_EXCEEDED_TTL } from "../wire/icmp.ts";
import type { AppHost } from "./app-host.ts";
import { resolveErrorText } from "./resolver.ts";

/** IPv4 and UDP headers. */
const OVERHEAD = 28;
const LARGEST = 65_535;
/** Probes under way are told apart by their ports, which come round after so many. */
const PORTS = 64;
const ATTEMPTS = 3;
const SEND_ATTEMPTS = 10;
const WAIT: Ns = NS_PER_S;
/** The width of the column with addresses. */
const HOST_WIDTH = 52;
/** `struct probehdr`: the TTL, then the time of sending in seconds and nanoseconds. */
const HEADER_SIZE = 24;
const SECONDS_AT = 8;
const NANOSECONDS_AT = 16;

/** The port that the first probe goes to. */
export const TRACEPATH_PORT = 44_444;

/** What the command line says. */
export interface TracepathOptions {
  readonly target: string;
  readonly maxHops: number;
  readonly port: number;
  /** `-l`: the length to begin with. */
  readonly length: number;
  /** `-n`: addresses are not looked up. */
  readonly numeric: boolean;
}

/** Runs tracepath; status 0, or 1 for a name that nobody knows. */
export function* tracepath(host: AppHost, options: TracepathOptions): Program<number> {
  const destination = yield* host.resolve(options.target);
  if (typeof destination === "string") {
    host.stderr(`tracepath: ${options.target}: ${resolveErrorText(destination)}\n`);
    return 1;
  }
  const trace = new Trace(host, options, destination);
  try {
    yield* trace.run();
  } finally {
    trace.close();
  }
  return 0;
}

/** What came of a round: null, nothing came; `done`, the way ends; else it goes on. */
type Outcome = "none" | "done" | "further";

class Trace {
  readonly #host: AppHost;
  readonly #options: TracepathOptions;
  readonly #destination: Ipv4;
  readonly #socket: UdpSocket;
  /** By port: the TTL of the probe that is on its way, 0 for none, and when it was sent. */
  readonly #hops = new Uint8Array(PORTS);
  readonly #sentAt = new Float64Array(PORTS);
  #slot = 0;
  #ttl = 1;
  #mtu: number;
  #hopsTo = -1;
  #hopsBack = -1;

  constructor(host: AppHost, options: TracepathOptions, destination: Ipv4) {
    this.#host = host;
    this.#options = options;
    this.#destination = destination;
    this.#mtu = options.length;
    this.#socket = new UdpSocket(transportsOf(host.namespace));
    this.#socket.bind(ANY_ADDRESS, 0);
    this.#socket.setOption("IP_MTU_DISCOVER", PMTUDISC_DO);
    this.#socket.setOption("IP_RECVERR", 1);
    this.#socket.nonBlocking = true;
  }

  close(): void {
    this.#socket.close();
  }

  *run(): Program<void> {
    const reached = yield* this.#walk();
    if (!reached) this.#print(`     Too many hops: pmtu ${this.#mtu}\n`);
    let resume = `     Resume: pmtu ${this.#mtu} `;
    if (this.#hopsTo >= 0) resume += `hops ${this.#hopsTo} `;
    if (this.#hopsBack >= 0) resume += `back ${this.#hopsBack} `;
    this.#print(`${resume}\n`);
  }

  /** Hop by hop; whether an end was found. */
  *#walk(): Program<boolean> {
    for (this.#ttl = 1; this.#ttl <= this.#options.maxHops; this.#ttl += 1) {
      this.#socket.setOption("IP_TTL", this.#ttl);
      let outcome: Outcome = "none";
      for (let attempt = 0; attempt < ATTEMPTS && outcome === "none"; attempt += 1) {
        const mtu = this.#mtu;
        outcome = yield* this.#probe();
        // With another size the same hop is asked afresh.
        if (this.#mtu !== mtu) {
          attempt = -1;
          outcome = "none";
        } else if (outcome === "done") return true;
      }
      if (outcome === "none") this.#print(`${this.#ttlText()}:  no reply\n`);
    }
    return false;
  }

  *#probe(): Program<Outcome> {
    for (let attempt = 0; attempt < SEND_ATTEMPTS; ) {
      if (this.#send()) return yield* this.#answer();
      const outcome = this.#takeErrors();
      this.#hops[this.#slot] = 0;
      if (outcome === "done") return outcome;
      attempt = outcome === "further" ? 0 : attempt + 1;
    }
    this.#print(`${this.#ttlText()}?: send failed\n`);
    return "done";
  }

  /** False if the datagram did not leave. */
  #send(): boolean {
    const { now } = this.#host.namespace.cpu;
    const bytes = new Uint8Array(this.#mtu - OVERHEAD);
    if (bytes.length >= HEADER_SIZE) {
      const view = new DataView(bytes.buffer);
      view.setUint32(0, this.#ttl, true);
      view.setUint32(SECONDS_AT, this.#host.epochSeconds + Math.floor(now / NS_PER_S), true);
      view.setUint32(NANOSECONDS_AT, now % NS_PER_S, true);
    }
    this.#hops[this.#slot] = this.#ttl;
    this.#sentAt[this.#slot] = now;
    const port = this.#options.port + this.#slot;
    return this.#socket.sendTo(bytes, this.#destination, port) > 0;
  }

  *#answer(): Program<Outcome> {
    this.#slot = (this.#slot + 1) % PORTS;
    const { sock } = this.#socket;
    if (sock.queue.length === 0 && sock.errors.length === 0) {
      yield waitFor([this.#socket.waitQueue], WAIT);
    }
    if (sock.queue.length > 0) {
      yield* this.#socket.receive();
      this.#print(`${this.#ttlText()}?: reply received 8)\n`);
      return "done";
    }
    return this.#takeErrors();
  }

  /** Prints what waits in the error queue. */
  #takeErrors(): Outcome {
    let outcome: Outcome = "none";
    for (;;) {
      const error = this.#socket.receiveError();
      if (error === null) return outcome;
      this.#socket.takeError();
      if (this.#show(error) === "done") return "done";
      outcome = "further";
    }
  }

  #show(error: UdpError): Outcome {
    const { sentHops, sentAt } = this.#probeOf(error);
    if (error.origin === "local") {
      this.#print(`${this.#ttlText()}?: ${"[LOCALHOST]".padEnd(32)} `);
    } else {
      this.#print(sentHops > 0 ? `${String(sentHops).padStart(2)}:  ` : `${this.#ttlText()}?: `);
      this.#print(formatIpv4(error.offender).padEnd(HOST_WIDTH));
      if (sentAt >= 0) this.#print(`${this.#timeText(sentAt)}ms `);
    }
    const hopsBack = hopsOf(error.ttl);
    switch (error.errno) {
      case ETIMEDOUT:
        return this.#say("", "further");
      case EMSGSIZE:
        this.#mtu = error.info;
        return this.#say(`pmtu ${error.info}`, "further");
      case ECONNREFUSED:
        this.#hopsTo = sentHops < 0 ? this.#ttl : sentHops;
        this.#hopsBack = hopsBack;
        return this.#say("reached", "done");
      case EHOSTUNREACH:
        if (error.type !== ICMP_TIME_EXCEEDED || error.code !== TIME_EXCEEDED_TTL) {
          return this.#say("!H", "done");
        }
        return this.#say(this.#asymmetry(hopsBack, sentHops), "further");
      case EPROTO:
        return this.#say("!P", "done");
      case ENETUNREACH:
        return this.#say("!N", "done");
      case EACCES:
        return this.#say("!A", "done");
      default:
        this.#host.stderr(`tracepath: NET ERROR: ${errnoMessage(error.errno)}\n`);
        return this.#say("", "done");
    }
  }

  #say(text: string, outcome: Outcome): Outcome {
    this.#print(`${text}\n`);
    return outcome;
  }

  #asymmetry(hopsBack: number, sentHops: number): string {
    const hops = sentHops >= 0 ? sentHops : this.#ttl;
    return hopsBack === hops ? "" : `asymm ${String(hopsBack).padStart(2)} `;
  }

  /** Which probe an error is about: by what it quotes, or else by its port. -1: unknown. */
  #probeOf(error: UdpError): { sentHops: number; sentAt: Ns } {
    const slot = error.destinationPort - this.#options.port;
    let sentHops = -1;
    let sentAt: Ns = -1;
    const hops = this.#hops[slot] ?? 0;
    if (slot >= 0 && slot < PORTS - 1 && hops > 0) {
      sentHops = hops;
      sentAt = this.#sentAt[slot] ?? -1;
      this.#hops[slot] = 0;
    }
    return { sentHops, sentAt };
  }

  #ttlText(): string {
    return String(this.#ttl).padStart(2);
  }

  #timeText(sentAt: Ns): string {
    const us = Math.floor((this.#host.namespace.cpu.now - sentAt) / NS_PER_US);
    const ms = String(Math.floor(us / 1000)).padStart(3);
    return `${ms}.${String(us % 1000).padStart(3, "0")}`;
  }

  #print(text: string): void {
    this.#host.stdout(utf8(text));
  }
}

/** How many hops away a packet began, by the TTL that is left. */
function hopsOf(ttl: number): number {
  if (ttl <= 64) return 65 - ttl;
  return ttl <= 128 ? 129 - ttl : 256 - ttl;
}

/** The length that a probe has when nothing is known. */
export const TRACEPATH_LENGTH = LARGEST;
