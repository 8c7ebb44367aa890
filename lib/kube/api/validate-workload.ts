/**
 * What the API server checks of Pods and of the workloads that make them, in its words and order.
 *
 * Spec: Kubernetes API validation v1.36, core Pod, apps Deployment, ReplicaSet, StatefulSet,
 * DaemonSet.
 * Not modelled: volumes' sources, security contexts, ephemeral containers.
 */
import { deepEqual } from "../deep-equal.ts";
import type { FieldPath } from "../schema.ts";
import type { FieldErrors } from "./errors.ts";
import { type Fields, mapIn, mapsIn, numberIn, textIn } from "./fields.ts";
import { matchesSelector } from "./labels.ts";
import { parseQuantity } from "./quantity.ts";
import type { LabelSelector, StringMap } from "./types.ts";
import {
  checkIntOrPercent,
  checkLabels,
  checkNonNegative,
  checkPort,
  checkPortName,
  checkPortOrName,
  checkQualifiedName,
  checkSelector,
  checkText,
  RFC1123_LABEL,
  RFC1123_SUBDOMAIN,
} from "./validate-common.ts";

/** A Pod; of an update only what may change may differ. */
export function checkPod(errors: FieldErrors, pod: Fields, old: Fields | null): void {
  const spec = mapIn(pod, "spec");
  checkPodSpec(errors, ["spec"], spec ?? {});
  if (old !== null && !deepEqual(fixedFields(spec), fixedFields(mapIn(old, "spec")))) {
    errors.forbidden(
      ["spec"],
      "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
    );
  }
}

function fixedFields(spec: Fields | null): Fields {
  const fixed: Fields = { ...spec };
  for (const name of ["activeDeadlineSeconds", "tolerations", "nodeName"]) delete fixed[name];
  for (const list of ["containers", "initContainers"]) {
    fixed[list] = mapsIn(spec, list).map((container) => ({ ...container, image: "" }));
  }
  return fixed;
}

/** A Deployment, ReplicaSet, StatefulSet or DaemonSet. */
export function checkWorkload(errors: FieldErrors, object: Fields, old: Fields | null): void {
  const kind = textIn(object, "kind");
  const spec = mapIn(object, "spec") ?? {};
  const template = mapIn(spec, "template");
  checkNonNegative(errors, ["spec", "replicas"], spec["replicas"]);
  checkNonNegative(errors, ["spec", "minReadySeconds"], spec["minReadySeconds"]);
  checkWorkloadSelector(errors, spec, template);
  if (template === null || mapIn(template, "spec") === null) {
    errors.required(["spec", "template", "spec", "containers"]);
  } else {
    const claims = mapsIn(spec, "volumeClaimTemplates").map((claim) =>
      textIn(mapIn(claim, "metadata"), "name"),
    );
    checkTemplate(errors, ["spec", "template"], template, claims);
    const policy = textIn(mapIn(template, "spec"), "restartPolicy");
    if (policy !== "Always" && ["OnFailure", "Never"].includes(policy)) {
      errors.notSupported(["spec", "template", "spec", "restartPolicy"], policy, ["Always"]);
    }
  }
  checkStrategy(errors, kind, spec);
  checkNonNegative(errors, ["spec", "revisionHistoryLimit"], spec["revisionHistoryLimit"]);
  const deadline = spec["progressDeadlineSeconds"];
  checkNonNegative(errors, ["spec", "progressDeadlineSeconds"], deadline);
  if (typeof deadline === "number" && deadline <= numberIn(spec, "minReadySeconds")) {
    errors.invalid(
      ["spec", "progressDeadlineSeconds"],
      deadline,
      "must be greater than minReadySeconds",
    );
  }
  if (old !== null) checkWorkloadUpdate(errors, kind, spec, mapIn(old, "spec") ?? {});
}

/** A Job: its Pods have to come to an end. */
export function checkJob(errors: FieldErrors, job: Fields): void {
  const spec = mapIn(job, "spec") ?? {};
  for (const name of ["parallelism", "completions", "backoffLimit", "activeDeadlineSeconds"]) {
    checkNonNegative(errors, ["spec", name], spec[name]);
  }
  const template = mapIn(spec, "template") ?? {};
  checkTemplate(errors, ["spec", "template"], template);
  const policy = textIn(mapIn(template, "spec"), "restartPolicy");
  if (policy !== "OnFailure" && policy !== "Never") {
    const path = ["spec", "template", "spec", "restartPolicy"];
    errors.required(path, 'valid values: "OnFailure", "Never"');
  }
}

