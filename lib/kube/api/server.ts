/**
 * The API server: its requests, and what each of them does to the store. All that changes the store
 * comes through here; each request carries the account that made it. What happens to an object
 * before it is stored is in strategy.ts, how it goes in deletion.ts.
 *
 * Spec: Kubernetes API concepts; registry strategies of v1.36.
 * Not modelled: authorization, webhooks, custom validation of unknown kinds.
 */
import type { Cidr } from "../../base/inet.ts";
import { NS_PER_S, type Ns } from "../../base/units.ts";
import type { Random } from "../../sim/random.ts";
import type { Scheduler } from "../../sim/scheduler.ts";
import { deepEqual } from "../deep-equal.ts";
import { type Audit, keyOf, objectKey, type Store, splitKey } from "../store.ts";
import { ClusterIpAllocator, NodePortAllocator } from "./allocators.ts";
import { boundPod } from "./binding.ts";
import { bootstrapObjects, SERVER_USER, serverEndpoint } from "./bootstrap.ts";
import { conversionProblem } from "./conversion.ts";
import { decodeProblem } from "./decode.ts";
import {
  type DeleteOptions,
  finalizersAtDeletion,
  gracePeriod,
  markedForDeletion,
  terminating,
} from "./deletion.ts";
import {
  ApiError,
  alreadyExists,
  endingNamespace,
  notFound,
  staleVersion,
  versionOfNew,
} from "./errors.ts";
import { evictedStatus, permitEviction } from "./eviction.ts";
import { copyChanges, copyFields, ensureMap, type Fields, textIn } from "./fields.ts";
import { canonical } from "./names.ts";
import { accepted, requireSameName, type WarnOfFields } from "./patched.ts";
import { checkQuotas } from "./quotas.ts";
import { definedResource, isBuiltIn, type Resource, resourceOf } from "./resources.ts";
import { ServiceAllocation } from "./service-allocation.ts";
import { goText, type Json, patchRest, strategicMerge } from "./strategic-merge.ts";
import { decoded, Strategy } from "./strategy.ts";
import { formatTime } from "./time.ts";
import type { ApiObject, Kind, Kinds, Metadata, NewEvent, NewObject, Pod } from "./types.ts";

/** Whether a new object says that it has been stored before: it is a copy of one. */
function isVersioned({ metadata }: NewObject): boolean {
  return /^0*[1-9][0-9]*$/.test(metadata.resourceVersion ?? "");
}

/** What an API server is set up with. */
export interface ApiServerOptions {
  readonly serviceCidr: Cidr;
  /** Wall clock time at the start of the run, in seconds since 1970. */
  readonly epochSeconds: number;
}

/** A change to an object, from what it is to what it should be. */
export type Change = (current: ApiObject) => ApiObject;

/** The API of one cluster; clients and controllers call it directly. */
export class ApiServer {
  readonly store: Store;
  readonly epochSeconds: number;
  readonly #scheduler: Scheduler;
  readonly #allocation: ServiceAllocation;
  readonly #strategy: Strategy;
  /** `time` as it was last asked for, and for which second. */
  #time = "";
  #timeSecond = -1;

