/**
 * A host without protocols, for specs of devices: it keeps what its devices receive, as bytes, and
 * notes when. Several hosts share one `Bench` of clock, processor and pool.
 */
import type { Ns } from "../../lib/base/units.ts";
import { Direction, type FrameTap } from "../../lib/capture/tap.ts";
import type { DeviceHost, NetDevice } from "../../lib/link/device.ts";
import { Cpu, type CpuCosts } from "../../lib/sim/cpu.ts";
import { DropCounters } from "../../lib/sim/drop-reason.ts";
import { Random } from "../../lib/sim/random.ts";
import { Scheduler } from "../../lib/sim/scheduler.ts";
import type { Frame } from "../../lib/wire/frame.ts";
import { FramePool } from "../../lib/wire/frame-pool.ts";

/** What hosts of one spec share. No time passes unless a spec says so. */
export class Bench {
  readonly scheduler = new Scheduler();
  readonly cpu: Cpu;
  readonly pool = new FramePool({ poison: true });
  readonly random: Random;

  constructor(options: { seed?: number; costs?: CpuCosts } = {}) {
    this.cpu = new Cpu(this.scheduler, options.costs ?? { hopNs: 0, syscallNs: 0, wakeupNs: 0 });
    this.random = new Random(options.seed ?? 1);
  }
}

/** One received frame. */
export interface Received {
  readonly device: string;
  readonly at: Ns;
  readonly bytes: string;
}

export class BareHost implements DeviceHost {
  readonly cpu: Cpu;
  readonly drops = new DropCounters();
  readonly received: Received[] = [];
  /** Names of devices that told of a change, in order. */
  readonly changes: string[] = [];

  constructor(bench: Bench) {
    this.cpu = bench.cpu;
  }

  receive(frame: Frame, device: NetDevice): void {
    const bytes = frame.bytes.toString("hex", frame.l2, frame.end);
    this.received.push({ device: device.name, at: this.cpu.now, bytes });
    frame.deliver();
  }

  deviceChanged(device: NetDevice): void {
    this.changes.push(device.name);
  }
}

/** A tap that notes `in` or `out` with a label, in the order in which frames pass. */
export class OrderTap implements FrameTap {
  readonly #label: string;
  readonly #log: string[];

  constructor(label: string, log: string[]) {
    this.#label = label;
    this.#log = log;
  }

  frame(_frame: Frame, direction: Direction): void {
    this.#log.push(`${this.#label} ${direction === Direction.IN ? "in" : "out"}`);
  }
}

/** An Ethernet frame of an experimental type as hexadecimal. */
export function ethernetFrame(to: string, from: string, payload = "00".repeat(46)): string {
  return `${to}${from}88b5${payload}`.replaceAll(":", "");
}
