/** Hosts with a shell each, for specs: what a lab builds, without the lab. */
import { macFromName } from "../../lib/base/mac.ts";
import type { NetDevice } from "../../lib/link/device.ts";
import { Namespace } from "../../lib/net/namespace.ts";
import { NamespaceNetfilterHost } from "../../lib/net/netfilter-host.ts";
import { Netfilter } from "../../lib/netfilter/netfilter.ts";
import { FileSystem } from "../../lib/shell/files.ts";
import type { ShellHost } from "../../lib/shell/host.ts";
import { ProcessTable } from "../../lib/shell/process-table.ts";
import { runCommand } from "../../lib/shell/shell.ts";
import { Cpu } from "../../lib/sim/cpu.ts";
import type { Process } from "../../lib/sim/process.ts";
import { Random } from "../../lib/sim/random.ts";
import { Scheduler } from "../../lib/sim/scheduler.ts";
import { installTransports } from "../../lib/transport/stack.ts";
import { FramePool } from "../../lib/wire/frame-pool.ts";

/** What a command printed, and how it ended. */
export interface Outcome {
  out: string;
  err: string;
  process: Process;
}

/** A machine with some hosts, none of them connected. */
export class World {
  readonly scheduler = new Scheduler();
  readonly cpu = new Cpu(this.scheduler);
  readonly random = new Random(1);
  readonly pool = new FramePool({ poison: true });
  readonly processes = new ProcessTable(this.cpu);
  readonly #hosts = new Map<string, ShellHost>();

  constructor(...names: string[]) {
    for (const name of names) this.#hosts.set(name, this.#host(name));
  }

  host(name: string): ShellHost {
    return this.#hosts.get(name)!;
  }

  /** Starts a command line without waiting for it. */
  start(name: string, line: string, stdin: Uint8Array | null = null): Outcome {
    const outcome: Outcome = { out: "", err: "", process: null as unknown as Process };
    const program = runCommand(this.host(name), line, {
      stdin,
      stdout: (text) => {
        outcome.out += text;
      },
      stderr: (text) => {
        outcome.err += text;
      },
    });
    outcome.process = this.processes.spawn(line, program);
    return outcome;
  }

  /** Runs a command line to its end; returns what it printed, errors behind the rest. */
  run(name: string, line: string, stdin: Uint8Array | null = null): string {
    const outcome = this.start(name, line, stdin);
    this.finish(outcome);
    return outcome.out + outcome.err;
  }

  /** Lets time pass until a command has ended. */
  finish(outcome: Outcome): number {
    for (let round = 0; outcome.process.status === null && round < 1000; round += 1) {
      this.scheduler.runUntil(this.cpu.now + 100_000_000);
    }
    return outcome.process.status!;
  }

  /** Exit status and output of a command line. */
  status(name: string, line: string): { status: number; out: string; err: string } {
    const outcome = this.start(name, line);
    const status = this.finish(outcome);
    return { status, out: outcome.out, err: outcome.err };
  }

  #host(name: string): ShellHost {
    const { cpu, random, pool } = this;
    const namespace = new Namespace({ name, cpu, random, pool });
    const netfilter = new Netfilter(new NamespaceNetfilterHost(namespace));
    namespace.netfilter = netfilter;
    installTransports(namespace);
    return {
      name,
      namespace,
      netfilter,
      processes: this.processes,
      files: new FileSystem(),
      epochSeconds: 1_700_000_000,
      findHost: (other) => this.#hosts.get(other) ?? null,
      hosts: () => [...this.#hosts.values()],
      macFor: (device) => macFromName(`${name}/${device}`),
      deviceAdded: (_device: NetDevice) => undefined,
      deviceRemoved: (_device: NetDevice) => undefined,
    };
  }
}

/** Two hosts, `a` with 10.0.0.1 and `b` with 10.0.0.2, at the ends of a veth. */
export function pair(): World {
  const world = new World("a", "b");
  world.run("a", "ip link set lo up");
  world.run("b", "ip link set lo up");
  const macs = "address 02:00:00:00:00:01 type veth peer name eth0 address 02:00:00:00:00:02";
  world.run("a", `ip link add eth0 ${macs} netns b`);
  for (const [host, address] of [
    ["a", "10.0.0.1/24"],
    ["b", "10.0.0.2/24"],
  ]) {
    world.run(host!, `ip link set eth0 up; ip addr add ${address} dev eth0`);
  }
  return world;
}