  constructor(scheduler: Scheduler, random: Random, store: Store, options: ApiServerOptions) {
    this.store = store;
    this.epochSeconds = options.epochSeconds;
    this.#scheduler = scheduler;
    const addresses = new ClusterIpAllocator(options.serviceCidr, random.stream("api:cluster-ip"));
    this.#allocation = new ServiceAllocation(
      addresses,
      new NodePortAllocator(random.stream("api:node-port")),
    );
    this.#strategy = new Strategy(random, this.#allocation, store);
    for (const object of bootstrapObjects(options.serviceCidr)) this.create(object, SERVER_USER);
  }

  /** Virtual time in ns. */
  get now(): Ns {
    return this.#scheduler.now;
  }

  /** The present, as objects write it. */
  get time(): string {
    const second = Math.floor(this.#scheduler.now / NS_PER_S);
    if (second !== this.#timeSecond) {
      this.#time = formatTime(this.epochSeconds + second);
      this.#timeSecond = second;
    }
    return this.#time;
  }

  /** The resource of a kind, custom ones as they are defined; null if there is none. */
  resourceOf(apiVersion: string, kind: string): Resource | null {
    const own = resourceOf(apiVersion, kind);
    if (own === null || isBuiltIn(kind)) return own;
    return definedResource(this.store.list("CustomResourceDefinition"), apiVersion, kind) ?? own;
  }

  /** Creates an object. Throws ApiError: what is wrong, or `AlreadyExists`. */
  create(object: NewObject, user: string): ApiObject {
    const resource = this.resourceOf(object.apiVersion, object.kind);
    const fields = decoded(object);
    const metadata = ensureMap(fields, "metadata");
    if (resource?.namespaced !== false) {
      metadata["namespace"] ??= "default";
      this.#requireNamespace(textIn(metadata, "namespace"), object);
    } else delete metadata["namespace"];
    this.#strategy.stampNew(fields, metadata, this.time);
    return this.#strategy.create(fields, object, () => {
      const name = textIn(metadata, "name");
      const key = objectKey(metadata["namespace"] as string | undefined, name);
      if (isVersioned(object)) throw versionOfNew();
      if (this.store.get(object.kind, key) !== null) throw alreadyExists(object.kind, name);
      return this.store.put(fields as unknown as ApiObject, { user, verb: "create" });
    });
  }

  /**
   * Stores a new Event under a free name, in the API's form: what `create` makes of it, without a
   * look at each of its fields, as every third write is one. Takes `event`.
   */
  record(event: NewEvent, user: string): ApiObject {
    const { metadata } = event;
    this.#requireNamespace(metadata.namespace, event);
    this.#strategy.stampNew(event as unknown as Fields, metadata as Fields, this.time);
    const stamped = event as unknown as ApiObject;
    checkQuotas(this.store, stamped);
    return this.store.put(stamped, { user, verb: "create" });
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
    // Assigned to a copy, as in `Store`.
    const next = { ...current };
    next.status = object.status;
    next.metadata = withAnnotations(current.metadata, object.metadata.annotations);
    return this.#put(current, next, { user, verb: "update status" });
  }

  /** Changes an object as it is now, whatever its version. */
  patch(kind: string, key: string, change: Change, user: string, verb = "patch"): ApiObject {
    const current = this.#require(kind, key);
    return this.#replace(current, { ...change(current), ...keepStatus(current) }, { user, verb });
  }

  /**
   * Carries out a strategic merge patch. Values of the wrong type are refused as those of a patch
   * are; so are fields that nobody knows, unless `warn` is told of them.
   */
  strategicPatch(
    kind: string,
    key: string,
    patch: Json,
    user: string,
    warn: WarnOfFields = null,
  ): ApiObject {
    const current = this.#require(kind, key);
    const original = current as unknown as Json;
    const merged = strategicMerge(kind, original, patch);
    const shown = () => goText(patchRest(kind, original, patch));
    return this.#patched(
      current,
      accepted(merged, conversionProblem(kind, merged), shown, warn),
      user,
    );
  }

  /** Carries out a merge patch or a JSON patch, likewise. */
  patchJson(
    kind: string,
    key: string,
    apply: (current: unknown) => unknown,
    user: string,
    warn: WarnOfFields,
  ): ApiObject {
    const current = this.#require(kind, key);
    const patched = apply(current) as Json;
    const shown = () => canonical(patched);
    return this.#patched(
      current,
      accepted(patched, decodeProblem(kind, patched), shown, warn),
      user,
    );
  }

  /** Changes an object's status as it is now. */
  patchStatus<K extends Kind>(
    kind: K,
    key: string,
    change: (current: Kinds[K]) => Kinds[K]["status"],
    user: string,
  ): ApiObject {
    const current = this.#require(kind, key);
    const next = { ...current };
    next.status = change(current as Kinds[K]);
    return this.#put(current, next, { user, verb: "patch status" });
  }

  /** Binds a Pod to a node, and gives it the labels of the node's place. */
  bind(key: string, nodeName: string, user: string): void {
    const pod = this.#require("Pod", key) as Pod;
    const bound = boundPod(pod, nodeName, this.store.get("Node", nodeName), this.time);
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
      const marked = terminating(current, this.time);
      if (marked !== null) this.store.put(marked, audit);
      return;
    }
    const finalizers = finalizersAtDeletion(current, options.propagation);
    const grace = gracePeriod(current, options);
    const now = current.metadata.deletionTimestamp;
    const pending = current.metadata.deletionGracePeriodSeconds;
    if (now !== undefined && pending !== undefined && grace >= pending && finalizers.length === 0)
      return;
    const lingers = grace > 0 || finalizers.length > 0;
    let object = current;
    if (lingers || (now !== undefined && pending !== grace && kind === "Pod")) {
      object = this.store.put(markedForDeletion(current, this.time, grace, finalizers), audit);
    }
    if (!lingers) this.#remove(object, audit);
  }

  /**
   * Evicts a Pod: says why in a condition, then deletes it. Throws `TooManyRequests` if its
   * PodDisruptionBudget allows no disruption now.
   */
  evict(key: string, user: string, options: DeleteOptions = {}): void {
    const pod = this.#require("Pod", key) as Pod;
    const permission = permitEviction(this.store, pod, this.time);
    if (permission !== null) {
      this.updateStatus({ ...permission.budget, status: permission.status }, user);
    }
    const { time } = this;
    this.patchStatus("Pod", key, (current) => evictedStatus(current, time), user);
    this.delete("Pod", key, user, options);
  }

  /** Lets a namespace go that has nothing in it any more. */
  finalizeNamespace(name: string, user: string): void {
    const namespace = this.#require("Namespace", name);
    this.store.remove(namespace, { user, verb: "update finalize" });
  }

  /** Publishes where the API server itself listens, as the endpoint of the kubernetes Service. */
  publish(address: string, port: number): void {
    this.create(serverEndpoint(address, port), SERVER_USER);
  }

  /** The object of that key, or null. */
  find(kind: string, key: string): ApiObject | null {
    return this.store.get(kind, key);
  }

  #remove(object: ApiObject, audit: Audit): void {
    this.store.remove(object, audit);
    if (object.kind !== "Service") return;
    this.#allocation.release(copyFields(object));
    const endpoints = this.store.get("Endpoints", keyOf(object));
    if (endpoints !== null) this.store.remove(endpoints, audit);
  }

  #patched(current: ApiObject, patched: Json, user: string): ApiObject {
    const object = patched as unknown as ApiObject;
    requireSameName(object, current);
    return this.patch(current.kind, keyOf(current), () => object, user);
  }

  #replace(current: ApiObject, object: ApiObject, audit: Audit): ApiObject {
    const fields = decoded(object, current);
    return this.#strategy.update(fields, current as unknown as Fields, () =>
      this.#put(current, fields as unknown as ApiObject, audit),
    );
  }

  /** Writes unless nothing has changed; an object that waited for its finalizers goes. */
  #put(current: ApiObject, object: ApiObject, audit: Audit): ApiObject {
    const { metadata } = object;
    const clean = copyChanges(inVersionOf(current, object), current) as unknown as ApiObject;
    if (deepEqual(clean, current)) return current;
    const done =
      metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0;
    const hadFinalizers = (current.metadata.finalizers ?? []).length > 0;
    const stored = this.store.put(clean, audit);
    if (done && hadFinalizers && (metadata.deletionGracePeriodSeconds ?? 0) === 0)
      this.#remove(stored, audit);
    return stored;
  }

  /** A namespace takes new objects until it is deleted. */
  #requireNamespace(name: string, { kind, metadata }: NewObject): void {
    const namespace = this.store.get("Namespace", name);
    if (namespace === null) throw notFound("Namespace", name);
    if (namespace.metadata.deletionTimestamp === undefined) return;
    throw endingNamespace(name, kind, metadata.name ?? metadata.generateName ?? "");
  }

  #require(kind: string, key: string): ApiObject {
    const object = this.store.get(kind, key);
    if (object === null) throw notFound(kind, splitKey(key).name);
    return object;
  }

  #requireVersion(object: ApiObject, current: ApiObject): void {
    const version = object.metadata.resourceVersion;
    if (version === undefined || version === "" || version === current.metadata.resourceVersion)
      return;
    throw staleVersion(object.kind, object.metadata.name);
  }
}

/** An object with the version of another; most have it already. */
function inVersionOf({ metadata: { resourceVersion } }: ApiObject, object: ApiObject): ApiObject {
  if (object.metadata.resourceVersion === resourceVersion) return object;
  // As in `Store`, assigned to copies.
  const versioned = { ...object.metadata };
  versioned.resourceVersion = resourceVersion;
  const now = { ...object };
  now.metadata = versioned;
  return now;
}

/** metadata with other annotations: itself if they are the same. */
function withAnnotations(metadata: Metadata, annotations: Metadata["annotations"]): Metadata {
  if (metadata.annotations === annotations) return metadata;
  const changed = { ...metadata };
  changed.annotations = annotations;
  return changed;
}

function keepStatus(current: ApiObject): { readonly status?: unknown } {
  return current.status === undefined ? {} : { status: current.status };
}
