/**
 * The Job controller: Pods until enough of them have succeeded, or too many have failed.
 *
 * Spec: Kubernetes, "Jobs"; kubernetes pkg/controller/job, v1.36.
 * Not modelled: podFailurePolicy, successPolicy, backoffLimitPerIndex, finalizers that keep ended
 * Pods until they are counted.
 */
import { NS_PER_MS, NS_PER_S, type Ns } from "../../base/units.ts";
import { parseTime } from "../api/time.ts";
import type { Condition, Job, JobStatus, NewObject, Pod } from "../api/types.ts";
import { deepEqual } from "../deep-equal.ts";
import { controllerKey, type Informers } from "../informer.ts";
import { keyOf } from "../store.ts";
import { ApiClient, type Sync } from "./client.ts";
import { type ControllerContext, WorkQueue } from "./controller.ts";
import { EventRecorder } from "./events.ts";
import { Expectations } from "./expectations.ts";
import { conditionOf, isActive, isReady, podFromTemplate } from "./pods.ts";

const START_NS = 4 * NS_PER_MS;
/** Failed Pods come back after so long, doubled each time. */
const BACKOFF_NS = 10 * NS_PER_S;
const MAX_BACKOFF_NS = 600 * NS_PER_S;
const INDEX = "batch.kubernetes.io/job-completion-index";

/** Runs a Job's Pods until enough have succeeded. */
export class JobController {
  readonly #informers: Informers;
  readonly #client: ApiClient;
  readonly #events: EventRecorder;
  readonly #queue: WorkQueue;
  readonly #expectations = new Expectations();

  constructor({ scheduler, informers, server }: ControllerContext) {
    this.#informers = informers;
    this.#client = new ApiClient(server, scheduler, "job-controller");
    this.#events = new EventRecorder(server, "job-controller");
    this.#queue = new WorkQueue(scheduler, { startNs: START_NS }, (key) => this.#sync(key));
    informers.on("Job", ({ type, object }) => {
      if (type === "DELETED") this.#expectations.forget(keyOf(object));
      this.#queue.add(keyOf(object));
    });
    informers.on("Pod", ({ type, object, previous }) => {
      const key = controllerKey(object, "Job");
      if (key === null) return;
      if (type === "ADDED" && previous === null) this.#expectations.created(key);
      if (type === "DELETED") this.#expectations.deleted(key, object.metadata.uid);
      this.#queue.add(key);
    });
  }