function checkWorkloadSelector(errors: FieldErrors, spec: Fields, template: Fields | null): void {
  const path: FieldPath = ["spec", "selector"];
  const selector = mapIn(spec, "selector");
  if (selector === null) {
    errors.required(path);
    return;
  }
  const usable = checkSelector(errors, path, selector);
  const isEmpty =
    mapIn(selector, "matchLabels") === null && mapsIn(selector, "matchExpressions").length === 0;
  if (isEmpty) errors.invalid(path, selector, "empty selector is invalid for deployment");
  if (!usable) {
    if (mapsIn(selector, "matchExpressions").length > 0)
      errors.invalid(path, selector, "invalid label selector");
    return;
  }
  const labels = mapIn(mapIn(template, "metadata"), "labels");
  if (isEmpty || template === null) return;
  if (!matchesSelector(selector as LabelSelector, (labels ?? {}) as StringMap)) {
    errors.invalid(
      ["spec", "template", "metadata", "labels"],
      labels ?? {},
      "`selector` does not match template `labels`",
    );
  }
}

function checkStrategy(errors: FieldErrors, kind: string, spec: Fields): void {
  if (kind === "Deployment") {
    const path: FieldPath = ["spec", "strategy"];
    const strategy = mapIn(spec, "strategy");
    const type = textIn(strategy, "type");
    const rolling = mapIn(strategy, "rollingUpdate");
    if (type === "Recreate") {
      if (rolling !== null) {
        errors.forbidden(
          [...path, "rollingUpdate"],
          "may not be specified when strategy `type` is 'Recreate'",
        );
      }
    } else if (type === "RollingUpdate") {
      checkRolling(
        errors,
        [...path, "rollingUpdate"],
        rolling,
        "may not be 0 when `maxSurge` is 0",
      );
    } else errors.notSupported([...path, "type"], type, ["Recreate", "RollingUpdate"]);
  }
  if (kind === "DaemonSet" || kind === "StatefulSet") {
    const path: FieldPath = ["spec", "updateStrategy"];
    const strategy = mapIn(spec, "updateStrategy");
    const type = textIn(strategy, "type");
    if (type !== "OnDelete" && type !== "RollingUpdate") {
      errors.invalid([...path, "type"], type, "must be 'RollingUpdate' or 'OnDelete'");
    } else if (kind === "StatefulSet") {
      checkNonNegative(
        errors,
        [...path, "rollingUpdate", "partition"],
        mapIn(strategy, "rollingUpdate")?.["partition"],
      );
    }
  }
  const management = spec["podManagementPolicy"];
  if (kind === "StatefulSet" && management !== "OrderedReady" && management !== "Parallel") {
    errors.invalid(
      ["spec", "podManagementPolicy"],
      management,
      "must be 'OrderedReady' or 'Parallel'",
    );
  }
}

function checkRolling(
  errors: FieldErrors,
  path: FieldPath,
  rolling: Fields | null,
  bothZero: string,
): void {
  const unavailable = rolling?.["maxUnavailable"];
  const surge = rolling?.["maxSurge"];
  checkIntOrPercent(errors, [...path, "maxUnavailable"], unavailable);
  checkIntOrPercent(errors, [...path, "maxSurge"], surge);
  const isZero = (value: unknown) => value === 0 || value === "0%";
  if (isZero(unavailable) && isZero(surge))
    errors.invalid([...path, "maxUnavailable"], unavailable, bothZero);
  if (typeof unavailable === "string" && Number.parseInt(unavailable, 10) > 100) {
    errors.invalid([...path, "maxUnavailable"], unavailable, "must not be greater than 100%");
  }
}

function checkWorkloadUpdate(errors: FieldErrors, kind: string, spec: Fields, old: Fields): void {
  if (kind === "StatefulSet") {
    const mutable = [
      "replicas",
      "ordinals",
      "template",
      "updateStrategy",
      "revisionHistoryLimit",
      "persistentVolumeClaimRetentionPolicy",
      "minReadySeconds",
    ];
    const fixed = (fields: Fields) =>
      Object.fromEntries(Object.entries(fields).filter(([name]) => !mutable.includes(name)));
    if (!deepEqual(fixed(spec), fixed(old))) {
      errors.forbidden(
        ["spec"],
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
      );
    }
  } else if (!deepEqual(spec["selector"], old["selector"])) {
    errors.invalid(["spec", "selector"], spec["selector"], "field is immutable");
  }
}

/** `claims` are volumes that a StatefulSet adds to each of its Pods. */
function checkTemplate(
  errors: FieldErrors,
  path: FieldPath,
  template: Fields,
  claims: readonly string[] = [],
): void {
  checkLabels(errors, [...path, "labels"], mapIn(mapIn(template, "metadata"), "labels"));
  checkPodSpec(errors, [...path, "spec"], mapIn(template, "spec") ?? {}, claims);
}

