/**
 * Descriptions of PodDisruptionBudgets and PriorityClasses.
 *
 * Spec: kubectl pkg/describe (describePodDisruptionBudgetV1, describePriorityClass), v1.36.
 */
import { formatSelector } from "../../api/labels.ts";
import type { ApiObject, LabelSelector } from "../../api/types.ts";
import { fieldAt } from "../../field-at.ts";
import type { Row } from "./rows.ts";

/** A PodDisruptionBudget. */
export function budgetRows(budget: ApiObject): Row[] {
  const spec = (name: string) => fieldAt(budget, "spec", name);
  const selector = spec("selector") as LabelSelector | undefined;
  const counted = (title: string, field: string): Row => [
    `    ${title}:`,
    String(fieldAt(budget, "status", field) ?? 0),
  ];
  const bound: Row[] =
    spec("minAvailable") !== undefined
      ? [["Min available:", String(spec("minAvailable"))]]
      : spec("maxUnavailable") !== undefined
        ? [["Max unavailable:", String(spec("maxUnavailable"))]]
        : [];
  return [
    ["Name:", budget.metadata.name],
    ["Namespace:", budget.metadata.namespace ?? ""],
    ...bound,
    ["Selector:", selector === undefined ? "<unset>" : formatSelector(selector)],
    "Status:",
    counted("Allowed disruptions", "disruptionsAllowed"),
    counted("Current", "currentHealthy"),
    counted("Desired", "desiredHealthy"),
    counted("Total", "expectedPods"),
  ];
}

/** A PriorityClass. */
export function priorityClassRows(object: ApiObject): Row[] {
  const field = (name: string, absent: unknown) => String(fieldAt(object, name) ?? absent);
  return [
    ["Name:", object.metadata.name],
    ["Value:", field("value", 0)],
    ["GlobalDefault:", field("globalDefault", false)],
    ["PreemptionPolicy:", field("preemptionPolicy", "PreemptLowerPriority")],
    ["Description:", field("description", "")],
    ["Annotations:", formatSelector({ matchLabels: object.metadata.annotations })],
  ];
}
