/**
 * What a kubelet tells the API about one Pod: its status, each time that it has looked, and what it
 * said last.
 *
 * Spec: kubernetes pkg/kubelet/status/status_manager.go, v1.36.
 */
import type { Pod, PodStatus } from "../api/types.ts";
import { keyOf } from "../store.ts";
import type { ContainerRun } from "./container-run.ts";
import type { KubeletContext } from "./context.ts";
import type { PodContainers } from "./pod-containers.ts";
import type { PodProber } from "./pod-prober.ts";
import { type PodObservation, podStatus, type RunView } from "./pod-status.ts";

/** What the Pod's worker knows beside its containers. */
type Surroundings = Pick<PodObservation, "podIp" | "sandboxReady" | "isTerminal">;

const NO_VIEWS: ReadonlyMap<string, readonly RunView[]> = new Map();
const NOT_WAITING: PodObservation["waiting"] = new Map();

/** The status of one Pod, as its kubelet writes it. */
export class PodReport {
  readonly #context: KubeletContext;
  readonly #containers: PodContainers;
  readonly #prober: PodProber;
  readonly #startTime: string;
  #seen: PodObservation | null = null;
  #phase = "Pending";

  /** The Pod starts now; everything is borrowed from its worker. */
  constructor(context: KubeletContext, containers: PodContainers, prober: PodProber) {
    this.#context = context;
    this.#containers = containers;
    this.#prober = prober;
    this.#startTime = context.time;
  }

  /** Whether the Pod was last said to have ended. */
  get isFinal(): boolean {
    return this.#phase === "Succeeded" || this.#phase === "Failed";
  }

  /** Whether the status says of the container of that name that this run of it is running. */
  showsRunning(run: ContainerRun, name: string): boolean {
    const view = this.#seen?.runs.get(name)?.[0];
    return view?.id === run.id && view.state === "running";
  }

  /** Writes what the kubelet sees of the Pod now. */
  publish(pod: Pod, { podIp, sandboxReady, isTerminal }: Surroundings): void {
    const { facts, timeOf, time } = this.#context;
    const { waiting } = this.#containers;
    this.#write(pod, {
      podIp,
      sandboxReady,
      isTerminal,
      hostIp: facts.hostIp,
      startTime: this.#startTime,
      runs: this.#views(),
      waiting: waiting.size === 0 ? NOT_WAITING : new Map(waiting),
      timeOf,
      now: time,
    });
  }

  /** While the Pod ends only readiness is written; what has ended shows at the end. */
  publishReadiness(pod: Pod): void {
    const seen = this.#seen;
    if (seen === null || seen.isTerminal) return;
    const runs = new Map(
      [...seen.runs].map(([name, [view, ...before]]) => {
        const run = this.#containers.latest(name);
        if (view === undefined || run === null) return [name, []];
        const ready = this.#prober.isReady(run);
        return [name, [{ ...view, ready }, ...before]];
      }),
    );
    this.#write(pod, { ...seen, runs, now: this.#context.time });
  }

  #write(pod: Pod, seen: PodObservation): void {
    this.#seen = seen;
    const status = podStatus(pod, seen);
    this.#phase = status.phase ?? "Pending";
    const { server } = this.#context.cluster;
    const { uid } = pod.metadata;
    // Mostly the API still has the very version that the kubelet knows.
    const statusOf = (current: Pod): PodStatus =>
      current === pod ? status : podStatus(current, seen);
    this.#context.request(() =>
      server.patchStatus(
        "Pod",
        keyOf(pod),
        (current) => (current.metadata.uid === uid ? statusOf(current) : current.status),
        "kubelet",
      ),
    );
  }

  #views(): ReadonlyMap<string, readonly RunView[]> {
    const { runs } = this.#containers;
    if (runs.size === 0) return NO_VIEWS;
    const views = new Map<string, readonly RunView[]>();
    for (const [name, all] of runs) {
      views.set(
        name,
        all.map((run) => this.#view(run)),
      );
    }
    return views;
  }

  #view(run: ContainerRun): RunView {
    const { id, attempt, state, startedAt, finishedAt, exitCode } = run;
    const started = this.#prober.isStarted(run);
    const ready = this.#prober.isReady(run);
    const lastWords = state === "exited" ? run.lastWords : "";
    return { id, attempt, state, startedAt, finishedAt, exitCode, lastWords, started, ready };
  }
}