function checkPodSpec(
  errors: FieldErrors,
  path: FieldPath,
  spec: Fields,
  claims: readonly string[] = [],
): void {
  const volumes = new Set<string>();
  for (const [index, volume] of mapsIn(spec, "volumes").entries()) {
    const name = textIn(volume, "name");
    const at = [...path, "volumes", index, "name"];
    if (name === "") errors.required(at);
    else checkText(errors, at, name, RFC1123_LABEL);
    if (volumes.has(name)) errors.duplicate(at, name);
    volumes.add(name);
  }
  for (const claim of claims) volumes.add(claim);
  const containers = mapsIn(spec, "containers");
  if (containers.length === 0) errors.required([...path, "containers"]);
  checkContainers(errors, [...path, "containers"], containers, volumes);
  checkContainers(errors, [...path, "initContainers"], mapsIn(spec, "initContainers"), volumes);
  const policies = ["Always", "Never", "OnFailure"];
  const policy = textIn(spec, "restartPolicy");
  if (!policies.includes(policy))
    errors.notSupported([...path, "restartPolicy"], policy, policies.toSorted());
  const dnsPolicies = ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"];
  if (!dnsPolicies.includes(textIn(spec, "dnsPolicy"))) {
    errors.notSupported([...path, "dnsPolicy"], textIn(spec, "dnsPolicy"), dnsPolicies);
  }
  checkLabels(errors, [...path, "nodeSelector"], mapIn(spec, "nodeSelector"));
  if (textIn(spec, "serviceAccountName") !== "") {
    checkText(
      errors,
      [...path, "serviceAccountName"],
      textIn(spec, "serviceAccountName"),
      RFC1123_SUBDOMAIN,
    );
  }
  for (const name of ["hostname", "subdomain"]) {
    if (textIn(spec, name) !== "")
      checkText(errors, [...path, name], textIn(spec, name), RFC1123_LABEL);
  }
  checkTolerations(errors, [...path, "tolerations"], mapsIn(spec, "tolerations"));
  checkSpread(
    errors,
    [...path, "topologySpreadConstraints"],
    mapsIn(spec, "topologySpreadConstraints"),
  );
}

function checkContainers(
  errors: FieldErrors,
  path: FieldPath,
  containers: Fields[],
  volumes: ReadonlySet<string>,
): void {
  const names = new Set<string>();
  for (const [index, container] of containers.entries()) {
    const at = [...path, index];
    const name = textIn(container, "name");
    if (name === "") errors.required([...at, "name"]);
    else checkText(errors, [...at, "name"], name, RFC1123_LABEL);
    const image = container["image"];
    if (image === undefined || image === "") errors.required([...at, "image"]);
    else if (String(image) !== String(image).trim()) {
      errors.invalid([...at, "image"], image, "must not have leading or trailing whitespace");
    }
    if (name !== "" && names.has(name)) errors.duplicate([...at, "name"], name);
    names.add(name);
    checkContainerPorts(errors, [...at, "ports"], mapsIn(container, "ports"));
    checkEnv(errors, [...at, "env"], mapsIn(container, "env"));
    checkMounts(errors, [...at, "volumeMounts"], mapsIn(container, "volumeMounts"), volumes);
    for (const probe of ["livenessProbe", "readinessProbe", "startupProbe"]) {
      const fields = mapIn(container, probe);
      if (fields !== null) checkProbe(errors, [...at, probe], fields, probe);
    }
    const pulls = ["Always", "IfNotPresent", "Never"];
    if (!pulls.includes(textIn(container, "imagePullPolicy"))) {
      errors.notSupported([...at, "imagePullPolicy"], textIn(container, "imagePullPolicy"), pulls);
    }
    checkResources(errors, [...at, "resources"], mapIn(container, "resources"));
  }
}

function checkContainerPorts(errors: FieldErrors, path: FieldPath, ports: Fields[]): void {
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const at = [...path, index];
    const name = textIn(port, "name");
    if (name !== "") {
      checkPortName(errors, [...at, "name"], name);
      if (names.has(name)) errors.duplicate([...at, "name"], name);
      names.add(name);
    }
    const number = port["containerPort"];
    if (number === undefined || number === 0) errors.required([...at, "containerPort"]);
    else checkPort(errors, [...at, "containerPort"], number);
    if (port["hostPort"] !== undefined && port["hostPort"] !== 0)
      checkPort(errors, [...at, "hostPort"], port["hostPort"]);
    const protocols = ["SCTP", "TCP", "UDP"];
    if (!protocols.includes(textIn(port, "protocol"))) {
      errors.notSupported([...at, "protocol"], textIn(port, "protocol"), protocols);
    }
  }
}

