/**
 * Containers of a Pod, init containers among them, and what is mounted into them.
 *
 * Spec: Kubernetes API validation v1.36, core Container.
 * Not modelled: ephemeral containers, restart rules, resize policies.
 */
import type { FieldPath } from "../../schema.ts";
import type { FieldErrors } from "../errors.ts";
import { type Fields, mapIn, mapsIn, numberIn, textIn } from "../fields.ts";
import { checkOneOf, checkPort, PROTOCOLS, requireOneOf, requireText } from "./checks.ts";
import { checkEnv, checkEnvFrom } from "./environment.ts";
import { checkLifecycle, checkProbes } from "./probe.ts";
import { checkResources } from "./resources.ts";
import { checkContainerSecurity } from "./security.ts";
import { labelProblems, portNameProblems } from "./text-rules.ts";
import { checkLocalPath, type Volumes } from "./volume.ts";

/** What the containers of a Pod share. */
export interface PodContext {
  readonly volumes: Volumes;
  /** Names of the Pod's resource claims. */
  readonly claims: ReadonlySet<string>;
  readonly gracePeriod: number | null;
}

/** The containers proper: at least one. */
export function checkContainers(
  errors: FieldErrors,
  path: FieldPath,
  containers: readonly Fields[],
  context: PodContext,
): void {
  if (containers.length === 0) {
    errors.required(path);
    return;
  }
  const names = new Set<string>();
  for (const [index, container] of containers.entries()) {
    const at = [...path, index];
    checkCommon(errors, at, container, context);
    const name = textIn(container, "name");
    if (names.has(name)) errors.duplicate([...at, "name"], name);
    names.add(name);
    const lifecycle = mapIn(container, "lifecycle");
    if (lifecycle !== null) {
      checkLifecycle(errors, [...at, "lifecycle"], lifecycle, context.gracePeriod);
    }
    checkProbes(errors, at, container, context.gracePeriod);
    const policies = ["Always", "Never", "OnFailure"];
    checkOneOf(errors, [...at, "restartPolicy"], container["restartPolicy"], policies);
  }
  checkHostPorts(errors, path, containers);
}

/** Init containers: run to their end, unless they always restart. */
export function checkInitContainers(
  errors: FieldErrors,
  path: FieldPath,
  initContainers: readonly Fields[],
  containers: readonly Fields[],
  context: PodContext,
): void {
  const names = new Set(containers.map((container) => textIn(container, "name")));
  for (const [index, container] of initContainers.entries()) {
    const at = [...path, index];
    checkCommon(errors, at, container, context);
    const policies = ["Always", "Never", "OnFailure"];
    checkOneOf(errors, [...at, "restartPolicy"], container["restartPolicy"], policies);
    const name = textIn(container, "name");
    if (names.has(name)) errors.duplicate([...at, "name"], name);
    else if (name !== "") names.add(name);
    checkHostPorts(errors, path, [container]);
    const lifecycle = mapIn(container, "lifecycle");
    if (container["restartPolicy"] === "Always") {
      if (lifecycle !== null) {
        checkLifecycle(errors, [...at, "lifecycle"], lifecycle, context.gracePeriod);
      }
      checkProbes(errors, at, container, context.gracePeriod);
      continue;
    }
    for (const field of ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"]) {
      if (mapIn(container, field) === null) continue;
      errors.forbidden(
        [...at, field],
        "may not be set for init containers without restartPolicy=Always",
      );
    }
  }
}

function checkCommon(
  errors: FieldErrors,
  path: FieldPath,
  container: Fields,
  context: PodContext,
): void {
  requireText(errors, [...path, "name"], textIn(container, "name"), labelProblems);
  requireText(errors, [...path, "image"], textIn(container, "image"));
  requireOneOf(
    errors,
    [...path, "terminationMessagePolicy"],
    textIn(container, "terminationMessagePolicy"),
    ["File", "FallbackToLogsOnError"],
  );
  checkPorts(errors, [...path, "ports"], mapsIn(container, "ports"));
  checkEnv(errors, [...path, "env"], mapsIn(container, "env"));
  checkEnvFrom(errors, [...path, "envFrom"], mapsIn(container, "envFrom"));
  checkMounts(errors, [...path, "volumeMounts"], container, context.volumes);
  checkDevices(errors, [...path, "volumeDevices"], container, context.volumes);
  requireOneOf(errors, [...path, "imagePullPolicy"], textIn(container, "imagePullPolicy"), [
    "Always",
    "IfNotPresent",
    "Never",
  ]);
  checkResources(errors, [...path, "resources"], mapIn(container, "resources"), context.claims);
  checkContainerSecurity(errors, [...path, "securityContext"], mapIn(container, "securityContext"));
}

