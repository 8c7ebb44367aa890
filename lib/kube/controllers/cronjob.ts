/**
 * The CronJob controller: a Job at each time of a schedule, if the last one lets it, and the oldest
 * of those that have ended go.
 *
 * Spec: Kubernetes, "CronJob"; kubernetes pkg/controller/cronjob (syncCronJob,
 * mostRecentScheduleTime, cleanupFinishedJobs), v1.36.
 * Differs: time zones that time-zones.ts does not know are taken for UTC.
 */
import { NS_PER_MS, NS_PER_S } from "../../base/units.ts";
import { type CronSchedule, cronProblem, inZone, parseCron } from "../api/cron.ts";
import { ApiError } from "../api/errors.ts";
import { formatLongTime, formatTime, parseTime } from "../api/time.ts";
import type { Job } from "../api/types.ts";
import { deepEqual } from "../deep-equal.ts";
import { controllerOf, type Informers } from "../informer.ts";
import { keyOf, objectKey } from "../store.ts";
import { ApiClient, type Sync } from "./client.ts";
import { type ControllerContext, WorkQueue } from "./controller.ts";
import { byStart, type CronJob, type CronJobStatus, jobOf, referenceTo } from "./cronjob-jobs.ts";
import { EventRecorder } from "./events.ts";
import { jobEnd } from "./job.ts";

const START_NS = 4 * NS_PER_MS;
/** nextScheduleDelta: so much behind the time, lest a clock be early. */
const DELTA_NS = 100 * NS_PER_MS;
/** More missed times than this are worth a warning. */
const MANY_MISSED = 100;

/** Starts Jobs by the clock. */
export class CronJobController {
  readonly #informers: Informers;
  readonly #client: ApiClient;
  readonly #events: EventRecorder;
  readonly #queue: WorkQueue;

  constructor({ scheduler, informers, server }: ControllerContext) {
    this.#informers = informers;
    this.#client = new ApiClient(server, scheduler, "cronjob-controller");
    this.#events = new EventRecorder(server, "cronjob-controller");
    this.#queue = new WorkQueue(scheduler, { startNs: START_NS }, (key) => this.#sync(key));
    informers.on("CronJob", ({ type, object }) => {
      if (type !== "DELETED") this.#queue.add(keyOf(object));
    });
    informers.on("Job", ({ object }) => {
      const owner = controllerOf(object);
      if (owner?.kind !== "CronJob") return;
      this.#queue.add(objectKey(object.metadata.namespace, owner.name));
    });
  }

