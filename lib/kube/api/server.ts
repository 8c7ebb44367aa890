/**
 * The API server: admission, defaulting, validation and allocation before a write, versions and
 * generations with it, finalizers and grace periods on the way out. All that changes the store
 * comes through here; each request carries the account that made it.
 *
 * Spec: Kubernetes API concepts; registry strategies of v1.36.
 * Not modelled: authorization, webhooks, quotas, custom validation of unknown kinds.
 */
import { type Cidr, formatIpv4, ipv4 } from "../../base/inet.ts";
import type { Ns } from "../../base/units.ts";
import type { Random } from "../../sim/random.ts";
import type { Scheduler } from "../../sim/scheduler.ts";
import { deepEqual } from "../deep-equal.ts";
import { keyOf, objectKey, type Store, splitKey } from "../store.ts";
import { type AdmissionLookup, admitPod } from "./admission.ts";
import { ClusterIpAllocator, NodePortAllocator } from "./allocators.ts";
import { conversionProblem } from "./conversion.ts";
import { decodeProblem } from "./decode.ts";
import { setDefaults, setTemplateGeneration, templateGeneration } from "./defaults.ts";
import { ApiError, invalidPatch } from "./errors.ts";
import { copyChanges, copyFields, ensureMap, type Fields, mapIn, textIn } from "./fields.ts";
import { objectUid, randomSuffix } from "./names.ts";
import { normalise } from "./normalise.ts";
import { qualifiedPlural, resourceOf } from "./resources.ts";
import { prepareService, ServiceAllocation } from "./service-allocation.ts";
import { goText, type Json, patchRest, strategicMerge } from "./strategic-merge.ts";
import { timeOf } from "./time.ts";
import type { ApiObject, Condition, Kind, Kinds, NewObject, Node, Pod } from "./types.ts";
import { validate } from "./validate.ts";

/** How a deletion is meant. */
export interface DeleteOptions {
  /** Seconds a Pod has to end; its own grace period by default. */
  readonly gracePeriodSeconds?: number;
  /** What becomes of the objects it owns. */
  readonly propagation?: "Background" | "Foreground" | "Orphan";
  /** Only an object of this uid. */
  readonly uid?: string;
}

/** What an API server is set up with. */
export interface ApiServerOptions {
  readonly serviceCidr: Cidr;
  /** Wall clock time at the start of the run, in seconds since 1970. */
  readonly epochSeconds: number;
}

/** A change to an object, from what it is to what it should be. */
export type Change = (current: ApiObject) => ApiObject;

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

