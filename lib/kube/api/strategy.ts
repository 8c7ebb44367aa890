/**
 * What is done to an object between the request and the store: decoding, the fields that only the
 * server sets, admission, defaults, validation, allocation, and the count of its generations.
 *
 * Spec: the registry's strategies (PrepareForCreate, PrepareForUpdate, Validate) of v1.36.
 */
import type { Random } from "../../sim/random.ts";
import { deepEqual } from "../deep-equal.ts";
import type { Store } from "../store.ts";
import { type AdmissionLookup, admitPod } from "./admission.ts";
import { decodeProblem } from "./decode.ts";
import { admitClass } from "./default-classes.ts";
import { setDefaults, setTemplateGeneration, templateGeneration } from "./defaults.ts";
import { ApiError } from "./errors.ts";
import { asFields, copyFields, ensureMap, type Fields, mapIn, textIn } from "./fields.ts";
import { keepSpec, knownSpec, podSpecOf, templateSpec } from "./known-templates.ts";
import { applyLimitRanges, checkLimitRanges } from "./limit-ranges.ts";
import { objectUid, randomSuffix } from "./names.ts";
import { normalise } from "./normalise.ts";
import { checkQuotas } from "./quotas.ts";
import type { ServiceAllocation } from "./service-allocation.ts";
import { asRead, dropForNewType } from "./service-fields.ts";
import type { ApiObject, NewObject } from "./types.ts";
import { validate } from "./validate.ts";
import { wellFormedCopy } from "./well-formed.ts";

/** Fields of metadata that nobody but the server sets. */
const SERVER_FIELDS = [
  "resourceVersion",
  "managedFields",
  "selfLink",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
];

/** Kinds whose generation counts changes of the spec. */
const COUNTED = new Set([
  "CronJob",
  "DaemonSet",
  "Deployment",
  "Ingress",
  "IngressClass",
  "Job",
  "NetworkPolicy",
  "Pod",
  "PodDisruptionBudget",
  "ReplicaSet",
  "ReplicationController",
  "StatefulSet",
]);

/** Kinds whose templates have all that their Pods have. */
const WITH_TEMPLATES: ReadonlySet<string> = new Set([
  "DaemonSet",
  "Deployment",
  "Job",
  "ReplicaSet",
  "ReplicationController",
]);

/**
 * Kinds that are replaced often and of which the server changes nothing in place but metadata: their
 * next versions may share parts with those before.
 */
const SHARED: ReadonlySet<string> = new Set([
  "Deployment",
  "EndpointSlice",
  "Endpoints",
  "Lease",
  "Node",
  "ReplicaSet",
]);

/** The status of a new object, before any controller has seen it. */
const EMPTY_STATUS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["Deployment", {}],
  ["ReplicaSet", { replicas: 0 }],
  ["ReplicationController", { replicas: 0 }],
  ["StatefulSet", { replicas: 0, availableReplicas: 0 }],
  [
    "DaemonSet",
    { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 },
  ],
]);

/** The PriorityClasses that every cluster has. */
const SYSTEM_PRIORITIES: ReadonlyMap<string, Fields> = new Map([
  ["system-node-critical", { value: 2_000_001_000, preemptionPolicy: "PreemptLowerPriority" }],
  ["system-cluster-critical", { value: 2_000_000_000, preemptionPolicy: "PreemptLowerPriority" }],
]);

/** The strategies of one cluster's kinds. */
export class Strategy {
  readonly #random: Random;
  readonly #allocation: ServiceAllocation;
  readonly #store: Store;
  readonly #lookup: AdmissionLookup;

  constructor(random: Random, allocation: ServiceAllocation, store: Store) {
    this.#random = random;
    this.#allocation = allocation;
    this.#store = store;
    this.#lookup = lookupIn(store);
  }

