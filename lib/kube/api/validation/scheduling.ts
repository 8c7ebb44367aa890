/**
 * Where a Pod may run: affinities, tolerations, spread over places.
 *
 * Spec: Kubernetes API validation v1.36, core Affinity, Toleration, TopologySpreadConstraint.
 */
import type { FieldPath } from "../../schema.ts";
import type { FieldErrors } from "../errors.ts";
import { type Fields, mapIn, mapsIn, numberIn, textIn, textsIn } from "../fields.ts";
import { checkOneOf, checkSelector, checkText, checkValueCount } from "./checks.ts";
import {
  labelKeyProblems,
  labelProblems,
  labelValueProblems,
  subdomainProblems,
} from "./text-rules.ts";

const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution";
const NODE_OPERATORS = ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"];
export const TAINT_EFFECTS: readonly string[] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/** A Pod's affinities. */
export function checkAffinity(errors: FieldErrors, path: FieldPath, affinity: Fields | null): void {
  const node = mapIn(affinity, "nodeAffinity");
  if (node !== null) checkNodeAffinity(errors, [...path, "nodeAffinity"], node);
  for (const name of ["podAffinity", "podAntiAffinity"]) {
    const pods = mapIn(affinity, name);
    if (pods !== null) checkPodAffinity(errors, [...path, name], pods);
  }
}

function checkNodeAffinity(errors: FieldErrors, path: FieldPath, affinity: Fields): void {
  const required = mapIn(affinity, REQUIRED);
  if (required !== null) checkNodeSelector(errors, [...path, REQUIRED], required);
  for (const [index, term] of mapsIn(affinity, PREFERRED).entries()) {
    const at = [...path, PREFERRED, index];
    checkWeight(errors, at, term);
    checkNodeTerm(errors, [...at, "preference"], mapIn(term, "preference") ?? {}, false);
  }
}

function checkWeight(errors: FieldErrors, path: FieldPath, term: Fields): void {
  const weight = numberIn(term, "weight");
  if (weight > 0 && weight <= 100) return;
  errors.invalid([...path, "weight"], weight, "must be in the range 1-100");
}

/** Terms of which a node has to fit one. */
export function checkNodeSelector(errors: FieldErrors, path: FieldPath, selector: Fields): void {
  const terms = mapsIn(selector, "nodeSelectorTerms");
  const at = [...path, "nodeSelectorTerms"];
  if (terms.length === 0) errors.required(at, "must have at least one node selector term");
  for (const [index, term] of terms.entries()) {
    checkNodeTerm(errors, [...at, index], term, true);
  }
}

function checkNodeTerm(
  errors: FieldErrors,
  path: FieldPath,
  term: Fields,
  areValuesChecked: boolean,
): void {
  for (const [index, expression] of mapsIn(term, "matchExpressions").entries()) {
    const at = [...path, "matchExpressions", index];
    const operator = textIn(expression, "operator");
    const values = textsIn(expression, "values");
    if (!NODE_OPERATORS.includes(operator)) {
      errors.invalid([...at, "operator"], operator, "not a valid selector operator");
    } else if ((operator === "Gt" || operator === "Lt") && values.length !== 1) {
      const why = "must be specified single value when `operator` is 'Lt' or 'Gt'";
      errors.required([...at, "values"], why);
    } else checkValueCount(errors, [...at, "values"], operator, values);
    checkText(errors, [...at, "key"], textIn(expression, "key"), labelKeyProblems);
    if (!areValuesChecked) continue;
    for (const [place, value] of values.entries()) {
      checkText(errors, [...at, "values", place], value, labelValueProblems);
    }
  }
  for (const [index, field] of mapsIn(term, "matchFields").entries()) {
    checkNodeField(errors, [...path, "matchFields", index], field);
  }
}

function checkNodeField(errors: FieldErrors, path: FieldPath, field: Fields): void {
  const operator = textIn(field, "operator");
  const values = textsIn(field, "values");
  if (operator !== "In" && operator !== "NotIn") {
    errors.invalid([...path, "operator"], operator, "not a valid selector operator");
  } else if (values.length !== 1) {
    errors.required(
      [...path, "values"],
      "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
    );
  }
  const key = textIn(field, "key");
  if (key !== "metadata.name") {
    errors.invalid([...path, "key"], key, "not a valid field selector key");
    return;
  }
  for (const [index, value] of values.entries()) {
    checkText(errors, [...path, "values", index], value, subdomainProblems);
  }
}

function checkPodAffinity(errors: FieldErrors, path: FieldPath, affinity: Fields): void {
  for (const [index, term] of mapsIn(affinity, REQUIRED).entries()) {
    checkPodTerm(errors, [...path, REQUIRED, index], term);
  }
  for (const [index, weighted] of mapsIn(affinity, PREFERRED).entries()) {
    const at = [...path, PREFERRED, index];
    checkWeight(errors, at, weighted);
    checkPodTerm(errors, [...at, "podAffinityTerm"], mapIn(weighted, "podAffinityTerm") ?? {});
  }
}

