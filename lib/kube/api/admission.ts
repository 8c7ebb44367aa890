/**
 * What the API server's admission adds to a new Pod, or refuses: its account and that account's
 * token, its priority, how long it bears a node that is cut off.
 *
 * Spec: admission plugins ServiceAccount, Priority, DefaultTolerationSeconds of v1.36; LimitRanges
 * and ResourceQuotas have files of their own.
 * Not modelled: Pod security.
 */
import { ApiError } from "./errors.ts";
import { ensureMap, type Fields, mapIn, mapsIn, numberIn, setDefault, textIn } from "./fields.ts";
import { TOKEN_VOLUME } from "./known-templates.ts";

/** What admission looks up. */
export interface AdmissionLookup {
  /** Whether there is an account of that name in the namespace. */
  hasAccount(namespace: string, name: string): boolean;
  /** The PriorityClass of that name, or null. */
  priorityClass(name: string): Fields | null;
  /** The PriorityClass of Pods that name none, or null. */
  defaultPriorityClass(): Fields | null;
}

const TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
const DEFAULT_SECONDS = 300;

/** Admits a new Pod. Throws `Forbidden`. */
export function admitPod(pod: Fields, tokenSuffix: string, lookup: AdmissionLookup): void {
  const spec = ensureMap(pod, "spec");
  admitAccount(pod, spec, lookup);
  admitPriority(pod, spec, lookup);
  if (spec["automountServiceAccountToken"] !== false) {
    mountToken(spec, `${TOKEN_VOLUME}${tokenSuffix}`);
  }
  admitTolerations(spec);
  const isGated = mapsIn(spec, "schedulingGates").length > 0;
  pod["status"] = {
    phase: "Pending",
    qosClass: qosClass(spec),
    ...(isGated && { conditions: [SCHEDULING_GATED] }),
  };
}

/** What is said of a Pod that the scheduler must not look at yet. */
const SCHEDULING_GATED: Fields = {
  type: "PodScheduled",
  status: "False",
  reason: "SchedulingGated",
  message: "Scheduling is blocked due to non-empty scheduling gates",
  lastProbeTime: null,
  lastTransitionTime: null,
};

function forbidden(pod: Fields, why: string): ApiError {
  const metadata = mapIn(pod, "metadata");
  const name = textIn(metadata, "generateName") || textIn(metadata, "name");
  return new ApiError("Forbidden", `pods "${name}" is forbidden: ${why}`);
}

function admitAccount(pod: Fields, spec: Fields, lookup: AdmissionLookup): void {
  setDefault(spec, "serviceAccountName", "default");
  setDefault(spec, "serviceAccount", spec["serviceAccountName"]);
  const name = textIn(spec, "serviceAccountName");
  const namespace = textIn(mapIn(pod, "metadata"), "namespace");
  if (lookup.hasAccount(namespace, name)) return;
  throw forbidden(
    pod,
    `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`,
  );
}

function admitPriority(pod: Fields, spec: Fields, lookup: AdmissionLookup): void {
  const name = textIn(spec, "priorityClassName");
  const found = name === "" ? lookup.defaultPriorityClass() : lookup.priorityClass(name);
  if (name !== "" && found === null) {
    throw forbidden(pod, `no PriorityClass with name ${name} was found`);
  }
  const priority = numberIn(found, "value");
  if (name === "" && found !== null) {
    spec["priorityClassName"] = textIn(mapIn(found, "metadata"), "name");
  }
  if (typeof spec["priority"] === "number" && spec["priority"] !== priority) {
    throw forbidden(
      pod,
      `the integer value of priority (${spec["priority"]}) must not be provided in pod spec; priority admission controller computed ${priority} from the given PriorityClass name`,
    );
  }
  spec["priority"] = priority;
  const preemption = textIn(found, "preemptionPolicy") || "PreemptLowerPriority";
  const own = textIn(spec, "preemptionPolicy");
  if (own !== "" && own !== preemption) {
    throw forbidden(
      pod,
      `the string value of PreemptionPolicy (${own}) must not be provided in pod spec; priority admission controller computed ${preemption} from the given PriorityClass name`,
    );
  }
  setDefault(spec, "preemptionPolicy", preemption);
}

function admitTolerations(spec: Fields): void {
  const tolerations = mapsIn(spec, "tolerations");
  const added = DEFAULT_TOLERATIONS.filter(
    (one) => !tolerations.some((toleration) => toleratesKey(toleration, textIn(one, "key"))),
  );
  spec["tolerations"] = [...tolerations, ...added];
}

/** How long a Pod stays on a node that is cut off. */
const DEFAULT_TOLERATIONS: readonly Fields[] = ["not-ready", "unreachable"].map((condition) => ({
  effect: "NoExecute",
  key: `node.kubernetes.io/${condition}`,
  operator: "Exists",
  tolerationSeconds: DEFAULT_SECONDS,
}));

function toleratesKey(toleration: Fields, key: string): boolean {
  const own = textIn(toleration, "key");
  const effect = textIn(toleration, "effect");
  return (own === key || own === "") && (effect === "NoExecute" || effect === "");
}

function mountToken(spec: Fields, name: string): void {
  let mounted = false;
  for (const list of ["initContainers", "containers"]) {
    for (const container of mapsIn(spec, list)) {
      const mounts = mapsIn(container, "volumeMounts");
      if (mounts.some((mount) => mount["mountPath"] === TOKEN_PATH)) continue;
      container["volumeMounts"] = [...mounts, { mountPath: TOKEN_PATH, name, readOnly: true }];
      mounted = true;
    }
  }
  if (!mounted) return;
  spec["volumes"] = [...mapsIn(spec, "volumes"), { name, projected: TOKEN_SOURCE }];
}

/** What is in the volume of an account's token: the same in all Pods. */
const TOKEN_SOURCE: Fields = {
  defaultMode: 0o644,
  sources: [
    { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
    { configMap: { items: [{ key: "ca.crt", path: "ca.crt" }], name: "kube-root-ca.crt" } },
    {
      downwardAPI: {
        items: [
          { fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" }, path: "namespace" },
        ],
      },
    },
  ],
};

/** The Pod's class of service, from what its containers ask for in CPU and memory. */
function qosClass(spec: Fields): string {
  const own = mapIn(spec, "resources");
  const asked = [...mapsIn(spec, "containers"), ...mapsIn(spec, "initContainers")].map(
    (container) => mapIn(container, "resources"),
  );
  let anything = false;
  let guaranteed = true;
  for (const resources of own === null ? asked : [own]) {
    for (const name of ["cpu", "memory"]) {
      const request = mapIn(resources, "requests")?.[name];
      const limit = mapIn(resources, "limits")?.[name];
      if (request !== undefined || limit !== undefined) anything = true;
      if (limit === undefined || request !== limit) guaranteed = false;
    }
  }
  if (!anything) return "BestEffort";
  return guaranteed ? "Guaranteed" : "Burstable";
}
