/**
 * What a kubelet does for one Pod, from its binding to its end: sandbox, init containers one after
 * the other, the others together, restarts with a growing wait, and a graceful end.
 *
 * Spec: kubernetes pkg/kubelet (pod_workers.go, kubelet.go SyncPod, SyncTerminatingPod,
 * SyncTerminatedPod; kuberuntime computePodActions), v1.36.
 */
import type { Ipv4 } from "../../base/inet.ts";
import { NS_PER_S, type Ns } from "../../base/units.ts";
import { type Program, WaitQueue, waitFor } from "../../sim/process.ts";
import type { Container as ContainerSpec, Pod } from "../api/types.ts";
import { CniError } from "../cni/pod-network.ts";
import { conditionOf } from "../controllers/pods.ts";
import { keyOf } from "../store.ts";
import { ConfigError } from "./config-data.ts";
import type { ContainerRun } from "./container-run.ts";
import { ContainerStop } from "./container-stop.ts";
import type { KubeletContext } from "./context.ts";
import { PodContainers, StartError } from "./pod-containers.ts";
import { PodProber } from "./pod-prober.ts";
import { PodReport } from "./pod-report.ts";
import { isSidecar, restarts } from "./pod-status.ts";
import type { ProbedPod, ProbeWorker } from "./probe-worker.ts";
import { Sandbox } from "./sandbox.ts";
import { PodVolumes } from "./volumes.ts";

/** A failed sync is tried again after this. */
const RETRY_NS = 10 * NS_PER_S;

/** How a Pod is meant to end. */
interface Ending {
  readonly graceSeconds: number;
}

/** The life of one Pod on its node. */
export class PodWorker implements ProbedPod {
  readonly key: string;
  readonly containers: PodContainers;
  sandbox: Sandbox | null = null;
  #pod: Pod;
  readonly #context: KubeletContext;
  readonly #prober: PodProber;
  readonly #report: PodReport;
  readonly #wake = new WaitQueue();
  readonly #gone: () => void;
  #volumes: PodVolumes | null = null;
  #dirty = true;
  #dueAt: Ns = Number.POSITIVE_INFINITY;
  #ending: Ending | null = null;
  #stopping = false;
  #sandboxes = 0;
  #lastAddress: Ipv4 | null = null;
  #lastIp = "";

