/**
 * Label selectors, as controllers and `kubectl -l` use them.
 *
 * Spec: Kubernetes, "Labels and Selectors".
 */
import type { LabelRequirement, LabelSelector, StringMap } from "./types.ts";

const NO_LABELS: StringMap = {};

/** Whether `labels` have all that the map asks for. */
export function matchesLabels(wanted: StringMap, labels: StringMap | undefined): boolean {
  const has = labels ?? NO_LABELS;
  for (const key of Object.keys(wanted)) if (has[key] !== wanted[key]) return false;
  return true;
}

/** Whether `labels` fit the selector; an empty one fits all, an absent one none. */
export function matchesSelector(
  selector: LabelSelector | undefined,
  labels: StringMap | undefined,
): boolean {
  if (selector === undefined) return false;
  return (
    matchesLabels(selector.matchLabels ?? NO_LABELS, labels) &&
    (selector.matchExpressions ?? []).every((requirement) =>
      matchesRequirement(requirement, labels),
    )
  );
}

/** Whether one expression holds for `labels`. */
export function matchesRequirement(
  { key, operator, values }: LabelRequirement,
  labels: StringMap | undefined,
): boolean {
  const value = (labels ?? NO_LABELS)[key];
  switch (operator) {
    case "In":
      return value !== undefined && (values ?? []).includes(value);
    case "NotIn":
      return value === undefined || !(values ?? []).includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return value !== undefined && Number(value) > Number(values?.[0]);
    case "Lt":
      return value !== undefined && Number(value) < Number(values?.[0]);
    default:
      return false;
  }
}

/** The selector as kubectl prints it: `app=web,tier in (a,b)`; `<none>` of an empty one. */
export function formatSelector(selector: LabelSelector | undefined): string {
  const labels = Object.entries(selector?.matchLabels ?? NO_LABELS).map(([key, value]) => ({
    key,
    text: `${key}=${value}`,
  }));
  const expressions = (selector?.matchExpressions ?? []).map((each) => ({
    key: each.key,
    text: formatRequirement(each),
  }));
  const parts = [...labels, ...expressions].sort((a, b) => (a.key < b.key ? -1 : 1));
  return parts.length === 0 ? "<none>" : parts.map(({ text }) => text).join(",");
}

function formatRequirement({ key, operator, values }: LabelRequirement): string {
  const list = [...(values ?? [])].sort().join(",");
  if (operator === "In") return `${key} in (${list})`;
  if (operator === "NotIn") return `${key} notin (${list})`;
  return operator === "Exists" ? key : `!${key}`;
}
