/**
 * A network that a program builds: hosts, links, and the commands of a shell. What a lab says in
 * YAML, this says in code, with the same words and the same checks.
 */
import { VethworkError } from "../base/errors.ts";
import { NS_PER_S, type Ns, parseDuration } from "../base/units.ts";
import type { Capture } from "../capture/capture.ts";
import { readCapture } from "../capture/read.ts";
import { MemorySink } from "../capture/sink.ts";
import { type Host, Machine } from "./build.ts";
import { CaptureSet, type InterfaceTotals } from "./captures.ts";
import { Clock } from "./clock.ts";
import { type CommandResult, RunningCommand } from "./command.ts";
import { DEFAULT_EPOCH_SECONDS, DEFAULT_LAB_COSTS, type LabCosts } from "./lab.ts";
import { linkKind } from "./schema/link.ts";
import { nodeName } from "./schema/values.ts";
import { setSysctl } from "./setup.ts";
import { yamlOf } from "./yaml-of.ts";

/** What a network is made with. */
export interface NetworkOptions {
  /** Where all random values come from; 1 unless said otherwise. */
  readonly seed?: number;
  /** Wall-clock time of the start, in whole seconds since 1970. */
  readonly epochSeconds?: number;
  /** How long work takes on the emulated machine, in ns. */
  readonly costs?: Partial<LabCosts>;
  /** Whether devices are captured in memory; true unless said otherwise. */
  readonly captures?: boolean;
}

/** How a command is run. */
export interface CommandOptions {
  readonly stdin?: string;
  /** It is ended with status 124 after this time: `10s`, or ns. 300 s unless said otherwise. */
  readonly timeout?: string | Ns;
}

/** One end of a link: `h1:eth0`, or with a fixed address. */
export type LinkEndWords =
  | string
  | { readonly node: string; readonly device: string; readonly mac?: string };

/** A share such as `1%`, or exact frames by their number on the line, from 1. */
export type FaultWords =
  | string
  | {
      readonly share?: string;
      readonly correlation?: string;
      readonly frames?: readonly number[];
    };

/**
 * What a line does to the frames that one end sends, in netem's words and with its meaning; what is
 * not said does not happen. Times as `250us`, `10ms`; shares as `0.5%`; `correlation` is the share of
 * the previous draw in the next one.
 *
 * Spec: tc-netem(8).
 */
export interface LineWords {
  /** How long each frame takes; `frames` adds to it, by their number on the line, from 1. */
  readonly delay?:
    | string
    | { readonly time?: string; readonly frames?: Readonly<Record<number, string>> };
  /** How much the delay varies to either side, evenly spread. */
  readonly jitter?: string | { readonly time: string; readonly correlation?: string };
  /** Bits per second: `100Mbit`, `1Gbit`. */
  readonly rate?: string;
  /** How many frames wait on the line before more are lost; 1000 unless said otherwise. */
  readonly limit?: number;
  readonly loss?: FaultWords;
  readonly duplicate?: FaultWords;
  /** One bit of the frame is turned over; for single frames, the bit by its number from 0. */
  readonly corrupt?:
    | FaultWords
    | { readonly share?: string; readonly frames?: Readonly<Record<number, number>> };
  /** Frames that overtake those that are delayed: a share of every `gap`-th. */
  readonly reorder?:
    | string
    | { readonly share?: string; readonly correlation?: string; readonly gap?: number };
}

/** A link's properties, as a lab's `links` have them. */
export interface LinkOptions extends LineWords {
  /** `veth`: a pair in one machine, unless said otherwise; `cable`: NICs of two machines. */
  readonly type?: "veth" | "cable";
  /** Of both ends, in bytes; 1500 unless said otherwise. */
  readonly mtu?: number;
  /** Other words for the frames that one end sends, by `node:device`. */
  readonly from?: Readonly<Record<string, LineWords>>;
}

const DEFAULT_TIMEOUT: Ns = 300 * NS_PER_S;

/** A network in virtual time. Nothing happens unless a method lets time pass. */
export class Network {
  readonly machine: Machine;
  readonly #clock: Clock;
  readonly #captures: CaptureSet;
  readonly #merged = new MemorySink();