function checkPodTerm(errors: FieldErrors, path: FieldPath, term: Fields): void {
  const selector = mapIn(term, "labelSelector");
  checkSelector(errors, [...path, "labelSelector"], selector);
  checkSelector(errors, [...path, "namespaceSelector"], mapIn(term, "namespaceSelector"));
  for (const name of textsIn(term, "namespaces")) {
    checkText(errors, [...path, "namespace"], name, labelProblems);
  }
  const keys = textsIn(term, "matchLabelKeys");
  const otherKeys = textsIn(term, "mismatchLabelKeys");
  checkLabelKeys(errors, [...path, "matchLabelKeys"], keys, selector);
  checkLabelKeys(errors, [...path, "mismatchLabelKeys"], otherKeys, selector);
  for (const [index, key] of keys.entries()) {
    if (!otherKeys.includes(key)) continue;
    errors.invalid(
      [...path, "matchLabelKeys", index],
      key,
      "exists in both matchLabelKeys and mismatchLabelKeys",
    );
  }
  const topology = textIn(term, "topologyKey");
  if (topology === "") errors.required([...path, "topologyKey"], "can not be empty");
  checkText(errors, [...path, "topologyKey"], topology, labelKeyProblems);
}

function checkLabelKeys(
  errors: FieldErrors,
  path: FieldPath,
  keys: readonly string[],
  selector: Fields | null,
): void {
  if (keys.length === 0) return;
  if (selector === null) {
    errors.forbidden(path, "must not be specified when labelSelector is not set");
    return;
  }
  for (const [index, key] of keys.entries()) {
    checkText(errors, [...path, index], key, labelKeyProblems);
  }
}

/** What a Pod puts up with. */
export function checkTolerations(
  errors: FieldErrors,
  path: FieldPath,
  tolerations: readonly Fields[],
): void {
  for (const [index, toleration] of tolerations.entries()) {
    const at = [...path, index];
    const [key, operator] = [textIn(toleration, "key"), textIn(toleration, "operator")];
    const effect = textIn(toleration, "effect");
    if (key !== "") checkText(errors, [...at, "key"], key, labelKeyProblems);
    else if (operator !== "Exists") {
      errors.invalid(
        [...at, "operator"],
        operator,
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      );
    }
    if (toleration["tolerationSeconds"] !== undefined && effect !== "NoExecute") {
      const why = "effect must be 'NoExecute' when `tolerationSeconds` is set";
      errors.invalid([...at, "effect"], effect, why);
    }
    checkTolerated(errors, [...at, "operator"], operator, textIn(toleration, "value"));
    if (effect !== "") checkOneOf(errors, [...at, "effect"], effect, TAINT_EFFECTS);
  }
}

function checkTolerated(
  errors: FieldErrors,
  path: FieldPath,
  operator: string,
  value: string,
): void {
  if (operator === "" || operator === "Equal") {
    const problems = labelValueProblems(value);
    if (problems.length > 0) errors.invalid(path, value, problems.join(";"));
  } else if (operator === "Exists") {
    if (value !== "") {
      errors.invalid(path, value, "value must be empty when `operator` is 'Exists'");
    }
  } else errors.notSupported(path, operator, ["Equal", "Exists"]);
}

/** How evenly Pods are spread. */
export function checkSpread(
  errors: FieldErrors,
  path: FieldPath,
  constraints: readonly Fields[],
): void {
  for (const [index, constraint] of constraints.entries()) {
    const at = [...path, index];
    const skew = numberIn(constraint, "maxSkew");
    if (skew <= 0) errors.invalid([...at, "maxSkew"], skew, "must be greater than zero");
    const topology = textIn(constraint, "topologyKey");
    if (topology === "") errors.required([...at, "topologyKey"], "can not be empty");
    const action = textIn(constraint, "whenUnsatisfiable");
    const actions = ["DoNotSchedule", "ScheduleAnyway"];
    checkOneOf(errors, [...at, "whenUnsatisfiable"], action, actions);
    const isRepeated = constraints
      .slice(index + 1)
      .some((each) => each["topologyKey"] === topology && each["whenUnsatisfiable"] === action);
    if (isRepeated) {
      errors.duplicate([...at, "{topologyKey, whenUnsatisfiable}"], `{${topology}, ${action}}`);
    }
    checkMinDomains(errors, [...at, "minDomains"], constraint["minDomains"], action);
    for (const policy of ["nodeAffinityPolicy", "nodeTaintsPolicy"]) {
      checkOneOf(errors, [...at, policy], constraint[policy], ["Honor", "Ignore"]);
    }
    checkSpreadKeys(errors, [...at, "matchLabelKeys"], constraint);
    checkSelector(errors, [...at, "labelSelector"], mapIn(constraint, "labelSelector"));
  }
}

function checkMinDomains(
  errors: FieldErrors,
  path: FieldPath,
  count: unknown,
  action: string,
): void {
  if (typeof count !== "number") return;
  if (count <= 0) errors.invalid(path, count, "must be greater than zero");
  if (action === "DoNotSchedule") return;
  const why = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${action}`;
  errors.invalid(path, count, why);
}

function checkSpreadKeys(errors: FieldErrors, path: FieldPath, constraint: Fields): void {
  const keys = textsIn(constraint, "matchLabelKeys");
  if (keys.length === 0) return;
  const selector = mapIn(constraint, "labelSelector");
  if (selector === null) {
    errors.forbidden(path, "must not be specified when labelSelector is not set");
  }
  const selected = [
    ...Object.keys(mapIn(selector, "matchLabels") ?? {}),
    ...mapsIn(selector, "matchExpressions").map((each) => textIn(each, "key")),
  ];
  for (const [index, key] of keys.entries()) {
    checkText(errors, [...path, index], key, labelKeyProblems);
    if (!selected.includes(key)) continue;
    errors.invalid([...path, index], key, "exists in both matchLabelKeys and labelSelector");
  }
}
