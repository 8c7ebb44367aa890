/**
 * What the API server checks of Ingresses and IngressClasses, in its words and order.
 *
 * Spec: Kubernetes API validation v1.36, networking.
 */
import type { FieldPath } from "../../schema.ts";
import type { FieldErrors } from "../errors.ts";
import { type Fields, mapIn, mapsIn, numberIn, textIn, textsIn } from "../fields.ts";
import { isIp } from "./addresses.ts";
import { checkOneOf, checkPort, checkText, requireText } from "./checks.ts";
import {
  httpPathProblems,
  labelProblems,
  pathSegmentProblems,
  portNameProblems,
  subdomainProblems,
  wildcardProblems,
} from "./text-rules.ts";

const SPEC: FieldPath = ["spec"];
const CLASS_ANNOTATION = "kubernetes.io/ingress.class";
const BAD_SEQUENCES = ["//", "/./", "/../", "%2f", "%2F"];
const BAD_ENDS = ["/..", "/."];

/** An Ingress. */
export function checkIngress(errors: FieldErrors, ingress: Fields, old: Fields | null): void {
  const spec = mapIn(ingress, "spec") ?? {};
  const rules = mapsIn(spec, "rules");
  const fallback = mapIn(spec, "defaultBackend");
  if (rules.length === 0 && fallback === null) {
    errors.invalid(
      SPEC,
      spec["rules"] === undefined ? null : [],
      "either `defaultBackend` or `rules` must be specified",
    );
  }
  if (fallback !== null) checkBackend(errors, [...SPEC, "defaultBackend"], fallback);
  for (const [index, rule] of rules.entries()) checkRule(errors, [...SPEC, "rules", index], rule);
  for (const [index, tls] of mapsIn(spec, "tls").entries()) {
    checkTls(errors, [...SPEC, "tls", index], tls);
  }
  const className = spec["ingressClassName"];
  if (className !== undefined) {
    checkText(errors, [...SPEC, "ingressClassName"], String(className), subdomainProblems);
  }
  const annotation = mapIn(mapIn(ingress, "metadata"), "annotations")?.[CLASS_ANNOTATION];
  const differ = annotation !== undefined && className !== undefined && annotation !== className;
  if (old === null && differ) {
    errors.invalid(
      ["annotations", CLASS_ANNOTATION],
      annotation,
      "must match `ingressClassName` when both are specified",
    );
  }
}

function checkRule(errors: FieldErrors, path: FieldPath, rule: Fields): void {
  const host = textIn(rule, "host");
  if (host !== "") {
    if (isIp(host)) {
      errors.invalid([...path, "host"], host, "must be a DNS name, not an IP address");
    }
    checkHost(errors, [...path, "host"], host);
  }
  const http = mapIn(rule, "http");
  if (http === null) return;
  const paths = mapsIn(http, "paths");
  if (paths.length === 0) errors.required([...path, "http", "paths"]);
  for (const [index, each] of paths.entries()) {
    checkPath(errors, [...path, "http", "paths", index], each);
  }
}

function checkHost(errors: FieldErrors, path: FieldPath, host: string): void {
  checkText(errors, path, host, host.includes("*") ? wildcardProblems : subdomainProblems);
}

function checkTls(errors: FieldErrors, path: FieldPath, tls: Fields): void {
  for (const [index, host] of textsIn(tls, "hosts").entries()) {
    checkHost(errors, [...path, "hosts", index], host);
  }
  const secret = textIn(tls, "secretName");
  if (secret !== "") checkText(errors, [...path, "secretName"], secret, subdomainProblems);
}

