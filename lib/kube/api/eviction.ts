/**
 * The eviction of a Pod: a deletion that PodDisruptionBudgets may hold back.
 *
 * Spec: kubernetes pkg/registry/core/pod/storage/eviction.go, v1.36.
 */
import type { Store } from "../store.ts";
import { ApiError } from "./errors.ts";
import { matchesSelector } from "./labels.ts";
import type { ApiObject, Condition, LabelSelector, Pod } from "./types.ts";

/** policy/v1 PodDisruptionBudget. */
export interface Budget extends ApiObject {
  readonly spec: {
    readonly minAvailable?: number | string;
    readonly maxUnavailable?: number | string;
    readonly selector?: LabelSelector;
    readonly unhealthyPodEvictionPolicy?: "IfHealthyBudget" | "AlwaysAllow";
  };
  readonly status?: BudgetStatus;
}

/** How a budget stands. */
export interface BudgetStatus {
  readonly observedGeneration?: number | undefined;
  readonly disruptionsAllowed: number;
  readonly currentHealthy: number;
  readonly desiredHealthy: number;
  readonly expectedPods: number;
  /** Pods that are evicted and not yet seen to go, with the time of their eviction. */
  readonly disruptedPods?: Readonly<Record<string, string>> | undefined;
  readonly conditions?: readonly Condition[] | undefined;
}

/** The status of a budget that lets this Pod go, or null if none needs to be asked. */
export interface Permission {
  readonly budget: Budget;
  readonly status: BudgetStatus;
}

/** Whether a budget is about the Pod. */
export function covers(budget: Budget, pod: Pod): boolean {
  const { selector } = budget.spec;
  const isEmpty = Object.keys(selector?.matchLabels ?? {}).length === 0;
  if (isEmpty && (selector?.matchExpressions ?? []).length === 0) return false;
  return (
    budget.metadata.namespace === pod.metadata.namespace &&
    matchesSelector(selector, pod.metadata.labels)
  );
}

/** Asks the Pod's budget. Throws `TooManyRequests` if it allows no disruption now. */
export function permitEviction(store: Store, pod: Pod, now: string): Permission | null {
  const { phase } = pod.status;
  const isDown = phase === "Succeeded" || phase === "Failed" || phase === "Pending";
  if (isDown || pod.metadata.deletionTimestamp !== undefined) return null;
  const all = store.list("PodDisruptionBudget") as readonly ApiObject[] as readonly Budget[];
  const [budget, second] = all.filter((each) => covers(each, pod));
  if (budget === undefined) return null;
  if (second !== undefined) {
    throw new ApiError(
      "InternalError",
      "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    );
  }
  const { status } = budget;
  const isReady = pod.status.conditions?.some(
    (condition) => condition.type === "Ready" && condition.status === "True",
  );
  if (isReady !== true && status !== undefined) {
    if (budget.spec.unhealthyPodEvictionPolicy === "AlwaysAllow") return null;
    const { currentHealthy, desiredHealthy } = status;
    if (desiredHealthy > 0 && currentHealthy >= desiredHealthy) return null;
  }
  const isSeen = (status?.observedGeneration ?? 0) >= (budget.metadata.generation ?? 0);
  if (status === undefined || !isSeen || status.disruptionsAllowed === 0) {
    throw new ApiError(
      "TooManyRequests",
      "Cannot evict pod as it would violate the pod's disruption budget.",
    );
  }
  const disruptedPods = { ...status.disruptedPods, [pod.metadata.name]: now };
  const disruptionsAllowed = status.disruptionsAllowed - 1;
  return { budget, status: { ...status, disruptionsAllowed, disruptedPods } };
}

/** The status of a Pod that is evicted at `time`: it says why it will go. */
export function evictedStatus({ metadata, status }: Pod, time: string): Pod["status"] {
  const target: Condition = {
    type: "DisruptionTarget",
    observedGeneration: metadata.generation,
    status: "True",
    reason: "EvictionByEvictionAPI",
    message: "Eviction API: evicting",
    lastProbeTime: null,
    lastTransitionTime: time,
  };
  const others = (status.conditions ?? []).filter(({ type }) => type !== target.type);
  return { ...status, conditions: [...others, target] };
}
