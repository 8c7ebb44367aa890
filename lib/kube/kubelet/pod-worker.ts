/**
 * What a kubelet does for one Pod, from its binding to its end: sandbox, init containers one after
 * the other, the others together, restarts with a growing wait, and a graceful end.
 *
 * Spec: kubernetes pkg/kubelet (pod_workers.go, kubelet.go SyncPod, SyncTerminatingPod,
 * SyncTerminatedPod; kuberuntime computePodActions), v1.36.
 */
import { formatIpv4, type Ipv4 } from "../../base/inet.ts";
import { NS_PER_S, type Ns } from "../../base/units.ts";
import { type Program, WaitQueue, waitFor } from "../../sim/process.ts";
import type { Container as ContainerSpec, Pod, PodStatus } from "../api/types.ts";
import { CniError } from "../cni/pod-network.ts";
import { conditionOf } from "../controllers/pods.ts";
import { keyOf } from "../store.ts";
import type { ContainerRun } from "./container-run.ts";
import type { KubeletContext } from "./context.ts";
import { PodContainers, StartError } from "./pod-containers.ts";
import { isSidecar, type PodObservation, podStatus, type RunView, restarts } from "./pod-status.ts";
import { Sandbox } from "./sandbox.ts";

/** A failed sync is tried again after this. */
const RETRY_NS = 10 * NS_PER_S;

/** How a Pod is meant to end. */
interface Ending {
  readonly graceSeconds: number;
}

export class PodWorker {
  readonly key: string;
  readonly containers: PodContainers;
  sandbox: Sandbox | null = null;
  #pod: Pod;
  readonly #context: KubeletContext;
  readonly #wake = new WaitQueue();
  readonly #gone: () => void;
  #dirty = true;
  #dueAt: Ns = Number.POSITIVE_INFINITY;
  #ending: Ending | null = null;
  #sandboxes = 0;
  #startTime: string;
  #status: PodStatus | null = null;

