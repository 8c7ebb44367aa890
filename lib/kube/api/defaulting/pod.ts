/**
 * What a Pod and a template of Pods have when nothing else is said.
 *
 * Spec: Kubernetes API v1.36, core Pod.
 */
import { ensureMap, type Fields, mapIn, mapsIn, setDefault, textIn } from "../fields.ts";
import { knownSpec } from "../known-templates.ts";
import { defaultClaimSpec } from "./objects.ts";

/** File mode of what is mounted from objects. */
const FILE_MODE = 0o644;

/** Fills in a Pod. */
export function defaultPod(pod: Fields): void {
  const spec = ensureMap(pod, "spec");
  for (const container of containersOf(spec)) {
    const limits = mapIn(mapIn(container, "resources"), "limits");
    if (limits === null) continue;
    const requests = ensureMap(ensureMap(container, "resources"), "requests");
    for (const [name, limit] of Object.entries(limits)) setDefault(requests, name, limit);
  }
  if (spec["enableServiceLinks"] === undefined) spec["enableServiceLinks"] = true;
  defaultPodSpec(spec);
  if (spec["hostNetwork"] === true) defaultHostPorts(spec);
}

function defaultHostPorts(spec: Fields): void {
  for (const container of containersOf(spec)) {
    for (const port of mapsIn(container, "ports")) {
      if (port["hostPort"] === undefined) port["hostPort"] = port["containerPort"];
    }
  }
}

function containersOf(spec: Fields): Fields[] {
  return [...mapsIn(spec, "initContainers"), ...mapsIn(spec, "containers")];
}

/** Fills in the template of a workload. */
export function defaultTemplate(parent: Fields): void {
  const template = ensureMap(parent, "template");
  ensureMap(template, "metadata");
  const spec = ensureMap(template, "spec");
  if (knownSpec(spec) === null) defaultPodSpec(spec);
}

function defaultPodSpec(spec: Fields): void {
  setDefault(spec, "restartPolicy", "Always");
  setDefault(spec, "dnsPolicy", "ClusterFirst");
  setDefault(spec, "schedulerName", "default-scheduler");
  ensureMap(spec, "securityContext");
  if (spec["terminationGracePeriodSeconds"] === undefined) {
    spec["terminationGracePeriodSeconds"] = 30;
  }
  alignAccount(spec);
  for (const container of containersOf(spec)) defaultContainer(container);
  for (const volume of mapsIn(spec, "volumes")) defaultVolume(volume);
}

/** The account has an older name beside its own. */
function alignAccount(spec: Fields): void {
  const name = textIn(spec, "serviceAccountName") || textIn(spec, "serviceAccount");
  if (name === "") return;
  for (const field of ["serviceAccountName", "serviceAccount"]) {
    if (spec[field] !== name) spec[field] = name;
  }
}

function defaultContainer(container: Fields): void {
  if (textIn(container, "imagePullPolicy") === "") {
    container["imagePullPolicy"] = hasLatestTag(textIn(container, "image"))
      ? "Always"
      : "IfNotPresent";
  }
  setDefault(container, "terminationMessagePath", "/dev/termination-log");
  setDefault(container, "terminationMessagePolicy", "File");
  ensureMap(container, "resources");
  for (const port of mapsIn(container, "ports")) setDefault(port, "protocol", "TCP");
  for (const variable of mapsIn(container, "env")) {
    const source = mapIn(variable, "valueFrom");
    defaultFieldRef(source);
    const resource = mapIn(source, "resourceFieldRef");
    if (resource !== null) setDefault(resource, "divisor", "0");
  }
  for (const name of ["livenessProbe", "readinessProbe", "startupProbe"]) {
    const probe = mapIn(container, name);
    if (probe !== null) defaultProbe(probe);
  }
  for (const name of ["postStart", "preStop"]) {
    const action = mapIn(mapIn(mapIn(container, "lifecycle"), name), "httpGet");
    if (action !== null) defaultHttpGet(action);
  }
}

function hasLatestTag(image: string): boolean {
  if (image.includes("@")) return false;
  const last = image.slice(image.lastIndexOf("/") + 1);
  const colon = last.indexOf(":");
  return colon === -1 || last.slice(colon + 1) === "latest";
}

function defaultFieldRef(source: Fields | null): void {
  const field = mapIn(source, "fieldRef");
  if (field !== null) setDefault(field, "apiVersion", "v1");
}

function defaultProbe(probe: Fields): void {
  const http = mapIn(probe, "httpGet");
  if (http !== null) defaultHttpGet(http);
  const grpc = mapIn(probe, "grpc");
  if (grpc !== null && grpc["service"] === undefined) grpc["service"] = "";
  setDefault(probe, "timeoutSeconds", 1);
  setDefault(probe, "periodSeconds", 10);
  setDefault(probe, "successThreshold", 1);
  setDefault(probe, "failureThreshold", 3);
}

function defaultHttpGet(action: Fields): void {
  setDefault(action, "path", "/");
  setDefault(action, "scheme", "HTTP");
}

function defaultVolume(volume: Fields): void {
  for (const name of ["configMap", "secret", "projected", "downwardAPI"]) {
    const source = mapIn(volume, name);
    if (source !== null && source["defaultMode"] === undefined) source["defaultMode"] = FILE_MODE;
  }
  for (const file of mapsIn(mapIn(volume, "downwardAPI"), "items")) defaultFieldRef(file);
  for (const source of mapsIn(mapIn(volume, "projected"), "sources")) {
    for (const file of mapsIn(mapIn(source, "downwardAPI"), "items")) defaultFieldRef(file);
    const token = mapIn(source, "serviceAccountToken");
    if (token !== null && token["expirationSeconds"] === undefined) {
      token["expirationSeconds"] = 3600;
    }
  }
  const hostPath = mapIn(volume, "hostPath");
  if (hostPath !== null && hostPath["type"] === undefined) hostPath["type"] = "";
  const claim = mapIn(mapIn(mapIn(volume, "ephemeral"), "volumeClaimTemplate"), "spec");
  if (claim !== null) defaultClaimSpec(claim);
  const hasSource = Object.keys(volume).some((name) => name !== "name");
  if (!hasSource) volume["emptyDir"] = {};
}
