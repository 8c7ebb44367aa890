/** What a kubelet's parts share: the node that they work on and their way to the API server. */
import { formatIpv4, type Ipv4 } from "../../base/inet.ts";
import type { Ns } from "../../base/units.ts";
import type { CommandIo, ShellHost } from "../../shell/host.ts";
import type { Cpu } from "../../sim/cpu.ts";
import { Process, type Program } from "../../sim/process.ts";
import type { Random } from "../../sim/random.ts";
import { SimEvent } from "../../sim/scheduler.ts";
import { ApiError } from "../api/errors.ts";
import type { ApiServer } from "../api/server.ts";
import { timeOf } from "../api/time.ts";
import type { Pod, StringMap } from "../api/types.ts";
import type { PodNetwork } from "../cni/pod-network.ts";
import { EventRecorder } from "../controllers/events.ts";
import type { Container } from "../images/container.ts";
import type { ContainerRun } from "./container-run.ts";
import type { KubeletLatencies } from "./latencies.ts";
import type { NodeWatch } from "./node-watch.ts";
import type { PodHosts } from "./pod-hosts.ts";

/** What all kubelets of a cluster are made with. */
export interface KubeletCluster {
  readonly server: ApiServer;
  /** The shared watch; see `NodeWatch`. */
  readonly watch: NodeWatch;
  readonly random: Random;
  readonly podHosts: PodHosts;
  /** The program of a container's image; called once for each start. */
  readonly programOf: (container: Container) => Program<number>;
  /** A command beside a container's program, with its image's commands: an exec probe, a hook. */
  readonly execIn: (run: ContainerRun, words: readonly string[], io: CommandIo) => Program<number>;
  /** The words that a container starts with, of its image where it says none itself. */
  readonly commandOf?: (
    image: string,
    command: readonly string[],
    args: readonly string[],
  ) => readonly string[];
  /** Whether a listener stands for what the image's own program would be. */
  readonly isStandIn?: (image: string) => boolean;
  /** Whether a registry has the image; all are there unless said otherwise. */
  readonly hasImage?: (image: string) => boolean;
  readonly latencies: KubeletLatencies;
  /** The address of the cluster's DNS Service, --cluster-dns. */
  readonly clusterDns: string;
  /** --cluster-domain. */
  readonly clusterDomain: string;
}

/** What one kubelet is made with. */
export interface KubeletOptions {
  readonly cluster: KubeletCluster;
  readonly nodeName: string;
  /** The node's namespace with its files; borrowed. */
  readonly host: ShellHost;
  /** The node's InternalIP. */
  readonly address: Ipv4;
  readonly network: PodNetwork;
  /** Labels besides those that every kubelet gives: zone, role. */
  readonly labels?: Readonly<Record<string, string>>;
  /** What the node has: `cpu`, `memory`, `pods`. */
  readonly capacity?: Readonly<Record<string, string>>;
  readonly taints?: readonly { readonly key: string; readonly effect: string }[];
}

/** What a node has unless it is said otherwise. */
const DEFAULT_CAPACITY: StringMap = {
  cpu: "8",
  "ephemeral-storage": "100Gi",
  memory: "16Gi",
  pods: "110",
};

/** What the parts of one kubelet have in common. */
export class KubeletContext {
  readonly options: KubeletOptions;
  readonly cluster: KubeletCluster;
  readonly cpu: Cpu;
  readonly #events: EventRecorder;
  /** What Pods are told of the node. */
  readonly facts: { readonly hostIp: string; readonly allocatable: StringMap };
  /** Images that the node has, by canonical name. */
  readonly pulled = new Set<string>();
  /** When the kubelet started. */
  readonly startedAt: Ns;
  readonly #pid: number;
  readonly #processes = new Set<Process>();
  readonly #relistOffset: Ns;
  #stopped = false;

  constructor(options: KubeletOptions) {
    this.options = options;
    this.cluster = options.cluster;
    this.cpu = options.host.namespace.cpu;
    this.#events = new EventRecorder(options.cluster.server, "kubelet", options.nodeName);
    this.#pid = options.host.processes.takePid();
    this.startedAt = this.cpu.now;
    const { address, capacity } = options;
    this.facts = {
      hostIp: formatIpv4(address),
      allocatable: { ...DEFAULT_CAPACITY, ...capacity },
    };
    const { relistNs } = options.cluster.latencies;
    this.#relistOffset = this.#stream("relist").below(relistNs);
  }

  get now(): Ns {
    return this.cpu.now;
  }

  /** The present, as objects write it. */
  get time(): string {
    return this.cluster.server.time;
  }

  /** For how long the kubelet has run. */
  get upFor(): Ns {
    return this.now - this.startedAt;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** A moment, as objects write it. */
  readonly timeOf = (at: Ns): string => timeOf(this.cluster.server.epochSeconds, at);

  /** When the kubelet next looks at its containers. */
  nextRelist(): Ns {
    const { relistNs } = this.cluster.latencies;
    const passed = Math.floor((this.now - this.#relistOffset) / relistNs);
    return this.#relistOffset + (passed + 1) * relistNs;
  }

  /** A share of `period`, drawn for this use. */
  jitter(use: string, period: Ns): Ns {
    return this.#stream(use).below(period);
  }

  /** Starts a part of the kubelet: a goroutine. */
  spawn(program: Program<number>): Process {
    const part = this.#part(program, () => this.#processes.delete(process));
    const process: Process = new Process(this.cpu, this.#pid, "kubelet", part);
    this.#processes.add(process);
    return process;
  }

  *#part(program: Program<number>, ended: () => void): Program<number> {
    try {
      return yield* program;
    } finally {
      ended();
    }
  }

  /** Says something about a Pod, or about a part of it; what the server refuses is not said. */
  event(
    pod: Pod,
    type: "Normal" | "Warning",
    reason: string,
    message: string,
    fieldPath = "",
  ): void {
    try {
      this.#events.event(pod, type, reason, message, fieldPath);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  /** Sends a request to the API server, which has it `requestNs` later. */
  request(send: () => void): void {
    const at = this.now + this.cluster.latencies.requestNs;
    this.cpu.scheduler.schedule(new Request(this, send), at);
  }

  /** Ends all parts; requests under way are lost. */
  stop(): void {
    this.#stopped = true;
    for (const process of [...this.#processes]) process.kill(9);
    this.#processes.clear();
  }

  #stream(use: string) {
    return this.cluster.random.stream(`${this.options.nodeName}:kubelet:${use}`);
  }
}

/** A request on its way. What the server refuses is tried again with the next sync. */
class Request extends SimEvent {
  readonly #context: KubeletContext;
  readonly #send: () => void;

  constructor(context: KubeletContext, send: () => void) {
    super();
    this.#context = context;
    this.#send = send;
  }

  override fire(): void {
    if (this.#context.stopped) return;
    try {
      this.#send();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }
}