  /** Starts; `gone` is called when nothing is left of the Pod on the node. */
  constructor(context: KubeletContext, pod: Pod, gone: () => void) {
    this.#context = context;
    this.#pod = pod;
    this.key = keyOf(pod);
    this.#gone = gone;
    this.#startTime = context.time;
    this.containers = new PodContainers(context, () => this.#exited());
    context.spawn(this.#run());
  }

  get pod(): Pod {
    return this.#pod;
  }

  /** The API has another version of the Pod. */
  update(pod: Pod): void {
    const before = this.#pod;
    this.#pod = pod;
    if (pod.metadata.deletionTimestamp !== undefined) {
      this.#end(Math.max(1, pod.metadata.deletionGracePeriodSeconds ?? 30));
      return;
    }
    if (needsSync(before, pod)) this.touch();
  }

  /** The API no longer has the Pod. */
  removed(): void {
    this.#end(this.#ending === null ? (this.#pod.spec.terminationGracePeriodSeconds ?? 30) : 1);
  }

  /** Asks for a sync. */
  touch(): void {
    this.#dirty = true;
    this.#wake.wake();
  }

  /** All processes of the Pod die at once. */
  killProcesses(): void {
    for (const run of this.containers.running()) run.kill();
  }

  #end(graceSeconds: number): void {
    if (this.#ending !== null && this.#ending.graceSeconds <= graceSeconds) return;
    this.#ending = { graceSeconds };
    this.touch();
  }

  /** The runtime knows at once, the kubelet when it next looks. */
  #exited(): void {
    this.#syncAt(this.#context.nextRelist());
  }

  #syncAt(at: Ns): void {
    if (at >= this.#dueAt) return;
    this.#dueAt = at;
    this.#wake.wake();
  }

  *#run(): Program<number> {
    for (;;) {
      this.#dirty = false;
      this.#dueAt = Number.POSITIVE_INFINITY;
      if (this.#ending !== null) break;
      yield* this.#sync();
      if (this.#isOver()) break;
      yield* this.#idle();
    }
    yield* this.#terminate();
    return 0;
  }

  /** Waits until there is something to do. */
  *#idle(): Program<void> {
    while (!this.#dirty && this.#context.now < this.#dueAt) {
      yield waitFor([this.#wake], this.#dueAt - this.#context.now);
    }
  }

  /** Waits for `duration`, or until the Pod is to end. */
  *#pause(duration: Ns): Program<void> {
    const until = this.#context.now + duration;
    while (this.#ending === null && this.#context.now < until) {
      yield waitFor([this.#wake], until - this.#context.now);
    }
  }

  /** Whether all containers have ended for good. */
  #isOver(): boolean {
    const phase = this.#status?.phase;
    return phase === "Succeeded" || phase === "Failed";
  }

  *#sync(): Program<void> {
    this.#publish(false);
    if (this.#isOver()) return;
    if (!(yield* this.#ensureSandbox())) return;
    const { initContainers = [], containers } = this.#pod.spec;
    for (const container of initContainers) {
      if (!(yield* this.#initialize(container))) return;
    }
    for (const container of containers) {
      if (this.#ending !== null) return;
      yield* this.#ensureRunning(container);
    }
  }

  *#ensureSandbox(): Program<boolean> {
    if (this.sandbox !== null) return true;
    const { cluster, options, events } = this.#context;
    const { problem } = options.network;
    if (problem !== null && this.#pod.spec.hostNetwork !== true) {
      events.event(this.#pod, "Warning", "NetworkNotReady", `network is not ready: ${problem}`);
      this.#syncAt(this.#context.now + RETRY_NS);
      return false;
    }
    yield* this.#pause(cluster.latencies.volumesNs);
    if (this.#ending !== null) return false;
    yield* this.#pause(cluster.latencies.sandboxNs);
    if (this.#ending !== null) return false;
    try {
      this.sandbox = new Sandbox(this.#context, this.#pod, this.#sandboxes);
    } catch (error) {
      if (!(error instanceof CniError)) throw error;
      const text = `Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox: plugin type="bridge" failed (add): ${error.message}`;
      events.event(this.#pod, "Warning", "FailedCreatePodSandBox", text);
      this.#syncAt(this.#context.now + RETRY_NS);
      return false;
    }
    this.#sandboxes += 1;
    return true;
  }

  /** Whether the next init container's turn has come. */
  *#initialize(container: ContainerSpec): Program<boolean> {
    const run = this.containers.latest(container.name);
    if (isSidecar(container)) {
      yield* this.#ensureRunning(container);
      return this.containers.isStarted(container.name);
    }
    if (run?.state === "exited" && run.exitCode === 0) return true;
    yield* this.#ensureRunning(container);
    return false;
  }

  *#ensureRunning(container: ContainerSpec): Program<void> {
    const run = this.containers.latest(container.name);
    if (run !== null && run.state !== "exited") return;
    if (run !== null && !restarts(this.#pod, container, run.exitCode)) return;
    const { sandbox } = this;
    if (sandbox === null) return;
    const waitUntil = this.containers.backoff(this.#pod, container);
    if (waitUntil > this.#context.now) {
      this.#syncAt(waitUntil);
      this.#publish(false);
      return;
    }
    try {
      yield* this.containers.start(this.#pod, container, sandbox, (duration) =>
        this.#pause(duration),
      );
      this.#syncAt(this.#context.nextRelist());
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      this.#syncAt(this.#context.now + error.retryNs);
      this.#publish(false);
    }
  }

  *#terminate(): Program<void> {
    const { latencies } = this.#context.cluster;
    if (!this.#isOver()) {
      this.#publish(false);
      yield* this.containers.stopAll(this.#pod, () => this.#ending?.graceSeconds ?? 1);
    }
    if (this.sandbox !== null) {
      yield waitFor([], latencies.teardownNs);
      this.sandbox.remove();
      this.sandbox = null;
    }
    this.#publish(true);
    while (this.#ending === null) yield waitFor([this.#wake]);
    yield waitFor([], latencies.teardownNs);
    this.#delete();
    this.#gone();
  }

  #delete(): void {
    const { server } = this.#context.cluster;
    const { uid } = this.#pod.metadata;
    this.#context.request(() =>
      server.delete("Pod", this.key, "kubelet", { gracePeriodSeconds: 0, uid }),
    );
  }

  /** Writes what is known of the Pod. */
  #publish(isTerminal: boolean): void {
    const seen = this.#observe(isTerminal);
    this.#status = podStatus(this.#pod, seen);
    const { server } = this.#context.cluster;
    const { uid } = this.#pod.metadata;
    this.#context.request(() => {
      server.patchStatus(
        "Pod",
        this.key,
        (current) => (current.metadata.uid === uid ? podStatus(current, seen) : current.status),
        "kubelet",
      );
    });
  }

  #observe(isTerminal: boolean): PodObservation {
    const context = this.#context;
    const runs = new Map<string, readonly RunView[]>();
    for (const [name, all] of this.containers.runs) {
      runs.set(
        name,
        all.map((run) => this.#view(run)),
      );
    }
    return {
      hostIp: formatIpv4(context.options.address),
      podIp: this.#address(),
      sandboxReady: this.sandbox !== null,
      startTime: this.#startTime,
      runs,
      waiting: new Map(this.containers.waiting),
      isTerminal,
      timeOf: (at) => context.timeOf(at),
      now: context.time,
    };
  }

  #lastAddress: Ipv4 | null = null;

  #address(): string {
    if (this.sandbox !== null) this.#lastAddress = this.sandbox.address;
    if (this.#lastAddress !== null) return formatIpv4(this.#lastAddress);
    return this.#pod.spec.hostNetwork === true ? formatIpv4(this.#context.options.address) : "";
  }

  #view(run: ContainerRun): RunView {
    const { id, attempt, state, startedAt, finishedAt, exitCode } = run;
    const isUp = state === "running";
    return { id, attempt, state, startedAt, finishedAt, exitCode, started: isUp, ready: isUp };
  }
}

/** Whether another version asks for anything: the kubelet's own writes do not. */
function needsSync(before: Pod, now: Pod): boolean {
  if (before.metadata.generation !== now.metadata.generation) return true;
  return (now.spec.readinessGates ?? []).some(
    ({ conditionType }) =>
      conditionOf(before.status.conditions, conditionType)?.status !==
      conditionOf(now.status.conditions, conditionType)?.status,
  );
}