function checkEnv(errors: FieldErrors, path: FieldPath, variables: Fields[]): void {
  for (const [index, variable] of variables.entries()) {
    if (textIn(variable, "name") === "") errors.required([...path, index, "name"]);
  }
}

function checkMounts(
  errors: FieldErrors,
  path: FieldPath,
  mounts: Fields[],
  volumes: ReadonlySet<string>,
): void {
  const paths = new Set<string>();
  for (const [index, mount] of mounts.entries()) {
    const name = textIn(mount, "name");
    const mountPath = textIn(mount, "mountPath");
    const at = [...path, index];
    if (name === "") errors.required([...at, "name"]);
    else if (!volumes.has(name) && !name.startsWith("kube-api-access-")) {
      errors.list.push({ path: [...at, "name"], text: `Not found: "${name}"` });
    }
    if (mountPath === "") errors.required([...at, "mountPath"]);
    if (paths.has(mountPath)) errors.invalid([...at, "mountPath"], mountPath, "must be unique");
    paths.add(mountPath);
  }
}

const HANDLERS = ["exec", "httpGet", "tcpSocket", "grpc"];

function checkProbe(errors: FieldErrors, path: FieldPath, probe: Fields, name: string): void {
  const handlers = HANDLERS.filter((handler) => probe[handler] !== undefined);
  if (handlers.length === 0) errors.required(path, "must specify a handler type");
  for (const handler of handlers.slice(1)) {
    errors.forbidden([...path, handler], "may not specify more than 1 handler type");
  }
  for (const handler of ["httpGet", "tcpSocket"]) {
    const action = mapIn(probe, handler);
    if (action !== null) checkPortOrName(errors, [...path, handler, "port"], action["port"] ?? 0);
  }
  for (const field of [
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
  ]) {
    checkNonNegative(errors, [...path, field], probe[field]);
  }
  if (name !== "readinessProbe" && numberIn(probe, "successThreshold", 1) !== 1) {
    errors.invalid([...path, "successThreshold"], probe["successThreshold"], "must be 1");
  }
}

function checkResources(errors: FieldErrors, path: FieldPath, resources: Fields | null): void {
  const limits = mapIn(resources, "limits") ?? {};
  for (const [name, request] of Object.entries(mapIn(resources, "requests") ?? {})) {
    const limit = limits[name];
    if (limit !== undefined && parseQuantity(String(request)) > parseQuantity(String(limit))) {
      errors.invalid(
        [...path, "requests"],
        String(request),
        `must be less than or equal to ${name} limit of ${String(limit)}`,
      );
    }
  }
}

function checkTolerations(errors: FieldErrors, path: FieldPath, tolerations: Fields[]): void {
  for (const [index, toleration] of tolerations.entries()) {
    const at = [...path, index];
    const key = textIn(toleration, "key");
    const operator = textIn(toleration, "operator");
    const effect = textIn(toleration, "effect");
    if (key !== "") checkQualifiedName(errors, [...at, "key"], key);
    else if (operator !== "Exists") {
      errors.invalid(
        [...at, "operator"],
        operator,
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      );
    }
    if (toleration["tolerationSeconds"] !== undefined && effect !== "NoExecute") {
      errors.invalid(
        [...at, "effect"],
        effect,
        "effect must be 'NoExecute' when `tolerationSeconds` is set",
      );
    }
    if (operator === "Exists" && textIn(toleration, "value") !== "") {
      errors.invalid(
        [...at, "operator"],
        toleration["value"],
        "value must be empty when `operator` is 'Exists'",
      );
    }
    const operators = ["Equal", "Exists"];
    if (operator !== "" && !operators.includes(operator))
      errors.notSupported([...at, "operator"], operator, operators);
    const effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
    if (effect !== "" && !effects.includes(effect))
      errors.notSupported([...at, "effect"], effect, effects);
  }
}

function checkSpread(errors: FieldErrors, path: FieldPath, constraints: Fields[]): void {
  for (const [index, constraint] of constraints.entries()) {
    const at = [...path, index];
    if (numberIn(constraint, "maxSkew") <= 0) {
      errors.invalid(
        [...at, "maxSkew"],
        numberIn(constraint, "maxSkew"),
        "must be greater than zero",
      );
    }
    if (textIn(constraint, "topologyKey") === "")
      errors.required([...at, "topologyKey"], "can not be empty");
    const actions = ["DoNotSchedule", "ScheduleAnyway"];
    const action = textIn(constraint, "whenUnsatisfiable");
    if (!actions.includes(action))
      errors.notSupported([...at, "whenUnsatisfiable"], action, actions);
  }
}
