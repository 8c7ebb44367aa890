/**
 * Environment variables of containers: their names, and the one place that a value comes from.
 *
 * Spec: Kubernetes API validation v1.36, core EnvVar, EnvFromSource and field selectors.
 */
import type { FieldPath } from "../../schema.ts";
import type { FieldErrors } from "../errors.ts";
import { type Fields, mapIn, textIn } from "../fields.ts";
import { canonicalQuantity } from "../quantity.ts";
import { checkText, requireText } from "./checks.ts";
import {
  configKeyProblems,
  labelKeyProblems,
  subdomainProblems,
  variableNameProblems,
} from "./text-rules.ts";

/** Fields of a Pod that a variable may show. */
const VARIABLE_FIELDS = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
];
/** Fields of a Pod that a file may show. */
export const FILE_FIELDS: readonly string[] = [
  "metadata.annotations",
  "metadata.labels",
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
];
const RESOURCE_FIELDS = ["limits", "requests"].flatMap((list) =>
  ["cpu", "ephemeral-storage", "memory"].map((name) => `${list}.${name}`),
);
/** Fields that the API knows, though not all of them may be shown everywhere. */
const KNOWN_FIELDS = [...VARIABLE_FIELDS, ...FILE_FIELDS];
const SOURCES = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"];

/** `env` of a container. */
export function checkEnv(errors: FieldErrors, path: FieldPath, variables: Fields[]): void {
  for (const [index, variable] of variables.entries()) {
    const at = [...path, index];
    requireText(errors, [...at, "name"], textIn(variable, "name"), variableNameProblems);
    const source = mapIn(variable, "valueFrom");
    if (source !== null) {
      checkSource(errors, [...at, "valueFrom"], source, textIn(variable, "value"));
    }
  }
}

function checkSource(errors: FieldErrors, path: FieldPath, source: Fields, value: string): void {
  const field = mapIn(source, "fieldRef");
  if (field !== null) checkFieldRef(errors, [...path, "fieldRef"], field, VARIABLE_FIELDS);
  const resource = mapIn(source, "resourceFieldRef");
  if (resource !== null) {
    checkResourceRef(errors, [...path, "resourceFieldRef"], resource, false);
  }
  for (const name of ["configMapKeyRef", "secretKeyRef"]) {
    const reference = mapIn(source, name);
    if (reference === null) continue;
    const at = [...path, name];
    checkText(errors, [...at, "name"], textIn(reference, "name"), subdomainProblems);
    requireText(errors, [...at, "key"], textIn(reference, "key"), configKeyProblems);
  }
  const count = SOURCES.filter((name) => mapIn(source, name) !== null).length;
  if (count === 0) {
    errors.invalid(
      path,
      "",
      "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`",
    );
  } else if (value !== "") {
    errors.invalid(path, "", "may not be specified when `value` is not empty");
  } else if (count > 1) {
    errors.invalid(path, "", "may not have more than one field specified at a time");
  }
}

/** A reference to a field of the Pod itself. */
export function checkFieldRef(
  errors: FieldErrors,
  path: FieldPath,
  reference: Fields,
  allowed: readonly string[],
): void {
  if (textIn(reference, "apiVersion") === "") {
    errors.required([...path, "apiVersion"]);
    return;
  }
  const field = textIn(reference, "fieldPath");
  if (field === "") {
    errors.required([...path, "fieldPath"]);
    return;
  }
  const subscripted = /^(.*)\['(.*)'\]$/.exec(field);
  const [, base = "", key = ""] = subscripted ?? [];
  const isKnown =
    subscripted === null
      ? KNOWN_FIELDS.includes(field)
      : /^metadata\.(annotations|labels)$/.test(base);
  if (!isKnown) {
    errors.invalid(
      [...path, "fieldPath"],
      field,
      `error converting fieldPath: field label not supported: ${field}`,
    );
  } else if (subscripted !== null) {
    const shown = base.endsWith("annotations") ? key.toLowerCase() : key;
    checkText(errors, path, shown, labelKeyProblems);
  } else if (!allowed.includes(field)) {
    errors.notSupported([...path, "fieldPath"], field, allowed);
  }
}

/** A reference to a container's request or limit. */
export function checkResourceRef(
  errors: FieldErrors,
  path: FieldPath,
  reference: Fields,
  isVolume: boolean,
): void {
  const resource = textIn(reference, "resource");
  if (isVolume && textIn(reference, "containerName") === "") {
    errors.required([...path, "containerName"]);
  } else if (resource === "") errors.required([...path, "resource"]);
  else if (
    !RESOURCE_FIELDS.includes(resource) &&
    !/^(limits|requests)\.hugepages-/.test(resource)
  ) {
    errors.notSupported([...path, "resource"], resource, RESOURCE_FIELDS);
  }
  checkDivisor(errors, path, resource, String(reference["divisor"] ?? "0"));
}

function checkDivisor(
  errors: FieldErrors,
  path: FieldPath,
  resource: string,
  divisor: string,
): void {
  const shown = canonicalQuantity(divisor);
  if (shown === "0") return;
  const name = resource.slice(resource.indexOf(".") + 1);
  const sizes = "1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei";
  const of: ReadonlyMap<string, string> = new Map([
    ["memory", "memory"],
    ["ephemeral-storage", "local ephemeral storage"],
  ]);
  if (name === "cpu") {
    if (shown === "1m" || shown === "1") return;
    const why = "only divisor's values 1m and 1 are supported with the cpu resource";
    errors.invalid([...path, "divisor"], resource, why);
  } else if (!sizes.split(", ").includes(shown)) {
    const what = of.get(name) ?? "hugepages";
    const why = `only divisor's values ${sizes} are supported with the ${what} resource`;
    errors.invalid([...path, "divisor"], resource, why);
  }
}

/** `envFrom` of a container. */
export function checkEnvFrom(errors: FieldErrors, path: FieldPath, sources: Fields[]): void {
  for (const [index, source] of sources.entries()) {
    const at = [...path, index];
    const prefix = textIn(source, "prefix");
    if (prefix !== "") checkText(errors, [...at, "prefix"], prefix, variableNameProblems);
    const present = ["configMapRef", "secretRef"].filter((name) => mapIn(source, name) !== null);
    for (const name of present) {
      const reference = textIn(mapIn(source, name), "name");
      requireText(errors, [...at, name, "name"], reference, subdomainProblems);
    }
    if (present.length === 0) {
      errors.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`");
    } else if (present.length > 1) {
      errors.invalid(path, "", "may not have more than one field specified at a time");
    }
  }
}
