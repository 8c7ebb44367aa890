/** Containers on the hosts of a small world, for specs: what a kubelet starts, without one. */
import { utf8 } from "../../../lib/base/bytes.ts";
import { type Ipv4, parseIpv4 } from "../../../lib/base/inet.ts";
import { programOf } from "../../../lib/kube/images/catalogue.ts";
import type { Container } from "../../../lib/kube/images/container.ts";
import { Informers } from "../../../lib/kube/informer.ts";
import { Store } from "../../../lib/kube/store.ts";
import { type Process, WaitQueue } from "../../../lib/sim/process.ts";
import { pair, type World } from "../../shell/world.ts";

/** How to start a container on host `b`, 10.0.0.2. */
export interface Start {
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly ports?: Container["ports"];
  readonly host?: "a" | "b";
}

/** A started container. */
export class Running {
  readonly world: World;
  readonly process: Process;
  readonly container: Container;
  output = "";
  #terminate: () => void;

  constructor(world: World, start: Start, store = new Store()) {
    this.world = world;
    const termination = { raised: false, waitQueue: new WaitQueue() };
    this.#terminate = () => {
      termination.raised = true;
      termination.waitQueue.wake();
    };
    const ip: Ipv4 = parseIpv4(start.host === "a" ? "10.0.0.1" : "10.0.0.2");
    world.host(start.host ?? "b").files.write("/etc/hostname", utf8("web-1\n"));
    this.container = {
      pod: {
        name: "web-1",
        namespace: "default",
        uid: "u",
        hostname: "web-1",
        nodeName: "node1",
        ip,
        hostIp: ip,
      },
      name: "web",
      image: start.image,
      command: start.command ?? [],
      args: start.args ?? [],
      workingDir: "",
      env: new Map(Object.entries(start.env ?? {})),
      ports: start.ports ?? [],
      host: world.host(start.host ?? "b"),
      api: new Informers(world.scheduler, store, 0),
      updateStatus() {},
      create: () => {},
      termination,
      log: (text) => {
        this.output += text;
      },
    };
    this.process = world.processes.spawn("container", programOf(this.container));
    this.pass(0.1);
  }

  get status(): number | null {
    return this.process.status;
  }

  /** SIGTERM. */
  terminate(): void {
    this.#terminate();
  }

  pass(seconds: number): void {
    this.world.scheduler.runUntil(this.world.cpu.now + seconds * 1e9);
  }

  /** A command line on host `a`: what it prints. */
  ask(line: string): string {
    return this.world.run("a", line);
  }
}

/** Starts a container in a world of its own. */
export function run(start: Start | string): Running {
  return new Running(pair(), typeof start === "string" ? { image: start } : start);
}
