/**
 * The disruption controller: how many Pods of each PodDisruptionBudget may go now.
 *
 * Spec: Kubernetes, "Specifying a Disruption Budget"; kubernetes pkg/controller/disruption, v1.36.
 */
import { NS_PER_MS, NS_PER_S } from "../../base/units.ts";
import { type Budget, type BudgetStatus, covers } from "../api/eviction.ts";
import { parseTime } from "../api/time.ts";
import type { ApiObject, Condition, Pod } from "../api/types.ts";
import { deepEqual } from "../deep-equal.ts";
import { controllerOf, type Informers } from "../informer.ts";
import { keyOf, objectKey } from "../store.ts";
import { ApiClient, type Sync } from "./client.ts";
import { type ControllerContext, WorkQueue } from "./controller.ts";
import { EventRecorder } from "./events.ts";
import { conditionOf, isReady, resolveIntOrPercent } from "./pods.ts";

const START_NS = 4 * NS_PER_MS;
/** DeletionTimeout: an evicted Pod that is still there after so long counts as staying. */
const DELETION_SECONDS = 120;

/** Keeps the status of PodDisruptionBudgets. */
export class DisruptionController {
  readonly #informers: Informers;
  readonly #client: ApiClient;
  readonly #events: EventRecorder;
  readonly #queue: WorkQueue;

  constructor({ scheduler, informers, server }: ControllerContext) {
    this.#informers = informers;
    this.#client = new ApiClient(server, scheduler, "disruption-controller");
    this.#events = new EventRecorder(server, "controllermanager");
    this.#queue = new WorkQueue(scheduler, { startNs: START_NS }, (key) => this.#sync(key));
    informers.on("PodDisruptionBudget", ({ type, object }) => {
      if (type !== "DELETED") this.#queue.add(keyOf(object));
    });
    informers.on("Pod", ({ object, previous }) => {
      for (const budget of this.#budgets()) {
        const isMeant = covers(budget, object) || (previous !== null && covers(budget, previous));
        if (isMeant) this.#queue.add(keyOf(budget));
      }
    });
  }

  #budgets(): readonly Budget[] {
    return this.#informers.list("PodDisruptionBudget") as readonly ApiObject[] as readonly Budget[];
  }

  *#sync(key: string): Sync {
    const budget = this.#informers.get("PodDisruptionBudget", key) as Budget | null;
    if (budget === null) return;
    const pods = this.#informers.list("Pod").filter((pod) => covers(budget, pod));
    if (pods.length === 0) {
      this.#events.event(budget, "Normal", "NoPods", "No matching pods found");
    }
    const disruptedPods = this.#disrupted(budget, pods);
    const healthy = pods.filter(
      (pod) =>
        pod.metadata.deletionTimestamp === undefined &&
        disruptedPods[pod.metadata.name] === undefined &&
        isReady(pod),
    );
    const { expectedPods, desiredHealthy } = this.#expected(budget, pods);
    const currentHealthy = healthy.length;
    const room = expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
    const status: BudgetStatus = {
      conditions: this.#conditions(budget, room),
      currentHealthy,
      desiredHealthy,
      ...(Object.keys(disruptedPods).length > 0 && { disruptedPods }),
      disruptionsAllowed: room,
      expectedPods,
      observedGeneration: budget.metadata.generation,
    };
    if (!deepEqual(status, budget.status)) yield* this.#client.updateStatus({ ...budget, status });
  }

  /** Evicted Pods that have not been seen to go, and are still expected to. */
  #disrupted({ metadata, status }: Budget, pods: readonly Pod[]): Record<string, string> {
    const now = this.#client.server.epochSeconds + this.#client.now / NS_PER_S;
    const entries = Object.entries(status?.disruptedPods ?? {}).filter(([name, time]) => {
      const pod = pods.find((each) => each.metadata.name === name);
      if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return false;
      const left = parseTime(time) + DELETION_SECONDS - now;
      if (left > 0)
        this.#queue.addAfter(objectKey(metadata.namespace, metadata.name), left * NS_PER_S);
      return left > 0;
    });
    return Object.fromEntries(entries);
  }

  #expected({ spec }: Budget, pods: readonly Pod[]) {
    const { maxUnavailable, minAvailable } = spec;
    if (maxUnavailable !== undefined) {
      const expectedPods = this.#scaleOf(pods);
      const bound = resolveIntOrPercent(maxUnavailable, expectedPods, true);
      return { expectedPods, desiredHealthy: Math.max(0, expectedPods - bound) };
    }
    if (typeof minAvailable === "string") {
      const expectedPods = this.#scaleOf(pods);
      return {
        expectedPods,
        desiredHealthy: resolveIntOrPercent(minAvailable, expectedPods, true),
      };
    }
    return { expectedPods: pods.length, desiredHealthy: minAvailable ?? 0 };
  }

  /** How many Pods the controllers of these want together. */
  #scaleOf(pods: readonly Pod[]): number {
    const scales = new Map<string, number>();
    for (const pod of pods) {
      const owner = controllerOf(pod);
      if (owner === null || scales.has(owner.uid)) continue;
      const holder = this.#informers.get(owner.kind, objectKey(pod.metadata.namespace, owner.name));
      const above = holder === null ? null : controllerOf(holder);
      const top =
        above === null || holder === null
          ? holder
          : this.#informers.get(above.kind, objectKey(holder.metadata.namespace, above.name));
      const { replicas } = ((top ?? holder)?.spec ?? {}) as { readonly replicas?: number };
      scales.set(owner.uid, replicas ?? 0);
    }
    return [...scales.values()].reduce((sum, scale) => sum + scale, 0);
  }

  #conditions(budget: Budget, room: number): Condition[] {
    const before = conditionOf(budget.status?.conditions, "DisruptionAllowed");
    const status = room > 0 ? "True" : "False";
    const since = before?.status === status ? before.lastTransitionTime : this.#client.time;
    return [
      {
        lastTransitionTime: since,
        message: "",
        observedGeneration: budget.metadata.generation,
        reason: room > 0 ? "SufficientPods" : "InsufficientPods",
        status,
        type: "DisruptionAllowed",
      },
    ];
  }
}