  constructor(options: NetworkOptions = {}) {
    const epochSeconds = options.epochSeconds ?? DEFAULT_EPOCH_SECONDS;
    const costs = { ...DEFAULT_LAB_COSTS, ...options.costs };
    this.machine = new Machine({ seed: options.seed ?? 1, epochSeconds, costs });
    this.#clock = new Clock(this.machine);
    const sinks = { merged: this.#merged, perInterface: null };
    this.#captures = new CaptureSet(sinks, {
      epochSeconds,
      snapLength: 262_144,
      wants: (_host, device) => options.captures !== false && device !== "lo",
    });
    this.machine.listeners.push({
      deviceAdded: (host, device) => this.#captures.attach(host.name, device),
      deviceRemoved: (_host, device) => this.#captures.detach(device),
    });
  }

  /** Virtual time in ns since the start. */
  get now(): Ns {
    return this.machine.cpu.now;
  }

  /** Captured interfaces with the number of their frames and bytes. */
  get interfaces(): readonly InterfaceTotals[] {
    return this.#captures.totals;
  }

  /** Makes a host, whose loopback is up. `sysctls` by dotted name. */
  addHost(name: string, sysctls: Readonly<Record<string, string | number>> = {}): Host {
    inCode(() => nodeName.read(yamlOf(name)));
    if (this.machine.find(name) !== null) {
      throw new VethworkError("VW_LAB", `a second host "${name}"`);
    }
    const host = this.machine.addHost(name);
    for (const [sysctl, value] of Object.entries(sysctls)) {
      setSysctl(host, sysctl, String(value), null);
    }
    return host;
  }

  /** The host of that name. Throws `VW_LAB` if there is none. */
  host(name: string): Host {
    const host = this.machine.find(name);
    if (host !== null) return host;
    const known = this.machine.hosts.map((each) => each.name).join(", ");
    throw new VethworkError("VW_LAB", `there is no host "${name}"`, `hosts: ${known}`);
  }

  /** Joins two hosts by two new devices, which are down. */
  addLink(one: LinkEndWords, other: LinkEndWords, options: LinkOptions = {}): void {
    const link = inCode(() => linkKind.read(yamlOf({ ...options, endpoints: [one, other] })));
    for (const end of link.ends) {
      if (this.host(end.node).namespace.devices.has(end.device)) {
        throw new VethworkError("VW_LAB", `"${end.node}" has a device "${end.device}" already`);
      }
    }
    this.machine.addLink(link);
  }

  /** Runs a command line on a host and lets time pass until it has ended. */
  run(host: string, line: string, options: CommandOptions = {}): CommandResult {
    const command = this.start(host, line, options.stdin);
    this.finish([command], options.timeout);
    return command.result() ?? { stdout: "", stderr: "", status: 0 };
  }

  /** Starts a command line on a host; time does not pass yet. */
  start(host: string, line: string, stdin?: string): RunningCommand {
    return new RunningCommand(this.host(host), line, {
      startNs: this.machine.costs.startNs,
      stdin: stdin ?? null,
    });
  }

  /** Lets time pass until all these commands have ended or the timeout has ended them. */
  finish(commands: readonly RunningCommand[], timeout: string | Ns = DEFAULT_TIMEOUT): void {
    const timeoutNs = inNs(timeout);
    this.#clock.finish(commands.map((command) => ({ command, timeoutNs })));
  }

  /** Lets time pass: `2s`, `500ms`, or ns. */
  wait(duration: string | Ns): void {
    this.#clock.wait(inNs(duration));
  }

  /** Lets the next event happen. Returns false if nothing is ever going to happen. */
  step(): boolean {
    return this.#clock.step();
  }

  /** What has been captured so far on all devices but the loopbacks, as a pcapng file. */
  pcapng(): Uint8Array {
    this.#captures.flush();
    return this.#merged.bytes();
  }

  /** What has been captured so far, or of it what one interface (`h1/eth0`) captured. */
  capture(name?: string): Capture {
    const capture = readCapture(this.pcapng(), "network");
    if (name === undefined) return capture;
    const index = capture.interfaces.findIndex((each) => each.name === name);
    if (index === -1) {
      const known = capture.interfaces.map((each) => each.name).join(", ");
      throw new VethworkError("VW_CAPTURE", `"${name}" was not captured`, `captured: ${known}`);
    }
    return {
      interfaces: capture.interfaces.slice(index, index + 1),
      frames: capture.frames
        .filter((frame) => frame.interfaceIndex === index)
        .map((frame) => ({ ...frame, interfaceIndex: 0 })),
    };
  }
}

function inNs(duration: string | Ns): Ns {
  return typeof duration === "number" ? duration : parseDuration(duration);
}

/** Values from code have no place in a file. */
function inCode<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof VethworkError)) throw error;
    throw new VethworkError(error.code, error.problem, error.hint);
  }
}
