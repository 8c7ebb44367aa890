/**
 * What objects take of the ResourceQuotas of their namespace.
 *
 * Spec: admission plugin ResourceQuota (apiserver pkg/admission/plugin/resourcequota), kubernetes
 * pkg/quota/v1/evaluator/core of v1.36.
 * Not modelled: scopeSelector, priority classes.
 */
import { listAt, textsAt } from "../field-at.ts";
import type { Store } from "../store.ts";
import { ApiError } from "./errors.ts";
import { parseQuantity, sumOfQuantities } from "./quantity.ts";
import { groupOf, qualifiedPlural, RESOURCES } from "./resources.ts";
import type { ApiObject } from "./types.ts";

type Quantities = Readonly<Record<string, string>>;

/** Names that are counted without `count/`. */
const PLAIN_COUNTS: ReadonlyMap<string, string> = new Map([
  ["ConfigMap", "configmaps"],
  ["PersistentVolumeClaim", "persistentvolumeclaims"],
  ["Pod", "pods"],
  ["ReplicationController", "replicationcontrollers"],
  ["ResourceQuota", "resourcequotas"],
  ["Secret", "secrets"],
  ["Service", "services"],
]);
/** What a quota calls what containers ask for. */
const COMPUTE = ["cpu", "memory", "ephemeral-storage"];

/**
 * Throws `Forbidden` if an object takes more than is left, or does not say how much it takes; of
 * one that takes the place of `before`, what it takes beyond that one counts.
 */
export function checkQuotas(
  store: Store,
  object: ApiObject,
  before: ApiObject | null = null,
): void {
  const { namespace = "", name } = object.metadata;
  const forbidden = (why: string) =>
    new ApiError("Forbidden", `${qualifiedPlural(object.kind)} "${name}" is forbidden: ${why}`);
  for (const quota of store.list("ResourceQuota")) {
    if (quota.metadata.namespace !== namespace || !isInScope(quota, object)) continue;
    const hard = textsAt(quota, "spec", "hard");
    const missing = unspecified(object, Object.keys(hard));
    if (missing !== "") throw forbidden(`failed quota: ${quota.metadata.name}: ${missing}`);
    const requested = beyond(only(usageOf(object), hard), before === null ? {} : usageOf(before));
    if (Object.keys(requested).length === 0) continue;
    const used = quotaUsage(store, quota);
    const exceeded = Object.keys(requested)
      .filter((key) => {
        const sum = sumOfQuantities([used[key] ?? "0", requested[key] ?? "0"]);
        return parseQuantity(sum) > parseQuantity(hard[key] ?? "0");
      })
      .sort();
    if (exceeded.length === 0) continue;
    const list = (from: Quantities) =>
      exceeded.map((key) => `${key}=${from[key] ?? "0"}`).join(",");
    throw forbidden(
      `exceeded quota: ${quota.metadata.name}, requested: ${list(requested)}, used: ${list(used)}, limited: ${list(hard)}`,
    );
  }
}

/** What is asked for beyond what was taken before; all of it if nothing was. */
function beyond(usage: Quantities, before: Quantities): Quantities {
  if (Object.keys(before).length === 0) return usage;
  const more = Object.entries(usage).flatMap(([key, amount]): [string, string][] => {
    const taken = before[key] ?? "0";
    if (parseQuantity(amount) <= parseQuantity(taken)) return [];
    return [[key, sumOfQuantities([amount, `-${taken}`])]];
  });
  return Object.fromEntries(more);
}

/** What the objects of a quota's namespace take of it now, for each of its resources. */
export function quotaUsage(store: Store, quota: ApiObject): Quantities {
  const hard = textsAt(quota, "spec", "hard");
  const { namespace } = quota.metadata;
  const usages = store
    .kinds()
    .filter((kind) => isCounted(kind, Object.keys(hard)))
    .flatMap((kind) => store.list(kind) as readonly ApiObject[])
    .filter((object) => object.metadata.namespace === namespace && isInScope(quota, object))
    .map((object) => only(usageOf(object), hard));
  return Object.fromEntries(
    Object.keys(hard).map((key) => [
      key,
      sumOfQuantities(usages.flatMap((usage) => usage[key] ?? [])),
    ]),
  );
}

/** Whether objects of a kind can take of a quota with such resources. */
function isCounted(kind: string, resources: readonly string[]): boolean {
  return resources.some((name) => {
    if (name.startsWith("count/")) return true;
    if (name === PLAIN_COUNTS.get(kind)) return true;
    if (name.startsWith("services.")) return kind === "Service";
    if (name.includes("storageclass") || name === "requests.storage") {
      return kind === "PersistentVolumeClaim";
    }
    return (
      kind === "Pod" && /^(?:requests\.|limits\.|cpu$|memory$|ephemeral-storage$|pods$)/.test(name)
    );
  });
}

