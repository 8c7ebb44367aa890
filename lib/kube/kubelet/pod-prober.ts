/**
 * The probes of one Pod, and what they say together: which containers have started, which are
 * ready, which must be restarted.
 *
 * Spec: kubernetes pkg/kubelet/prober (prober_manager.go), v1.36.
 */
import type { Container, Pod } from "../api/types.ts";
import type { ContainerRun } from "./container-run.ts";
import type { KubeletContext } from "./context.ts";
import { type ProbedPod, type ProbeType, ProbeWorker } from "./probe-worker.ts";

const TYPES: readonly (readonly [
  ProbeType,
  "readinessProbe" | "livenessProbe" | "startupProbe",
])[] = [
  ["startup", "startupProbe"],
  ["readiness", "readinessProbe"],
  ["liveness", "livenessProbe"],
];

/** The probes of one Pod's containers. */
export class PodProber {
  readonly #context: KubeletContext;
  readonly #pod: ProbedPod;
  /** Few, and mostly none at all. */
  readonly #workers: ProbeWorker[] = [];

  constructor(context: KubeletContext, pod: ProbedPod) {
    this.#context = context;
    this.#pod = pod;
  }

  /** Begins to probe the containers of a Pod, once. */
  add({ spec }: Pod): void {
    const { initContainers = [], containers } = spec;
    for (const container of [...initContainers, ...containers]) {
      for (const [type, field] of TYPES) {
        const probe = container[field];
        if (probe === undefined || this.#find(container, type) !== null) continue;
        this.#workers.push(new ProbeWorker(this.#context, this.#pod, container, type, probe));
      }
    }
  }

  /** Whether the container has started as far as its startup probe goes. */
  isStarted(run: ContainerRun): boolean {
    if (run.state !== "running") return false;
    const worker = this.#find(run.spec, "startup");
    return worker === null || worker.verdict(run) === "success";
  }

  isReady(run: ContainerRun): boolean {
    if (!this.isStarted(run)) return false;
    const worker = this.#find(run.spec, "readiness");
    return worker === null || worker.verdict(run) === "success";
  }

  /** Asks for readiness probes of what runs and is not ready. */
  triggerReadiness(runs: readonly ContainerRun[]): void {
    for (const run of runs) {
      if (this.isStarted(run) && !this.isReady(run)) this.#find(run.spec, "readiness")?.trigger();
    }
  }

  /** The probe by whose verdict the container must be restarted, or null. */
  failed(run: ContainerRun): ProbeWorker | null {
    for (const type of ["liveness", "startup"] as const) {
      const worker = this.#find(run.spec, type);
      if (worker?.verdict(run) === "failure") return worker;
    }
    return null;
  }

  /** The Pod is to end: only readiness goes on being probed. */
  stopLivenessAndStartup(): void {
    for (const worker of this.#workers) if (worker.type !== "readiness") worker.stop();
  }

  /** Ends all. */
  stop(): void {
    for (const worker of this.#workers) worker.stop();
  }

  #find({ name }: Container, type: ProbeType): ProbeWorker | null {
    for (const worker of this.#workers) {
      if (worker.type === type && worker.container.name === name) return worker;
    }
    return null;
  }
}
