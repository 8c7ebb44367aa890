/**
 * Probes and lifecycle hooks of containers: one action each, with what it needs.
 *
 * Spec: Kubernetes API validation v1.36, core Probe and LifecycleHandler.
 */
import type { FieldPath } from "../../schema.ts";
import type { FieldErrors } from "../errors.ts";
import { type Fields, mapIn, mapsIn, numberIn, textIn, textsIn } from "../fields.ts";
import { checkNonNegative, checkOneOf, checkPort, checkPortOrName } from "./checks.ts";
import { headerProblems } from "./text-rules.ts";

const NUMBERS = [
  "initialDelaySeconds",
  "timeoutSeconds",
  "periodSeconds",
  "successThreshold",
  "failureThreshold",
];

/** A container's three probes. */
export function checkProbes(
  errors: FieldErrors,
  path: FieldPath,
  container: Fields,
  gracePeriod: number | null,
): void {
  for (const name of ["livenessProbe", "readinessProbe", "startupProbe"]) {
    const probe = mapIn(container, name);
    if (probe === null) continue;
    const at = [...path, name];
    checkProbe(errors, at, probe, gracePeriod);
    const grace = probe["terminationGracePeriodSeconds"];
    if (name === "readinessProbe") {
      if (grace !== undefined) {
        const why = "must not be set for readinessProbes";
        errors.invalid([...at, "terminationGracePeriodSeconds"], grace, why);
      }
    } else if (numberIn(probe, "successThreshold", 1) !== 1) {
      errors.invalid([...at, "successThreshold"], probe["successThreshold"], "must be 1");
    }
  }
}

function checkProbe(
  errors: FieldErrors,
  path: FieldPath,
  probe: Fields,
  gracePeriod: number | null,
): void {
  checkHandler(errors, path, probe, ["exec", "httpGet", "tcpSocket", "grpc"], gracePeriod);
  for (const field of NUMBERS) checkNonNegative(errors, [...path, field], probe[field]);
  const grace = probe["terminationGracePeriodSeconds"];
  if (typeof grace === "number" && grace <= 0) {
    errors.invalid([...path, "terminationGracePeriodSeconds"], grace, "must be greater than 0");
  }
}

/** postStart and preStop. */
export function checkLifecycle(
  errors: FieldErrors,
  path: FieldPath,
  lifecycle: Fields,
  gracePeriod: number | null,
): void {
  for (const name of ["postStart", "preStop"]) {
    const handler = mapIn(lifecycle, name);
    if (handler === null) continue;
    const kinds = ["exec", "httpGet", "tcpSocket", "sleep"];
    checkHandler(errors, [...path, name], handler, kinds, gracePeriod);
  }
}

function checkHandler(
  errors: FieldErrors,
  path: FieldPath,
  handler: Fields,
  kinds: readonly string[],
  gracePeriod: number | null,
): void {
  const present = kinds.filter((kind) => mapIn(handler, kind) !== null);
  for (const [index, kind] of present.entries()) {
    const at = [...path, kind];
    if (index > 0) errors.forbidden(at, "may not specify more than 1 handler type");
    else checkAction(errors, at, kind, mapIn(handler, kind) ?? {}, gracePeriod);
  }
  if (present.length === 0) errors.required(path, "must specify a handler type");
}

function checkAction(
  errors: FieldErrors,
  path: FieldPath,
  kind: string,
  action: Fields,
  gracePeriod: number | null,
): void {
  switch (kind) {
    case "exec":
      if (textsIn(action, "command").length === 0) errors.required([...path, "command"]);
      return;
    case "httpGet":
      if (textIn(action, "path") === "") errors.required([...path, "path"]);
      checkPortOrName(errors, [...path, "port"], action["port"] ?? 0);
      checkOneOf(errors, [...path, "scheme"], action["scheme"], ["HTTP", "HTTPS"]);
      for (const header of mapsIn(action, "httpHeaders")) {
        const name = textIn(header, "name");
        errors.invalidFor([...path, "httpHeaders"], name, headerProblems(name));
      }
      return;
    case "sleep":
      checkSleep(errors, path, numberIn(action, "seconds"), gracePeriod);
      return;
    case "grpc":
      checkPort(errors, [...path, "port"], action["port"] ?? 0);
      return;
    default:
      checkPortOrName(errors, [...path, "port"], action["port"] ?? 0);
  }
}

function checkSleep(
  errors: FieldErrors,
  path: FieldPath,
  seconds: number,
  gracePeriod: number | null,
): void {
  if (gracePeriod === null || (seconds >= 0 && seconds <= gracePeriod)) return;
  errors.invalid(
    path,
    seconds,
    `must be non-negative and less than terminationGracePeriodSeconds (${gracePeriod})`,
  );
}