  *#sync(key: string): Sync {
    const cron = this.#informers.get("CronJob", key) as CronJob | null;
    if (cron === null) return;
    const jobs = this.#informers.owned("Job", cron.metadata.uid);
    const known = yield* this.#takeStock(cron, jobs);
    const started = yield* this.#start(cron, known);
    const status = yield* this.#cleanUp(cron, jobs, started);
    if (!deepEqual(status, cron.status)) yield* this.#client.updateStatus({ ...cron, status });
  }

  /** Which of the Jobs go on, and which one was good last. */
  *#takeStock(cron: CronJob, jobs: readonly Job[]): Sync<CronJobStatus> {
    let { active = [], lastSuccessfulTime } = cron.status;
    for (const job of jobs) {
      const { name, uid } = job.metadata;
      const isListed = active.some((each) => each.uid === uid);
      const end = jobEnd(job);
      if (end === null) {
        if (isListed) continue;
        const text = `Saw a job that the controller did not create or forgot: ${name}`;
        this.#events.event(cron, "Warning", "UnexpectedJob", text);
        continue;
      }
      if (isListed) {
        active = active.filter((each) => each.uid !== uid);
        const text = `Saw completed job: ${name}, condition: ${end}`;
        this.#events.event(cron, "Normal", "SawCompletedJob", text);
      }
      const { completionTime } = job.status;
      if (end !== "Complete" || completionTime === undefined) continue;
      if (lastSuccessfulTime === undefined || completionTime > lastSuccessfulTime) {
        lastSuccessfulTime = completionTime;
      }
    }
    for (const job of active) {
      if (jobs.some(({ metadata }) => metadata.uid === job.uid)) continue;
      const found = yield* this.#client.read("Job", objectKey(job.namespace, job.name));
      if (found !== null) continue;
      active = active.filter((each) => each !== job);
      const text = `Active job went missing: ${job.name}`;
      this.#events.event(cron, "Normal", "MissingJob", text);
    }
    const { active: _active, ...rest } = cron.status;
    return {
      ...(active.length > 0 && { active }),
      ...rest,
      ...(lastSuccessfulTime !== undefined && { lastSuccessfulTime }),
    };
  }

  /** Starts the Job that is due, and asks to be woken for the next one. */
  *#start(cron: CronJob, status: CronJobStatus): Sync<CronJobStatus> {
    const { spec, metadata } = cron;
    if (metadata.deletionTimestamp !== undefined || spec.suspend === true) return status;
    if (cronProblem(spec.schedule) !== null) return status;
    const schedule = inZone(parseCron(spec.schedule), spec.timeZone ?? "UTC");
    const now = this.#client.server.epochSeconds + this.#client.now / NS_PER_S;
    this.#wakeFor(keyOf(cron), schedule.next(now));
    const due = this.#dueTime(cron, schedule, now);
    if (due === null) return status;
    const { startingDeadlineSeconds: deadline } = spec;
    if (deadline !== undefined && due + deadline < now) {
      const text = `Missed scheduled time to start a job: ${formatLongTime(due)}`;
      this.#events.event(cron, "Warning", "MissSchedule", text);
      return status;
    }
    const name = `${metadata.name}-${Math.floor(due / 60)}`;
    const { active = [] } = status;
    const isDone =
      active.some((job) => job.name === name) || status.lastScheduleTime === formatTime(due);
    if (isDone) return status;
    if (spec.concurrencyPolicy === "Forbid" && active.length > 0) {
      const text =
        "Not starting job because prior execution is running and concurrency policy is Forbid";
      this.#events.event(cron, "Normal", "JobAlreadyActive", text);
      return status;
    }
    const replaced = spec.concurrencyPolicy === "Replace" ? active : [];
    for (const job of replaced) yield* this.#delete(cron, job);
    const job = yield* this.#create(cron, name, due);
    if (job === null) return status;
    const going = active.filter((each) => !replaced.includes(each));
    const entry = referenceTo(job);
    return { ...status, active: [...going, entry], lastScheduleTime: formatTime(due) };
  }

  /** The last time of the schedule that has passed since it was looked at; null if none has. */
  #dueTime(cron: CronJob, schedule: CronSchedule, now: number): number | null {
    const { lastScheduleTime } = cron.status;
    const { startingDeadlineSeconds: deadline } = cron.spec;
    let from = parseTime(lastScheduleTime ?? cron.metadata.creationTimestamp);
    if (deadline !== undefined) from = Math.max(from, now - deadline);
    let due: number | null = null;
    let missed = 0;
    for (let at = schedule.next(from); at !== null && at <= now; at = schedule.next(at)) {
      due = at;
      missed += 1;
    }
    if (missed > MANY_MISSED) {
      const text =
        "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
      this.#events.event(cron, "Warning", "TooManyMissedTimes", text);
    }
    return due;
  }

  #wakeFor(key: string, next: number | null): void {
    if (next === null) return;
    const at = (next - this.#client.server.epochSeconds) * NS_PER_S + DELTA_NS;
    this.#queue.addAfter(key, at - this.#client.now);
  }

  /** The Job of that time; one that is there already is taken if it is this CronJob's. */
  *#create(cron: CronJob, name: string, due: number): Sync<Job | null> {
    try {
      const job = yield* this.#client.create<Job>(jobOf(cron, name, due));
      this.#events.event(cron, "Normal", "SuccessfulCreate", `Created job ${name}`);
      return job;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.reason !== "AlreadyExists") {
        const text = `Error creating job: ${error.message}`;
        this.#events.event(cron, "Warning", "FailedCreate", text);
        throw error;
      }
      const key = objectKey(cron.metadata.namespace, name);
      const job = yield* this.#client.read("Job", key);
      return job !== null && controllerOf(job)?.uid === cron.metadata.uid ? job : null;
    }
  }

  /** Deletes the oldest Jobs that have ended, beyond as many as are to be kept. */
  *#cleanUp(cron: CronJob, jobs: readonly Job[], status: CronJobStatus): Sync<CronJobStatus> {
    const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = cron.spec;
    const limits = { Complete: successfulJobsHistoryLimit, Failed: failedJobsHistoryLimit };
    let { active = [] } = status;
    for (const end of ["Complete", "Failed"] as const) {
      const limit = limits[end];
      if (limit === undefined) continue;
      const ended = jobs.filter((job) => jobEnd(job) === end).sort(byStart);
      for (const job of ended.slice(0, Math.max(0, ended.length - limit))) {
        yield* this.#delete(cron, job.metadata);
        active = active.filter(({ uid }) => uid !== job.metadata.uid);
      }
    }
    const { active: _active, ...rest } = status;
    return active.length === 0 ? rest : { ...status, active };
  }

  *#delete(cron: CronJob, job: { readonly namespace?: string | undefined; readonly name: string }) {
    const key = objectKey(job.namespace, job.name);
    yield* this.#client.delete("Job", key, { propagation: "Background" });
    this.#events.event(cron, "Normal", "SuccessfulDelete", `Deleted job ${job.name}`);
  }
}
