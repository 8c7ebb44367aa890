/**
 * The columns of `kubectl get` for kinds that are kept and of which few fields count here.
 *
 * Spec: kubernetes pkg/printers/internalversion, v1.36.
 */
import { formatSelector } from "../api/labels.ts";
import type { ApiObject, LabelSelector } from "../api/types.ts";
import { fieldAt, type LooseFields } from "../field-at.ts";
import { type AgeOf, born, type Columns, columns, NONE, nameOfClass, text } from "./column.ts";

function table(
  kind: string,
  heads: string,
  cells: (object: ApiObject, age: AgeOf) => readonly unknown[],
): [string, Columns] {
  return [
    kind,
    columns<ApiObject>(heads, "", (object, age) => [
      nameOfClass(object),
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
    fieldAt(object, "type"),
    count(fieldAt(object, "data")),
    born(object, age),
  ]),
  table("ServiceAccount", "NAME|SECRETS|AGE", (object, age) => [
    count(fieldAt(object, "secrets")),
    born(object, age),
  ]),
  table("NetworkPolicy", "NAME|POD-SELECTOR|AGE", (object, age) => [
    formatSelector(fieldAt(object, "spec", "podSelector") as LabelSelector | undefined),
    born(object, age),
  ]),
  table(
    "HorizontalPodAutoscaler",
    "NAME|REFERENCE|TARGETS|MINPODS|MAXPODS|REPLICAS|AGE",
    (object, age) => [
      `${fieldAt(object, "spec", "scaleTargetRef", "kind")}/${fieldAt(object, "spec", "scaleTargetRef", "name")}`,
      targetsOf(object),
      orUnset(fieldAt(object, "spec", "minReplicas")),
      fieldAt(object, "spec", "maxReplicas"),
      fieldAt(object, "status", "currentReplicas") ?? 0,
      born(object, age),
    ],
  ),
  table(
    "PodDisruptionBudget",
    "NAME|MIN AVAILABLE|MAX UNAVAILABLE|ALLOWED DISRUPTIONS|AGE",
    (object, age) => [
      orNotAvailable(fieldAt(object, "spec", "minAvailable")),
      orNotAvailable(fieldAt(object, "spec", "maxUnavailable")),
      fieldAt(object, "status", "disruptionsAllowed") ?? 0,
      born(object, age),
    ],
  ),
  table("CronJob", "NAME|SCHEDULE|TIMEZONE|SUSPEND|ACTIVE|LAST SCHEDULE|AGE", (object, age) => {
    const last = fieldAt(object, "status", "lastScheduleTime");
    return [
      fieldAt(object, "spec", "schedule"),
      text(fieldAt(object, "spec", "timeZone")),
      suspendText(fieldAt(object, "spec", "suspend")),
      count(fieldAt(object, "status", "active")),
      last === undefined ? NONE : age(String(last)),
      born(object, age),
    ];
  }),
  table(
    "StorageClass",
    "NAME|PROVISIONER|RECLAIMPOLICY|VOLUMEBINDINGMODE|ALLOWVOLUMEEXPANSION|AGE",
    (object, age) => [
      fieldAt(object, "provisioner"),
      fieldAt(object, "reclaimPolicy"),
      fieldAt(object, "volumeBindingMode"),
      fieldAt(object, "allowVolumeExpansion") ?? false,
      born(object, age),
    ],
  ),
  table("PriorityClass", "NAME|VALUE|GLOBAL-DEFAULT|AGE|PREEMPTIONPOLICY", (object, age) => [
    fieldAt(object, "value"),
    fieldAt(object, "globalDefault") ?? false,
    born(object, age),
    fieldAt(object, "preemptionPolicy"),
  ]),
  table("RuntimeClass", "NAME|HANDLER|AGE", (object, age) => [
    fieldAt(object, "handler"),
    born(object, age),
  ]),
  table("Lease", "NAME|HOLDER|AGE", (object, age) => [
    fieldAt(object, "spec", "holderIdentity"),
    born(object, age),
  ]),
  table("RoleBinding", "NAME|ROLE|AGE", roleCells),
  table("ClusterRoleBinding", "NAME|ROLE|AGE", roleCells),
  table("Role", "NAME|CREATED AT", created),
  table("ClusterRole", "NAME|CREATED AT", created),
  table("LimitRange", "NAME|CREATED AT", created),
  table("CustomResourceDefinition", "NAME|CREATED AT", created),
  table("PodTemplate", "NAME|CONTAINERS|IMAGES|POD LABELS", (object) => {
    const containers = (fieldAt(object, "template", "spec", "containers") ??
      []) as readonly LooseFields[];
    const labels = fieldAt(object, "template", "metadata", "labels") as Record<string, string>;
    return [
      containers.map((each) => each["name"]).join(","),
      containers.map((each) => each["image"]).join(","),
      formatSelector({ matchLabels: labels }),
    ];
  }),
]);

function roleCells(object: ApiObject, age: AgeOf): unknown[] {
  return [
    `${fieldAt(object, "roleRef", "kind")}/${fieldAt(object, "roleRef", "name")}`,
    born(object, age),
  ];
}

function suspendText(value: unknown): string {
  return value === true ? "True" : "False";
}

/** What each metric is and should be; nothing measures here. */
function targetsOf(object: ApiObject): string {
  const metrics = (fieldAt(object, "spec", "metrics") ?? []) as readonly LooseFields[];
  const texts = metrics.map((metric) => {
    const resource = metric["resource"] as LooseFields | undefined;
    const target = resource?.["target"] as LooseFields | undefined;
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
