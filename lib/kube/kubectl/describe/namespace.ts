/**
 * Descriptions of Namespaces, and of the quotas and limits in them.
 *
 * Spec: kubectl pkg/describe (describeNamespace, describeQuota, describeLimitRange), v1.36.
 */
import type { ApiServer } from "../../api/server.ts";
import type { ApiObject, Condition } from "../../api/types.ts";
import { fieldAt, type LooseFields, listAt, textsAt } from "../../field-at.ts";
import { annotationRows, longTime, mapRows, type Row } from "./rows.ts";

/** Which Pods a quota with that scope counts. */
const SCOPES: ReadonlyMap<string, string> = new Map([
  [
    "Terminating",
    "Matches all pods that have an active deadline. These pods have a limited lifespan on a node before being actively terminated by the system.",
  ],
  [
    "NotTerminating",
    "Matches all pods that do not have an active deadline. These pods usually include long running pods whose container command is not expected to terminate.",
  ],
  [
    "BestEffort",
    "Matches all pods that do not have resource requirements set. These pods have a best effort quality of service.",
  ],
  [
    "NotBestEffort",
    "Matches all pods that have at least one resource requirement set. These pods have a burstable or guaranteed quality of service.",
  ],
]);

const LIMIT_HEADS = [
  "Type",
  "Resource",
  "Min",
  "Max",
  "Default Request",
  "Default Limit",
  "Max Limit/Request Ratio",
];

/** A Namespace. */
export function namespaceRows(server: ApiServer, namespace: ApiObject): Row[] {
  const { name, labels, annotations } = namespace.metadata;
  const inside = (kind: string) =>
    server.store.list(kind).filter(({ metadata }) => metadata.namespace === name);
  const conditions = listAt(namespace, "status", "conditions") as unknown as readonly Condition[];
  const quotas = inside("ResourceQuota");
  const limits = inside("LimitRange").flatMap((range) => listAt(range, "spec", "limits"));
  return [
    ["Name:", name],
    ...mapRows("Labels:", labels, "="),
    ...annotationRows("Annotations:", annotations),
    ["Status:", String(fieldAt(namespace, "status", "phase") ?? "")],
    ...conditionRows(conditions),
    "",
    ...(quotas.length === 0 ? ["No resource quota."] : ["Resource Quotas"]),
    ...quotas.flatMap(quotaPart),
    "",
    ...(limits.length === 0
      ? ["No LimitRange resource."]
      : ["Resource Limits", ...limitRows(limits, " ")]),
  ];
}

function conditionRows(conditions: readonly Condition[]): Row[] {
  if (conditions.length === 0) return [];
  const heads = ["Type", "Status", "LastTransitionTime", "Reason", "Message"];
  const rows = conditions.map(({ type, status, lastTransitionTime, reason, message }) => [
    type,
    status,
    longTime(lastTransitionTime ?? ""),
    reason ?? "",
    message ?? "",
  ]);
  const rule = heads.map((title) => "-".repeat(title.length));
  const indented = ([first = "", ...rest]: readonly string[]): Row => [`  ${first}`, ...rest];
  return ["Conditions:", ...[heads, rule, ...rows].map(indented)];
}

/** A quota as a part of its namespace. */
function quotaPart(quota: ApiObject): Row[] {
  return [
    ["  Name:", quota.metadata.name],
    ...scopeRows(quota, "  ", "  * "),
    ["  Resource", "Used", "Hard"],
    ["  --------", "---", "---"],
    ...usage(quota).map(([name, used, hard]): Row => [`  ${name}`, used, hard]),
  ];
}

/** A ResourceQuota. */
export function quotaRows(quota: ApiObject): Row[] {
  return [
    ["Name:", quota.metadata.name],
    ["Namespace:", quota.metadata.namespace ?? ""],
    ...scopeRows(quota, "", " * "),
    ["Resource", "Used", "Hard"],
    ["--------", "----", "----"],
    ...usage(quota),
  ];
}

function scopeRows(quota: ApiObject, indent: string, bullet: string): Row[] {
  const scopes = (listAt(quota, "spec", "scopes") as unknown as readonly string[])
    .map(String)
    .sort();
  if (scopes.length === 0) return [];
  const texts = scopes.flatMap((scope) => SCOPES.get(scope) ?? []);
  return [[`${indent}Scopes:`, scopes.join(", ")], ...texts.map((text) => `${bullet}${text}`)];
}

function usage(quota: ApiObject): [name: string, used: string, hard: string][] {
  const used = textsAt(quota, "status", "used");
  return Object.entries(textsAt(quota, "status", "hard"))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, hard]) => [name, used[name] ?? "0", hard]);
}

/** A LimitRange. */
export function limitRangeRows(range: ApiObject): Row[] {
  return [
    ["Name:", range.metadata.name],
    ["Namespace:", range.metadata.namespace ?? ""],
    ...limitRows(listAt(range, "spec", "limits"), ""),
  ];
}

function limitRows(limits: readonly LooseFields[], indent: string): Row[] {
  const rows = [
    LIMIT_HEADS,
    LIMIT_HEADS.map((title) => "-".repeat(title.length)),
    ...limits.flatMap(limitCells),
  ];
  return rows.map(([first = "", ...rest]): Row => [`${indent}${first}`, ...rest]);
}

function limitCells(limit: LooseFields): string[][] {
  const columns = ["min", "max", "defaultRequest", "default", "maxLimitRequestRatio"].map((name) =>
    textsAt(limit, name),
  );
  const resources = [...new Set(columns.flatMap((column) => Object.keys(column)))].sort();
  return resources.map((resource) => [
    String(limit["type"]),
    resource,
    ...columns.map((column) => column[resource] ?? "-"),
  ]);
}