  *#sync(key: string): Sync {
    const job = this.#informers.get("Job", key);
    if (job === null || job.metadata.deletionTimestamp !== undefined) return;
    if (jobEnd(job) !== null) return;
    if (!this.#expectations.satisfied(key)) return;
    const pods = this.#informers.owned("Pod", job.metadata.uid);
    const active = pods.filter(isActive);
    const succeeded = succeededOf(job, pods);
    const failed = pods.filter(({ status }) => status.phase === "Failed");
    const end = this.#endOf(job, active.length, succeeded, failed.length);
    const isSuspended = end === null && job.spec.suspend === true;
    const suspension = end === null ? suspensionOf(job, this.#client.time) : null;
    if (end === null && !isSuspended) yield* this.#create(job, key, pods, succeeded);
    else if (end?.type === "Failed" || isSuspended) yield* this.#remove(job, active);
    const now = this.#informers.owned("Pod", job.metadata.uid).filter(isActive);
    const status: JobStatus = {
      ...job.status,
      startTime: this.#startTime(job, isSuspended, suspension),
      active: (end === null ? now.length : 0) || undefined,
      ready: end === null ? now.filter(isReady).length : 0,
      succeeded: succeeded || undefined,
      failed: failed.length + (end?.type === "Failed" ? active.length : 0) || undefined,
      terminating: 0,
      completedIndexes: completedIndexes(job, pods),
      ...(end === null ? {} : { conditions: [...(job.status.conditions ?? []), end] }),
      ...(suspension === null ? {} : { conditions: withCondition(job, suspension) }),
      ...(end?.type === "Complete" ? { completionTime: this.#client.time } : {}),
    };
    if (deepEqual(status, job.status)) return;
    yield* this.#client.patchStatus("Job", key, () => status);
    if (suspension !== null) {
      const reason = suspension.status === "True" ? "Suspended" : "Resumed";
      this.#events.event(job, "Normal", reason, suspension.message ?? "");
    }
    if (end !== null) {
      const isGood = end.type === "Complete";
      const text = isGood ? "Job completed" : (end.message ?? "");
      this.#events.event(job, isGood ? "Normal" : "Warning", end.reason ?? "", text);
    }
  }

  /** A Job that goes on after a suspension starts anew. */
  #startTime(job: Job, isSuspended: boolean, suspension: Condition | null): string | undefined {
    const { startTime } = job.status;
    if (isSuspended) return startTime;
    return suspension === null ? (startTime ?? this.#client.time) : this.#client.time;
  }

  /** Ends the Pods that go on. */
  *#remove(job: Job, active: readonly Pod[]): Sync {
    for (const pod of active) {
      yield* this.#client.delete("Pod", keyOf(pod));
      const text = `Deleted pod: ${pod.metadata.name}`;
      this.#events.event(job, "Normal", "SuccessfulDelete", text);
    }
  }

  /** Whether the Job's time is over; if it has some left, it is looked at again then. */
  #isPastDeadline(job: Job): boolean {
    const { activeDeadlineSeconds: deadline, suspend } = job.spec;
    const { startTime } = job.status;
    if (deadline === undefined || startTime === undefined || suspend === true) return false;
    const started = (parseTime(startTime) - this.#client.server.epochSeconds) * NS_PER_S;
    const left = started + deadline * NS_PER_S - this.#client.now;
    if (left > 0) this.#queue.addAfter(keyOf(job), left);
    return left <= 0;
  }

  /** The condition with which the Job ends now, or null. */
  #endOf(job: Job, active: number, succeeded: number, failed: number): Condition | null {
    const { completions, backoffLimit = 6 } = job.spec;
    const condition = (type: string, reason: string, message: string): Condition => ({
      type,
      status: "True",
      reason,
      message,
      lastProbeTime: this.#client.time,
      lastTransitionTime: this.#client.time,
    });
    if (failed > backoffLimit) {
      return condition(
        "Failed",
        "BackoffLimitExceeded",
        "Job has reached the specified backoff limit",
      );
    }
    if (this.#isPastDeadline(job)) {
      const text = "Job was active longer than specified deadline";
      return condition("Failed", "DeadlineExceeded", text);
    }
    const isComplete =
      completions === undefined ? succeeded > 0 && active === 0 : succeeded >= completions;
    if (!isComplete) return null;
    return condition("Complete", "CompletionsReached", "Reached expected number of succeeded pods");
  }

  /** Makes as many Pods as may run beside those that do. */
  *#create(job: Job, key: string, pods: readonly Pod[], succeeded: number): Sync {
    const { completions, parallelism = 1 } = job.spec;
    const active = pods.filter(isActive);
    const left = completions === undefined ? parallelism : completions - succeeded;
    // Without a number of completions, no Pod comes after the first that has succeeded.
    const wanted = completions === undefined && succeeded > 0 ? 0 : Math.min(parallelism, left);
    const missing = wanted - active.length;
    if (missing <= 0) return;
    const wait = this.#backoff(pods);
    if (wait > 0) return this.#queue.addAfter(key, wait);
    this.#expectations.expect(key, missing, []);
    const indices = freeIndices(job, pods).slice(0, missing);
    for (let made = 0; made < missing; made += 1) {
      const pod = yield* this.#client.create<Pod>(podOf(job, indices[made] ?? null));
      const text = `Created pod: ${pod.metadata.name}`;
      this.#events.event(job, "Normal", "SuccessfulCreate", text);
    }
  }

  /** How long the last failure keeps new Pods away, in ns. */
  #backoff(pods: readonly Pod[]): Ns {
    const ends = pods.filter(({ status }) => status.phase === "Failed").map(endedAt);
    if (ends.length === 0) return 0;
    const delay = Math.min(MAX_BACKOFF_NS, BACKOFF_NS * 2 ** (ends.length - 1));
    const since = (Math.max(...ends) - this.#client.server.epochSeconds) * NS_PER_S;
    return since + delay - this.#client.now;
  }
}

