/**
 * Plays a case of the control-plane corpus on the emulated control plane: nodes, steps, waiting
 * until nothing is written any more.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Pipe } from "../../lib/apps/pipe.ts";
import { fromUtf8 } from "../../lib/base/bytes.ts";
import { NS_PER_S, type Ns } from "../../lib/base/units.ts";
import type { ApiServer } from "../../lib/kube/api/server.ts";
import type { ApiObject } from "../../lib/kube/api/types.ts";
import { startControlPlane, WATCH_NS } from "../../lib/kube/control-plane.ts";
import { Informers } from "../../lib/kube/informer.ts";
import { parseArguments } from "../../lib/kube/kubectl/arguments.ts";
import { drain } from "../../lib/kube/kubectl/drain.ts";
import { kubectl } from "../../lib/kube/kubectl/kubectl.ts";
import { Output } from "../../lib/kube/kubectl/output.ts";
import { rolloutStatus, waitCommand } from "../../lib/kube/kubectl/wait.ts";
import type { WatchEvent } from "../../lib/kube/store.ts";
import { readKubectlFile } from "../../lib/lab/kubectl-files.ts";
import type { CommandStreams } from "../../lib/shell/command.ts";
import { WaitQueue } from "../../lib/sim/process.ts";
import { Random } from "../../lib/sim/random.ts";
import { Scheduler } from "../../lib/sim/scheduler.ts";
import { FakeKubelets } from "./fake-kubelet.ts";

/** A node of a case. */
interface CaseNode {
  readonly name: string;
  readonly zone?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly unknown[];
}

/** One step of `steps.json`. */
export interface Step {
  readonly apply?: string;
  readonly kubectl?: readonly string[];
  readonly kill?: string;
  readonly readiness?: string;
  readonly value?: boolean;
  readonly node?: string;
  readonly is?: string;
  readonly wait?: number;
  readonly settle?: number;
  readonly quiet?: number;
  readonly show?: readonly string[];
}

interface Steps {
  readonly nodes?: readonly CaseNode[];
  readonly steps: readonly Step[];
}

/** What came of one step. */
export interface Played {
  readonly step: Step;
  readonly words: readonly string[] | null;
  readonly output: Output;
  /** The commands shown after the step, with what they printed. */
  readonly shown: readonly { readonly command: string; readonly output: Output }[];
  readonly watch: readonly (WatchEvent & { readonly t: number })[];
  /** All objects once the step had settled. */
  readonly objects: readonly ApiObject[];
}

/** Commands that wait, beside `wait` itself. */
const COMMANDS_THAT_WAIT: ReadonlyMap<string, typeof waitCommand> = new Map([
  ["drain", drain],
  ["rollout", rolloutStatus],
]);
const LONGEST_WAIT_NS = 600 * NS_PER_S;

const SIZES = [
  { cpu: "16", memory: "64Gi" },
  { cpu: "8", memory: "32Gi" },
  { cpu: "4", memory: "16Gi" },
];

/** Plays the case in `folder`. */
export function playCase(folder: string, seed = 1): Played[] {
  const steps = JSON.parse(readFileSync(join(folder, "steps.json"), "utf8")) as Steps;
  const cluster = new CaseCluster(folder, seed);
  cluster.register(steps.nodes ?? [{ name: "node1" }, { name: "node2" }, { name: "node3" }]);
  return steps.steps.map((step) => cluster.play(step));
}

class CaseCluster {
  readonly #folder: string;
  readonly #scheduler = new Scheduler();
  readonly #server: ApiServer;
  readonly #kubelets: FakeKubelets;
  readonly #created = new Map<string, number>();
  #watch: (WatchEvent & { readonly t: number })[] = [];
  #startedAt = 0;
  #writtenAt = 0;
  /** All writes so far. */
  #writes = 0;
  readonly #changes = new WaitQueue();