function checkPath(errors: FieldErrors, path: FieldPath, rule: Fields): void {
  const type = rule["pathType"];
  const text = textIn(rule, "path");
  const at = [...path, "path"];
  if (type === undefined) {
    errors.required([...path, "pathType"], "pathType must be specified");
    return;
  }
  if (type === "Exact" || type === "Prefix") {
    if (!text.startsWith("/")) errors.invalid(at, text, "must be an absolute path");
    for (const sequence of BAD_SEQUENCES) {
      if (text.includes(sequence)) errors.invalid(at, text, `must not contain '${sequence}'`);
    }
    for (const end of BAD_ENDS) {
      if (text.endsWith(end)) errors.invalid(at, text, `cannot end with '${end}'`);
    }
  } else if (type === "ImplementationSpecific") {
    if (text !== "" && !text.startsWith("/")) {
      errors.invalid(at, text, "must be an absolute path");
    }
  } else {
    const types = ["Exact", "ImplementationSpecific", "Prefix"];
    errors.notSupported([...path, "pathType"], type, types);
  }
  checkBackend(errors, [...path, "backend"], mapIn(rule, "backend") ?? {});
}

function checkBackend(errors: FieldErrors, path: FieldPath, backend: Fields): void {
  const service = mapIn(backend, "service");
  const resource = mapIn(backend, "resource");
  if (service !== null && resource !== null) {
    errors.invalid(path, "", "cannot set both resource and service backends");
  } else if (resource !== null) checkReference(errors, [...path, "resource"], resource);
  else if (service === null) errors.invalid(path, "", "resource or service backend is required");
  else {
    requireText(errors, [...path, "service", "name"], textIn(service, "name"), labelProblems);
    checkBackendPort(errors, path, mapIn(service, "port"));
  }
}

function checkBackendPort(errors: FieldErrors, path: FieldPath, port: Fields | null): void {
  const [name, number] = [textIn(port, "name"), numberIn(port, "number")];
  const at = [...path, "service", "port"];
  if (name !== "" && number !== 0) {
    errors.invalid(path, "", "cannot set both port name & port number");
  } else if (name !== "") checkText(errors, [...at, "name"], name, portNameProblems);
  else if (number !== 0) checkPort(errors, [...at, "number"], number);
  else errors.required(path, "port name or number is required");
}

/** A reference to another object in the same namespace. */
function checkReference(errors: FieldErrors, path: FieldPath, reference: Fields): void {
  if (reference["apiGroup"] !== undefined) {
    checkText(errors, [...path, "apiGroup"], textIn(reference, "apiGroup"), subdomainProblems);
  }
  for (const name of ["kind", "name"]) {
    requireText(errors, [...path, name], textIn(reference, name), pathSegmentProblems);
  }
}

/** An IngressClass. */
export function checkIngressClass(
  errors: FieldErrors,
  ingressClass: Fields,
  old: Fields | null,
): void {
  const spec = mapIn(ingressClass, "spec");
  const controller = textIn(spec, "controller");
  const path = [...SPEC, "controller"];
  if (old !== null && mapIn(old, "spec")?.["controller"] !== controller) {
    errors.invalid(path, controller, "field is immutable");
  }
  if (controller.length > 250) errors.tooLong(path, 250);
  checkDomainPath(errors, path, controller);
  const parameters = mapIn(spec, "parameters");
  if (parameters !== null) checkParameters(errors, [...SPEC, "parameters"], parameters);
}

/** `acme.io/foo` */
function checkDomainPath(errors: FieldErrors, path: FieldPath, text: string): void {
  if (text === "") {
    errors.required(path);
    return;
  }
  const slash = text.indexOf("/");
  const [host, rest] = [text.slice(0, slash), text.slice(slash + 1)];
  if (slash <= 0 || rest === "") {
    errors.invalid(path, text, 'must be a domain-prefixed path (such as "acme.io/foo")');
    return;
  }
  checkText(errors, path, host, subdomainProblems);
  checkText(errors, path, rest, httpPathProblems);
}

function checkParameters(errors: FieldErrors, path: FieldPath, parameters: Fields): void {
  checkReference(errors, path, parameters);
  const scope = parameters["scope"];
  if (scope === undefined) errors.required([...path, "scope"]);
  else checkOneOf(errors, [...path, "scope"], scope, ["Cluster", "Namespace"]);
  const namespace = parameters["namespace"];
  const at = [...path, "namespace"];
  if (scope === "Namespace" && namespace === undefined) {
    errors.required(at, "`parameters.scope` is set to 'Namespace'");
  } else if (scope === "Cluster" && namespace !== undefined) {
    errors.forbidden(at, "`parameters.scope` is set to 'Cluster'");
  }
}