/** The API of one cluster; clients and controllers call it directly. */
export class ApiServer {
  readonly store: Store;
  readonly epochSeconds: number;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #allocation: ServiceAllocation;
  readonly #lookup: AdmissionLookup = {
    // Every namespace has an account of that name, if not at once.
    hasAccount: (namespace, name) =>
      name === "default" || this.store.get("ServiceAccount", `${namespace}/${name}`) !== null,
    priorityClass: (name) => SYSTEM_PRIORITIES.get(name) ?? this.#fieldsOf("PriorityClass", name),
    defaultPriorityClass: () =>
      this.store
        .list("PriorityClass")
        .map(copyFields)
        .find((each) => each["globalDefault"] === true) ?? null,
  };

  constructor(scheduler: Scheduler, random: Random, store: Store, options: ApiServerOptions) {
    this.store = store;
    this.epochSeconds = options.epochSeconds;
    this.#scheduler = scheduler;
    this.#random = random;
    const addresses = new ClusterIpAllocator(options.serviceCidr, random.stream("api:cluster-ip"));
    this.#allocation = new ServiceAllocation(
      addresses,
      new NodePortAllocator(random.stream("api:node-port")),
    );
    this.#bootstrap(options.serviceCidr);
  }

  /** Virtual time in ns. */
  get now(): Ns {
    return this.#scheduler.now;
  }

  /** The present, as objects write it. */
  get time(): string {
    return timeOf(this.epochSeconds, this.#scheduler.now);
  }

  /** Creates an object. Throws ApiError: what is wrong, or `AlreadyExists`. */
  create(object: NewObject, user: string): ApiObject {
    const resource = resourceOf(object.apiVersion, object.kind);
    const fields = decoded(object);
    const metadata = ensureMap(fields, "metadata");
    if (resource?.namespaced !== false) {
      metadata["namespace"] ??= "default";
      this.#requireNamespace(textIn(metadata, "namespace"), object);
    } else delete metadata["namespace"];
    this.#stampNew(fields, metadata);
    this.#admitNew(fields);
    const key = objectKey(metadata["namespace"] as string | undefined, textIn(metadata, "name"));
    if (this.store.get(object.kind, key) !== null) {
      if (object.kind === "Service") this.#allocation.release(fields);
      throw this.#alreadyExists(object.kind, textIn(metadata, "name"));
    }
    return this.store.put(fields as unknown as ApiObject, { user, verb: "create" });
  }

  /**
   * Replaces an object. With a resourceVersion it must be the present one, or `Conflict` is thrown.
   * The status stays as it is.
   */
  update(object: ApiObject, user: string, verb = "update"): ApiObject {
    const current = this.#require(object.kind, keyOf(object));
    this.#requireVersion(object, current);
    return this.#replace(current, { ...object, ...keepStatus(current) }, { user, verb });
  }

  /** Replaces an object's status; of the rest only annotations may change. */
  updateStatus(object: ApiObject, user: string): ApiObject {
    const current = this.#require(object.kind, keyOf(object));
    this.#requireVersion(object, current);
    const metadata = { ...current.metadata, annotations: object.metadata.annotations };
    return this.#put(
      current,
      { ...current, metadata, status: object.status },
      { user, verb: "update status" },
    );
  }

  /** Changes an object as it is now, whatever its version. */
  patch(kind: string, key: string, change: Change, user: string, verb = "patch"): ApiObject {
    const current = this.#require(kind, key);
    return this.#replace(current, { ...change(current), ...keepStatus(current) }, { user, verb });
  }

  /**
   * Carries out a strategic merge patch. Fields that are unknown and values of the wrong type are
   * refused as those of a patch are.
   */
  strategicPatch(kind: string, key: string, patch: Json, user: string): ApiObject {
    const current = this.#require(kind, key);
    const original = current as unknown as Json;
    const merged = strategicMerge(kind, original, patch);
    const problem = conversionProblem(kind, merged);
    if (problem !== null) {
      const shown = goText(patchRest(kind, original, patch));
      throw invalidPatch(shown, problem.message, problem.path);
    }
    return this.patch(kind, key, () => merged as unknown as ApiObject, user);
  }

  /** Changes an object's status as it is now. */
  patchStatus<K extends Kind>(
    kind: K,
    key: string,
    change: (current: Kinds[K]) => Kinds[K]["status"],
    user: string,
  ): ApiObject {
    const current = this.#require(kind, key) as Kinds[K];
    return this.#put(
      current,
      { ...current, status: change(current) },
      { user, verb: "patch status" },
    );
  }

  /** Binds a Pod to a node, and gives it the labels of the node's place. */
  bind(key: string, nodeName: string, user: string): void {
    const pod = this.#require("Pod", key) as Pod;
    if (pod.spec.nodeName !== undefined) {
      throw new ApiError(
        "Conflict",
        `pod ${pod.metadata.name} is already assigned to node "${pod.spec.nodeName}"`,
      );
    }
    const node = this.store.get("Node", nodeName);
    const scheduled: Condition = {
      lastProbeTime: null,
      lastTransitionTime: this.time,
      status: "True",
      type: "PodScheduled",
    };
    const conditions = (pod.status.conditions ?? []).filter(({ type }) => type !== "PodScheduled");
    const bound: Pod = {
      ...pod,
      metadata: { ...pod.metadata, labels: withPlace(pod, node) },
      spec: { ...pod.spec, nodeName },
      status: { ...pod.status, conditions: [...conditions, scheduled] },
    };
    this.#put(pod, bound, { user, verb: "create binding" });
  }

  /** Deletes an object, or begins to. Throws `NotFound`. */
  delete(kind: string, key: string, user: string, options: DeleteOptions = {}): void {
    const current = this.#require(kind, key);
    if (options.uid !== undefined && options.uid !== current.metadata.uid) {
      throw new ApiError("Conflict", `the UID of ${key} is ${current.metadata.uid}`);
    }
    const audit = { user, verb: "delete" };
    if (kind === "Namespace") {
      this.#terminate(current, audit);
      return;
    }
    const finalizers = withPropagation(current.metadata.finalizers ?? [], options.propagation);
    const grace = this.#gracePeriod(current, options);
    const now = current.metadata.deletionTimestamp;
    const pending = current.metadata.deletionGracePeriodSeconds;
    if (now !== undefined && pending !== undefined && grace >= pending && finalizers.length === 0)
      return;
    const lingers = grace > 0 || finalizers.length > 0;
    let object = current;
    if (lingers || (now !== undefined && pending !== grace && kind === "Pod")) {
      object = this.store.put(this.#marked(current, grace, finalizers), audit);
    }
    if (!lingers) this.#remove(object, audit);
  }

  /** Lets a namespace go that has nothing in it any more. */
  finalizeNamespace(name: string, user: string): void {
    const namespace = this.#require("Namespace", name);
    this.store.remove(namespace, { user, verb: "update finalize" });
  }

  /** A namespace stays until its controller has emptied it; some cannot be deleted. */
  #terminate(namespace: ApiObject, audit: { readonly user: string; readonly verb: string }): void {
    const { metadata } = namespace;
    if (IMMORTAL.has(metadata.name)) {
      throw new ApiError(
        "Forbidden",
        `namespaces "${metadata.name}" is forbidden: this namespace may not be deleted`,
      );
    }
    if (metadata.deletionTimestamp !== undefined) return;
    const marked = { ...metadata, deletionTimestamp: this.time };
    this.store.put({ ...namespace, metadata: marked, status: { phase: "Terminating" } }, audit);
  }

  /** Whether the object of that key exists, and is it. */
  find(kind: string, key: string): ApiObject | null {
    return this.store.get(kind, key);
  }

  /** `namespaces "x" not found` and the like. */
  notFound(kind: string, name: string): ApiError {
    return new ApiError("NotFound", `${qualifiedPlural(kind)} "${name}" not found`);
  }

  #marked(object: ApiObject, grace: number, finalizers: readonly string[]): ApiObject {
    const { metadata } = object;
    const isNew = metadata.deletionTimestamp === undefined;
    return {
      ...object,
      metadata: {
        ...metadata,
        deletionTimestamp: metadata.deletionTimestamp ?? this.time,
        deletionGracePeriodSeconds: grace,
        ...(isNew && metadata.generation !== undefined && { generation: metadata.generation + 1 }),
        ...(finalizers.length > 0 && { finalizers }),
      },
    };
  }

  #gracePeriod(object: ApiObject, options: DeleteOptions): number {
    if (object.kind !== "Pod") return 0;
    const pod = object as Pod;
    const { phase } = pod.status;
    if (pod.spec.nodeName === undefined || phase === "Succeeded" || phase === "Failed") return 0;
    return options.gracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30;
  }

  #remove(object: ApiObject, audit: { readonly user: string; readonly verb: string }): void {
    this.store.remove(object, audit);
    if (object.kind !== "Service") return;
    this.#allocation.release(copyFields(object));
    const endpoints = this.store.get("Endpoints", keyOf(object));
    if (endpoints !== null) this.store.remove(endpoints, audit);
  }

  #replace(
    current: ApiObject,
    object: ApiObject,
    audit: { readonly user: string; readonly verb: string },
  ): ApiObject {
    const fields = decoded(object);
    const old = current as unknown as Fields;
    if (object.kind === "Service") prepareService(fields, old);
    setDefaults(fields);
    if (object.kind === "DaemonSet") this.#countTemplates(fields, old);
    if (object.kind === "Service") this.#allocation.setFamilies(fields);
    validate(fields, old);
    if (object.kind === "Service") this.#allocation.allocate(fields, old);
    countGeneration(fields, old);
    return this.#put(current, fields as unknown as ApiObject, audit);
  }

  /** Writes unless nothing has changed; an object that waited for its finalizers goes. */
  #put(
    current: ApiObject,
    object: ApiObject,
    audit: { readonly user: string; readonly verb: string },
  ): ApiObject {
    const { metadata } = object;
    const now = {
      ...object,
      metadata: { ...metadata, resourceVersion: current.metadata.resourceVersion },
    };
    const clean = copyChanges(now, current) as unknown as ApiObject;
    if (deepEqual(clean, current)) return current;
    const done =
      metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0;
    const hadFinalizers = (current.metadata.finalizers ?? []).length > 0;
    const stored = this.store.put(clean, audit);
    if (done && hadFinalizers && (metadata.deletionGracePeriodSeconds ?? 0) === 0)
      this.#remove(stored, audit);
    return stored;
  }

  #stampNew(fields: Fields, metadata: Fields): void {
    const generateName = textIn(metadata, "generateName");
    if (textIn(metadata, "name") === "" && generateName !== "") {
      metadata["name"] =
        `${generateName.slice(0, 58)}${randomSuffix(this.#random.stream("api:names"))}`;
    }
    metadata["uid"] = objectUid(this.#random.stream("api:uids"));
    metadata["creationTimestamp"] = this.time;
    for (const name of SERVER_FIELDS) delete metadata[name];
    const kind = textIn(fields, "kind");
    if (COUNTED.has(kind) || kind === "EndpointSlice") metadata["generation"] = 1;
  }

  #admitNew(fields: Fields): void {
    const kind = textIn(fields, "kind");
    if (kind !== "Node") delete fields["status"];
    if (EMPTY_STATUS.has(kind)) fields["status"] = copyFields(EMPTY_STATUS.get(kind));
    if (kind === "Service") prepareService(fields, null);
    setDefaults(fields);
    if (kind === "Pod") {
      admitPod(fields, randomSuffix(this.#random.stream("api:names")), this.#lookup);
    }
    if (kind === "DaemonSet") setTemplateGeneration(fields, 1);
    if (kind === "Service") this.#allocation.setFamilies(fields);
    validate(fields, null);
    if (kind === "Service") this.#allocation.allocate(fields, null);
  }

  #countTemplates(fields: Fields, old: Fields): void {
    const before = templateGeneration(old);
    const changed = !deepEqual(
      mapIn(fields, "spec")?.["template"],
      mapIn(old, "spec")?.["template"],
    );
    setTemplateGeneration(fields, changed ? before + 1 : before);
  }

  #fieldsOf(kind: string, key: string): Fields | null {
    const object = this.store.get(kind, key);
    return object === null ? null : copyFields(object);
  }

  /** A namespace takes new objects until it is deleted. */
  #requireNamespace(name: string, { kind, metadata }: NewObject): void {
    const namespace = this.store.get("Namespace", name);
    if (namespace === null) throw this.notFound("Namespace", name);
    if (namespace.metadata.deletionTimestamp === undefined) return;
    throw new ApiError(
      "Forbidden",
      `${qualifiedPlural(kind)} "${metadata.name ?? metadata.generateName ?? ""}" is forbidden: unable to create new content in namespace ${name} because it is being terminated`,
    );
  }

  #require(kind: string, key: string): ApiObject {
    const object = this.store.get(kind, key);
    if (object === null) throw this.notFound(kind, splitKey(key).name);
    return object;
  }

  #requireVersion(object: ApiObject, current: ApiObject): void {
    const version = object.metadata.resourceVersion;
    if (version === undefined || version === "" || version === current.metadata.resourceVersion)
      return;
    throw new ApiError(
      "Conflict",
      `Operation cannot be fulfilled on ${qualifiedPlural(object.kind)} "${object.metadata.name}": the object has been modified; please apply your changes to the latest version and try again`,
    );
  }

  #alreadyExists(kind: string, name: string): ApiError {
    return new ApiError("AlreadyExists", `${qualifiedPlural(kind)} "${name}" already exists`);
  }

  /** The objects that every cluster begins with. */
  #bootstrap(serviceCidr: Cidr): void {
    const user = "kube-apiserver";
    for (const name of ["default", "kube-node-lease", "kube-public", "kube-system"]) {
      this.create({ apiVersion: "v1", kind: "Namespace", metadata: { name } }, user);
    }
    this.create(
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: {
          name: "kubernetes",
          namespace: "default",
          labels: { component: "apiserver", provider: "kubernetes" },
        },
        spec: {
          clusterIP: formatIpv4(ipv4(serviceCidr.address + 1)),
          ports: [{ name: "https", port: 443, targetPort: 6443 }],
        },
      },
      user,
    );
  }

  /** Publishes where the API server itself listens, as the endpoint of the kubernetes Service. */
  publish(address: string, port: number): void {
    this.create(
      {
        apiVersion: "discovery.k8s.io/v1",
        kind: "EndpointSlice",
        metadata: {
          name: "kubernetes",
          namespace: "default",
          labels: { "kubernetes.io/service-name": "kubernetes" },
        },
        addressType: "IPv4",
        endpoints: [{ addresses: [address], conditions: { ready: true } }],
        ports: [{ name: "https", port, protocol: "TCP" }],
      },
      "kube-apiserver",
    );
  }
}