  constructor(folder: string, seed: number) {
    this.#folder = folder;
    const { server, store } = startControlPlane(this.#scheduler, new Random(seed));
    this.#server = server;
    server.publish("172.18.0.5", 6443);
    this.#kubelets = new FakeKubelets(
      this.#scheduler,
      server,
      new Informers(this.#scheduler, store, WATCH_NS),
    );
    store.watch((event) => {
      this.#writes += 1;
      this.#order(event.object);
      const { kind } = event.object;
      if (kind !== "Event" && kind !== "Lease") this.#writtenAt = this.#scheduler.now;
      this.#watch.push({ ...event, t: (this.#scheduler.now - this.#startedAt) / NS_PER_S });
    });
  }

  register(nodes: readonly CaseNode[]): void {
    for (const [index, node] of nodes.entries()) {
      this.#server.create(nodeObject(node, index), "kubelet");
      this.#scheduler.runUntil(this.#scheduler.now + NS_PER_S / 10);
    }
    this.#scheduler.runUntil(this.#scheduler.now + NS_PER_S);
  }

  play(step: Step): Played {
    this.#watch = [];
    this.#startedAt = this.#scheduler.now;
    this.#writtenAt = this.#startedAt;
    const words = this.#words(step);
    const output = words === null ? new Output() : this.kubectl(words);
    this.#happen(step);
    this.#settle(step);
    const objects = this.#server.store.kinds().flatMap((kind) => this.#server.store.list(kind));
    const shown = (step.show ?? []).map((command) => ({
      command,
      output: this.kubectl(command.split(" ")),
    }));
    return { step, words, output, shown, watch: this.#watch, objects };
  }

  kubectl(words: readonly string[]): Output {
    const [command, action] = words;
    if (command === "drain" || command === "wait" || (command === "rollout" && action === "status"))
      return this.#wait(words);
    return kubectl(this.#server, words, (file, text) =>
      readKubectlFile(text ?? readFileSync(join(this.#folder, file), "utf8"), file),
    );
  }

  /** A command that goes on until something has happened in the cluster. */
  #wait(words: readonly string[]): Output {
    const output = new Output();
    const around = {
      server: this.#server,
      changes: this.#changes,
      pods: { exec: () => null, logs: () => null, hostOf: () => null },
      readManifests: readKubectlFile,
    };
    const command = COMMANDS_THAT_WAIT.get(words[0] ?? "") ?? waitCommand;
    const program = command(around, parseArguments(words), streamsOf(output));
    for (let step = program.next(true); ; ) {
      if (step.done === true) {
        output.exitCode = step.value;
        return output;
      }
      step = program.next(this.#happens(step.value.timeoutNs));
    }
  }

  /** Lets time pass until something is written, for so long at most; says whether it was. */
  #happens(timeoutNs: Ns): boolean {
    const end = this.#scheduler.now + Math.min(timeoutNs, LONGEST_WAIT_NS);
    const written = this.#writes;
    while (this.#writes === written && this.#scheduler.nextTime <= end) this.#scheduler.step();
    if (this.#writes === written) this.#scheduler.runUntil(end);
    return this.#writes !== written;
  }

  #words(step: Step): string[] | null {
    if (step.apply !== undefined) return ["apply", "-f", step.apply];
    return step.kubectl?.map((word) => this.#resolve(word)) ?? null;
  }

  #happen(step: Step): void {
    if (step.readiness !== undefined) {
      const name = this.#resolve(step.readiness);
      this.#kubelets.setReadiness(`default/${name}`, step.value === true);
    }
    if (step.kill !== undefined) this.#kubelets.kill(`default/${this.#resolve(step.kill)}`);
    if (step.node === undefined) return;
    const node = this.#resolve(step.node);
    if (step.is === "ready" || step.is === "not-ready") {
      this.#kubelets.setNodeReady(node, step.is === "ready");
    } else this.#kubelets.setDown(node, step.is === "down");
  }

  #settle(step: Step): void {
    const fixed = step.settle ?? step.wait;
    if (fixed !== undefined) {
      this.#scheduler.runUntil(this.#startedAt + fixed * NS_PER_S);
      return;
    }
    const quiet = (step.quiet ?? 2) * NS_PER_S;
    while (this.#scheduler.nextTime <= this.#writtenAt + quiet) this.#scheduler.step();
    this.#scheduler.runUntil(this.#writtenAt + quiet);
  }

  /** `{pod:app=web:0}` is the oldest Pod with that label, `{slice:web:0}` a Service's slice. */
  #resolve(word: string): string {
    return word.replace(
      /\{(pod|slice):([^}:]+):(\d+)\}/g,
      (_all, what: string, label: string, index: string) => {
        const [key = "", value = ""] =
          what === "pod" ? label.split("=") : ["kubernetes.io/service-name", label];
        const kind = what === "pod" ? "Pod" : "EndpointSlice";
        const matching = this.#server.store
          .list(kind)
          .filter(({ metadata }) => metadata.labels?.[key] === value)
          .sort((a, b) => this.#order(a) - this.#order(b));
        return matching[Number(index)]?.metadata.name ?? word;
      },
    );
  }

  /** Creation order, finer than the seconds of a timestamp. */
  #order(object: ApiObject): number {
    let order = this.#created.get(object.metadata.uid);
    if (order === undefined) {
      order = this.#created.size;
      this.#created.set(object.metadata.uid, order);
    }
    return order;
  }
}

/** Streams that end in an output. */
function streamsOf(output: Output): CommandStreams {
  return {
    stdin: Pipe.of(null),
    stdout: (text) => output.write(text),
    write: (bytes) => output.write(fromUtf8(bytes)),
    stderr: (text) => {
      output.stderr += text;
    },
  };
}

function nodeObject({ name, zone, labels, taints }: CaseNode, index: number) {
  const size = SIZES[index] ?? { cpu: "4", memory: "16Gi" };
  const resources = { ...size, pods: "110" };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        ...(zone !== undefined && {
          "topology.kubernetes.io/zone": zone,
          "topology.kubernetes.io/region": "region-1",
        }),
        ...labels,
      },
    },
    spec: { ...(taints !== undefined && { taints }) },
    status: {
      addresses: [
        { type: "InternalIP", address: `172.18.0.${index + 2}` },
        { type: "Hostname", address: name },
      ],
      capacity: resources,
      allocatable: resources,
      conditions: [{ type: "Ready", status: "True", reason: "KubeletReady" }],
    },
  };
}
