/**
 * Jobs that have ended go after their `ttlSecondsAfterFinished`, and their Pods with them.
 *
 * Spec: Kubernetes, "Automatic Cleanup for Finished Jobs"; kubernetes pkg/controller/
 * ttlafterfinished, v1.36.
 */
import { NS_PER_MS, NS_PER_S } from "../../base/units.ts";
import { parseTime } from "../api/time.ts";
import type { Informers } from "../informer.ts";
import { keyOf } from "../store.ts";
import { ApiClient, type Sync } from "./client.ts";
import { type ControllerContext, WorkQueue } from "./controller.ts";
import { jobEnd } from "./job.ts";
import { conditionOf } from "./pods.ts";

const START_NS = 4 * NS_PER_MS;

/** Deletes Jobs whose time is over. */
export class TtlAfterFinishedController {
  readonly #informers: Informers;
  readonly #client: ApiClient;
  readonly #queue: WorkQueue;

  constructor({ scheduler, informers, server }: ControllerContext) {
    this.#informers = informers;
    this.#client = new ApiClient(server, scheduler, "ttl-after-finished-controller");
    this.#queue = new WorkQueue(scheduler, { startNs: START_NS }, (key) => this.#sync(key));
    informers.on("Job", ({ type, object }) => {
      if (type === "DELETED" || object.spec.ttlSecondsAfterFinished === undefined) return;
      if (jobEnd(object) !== null) this.#queue.add(keyOf(object));
    });
  }

  *#sync(key: string): Sync {
    const job = this.#informers.get("Job", key);
    const ttl = job?.spec.ttlSecondsAfterFinished;
    if (job === null || ttl === undefined || job.metadata.deletionTimestamp !== undefined) return;
    const end = jobEnd(job);
    const ended = end === null ? undefined : conditionOf(job.status.conditions, end);
    if (ended?.lastTransitionTime === undefined) return;
    const { server } = this.#client;
    const at = (parseTime(ended.lastTransitionTime) - server.epochSeconds + ttl) * NS_PER_S;
    if (at > this.#client.now) {
      this.#queue.addAfter(key, at - this.#client.now);
      return;
    }
    yield* this.#client.delete("Job", key);
  }
}
