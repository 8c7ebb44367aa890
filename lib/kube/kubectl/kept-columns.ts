/**
 * The columns of `kubectl get` for kinds that are kept and of which few fields count here.
 *
 * Spec: kubernetes pkg/printers/internalversion, v1.36.
 */
import { formatSelector } from "../api/labels.ts";
import type { ApiObject, LabelSelector } from "../api/types.ts";
import { type AgeOf, born, type Columns, columns, NONE, text } from "./column.ts";

type Fields = Readonly<Record<string, unknown>>;

/** An object's field, by its path. */
function at(object: ApiObject, ...path: readonly string[]): unknown {
  let value: unknown = object;
  for (const name of path) value = (value as Fields | undefined)?.[name];
  return value;
}

function table(
  kind: string,
  heads: string,
  cells: (object: ApiObject, age: AgeOf) => readonly unknown[],
): [string, Columns] {
  return [
    kind,
    columns<ApiObject>(heads, "", (object, age) => [
      object.metadata.name,
      ...cells(object, age).map((cell) => (cell === undefined ? "" : String(cell))),
    ]),
  ];
}

const count = (value: unknown) => Object.keys((value ?? {}) as object).length;
const created = ({ metadata }: ApiObject) => [metadata.creationTimestamp];
const orUnset = (value: unknown) => value ?? "<unset>";
const orNotAvailable = (value: unknown) => value ?? "N/A";

/** Tables by kind. */
export const KEPT: ReadonlyMap<string, Columns> = new Map([
  table("Secret", "NAME|TYPE|DATA|AGE", (object, age) => [
    at(object, "type"),
    count(at(object, "data")),
    born(object, age),
  ]),
  table("ServiceAccount", "NAME|SECRETS|AGE", (object, age) => [
    count(at(object, "secrets")),
    born(object, age),
  ]),
  table("NetworkPolicy", "NAME|POD-SELECTOR|AGE", (object, age) => [
    formatSelector(at(object, "spec", "podSelector") as LabelSelector | undefined),
    born(object, age),
  ]),
  table(
    "HorizontalPodAutoscaler",
    "NAME|REFERENCE|TARGETS|MINPODS|MAXPODS|REPLICAS|AGE",
    (object, age) => [
      `${at(object, "spec", "scaleTargetRef", "kind")}/${at(object, "spec", "scaleTargetRef", "name")}`,
      targetsOf(object),
      orUnset(at(object, "spec", "minReplicas")),
      at(object, "spec", "maxReplicas"),
      at(object, "status", "currentReplicas") ?? 0,
      born(object, age),
    ],
  ),
  table(
    "PodDisruptionBudget",
    "NAME|MIN AVAILABLE|MAX UNAVAILABLE|ALLOWED DISRUPTIONS|AGE",
    (object, age) => [
      orNotAvailable(at(object, "spec", "minAvailable")),
      orNotAvailable(at(object, "spec", "maxUnavailable")),
      at(object, "status", "disruptionsAllowed") ?? 0,
      born(object, age),
    ],
  ),
  table("CronJob", "NAME|SCHEDULE|TIMEZONE|SUSPEND|ACTIVE|LAST SCHEDULE|AGE", (object, age) => {
    const last = at(object, "status", "lastScheduleTime");
    return [
      at(object, "spec", "schedule"),
      text(at(object, "spec", "timeZone")),
      suspendText(at(object, "spec", "suspend")),
      count(at(object, "status", "active")),
      last === undefined ? NONE : age(String(last)),
      born(object, age),
    ];
  }),
  table(
    "StorageClass",
    "NAME|PROVISIONER|RECLAIMPOLICY|VOLUMEBINDINGMODE|ALLOWVOLUMEEXPANSION|AGE",
    (object, age) => [
      at(object, "provisioner"),
      at(object, "reclaimPolicy"),
      at(object, "volumeBindingMode"),
      at(object, "allowVolumeExpansion") ?? false,
      born(object, age),
    ],
  ),
  table("PriorityClass", "NAME|VALUE|GLOBAL-DEFAULT|AGE|PREEMPTIONPOLICY", (object, age) => [
    at(object, "value"),
    at(object, "globalDefault") ?? false,
    born(object, age),
    at(object, "preemptionPolicy"),
  ]),
  table("RuntimeClass", "NAME|HANDLER|AGE", (object, age) => [
    at(object, "handler"),
    born(object, age),
  ]),
  table("Lease", "NAME|HOLDER|AGE", (object, age) => [
    at(object, "spec", "holderIdentity"),
    born(object, age),
  ]),
  table("RoleBinding", "NAME|ROLE|AGE", roleCells),
  table("ClusterRoleBinding", "NAME|ROLE|AGE", roleCells),
  table("Role", "NAME|CREATED AT", created),
  table("ClusterRole", "NAME|CREATED AT", created),
  table("LimitRange", "NAME|CREATED AT", created),
  table("CustomResourceDefinition", "NAME|CREATED AT", created),
  table("PodTemplate", "NAME|CONTAINERS|IMAGES|POD LABELS", (object) => {
    const containers = (at(object, "template", "spec", "containers") ?? []) as readonly Fields[];
    const labels = at(object, "template", "metadata", "labels") as Record<string, string>;
    return [
      containers.map((each) => each["name"]).join(","),
      containers.map((each) => each["image"]).join(","),
      formatSelector({ matchLabels: labels }),
    ];
  }),
]);

function roleCells(object: ApiObject, age: AgeOf): unknown[] {
  return [`${at(object, "roleRef", "kind")}/${at(object, "roleRef", "name")}`, born(object, age)];
}

function suspendText(value: unknown): string {
  return value === true ? "True" : "False";
}

/** What each metric is and should be; nothing measures here. */
function targetsOf(object: ApiObject): string {
  const metrics = (at(object, "spec", "metrics") ?? []) as readonly Fields[];
  const texts = metrics.map((metric) => {
    const resource = metric["resource"] as Fields | undefined;
    const target = resource?.["target"] as Fields | undefined;
    if (target === undefined) return "<unknown>";
    const wanted = target["averageUtilization"];
    const goal = wanted === undefined ? String(target["averageValue"] ?? "<auto>") : `${wanted}%`;
    return `${resource?.["name"]}: <unknown>/${goal}`;
  });
  if (texts.length === 0) return NONE;
  const [first = "", second, ...more] = texts;
  if (second === undefined) return first;
  const shown = `${first}, ${second}`;
  return more.length === 0 ? shown : `${shown} + ${more.length} more...`;
}
