/**
 * What the API server checks of the spec of a Pod, its own or that of a template, in its words and
 * order.
 *
 * Spec: Kubernetes API validation v1.36, core PodSpec and PodTemplateSpec.
 * Not modelled: Pods of Windows, overhead, resource claims beyond their names.
 */
import type { FieldPath } from "../../schema.ts";
import type { FieldErrors } from "../errors.ts";
import { type Fields, mapIn, mapsIn, numberIn, textIn, textsIn } from "../fields.ts";
import { knownSpec } from "../known-templates.ts";
import { checkIp } from "./addresses.ts";
import {
  checkLabels,
  checkOneOf,
  checkRange,
  checkText,
  entryPath,
  requireOneOf,
  requireText,
} from "./checks.ts";
import { checkContainers, checkInitContainers } from "./container.ts";
import { checkAnnotations } from "./metadata.ts";
import { checkPodResources } from "./resources.ts";
import { checkAffinity, checkSpread, checkTolerations } from "./scheduling.ts";
import { checkPodSecurity } from "./security.ts";
import { labelKeyProblems, labelProblems, subdomainProblems } from "./text-rules.ts";
import { checkVolumes } from "./volume.ts";

const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";
const INT32_MAX = 2 ** 31 - 1;

/** How a Pod's spec stands: in a Pod, or in a template with claims of a StatefulSet. */
export interface PodSpecOptions {
  readonly isPod: boolean;
  /** Volumes that whoever makes the Pods adds to each. */
  readonly addedVolumes: readonly string[];
}

const IN_TEMPLATE: PodSpecOptions = { isPod: false, addedVolumes: [] };

/** A template of Pods. */
export function checkTemplate(
  errors: FieldErrors,
  path: FieldPath,
  template: Fields | null,
  addedVolumes: readonly string[] = [],
): void {
  const metadata = mapIn(template, "metadata");
  checkLabels(errors, [...path, "labels"], mapIn(metadata, "labels"));
  const annotations = mapIn(metadata, "annotations");
  checkAnnotations(errors, [...path, "annotations"], annotations);
  checkPodAnnotations(errors, [...path, "annotations"], annotations);
  const spec = mapIn(template, "spec") ?? {};
  if (addedVolumes.length === 0 && knownSpec(spec) === spec) return;
  checkPodSpec(errors, [...path, "spec"], spec, { ...IN_TEMPLATE, addedVolumes });
  if (mapsIn(spec, "ephemeralContainers").length > 0) {
    errors.forbidden(
      [...path, "spec", "ephemeralContainers"],
      "ephemeral containers not allowed in pod template",
    );
  }
}

/** Annotations that mean something to Pods. */
export function checkPodAnnotations(
  errors: FieldErrors,
  path: FieldPath,
  annotations: Fields | null,
): void {
  const cost = annotations?.[DELETION_COST];
  if (typeof cost !== "string") return;
  const isInt32 = /^(0|-?[1-9]\d*)$/.test(cost) && Math.abs(Number(cost)) <= INT32_MAX;
  if (!isInt32) errors.invalid(entryPath(path, DELETION_COST), cost, "must be a 32bit integer");
}

/** The spec of a Pod, after defaulting. */
export function checkPodSpec(
  errors: FieldErrors,
  path: FieldPath,
  spec: Fields,
  { isPod, addedVolumes }: PodSpecOptions,
): void {
  const volumes = checkVolumes(errors, [...path, "volumes"], mapsIn(spec, "volumes"));
  for (const name of addedVolumes) volumes.set(name, "persistentVolumeClaim");
  const context = {
    volumes,
    claims: checkClaims(errors, [...path, "resourceClaims"], mapsIn(spec, "resourceClaims")),
    gracePeriod: numberIn(spec, "terminationGracePeriodSeconds", 30),
  };
  const containers = mapsIn(spec, "containers");
  checkContainers(errors, [...path, "containers"], containers, context);
  const initContainers = mapsIn(spec, "initContainers");
  checkInitContainers(errors, [...path, "initContainers"], initContainers, containers, context);
  checkPodResources(errors, [...path, "resources"], spec);
  if (spec["hostNetwork"] === true) checkHostPorts(errors, path, containers, isPod);
  const policies = ["Always", "OnFailure", "Never"];
  requireOneOf(errors, [...path, "restartPolicy"], textIn(spec, "restartPolicy"), policies);
  requireOneOf(errors, [...path, "dnsPolicy"], textIn(spec, "dnsPolicy"), [
    "ClusterFirstWithHostNet",
    "ClusterFirst",
    "Default",
    "None",
  ]);
  checkLabels(errors, [...path, "nodeSelector"], mapIn(spec, "nodeSelector"));
  checkPodSecurity(errors, [...path, "securityContext"], spec);
  checkAffinity(errors, [...path, "affinity"], mapIn(spec, "affinity"));
  checkDns(errors, [...path, "dnsConfig"], spec);
  checkGates(errors, path, spec);
  const spread = mapsIn(spec, "topologySpreadConstraints");
  checkSpread(errors, [...path, "topologySpreadConstraints"], spread);
  checkHostUsers(errors, path, spec);
  checkIdentity(errors, path, spec);
}