  /** Starts; `gone` is called when nothing is left of the Pod on the node. */
  constructor(context: KubeletContext, pod: Pod, gone: () => void) {
    this.#context = context;
    this.#pod = pod;
    this.key = keyOf(pod);
    this.#gone = gone;
    this.containers = new PodContainers(context, pod.status, () => this.#exited());
    this.#prober = new PodProber(context, this);
    this.#report = new PodReport(context, this.containers, this.#prober);
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

  // What the probes ask and tell.

  get isEnding(): boolean {
    return this.#ending !== null;
  }

  get address(): Ipv4 {
    return this.#lastAddress ?? this.#context.options.address;
  }

  /** The run that the status shows as running; the status is what the kubelet last saw. */
  runningContainer(name: string): ContainerRun | null {
    const run = this.containers.latest(name);
    return run !== null && this.#report.showsRunning(run, name) ? run : null;
  }

  isStarted(run: ContainerRun): boolean {
    return this.#prober.isStarted(run);
  }

  probed(): void {
    if (this.#stopping) this.#report.publishReadiness(this.#pod);
    else this.touch();
  }

  unhealthy(container: ContainerSpec, message: string): void {
    this.containers.event(this.#pod, container, "Warning", "Unhealthy", message);
  }

  #end(graceSeconds: number): void {
    if (this.#ending !== null && this.#ending.graceSeconds <= graceSeconds) return;
    this.#ending = { graceSeconds };
    this.containers.hurry.wake();
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

  /** Waits for `duration`, or until the Pod is to end; returns whether it goes on. */
  *#pause(duration: Ns): Program<boolean> {
    const until = this.#context.now + duration;
    while (this.#ending === null && this.#context.now < until) {
      yield waitFor([this.#wake], until - this.#context.now);
    }
    return this.#ending === null;
  }

  /** Whether all containers but sidecars have ended for good. */
  #isOver(): boolean {
    if (this.#report.isFinal) return true;
    return this.#pod.spec.containers.every((container) => {
      const run = this.containers.latest(container.name);
      return run?.state === "exited" && !restarts(this.#pod, container, run.exitCode);
    });
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
    const { cluster, options } = this.#context;
    const { problem } = options.network;
    if (problem !== null && this.#pod.spec.hostNetwork !== true) {
      this.#context.event(
        this.#pod,
        "Warning",
        "NetworkNotReady",
        `network is not ready: ${problem}`,
      );
      return this.#later();
    }
    if (this.#volumes === null) {
      if (!(yield* this.#pause(cluster.latencies.volumesNs))) return false;
      const { informers, storage } = cluster.watch;
      const facts = { ...this.#context.facts, podIp: "" };
      try {
        const sources = { informers, storage, node: options.host };
        this.#volumes = new PodVolumes(this.#pod, sources, facts);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        this.#context.event(
          this.#pod,
          "Warning",
          "FailedMount",
          `MountVolume.SetUp failed: ${error.message}`,
        );
        return this.#later();
      }
    }
    this.#prober.add(this.#pod);
    if (!(yield* this.#pause(cluster.latencies.sandboxNs))) return false;
    return this.#connect(this.#volumes);
  }

  #connect(volumes: PodVolumes): boolean {
    try {
      this.sandbox = new Sandbox(this.#context, this.#pod, volumes, this.#sandboxes);
    } catch (error) {
      if (!(error instanceof CniError)) throw error;
      const text = `Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox: plugin type="bridge" failed (add): ${error.message}`;
      this.#context.event(this.#pod, "Warning", "FailedCreatePodSandBox", text);
      return this.#later();
    }
    this.#sandboxes += 1;
    this.#lastAddress = this.sandbox.address;
    this.#lastIp = this.sandbox.ip;
    return true;
  }

  /** Tries again after a while. */
  #later(): false {
    this.#syncAt(this.#context.now + RETRY_NS);
    return false;
  }

  /** Whether the turn of what comes after an init container has come. */
  *#initialize(container: ContainerSpec): Program<boolean> {
    const run = this.containers.latest(container.name);
    if (isSidecar(container)) {
      yield* this.#ensureRunning(container);
      const now = this.containers.latest(container.name);
      return now !== null && this.#prober.isStarted(now);
    }
    if (run?.state === "exited" && run.exitCode === 0) return true;
    yield* this.#ensureRunning(container);
    return false;
  }

  *#ensureRunning(container: ContainerSpec): Program<void> {
    const { sandbox } = this;
    let run = this.containers.latest(container.name);
    if (sandbox === null) return;
    if (run?.state === "running") {
      const probe = this.#prober.failed(run);
      if (probe === null) return;
      yield* this.#killUnhealthy(run, probe, sandbox);
      run = this.containers.latest(container.name);
    }
    if (run !== null && !restarts(this.#pod, container, run.exitCode)) return;
    const at = this.containers.restartAt(this.#pod, container);
    if (at > this.#context.now) {
      this.#syncAt(at);
      this.#publish(false);
      return;
    }
    try {
      const pause = (duration: Ns): Program<boolean> => this.#pause(duration);
      yield* this.containers.start(this.#pod, container, sandbox, pause);
      this.#syncAt(this.#context.nextRelist());
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      this.#syncAt(this.#context.now + error.retryNs);
      this.#publish(false);
    }
  }

  *#killUnhealthy(
    run: ContainerRun,
    { type, probe }: ProbeWorker,
    sandbox: Sandbox,
  ): Program<void> {
    const own = this.#pod.spec.terminationGracePeriodSeconds ?? 30;
    const grace = Number(probe["terminationGracePeriodSeconds"] ?? own);
    const message = `Container ${run.spec.name} failed ${type} probe, will be restarted`;
    const left = (): number => Math.min(grace, this.#ending?.graceSeconds ?? grace);
    const stop = new ContainerStop(this.#context, this.containers, this.#pod, sandbox, left);
    yield* stop.one(run, message);
  }

  *#terminate(): Program<void> {
    const { latencies } = this.#context.cluster;
    this.#stopping = true;
    this.#prober.stopLivenessAndStartup();
    if (this.sandbox !== null) {
      if (!this.#isOver()) this.#publish(false);
      const grace = (): number => this.#ending?.graceSeconds ?? 1;
      yield* new ContainerStop(
        this.#context,
        this.containers,
        this.#pod,
        this.sandbox,
        grace,
      ).all();
      yield waitFor([], latencies.teardownNs);
      this.sandbox.remove();
      this.sandbox = null;
    }
    this.#prober.stop();
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

  /** Writes what the kubelet sees of the Pod now. */
  #publish(isTerminal: boolean): void {
    const { facts } = this.#context;
    this.#report.publish(this.#pod, {
      podIp: this.#pod.spec.hostNetwork === true ? facts.hostIp : this.#lastIp,
      sandboxReady: this.sandbox !== null,
      isTerminal,
    });
    if (!isTerminal) this.#prober.triggerReadiness(this.containers.running());
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