/** Fields of metadata that nobody but the server sets. */
const SERVER_FIELDS = [
  "resourceVersion",
  "managedFields",
  "selfLink",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
];

/** The namespaces that cannot be deleted. */
const IMMORTAL = new Set(["default", "kube-system", "kube-public"]);

/** The PriorityClasses that every cluster has. */
const SYSTEM_PRIORITIES: ReadonlyMap<string, Fields> = new Map([
  ["system-node-critical", { value: 2_000_001_000, preemptionPolicy: "PreemptLowerPriority" }],
  ["system-cluster-critical", { value: 2_000_000_000, preemptionPolicy: "PreemptLowerPriority" }],
]);

/** The object as the server may change it, in the API's form. Throws `BadRequest`. */
function decoded(object: NewObject | ApiObject): Fields {
  const { kind, apiVersion } = object;
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

function keepStatus(current: ApiObject): { readonly status?: unknown } {
  return current.status === undefined ? {} : { status: current.status };
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

function withPropagation(
  finalizers: readonly string[],
  propagation: DeleteOptions["propagation"],
): string[] {
  const others = finalizers.filter((name) => name !== "orphan" && name !== "foregroundDeletion");
  if (propagation === "Foreground") return [...others, "foregroundDeletion"];
  if (propagation === "Orphan") return [...others, "orphan"];
  return propagation === "Background" ? others : [...finalizers];
}

/** PodTopologyLabels admission: the Pod learns its node's region and zone. */
function withPlace(pod: Pod, node: Node | null): Pod["metadata"]["labels"] {
  const labels = { ...pod.metadata.labels };
  for (const key of ["topology.kubernetes.io/region", "topology.kubernetes.io/zone"]) {
    const value = node?.metadata.labels?.[key];
    if (value !== undefined) labels[key] = value;
  }
  return Object.keys(labels).length === 0 ? pod.metadata.labels : labels;
}