function checkClaims(
  errors: FieldErrors,
  path: FieldPath,
  claims: readonly Fields[],
): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [index, claim] of claims.entries()) {
    const name = textIn(claim, "name");
    if (names.has(name)) errors.duplicate([...path, index, "name"], name);
    else requireText(errors, [...path, index, "name"], name, labelProblems);
    names.add(name);
  }
  return names;
}

function checkHostPorts(
  errors: FieldErrors,
  path: FieldPath,
  containers: readonly Fields[],
  isPod: boolean,
): void {
  for (const [index, container] of containers.entries()) {
    for (const [place, port] of mapsIn(container, "ports").entries()) {
      const hostPort = numberIn(port, "hostPort");
      if (hostPort === numberIn(port, "containerPort") || (!isPod && hostPort === 0)) continue;
      errors.invalid(
        [...path, "containers", index, "ports", place, "hostPort"],
        hostPort,
        "must match `containerPort` when `hostNetwork` is true",
      );
    }
  }
}

function checkDns(errors: FieldErrors, path: FieldPath, spec: Fields): void {
  const config = mapIn(spec, "dnsConfig");
  const servers = textsIn(config, "nameservers");
  if (spec["dnsPolicy"] === "None" && servers.length === 0) {
    if (config === null) {
      errors.required(path, "must provide `dnsConfig` when `dnsPolicy` is None");
    } else {
      const why = "must provide at least one DNS nameserver when `dnsPolicy` is None";
      errors.required([...path, "nameservers"], why);
    }
    return;
  }
  if (servers.length > 3) {
    errors.invalid([...path, "nameservers"], servers, "must not have more than 3 nameservers");
  }
  for (const [index, server] of servers.entries()) {
    checkIp(errors, [...path, "nameservers", index], server);
  }
  const searches = textsIn(config, "searches");
  if (searches.length > 32) {
    errors.invalid([...path, "searches"], searches, "must not have more than 32 search paths");
  }
  for (const [index, search] of searches.entries()) {
    const name = search.replace(/\.$/, "").replaceAll("_", "");
    if (search !== ".") checkText(errors, [...path, "searches", index], name, subdomainProblems);
  }
  for (const [index, option] of mapsIn(config, "options").entries()) {
    if (textIn(option, "name") === "") {
      errors.required([...path, "options", index], "must not be empty");
    }
  }
}

function checkGates(errors: FieldErrors, path: FieldPath, spec: Fields): void {
  for (const [index, gate] of mapsIn(spec, "readinessGates").entries()) {
    const at = [...path, "readinessGates", index, "conditionType"];
    checkText(errors, at, textIn(gate, "conditionType"), labelKeyProblems);
  }
  const names = new Set<string>();
  for (const [index, gate] of mapsIn(spec, "schedulingGates").entries()) {
    const name = textIn(gate, "name");
    checkText(errors, [...path, "schedulingGates", index], name, labelKeyProblems);
    if (names.has(name)) errors.duplicate([...path, "schedulingGates", index], name);
    names.add(name);
  }
}

function checkHostUsers(errors: FieldErrors, path: FieldPath, spec: Fields): void {
  if (spec["hostUsers"] !== false) return;
  for (const [field, shown] of [
    ["hostNetwork", "hostNetwork"],
    ["hostPID", "HostPID"],
    ["hostIPC", "HostIPC"],
  ] as const) {
    if (spec[field] === true) {
      errors.forbidden([...path, shown], "when `pod.Spec.HostUsers` is false");
    }
  }
}

function checkIdentity(errors: FieldErrors, path: FieldPath, spec: Fields): void {
  for (const name of ["serviceAccountName", "nodeName"]) {
    const text = textIn(spec, name);
    if (text !== "") checkText(errors, [...path, name], text, subdomainProblems);
  }
  const deadline = spec["activeDeadlineSeconds"];
  checkRange(errors, [...path, "activeDeadlineSeconds"], deadline, 1, INT32_MAX);
  for (const name of ["hostname", "subdomain"]) {
    const text = textIn(spec, name);
    if (text !== "") checkText(errors, [...path, name], text, labelProblems);
  }
  checkTolerations(errors, [...path, "tolerations"], mapsIn(spec, "tolerations"));
  for (const [index, alias] of mapsIn(spec, "hostAliases").entries()) {
    const at = [...path, "hostAliases", index];
    checkIp(errors, [...at, "ip"], textIn(alias, "ip"));
    for (const [place, hostname] of textsIn(alias, "hostnames").entries()) {
      checkText(errors, [...at, "hostnames", place], hostname, subdomainProblems);
    }
  }
  for (const name of ["priorityClassName", "runtimeClassName"]) {
    const text = textIn(spec, name);
    if (text !== "") checkText(errors, [...path, name], text, subdomainProblems);
  }
  const preemption = ["PreemptLowerPriority", "Never"];
  checkOneOf(errors, [...path, "preemptionPolicy"], spec["preemptionPolicy"], preemption);
  const os = mapIn(spec, "os");
  if (os === null) return;
  const name = textIn(os, "name");
  if (name === "") errors.required([...path, "os", "name"], "cannot be empty");
  else checkOneOf(errors, [...path, "os"], name, ["linux", "windows"]);
}