  /** Gives a new object its name, if it is to be generated, its uid and its time. */
  stampNew(fields: Fields, metadata: Fields, time: string): void {
    const generateName = textIn(metadata, "generateName");
    if (textIn(metadata, "name") === "" && generateName !== "") {
      metadata["name"] = `${generateName.slice(0, 58)}${this.#suffix()}`;
    }
    metadata["uid"] = objectUid(this.#random.stream("api:uids"));
    metadata["creationTimestamp"] = time;
    // Seldom there, and `delete` of what is not there is slow.
    for (const name of SERVER_FIELDS) if (name in metadata) delete metadata[name];
    const kind = textIn(fields, "kind");
    if (COUNTED.has(kind) || kind === "EndpointSlice") metadata["generation"] = 1;
  }

  /**
   * Completes and checks a new object that was sent so, and stores it with `store`. Throws ApiError;
   * then nothing is allocated.
   */
  create(fields: Fields, sent: NewObject, store: () => ApiObject): ApiObject {
    const kind = textIn(fields, "kind");
    if (kind !== "Node" && "status" in fields) delete fields["status"];
    if (EMPTY_STATUS.has(kind)) fields["status"] = copyFields(EMPTY_STATUS.get(kind));
    setDefaults(fields);
    admitClass(this.#store, kind, fields);
    const ranges = kind === "Pod" ? this.#limitRanges(fields) : [];
    if (kind === "Pod") {
      applyLimitRanges(fields, ranges);
      admitPod(fields, this.#suffix(), this.#lookup);
    }
    if (kind === "DaemonSet") setTemplateGeneration(fields, 1);
    return this.#allocated(fields, null, () => {
      validate(fields, null, ranges.length === 0 ? knownSpec(sent.spec) : null);
      if (WITH_TEMPLATES.has(kind)) keepSpec(templateSpec(asFields(sent)), templateSpec(fields));
      if (kind === "Service") asRead(fields);
      if (kind === "Pod" || kind === "PersistentVolumeClaim") {
        checkLimitRanges(kind, fields, this.#limitRanges(fields));
      }
      checkQuotas(this.#store, fields as unknown as ApiObject);
      return store();
    });
  }

  #limitRanges(fields: Fields): readonly ApiObject[] {
    const ranges = this.#store.list("LimitRange");
    if (ranges.length === 0) return ranges;
    const namespace = textIn(mapIn(fields, "metadata"), "namespace");
    return ranges.filter(({ metadata }) => metadata.namespace === namespace);
  }

  /** Completes and checks what is to take the place of `old`, likewise. */
  update(fields: Fields, old: Fields, store: () => ApiObject): ApiObject {
    const kind = textIn(fields, "kind");
    setDefaults(fields);
    if (kind === "DaemonSet") countTemplates(fields, old);
    return this.#allocated(fields, old, () => {
      if (kind === "Service") dropForNewType(fields, old);
      validate(fields, old);
      if (kind === "Service") asRead(fields);
      countGeneration(fields, old);
      if (kind === "Service" || kind === "PersistentVolumeClaim") {
        checkQuotas(this.#store, fields as unknown as ApiObject, old as unknown as ApiObject);
      }
      return store();
    });
  }

  /** Does `act` with what a Service needs allocated; takes it back if `act` throws. */
  #allocated(fields: Fields, old: Fields | null, act: () => ApiObject): ApiObject {
    if (textIn(fields, "kind") !== "Service") return act();
    const outcome = this.#allocation.begin(fields, old);
    try {
      const stored = act();
      outcome.commit();
      return stored;
    } catch (error) {
      outcome.revert();
      throw error;
    }
  }

  #suffix(): string {
    return randomSuffix(this.#random.stream("api:names"));
  }
}

/**
 * The object as the server may change it, in the API's form; of a kind that is `SHARED`, what is as
 * in the version before is that version's. Throws `BadRequest`.
 */
export function decoded(object: NewObject | ApiObject, before: ApiObject | null = null): Fields {
  const { kind, apiVersion } = object;
  const shares = before !== null && SHARED.has(kind);
  const right = wellFormedCopy(kind, object, shares ? asFields(before) : null);
  if (right !== null) {
    const spec = kind === "Pod" ? knownSpec(object.spec) : null;
    if (spec !== null) right["spec"] = podSpecOf(spec);
    return shares ? withOwnMetadata(right) : right;
  }
  const problem = decodeProblem(kind, object);
  if (problem !== null) {
    const version = apiVersion.split("/").at(-1) ?? "";
    throw new ApiError(
      "BadRequest",
      `${kind} in version "${version}" cannot be handled as a ${kind}: ${problem.message}`,
      [{ path: problem.path, text: problem.message }],
    );
  }
  const fields = copyFields(object);
  normalise(kind, fields);
  return fields;
}

/** The server counts generations in metadata. */
function withOwnMetadata(fields: Fields): Fields {
  const own = { ...fields };
  own["metadata"] = { ...mapIn(fields, "metadata") };
  return own;
}

function countGeneration(fields: Fields, old: Fields): void {
  const metadata = ensureMap(fields, "metadata");
  const before = mapIn(old, "metadata")?.["generation"];
  if (typeof before !== "number") return;
  const kind = textIn(fields, "kind");
  const changed =
    kind === "EndpointSlice"
      ? !deepEqual({ ...fields, metadata: null }, { ...old, metadata: null })
      : COUNTED.has(kind) && !deepEqual(fields["spec"], old["spec"]);
  metadata["generation"] = changed ? before + 1 : before;
}

function countTemplates(fields: Fields, old: Fields): void {
  const before = templateGeneration(old);
  const changed = !deepEqual(mapIn(fields, "spec")?.["template"], mapIn(old, "spec")?.["template"]);
  setTemplateGeneration(fields, changed ? before + 1 : before);
}

/** What admission finds in the store. */
function lookupIn(store: Store): AdmissionLookup {
  return {
    // Every namespace has an account of that name, if not at once.
    hasAccount: (namespace, name) =>
      name === "default" || store.get("ServiceAccount", `${namespace}/${name}`) !== null,
    priorityClass(name) {
      const system = SYSTEM_PRIORITIES.get(name);
      if (system !== undefined) return system;
      const found = store.get("PriorityClass", name);
      return found === null ? null : copyFields(found);
    },
    defaultPriorityClass: () =>
      store
        .list("PriorityClass")
        .map(copyFields)
        .find((each) => each["globalDefault"] === true) ?? null,
  };
}