function checkPorts(errors: FieldErrors, path: FieldPath, ports: readonly Fields[]): void {
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const at = [...path, index];
    const name = textIn(port, "name");
    const problems = name === "" ? [] : portNameProblems(name);
    errors.invalidFor([...at, "name"], name, problems);
    if (name !== "" && problems.length === 0) {
      if (names.has(name)) errors.duplicate([...at, "name"], name);
      names.add(name);
    }
    const number = numberIn(port, "containerPort");
    if (number === 0) errors.required([...at, "containerPort"]);
    else checkPort(errors, [...at, "containerPort"], number);
    const hostPort = numberIn(port, "hostPort");
    if (hostPort !== 0) checkPort(errors, [...at, "hostPort"], hostPort);
    requireOneOf(errors, [...at, "protocol"], textIn(port, "protocol"), PROTOCOLS);
  }
}

/** No two containers may have the same port of the node. */
function checkHostPorts(errors: FieldErrors, path: FieldPath, containers: readonly Fields[]): void {
  const taken = new Set<string>();
  for (const [index, container] of containers.entries()) {
    for (const [place, port] of mapsIn(container, "ports").entries()) {
      const hostPort = numberIn(port, "hostPort");
      if (hostPort === 0) continue;
      const key = `${textIn(port, "protocol")}/${textIn(port, "hostIP")}/${hostPort}`;
      if (taken.has(key)) errors.duplicate([...path, index, "ports", place, "hostPort"], key);
      taken.add(key);
    }
  }
}

function checkMounts(
  errors: FieldErrors,
  path: FieldPath,
  container: Fields,
  volumes: Volumes,
): void {
  const devices = mapsIn(container, "volumeDevices");
  const paths = new Set<string>();
  for (const [index, mount] of mapsIn(container, "volumeMounts").entries()) {
    const at = [...path, index];
    const [name, mountPath] = [textIn(mount, "name"), textIn(mount, "mountPath")];
    if (name === "") errors.required([...at, "name"]);
    if (!volumes.has(name)) errors.notFound([...at, "name"], name);
    if (mountPath === "") errors.required([...at, "mountPath"]);
    if (paths.has(mountPath)) errors.invalid([...at, "mountPath"], mountPath, "must be unique");
    paths.add(mountPath);
    if (devices.some((device) => device["name"] === name)) {
      errors.invalid([...at, "name"], name, "must not already exist in volumeDevices");
    }
    if (devices.some((device) => device["devicePath"] === mountPath)) {
      const why = "must not already exist as a path in volumeDevices";
      errors.invalid([...at, "mountPath"], mountPath, why);
    }
    checkSubPaths(errors, path, at, mount);
    checkPropagation(errors, path, mount, container);
  }
}

/** As the API has it, these errors name the list, not the mount. */
function checkSubPaths(errors: FieldErrors, path: FieldPath, at: FieldPath, mount: Fields): void {
  const [subPath, expression] = [textIn(mount, "subPath"), textIn(mount, "subPathExpr")];
  if (subPath !== "") checkLocalPath(errors, [...path, "subPath"], subPath);
  if (expression === "") return;
  if (subPath !== "") {
    const why = "subPathExpr and subPath are mutually exclusive";
    errors.invalid([...at, "subPathExpr"], expression, why);
  }
  checkLocalPath(errors, [...path, "subPathExpr"], expression);
}

function checkPropagation(
  errors: FieldErrors,
  path: FieldPath,
  mount: Fields,
  container: Fields,
): void {
  const mode = mount["mountPropagation"];
  const modes = ["Bidirectional", "HostToContainer", "None"];
  checkOneOf(errors, [...path, "mountPropagation"], mode, modes);
  if (mode !== "Bidirectional") return;
  if (mapIn(container, "securityContext")?.["privileged"] === true) return;
  errors.forbidden(
    [...path, "mountPropagation"],
    "Bidirectional mount propagation is available only to privileged containers",
  );
}

function checkDevices(
  errors: FieldErrors,
  path: FieldPath,
  container: Fields,
  volumes: Volumes,
): void {
  const seen = new Set<string>();
  for (const [index, device] of mapsIn(container, "volumeDevices").entries()) {
    const at = [...path, index];
    const name = textIn(device, "name");
    if (name === "") errors.required([...at, "name"]);
    if (seen.has(name)) errors.invalid([...at, "name"], name, "must be unique");
    seen.add(name);
    const source = volumes.get(name);
    if (source === undefined) errors.notFound([...at, "name"], name);
    else if (source !== "persistentVolumeClaim" && source !== "ephemeral") {
      errors.invalid(
        [...at, "name"],
        name,
        "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode",
      );
    }
    if (textIn(device, "devicePath") === "") errors.required([...at, "devicePath"]);
  }
}
