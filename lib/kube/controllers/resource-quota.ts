/**
 * The ResourceQuota controller: keeps count of what is used in the status of each quota.
 *
 * Spec: kubernetes pkg/controller/resourcequota, v1.36.
 */
import { NS_PER_MS } from "../../base/units.ts";
import { quotaUsage } from "../api/quotas.ts";
import type { ApiObject } from "../api/types.ts";
import { deepEqual } from "../deep-equal.ts";
import { textsAt } from "../field-at.ts";
import type { Informers } from "../informer.ts";
import { keyOf } from "../store.ts";
import { ApiClient, type Sync } from "./client.ts";
import { type ControllerContext, WorkQueue } from "./controller.ts";

const START_NS = 4 * NS_PER_MS;

/** Counts what quotas are about. */
export class ResourceQuotaController {
  readonly #informers: Informers;
  readonly #client: ApiClient;
  readonly #queue: WorkQueue;

  constructor({ scheduler, informers, server }: ControllerContext) {
    this.#informers = informers;
    this.#client = new ApiClient(server, scheduler, "resourcequota-controller");
    this.#queue = new WorkQueue(scheduler, { startNs: START_NS }, (key) => this.#sync(key));
    informers.onAny(({ object, type, previous }) => {
      const quotas = informers.list("ResourceQuota");
      if (quotas.length === 0 && object.kind !== "ResourceQuota") return;
      // Of what is there already, only a Pod that ends is counted in another way.
      const isCounted = type !== "MODIFIED" || previous === null || object.kind === "Pod";
      if (object.kind === "ResourceQuota") this.#queue.add(keyOf(object));
      else if (isCounted) this.#addAll(object.metadata.namespace, quotas);
    });
  }

  #addAll(namespace: string | undefined, quotas: readonly ApiObject[]): void {
    for (const quota of quotas) {
      if (quota.metadata.namespace === namespace) this.#queue.add(keyOf(quota));
    }
  }

  *#sync(key: string): Sync {
    const quota = this.#informers.get("ResourceQuota", key);
    if (quota === null) return;
    const status = {
      hard: textsAt(quota, "spec", "hard"),
      used: quotaUsage(this.#client.server.store, quota),
    };
    if (!deepEqual(status, quota.status)) yield* this.#client.updateStatus({ ...quota, status });
  }
}
