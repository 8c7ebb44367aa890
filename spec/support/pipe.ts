/**
 * Two hosts of nothing but transports, joined by a pipe with delay that can lose, repeat and
 * reorder packets: the smallest world for specs of TCP.
 */
import type { Ipv4 } from "../../lib/base/inet.ts";
import { parseIpv4 } from "../../lib/base/inet.ts";
import type { Ns } from "../../lib/base/units.ts";
import { NS_PER_MS } from "../../lib/base/units.ts";
import { Segmenter } from "../../lib/link/segmentation.ts";
import type { PacketFields } from "../../lib/net/inet.ts";
import { NO_METRICS } from "../../lib/net/route.ts";
import { Cpu } from "../../lib/sim/cpu.ts";
import { DropCounters } from "../../lib/sim/drop-reason.ts";
import { Process, type Program } from "../../lib/sim/process.ts";
import { Random } from "../../lib/sim/random.ts";
import { Scheduler, SimEvent } from "../../lib/sim/scheduler.ts";
import type {
  TransportEnvironment,
  TransportFlow,
  TransportRoute,
} from "../../lib/transport/environment.ts";
import type { Transports } from "../../lib/transport/stack.ts";
import { TransportSysctls } from "../../lib/transport/sysctls.ts";
import { Tcp } from "../../lib/transport/tcp/tcp.ts";
import { Udp } from "../../lib/transport/udp.ts";
import { ETHERNET_SIZE } from "../../lib/wire/ethernet.ts";
import { type Frame, FrameAttachment } from "../../lib/wire/frame.ts";
import { FramePool } from "../../lib/wire/frame-pool.ts";
import * as ipv4 from "../../lib/wire/ipv4.ts";
import { ETHERTYPE_IPV4, IPPROTO_TCP } from "../../lib/wire/protocol-numbers.ts";
import * as tcp from "../../lib/wire/tcp.ts";

/** Client and server of every pipe. */
const CLIENT = parseIpv4("10.0.0.1");
export const SERVER = parseIpv4("10.0.0.2");

/** What happens to packet number `index` (from 0) in one direction. */
export interface Fate {
  /** How many copies arrive; 0 loses it. */
  readonly copies: number;
  /** Added to the pipe's delay. */
  readonly extraNs: Ns;
}

const NORMAL: Fate = { copies: 1, extraNs: 0 };

/** A segment that passed the pipe. */
export interface Passed {
  readonly at: Ns;
  readonly from: "client" | "server";
  readonly flags: number;
  readonly seq: number;
  readonly ack: number;
  readonly window: number;
  readonly length: number;
  readonly lost: boolean;
}

class PipeRoute extends FrameAttachment implements TransportRoute {
  mtu = 1500;
  mtuLocked = false;
  advmss = 1460;
  initcwnd = 0;
  initrwnd = 0;
  window = 0;
  rtoMinNs = 0;
  quickack = false;
  congestion = "";
  ecn = false;
  readonly metrics = NO_METRICS;
  loopback = false;
  deviceIndex = 1;
  obsolete = false;
}

class Arrival extends SimEvent {
  readonly #frame: Frame;
  readonly #to: PipeHost;

  constructor(frame: Frame, to: PipeHost) {
    super();
    this.#frame = frame;
    this.#to = to;
  }

  override fire(): void {
    const { cpu } = this.#to;
    cpu.enterSoftirq();
    this.#to.arrive(this.#frame);
    cpu.leaveSoftirq();
  }
}

/** One end of a pipe. */
class PipeHost implements TransportEnvironment {
  readonly name: string;
  readonly cpu: Cpu;
  readonly random: Random;
  readonly pool: FramePool;
  readonly drops = new DropCounters();
  readonly sysctls = new TransportSysctls();
  readonly ip = { ipNoPmtuDisc: 0, ipNonlocalBind: 0, fwmarkReflect: 0 };
  readonly route = new PipeRoute();
  readonly stack: Transports;
  peer: PipeHost | null = null;
  readonly #pipe: Pipe;
  readonly #address: Ipv4;
  readonly #segmenter = new Segmenter();

  constructor(pipe: Pipe, name: string, address: Ipv4) {
    this.#pipe = pipe;
    this.name = name;
    this.cpu = pipe.cpu;
    this.random = pipe.random;
    this.pool = pipe.pool;
    this.#address = address;
    this.stack = { env: this, tcp: new Tcp(this), udp: new Udp(this) };
  }

  routeOutput(flow: TransportFlow): TransportRoute | number {
    if (flow.source === 0) flow.source = this.#address;
    return this.route;
  }