function only(usage: Quantities, hard: Quantities): Quantities {
  return Object.fromEntries(Object.entries(usage).filter(([key]) => key in hard));
}

/** What one object takes, under all names that a quota may give it. */
function usageOf(object: ApiObject): Quantities {
  const { kind, apiVersion } = object;
  const resource = RESOURCES.find((each) => each.kind === kind);
  if (resource === undefined) return {};
  const group = groupOf(apiVersion);
  const counted = `count/${group === "" ? resource.plural : `${resource.plural}.${group}`}`;
  const plain = PLAIN_COUNTS.get(kind);
  if (kind === "Pod" && hasEnded(object)) return { [counted]: "1" };
  return {
    [counted]: "1",
    ...(plain !== undefined && { [plain]: "1" }),
    ...(kind === "Pod" && podUsage(object)),
    ...(kind === "Service" && serviceUsage(object)),
    ...(kind === "PersistentVolumeClaim" && claimUsage(object)),
  };
}

function hasEnded({ status }: ApiObject): boolean {
  const { phase } = (status ?? {}) as { readonly phase?: string };
  return phase === "Succeeded" || phase === "Failed";
}

function podUsage(pod: ApiObject): Quantities {
  const usage: Record<string, string> = {};
  for (const list of ["requests", "limits"] as const) {
    for (const name of COMPUTE) {
      const of = (containers: string) =>
        listAt(pod, "spec", containers).flatMap(
          (container) => textsAt(container, "resources", list)[name] ?? [],
        );
      const together = of("containers");
      const starting = of("initContainers");
      if (together.length + starting.length === 0) continue;
      const sum = sumOfQuantities(together);
      const most = starting.reduce(
        (best, each) => (parseQuantity(each) > parseQuantity(best) ? each : best),
        sum,
      );
      usage[`${list}.${name}`] = most;
      if (list === "requests") usage[name] = most;
    }
  }
  return usage;
}

function serviceUsage({ spec }: ApiObject): Quantities {
  const { type, ports = [] } = spec as {
    readonly type?: string;
    readonly ports?: readonly { readonly nodePort?: number }[];
  };
  const nodePorts = type === "NodePort" || type === "LoadBalancer" ? ports.length : 0;
  return {
    "services.nodeports": String(nodePorts),
    "services.loadbalancers": type === "LoadBalancer" ? "1" : "0",
  };
}

function claimUsage(claim: ApiObject): Quantities {
  const { storage = "0" } = textsAt(claim, "spec", "resources", "requests");
  const { storageClassName = "" } = claim.spec as { readonly storageClassName?: string };
  const prefix = `${storageClassName}.storageclass.storage.k8s.io`;
  return {
    "requests.storage": storage,
    ...(storageClassName !== "" && {
      [`${prefix}/requests.storage`]: storage,
      [`${prefix}/persistentvolumeclaims`]: "1",
    }),
  };
}

/** `must specify limits.cpu for: web; …`: a quota of CPU and memory makes them required. */
function unspecified(object: ApiObject, resources: readonly string[]): string {
  if (object.kind !== "Pod") return "";
  const containers = ["containers", "initContainers"].flatMap((list) =>
    listAt(object, "spec", list),
  );
  const parts = [...resources].sort().flatMap((resource) => {
    const [, list = "requests", name = resource] = /^(requests|limits)\.(.*)$/.exec(resource) ?? [];
    if (!COMPUTE.includes(name)) return [];
    const lacking = containers
      .filter((container) => textsAt(container, "resources", list)[name] === undefined)
      .map((container) => String(container["name"]));
    return lacking.length === 0 ? [] : [`${resource} for: ${lacking.join(",")}`];
  });
  return parts.length === 0 ? "" : `must specify ${parts.join("; ")}`;
}

/** Whether a quota with scopes counts the object; one without counts all. */
function isInScope(quota: ApiObject, object: ApiObject): boolean {
  const { scopes = [] } = (quota.spec ?? {}) as { readonly scopes?: readonly string[] };
  if (scopes.length === 0) return true;
  if (object.kind !== "Pod") return false;
  const hasDeadline =
    (object.spec as { readonly activeDeadlineSeconds?: number }).activeDeadlineSeconds !==
    undefined;
  const { qosClass } = (object.status ?? {}) as { readonly qosClass?: string };
  return scopes.every((scope) => {
    if (scope === "Terminating") return hasDeadline;
    if (scope === "NotTerminating") return !hasDeadline;
    if (scope === "BestEffort") return qosClass === "BestEffort";
    return scope === "NotBestEffort" && qosClass !== "BestEffort";
  });
}