/** The condition that says that the Job was suspended or goes on again; null if it is as it was. */
function suspensionOf({ spec, status }: Job, time: string): Condition | null {
  const isSuspended = spec.suspend === true;
  const known = conditionOf(status.conditions, "Suspended");
  if ((known?.status === "True") === isSuspended) return null;
  return {
    type: "Suspended",
    status: isSuspended ? "True" : "False",
    reason: isSuspended ? "JobSuspended" : "JobResumed",
    message: isSuspended ? "Job suspended" : "Job resumed",
    lastProbeTime: time,
    lastTransitionTime: time,
  };
}

function withCondition({ status }: Job, condition: Condition): Condition[] {
  const others = (status.conditions ?? []).filter(({ type }) => type !== condition.type);
  return [...others, condition];
}

/** The condition with which a Job has come to its end, or null while it goes on. */
export function jobEnd({ status }: Job): "Complete" | "Failed" | null {
  const isTrue = (type: string) => conditionOf(status.conditions, type)?.status === "True";
  if (isTrue("Complete")) return "Complete";
  return isTrue("Failed") ? "Failed" : null;
}

function succeededOf({ spec }: Job, pods: readonly Pod[]): number {
  const good = pods.filter(({ status }) => status.phase === "Succeeded");
  return spec.completionMode === "Indexed" ? new Set(good.map(indexOf)).size : good.length;
}

/** The indices that have succeeded, runs of them as `0-3,5` (util formatIndexes); undefined without. */
function completedIndexes({ spec }: Job, pods: readonly Pod[]): string | undefined {
  if (spec.completionMode !== "Indexed") return undefined;
  const good = pods.filter(({ status }) => status.phase === "Succeeded").map(indexOf);
  const runs: [number, number][] = [];
  for (const index of [...new Set(good)].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === index - 1) last[1] = index;
    else runs.push([index, index]);
  }
  // Two in a row are not worth a dash.
  const texts = runs.map(([from, to]) =>
    from === to ? `${from}` : `${from}${to === from + 1 ? "," : "-"}${to}`,
  );
  return texts.length === 0 ? undefined : texts.join(",");
}

function indexOf({ metadata }: Pod): number {
  return Number(metadata.annotations?.[INDEX] ?? -1);
}

/** The indices of an indexed Job that no Pod has, or had with success. */
function freeIndices({ spec }: Job, pods: readonly Pod[]): number[] {
  if (spec.completionMode !== "Indexed") return [];
  const taken = new Set(pods.filter(({ status }) => status.phase !== "Failed").map(indexOf));
  const all = Array.from({ length: spec.completions ?? 0 }, (_, index) => index);
  return all.filter((index) => !taken.has(index));
}

function endedAt({ status }: Pod): number {
  const ends = (status.containerStatuses ?? []).map(({ state }) =>
    parseTime(state.terminated?.finishedAt ?? status.startTime ?? ""),
  );
  return Math.max(0, ...ends);
}

function podOf(job: Job, index: number | null): NewObject {
  const pod = podFromTemplate(job, job.spec.template);
  if (index === null) return pod;
  const { name } = job.metadata;
  const { annotations, labels } = pod.metadata;
  const metadata = {
    ...pod.metadata,
    generateName: `${name}-${index}-`,
    annotations: { ...annotations, [INDEX]: String(index) },
    labels: { ...labels, [INDEX]: String(index) },
  };
  const variable = { name: "JOB_COMPLETION_INDEX", value: String(index) };
  const { spec } = job.spec.template;
  const withIndex = (containers: typeof spec.containers) =>
    containers.map((each) => ({ ...each, env: [...(each.env ?? []), variable] }));
  return {
    ...pod,
    metadata,
    spec: {
      ...spec,
      hostname: `${name}-${index}`,
      containers: withIndex(spec.containers),
      ...(spec.initContainers === undefined
        ? {}
        : { initContainers: withIndex(spec.initContainers) }),
    },
  };
}