  output(frame: Frame, _route: TransportRoute, fields: PacketFields): number {
    frame.l3 = frame.push(ipv4.IPV4_SIZE);
    frame.protocol = ETHERTYPE_IPV4;
    ipv4.write(frame.view, frame.l3, {
      tos: fields.tos,
      length: frame.length,
      id: Math.max(0, fields.id),
      fragment: fields.df ? ipv4.FLAG_DF : 0,
      ttl: 64,
      protocol: fields.protocol,
      source: fields.source,
      destination: fields.destination,
    });
    frame.push(ETHERNET_SIZE);
    if (frame.gsoSize === 0) {
      frame.checksumVerified = true;
      this.#send(frame);
      return 0;
    }
    this.#segmenter.begin(frame);
    for (let part = this.#segmenter.next(); part !== null; part = this.#segmenter.next()) {
      this.#send(part);
    }
    frame.deliver();
    return 0;
  }

  isLocalAddress(address: number): boolean {
    return address === this.#address;
  }

  isBroadcast(): boolean {
    return false;
  }

  isMulticast(): boolean {
    return false;
  }

  portUnreachable(): void {}

  updatePmtu(_route: TransportRoute, _destination: number, mtu: number): void {
    this.route.mtu = mtu;
  }

  /** A packet comes out of the pipe. */
  arrive(frame: Frame): void {
    frame.l2 = frame.start;
    frame.l3 = frame.pull(ETHERNET_SIZE);
    frame.l4 = frame.pull(ipv4.IPV4_SIZE);
    if (ipv4.protocol(frame.view, frame.l3) === IPPROTO_TCP) this.stack.tcp.receive(frame);
    else this.stack.udp.receive(frame);
  }

  #send(frame: Frame): void {
    frame.socket?.onRelease();
    frame.socket = null;
    const { peer } = this;
    if (peer !== null) this.#pipe.carry(frame, this, peer);
  }
}

/** Two hosts and the pipe between them. */
export class Pipe {
  readonly scheduler = new Scheduler();
  readonly cpu: Cpu;
  readonly random: Random;
  readonly pool = new FramePool({ poison: true });
  readonly client: PipeHost;
  readonly server: PipeHost;
  /** All segments in the order in which they were sent. */
  readonly passed: Passed[] = [];
  /** One-way delay. */
  delayNs: Ns = 5 * NS_PER_MS;
  /** Decides about packets; by default all arrive. */
  fate: (from: "client" | "server", index: number, frame: Frame) => Fate = () => NORMAL;
  readonly #sent = { client: 0, server: 0 };
  #pid = 0;

  constructor(seed = 1) {
    this.cpu = new Cpu(this.scheduler, { hopNs: 0, syscallNs: 1000, wakeupNs: 10_000 });
    this.random = new Random(seed);
    this.client = new PipeHost(this, "client", CLIENT);
    this.server = new PipeHost(this, "server", SERVER);
    this.client.peer = this.server;
    this.server.peer = this.client;
  }

  /** Starts a program. */
  start(program: Program<number>): Process {
    this.#pid += 1;
    return new Process(this.cpu, this.#pid, `program ${this.#pid}`, program);
  }

  /** Lets time pass. */
  run(ms: number): void {
    this.scheduler.runUntil(this.scheduler.now + ms * NS_PER_MS);
  }

  carry(frame: Frame, from: PipeHost, to: PipeHost): void {
    const side = from === this.client ? "client" : "server";
    const index = this.#sent[side];
    this.#sent[side] += 1;
    const fate = this.fate(side, index, frame);
    this.#note(frame, side, fate.copies === 0);
    for (let copy = 1; copy < fate.copies; copy += 1) {
      const again = frame.copy();
      again.conntrack = null;
      this.scheduler.schedule(new Arrival(again, to), this.cpu.now + this.delayNs + copy * 1000);
    }
    if (fate.copies === 0) frame.deliver();
    else
      this.scheduler.schedule(new Arrival(frame, to), this.cpu.now + this.delayNs + fate.extraNs);
  }

  #note(frame: Frame, from: "client" | "server", lost: boolean): void {
    const l4 = frame.start + ETHERNET_SIZE + ipv4.IPV4_SIZE;
    if (ipv4.protocol(frame.view, frame.start + ETHERNET_SIZE) !== IPPROTO_TCP) return;
    this.passed.push({
      at: this.cpu.now,
      from,
      flags: tcp.flags(frame.view, l4),
      seq: tcp.sequence(frame.view, l4),
      ack: tcp.acknowledgment(frame.view, l4),
      window: tcp.window(frame.view, l4),
      length: frame.end - l4 - tcp.headerSize(frame.view, l4),
      lost,
    });
  }
}
