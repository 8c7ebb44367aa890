/**
 * The garbage collector: what is owned goes after its owner, or before it if the owner waits for
 * that, or is let go.
 *
 * Spec: Kubernetes, "Garbage Collection"; pkg/controller/garbagecollector, v1.36.
 */
import { NS_PER_MS } from "../../base/units.ts";
import type { ApiObject } from "../api/types.ts";
import type { Informers } from "../informer.ts";
import { keyOf, objectKey } from "../store.ts";
import { ApiClient, type Sync } from "./client.ts";
import { type ControllerContext, WorkQueue } from "./controller.ts";

const START_NS = 10 * NS_PER_MS;
const FOREGROUND = "foregroundDeletion";
const ORPHAN = "orphan";

/** Deletes objects whose owners are gone. */
export class GarbageCollector {
  readonly #informers: Informers;
  readonly #client: ApiClient;
  readonly #queue: WorkQueue;

  constructor({ scheduler, informers, server }: ControllerContext) {
    this.#informers = informers;
    this.#client = new ApiClient(server, scheduler, "generic-garbage-collector");
    this.#queue = new WorkQueue(scheduler, { startNs: START_NS }, (id) => this.#sync(id));
    informers.onAny(({ type, object }) => {
      if (type === "DELETED") {
        for (const dependent of informers.dependents(object.metadata.uid)) this.#look(dependent);
        for (const owner of object.metadata.ownerReferences ?? []) {
          this.#queue.add(`${owner.kind} ${ownerKey(object, owner.name)}`);
        }
        return;
      }
      const { deletionTimestamp, finalizers, ownerReferences } = object.metadata;
      const waits = deletionTimestamp !== undefined && (finalizers ?? []).length > 0;
      if (waits || (type === "ADDED" && ownerReferences !== undefined)) this.#look(object);
      if (waits && (finalizers ?? []).includes(FOREGROUND)) {
        for (const dependent of informers.dependents(object.metadata.uid)) this.#look(dependent);
      }
    });
  }

  #look(object: ApiObject): void {
    this.#queue.add(`${object.kind} ${keyOf(object)}`);
  }

  *#sync(id: string): Sync {
    const space = id.indexOf(" ");
    const object = this.#informers.get(id.slice(0, space), id.slice(space + 1));
    if (object === null) return;
    const { deletionTimestamp, finalizers = [] } = object.metadata;
    if (deletionTimestamp !== undefined && finalizers.includes(ORPHAN)) yield* this.#orphan(object);
    else if (deletionTimestamp !== undefined && finalizers.includes(FOREGROUND))
      yield* this.#finish(object);
    if (deletionTimestamp === undefined || object.kind === "Pod") yield* this.#collect(object);
  }

  /** Deletes an object whose owners are gone, or wait for it to go. */
  *#collect(object: ApiObject): Sync {
    const owners = object.metadata.ownerReferences ?? [];
    if (owners.length === 0 || object.metadata.deletionTimestamp !== undefined) return;
    let waiting = false;
    for (const { kind, name, uid } of owners) {
      const owner =
        this.#informers.get(kind, ownerKey(object, name)) ?? this.#informers.get(kind, name);
      if (owner === null || owner.metadata.uid !== uid) continue;
      const { deletionTimestamp, finalizers = [] } = owner.metadata;
      if (deletionTimestamp === undefined || !finalizers.includes(FOREGROUND)) return;
      waiting = true;
    }
    const hasDependents = this.#informers.dependents(object.metadata.uid).length > 0;
    const propagation = waiting && hasDependents ? "Foreground" : "Background";
    yield* this.#client.delete(object.kind, keyOf(object), {
      propagation,
      uid: object.metadata.uid,
    });
  }

  /** Foreground deletion is over when nothing is left that holds the owner. */
  *#finish(object: ApiObject): Sync {
    const holding = this.#informers
      .dependents(object.metadata.uid)
      .some(({ metadata }) =>
        metadata.ownerReferences?.some(
          ({ uid, blockOwnerDeletion }) =>
            uid === object.metadata.uid && blockOwnerDeletion === true,
        ),
      );
    if (!holding) yield* this.#dropFinalizer(object, FOREGROUND);
  }

  *#orphan(object: ApiObject): Sync {
    for (const dependent of this.#informers.dependents(object.metadata.uid)) {
      yield* this.#client.patch(dependent.kind, keyOf(dependent), (current) => {
        const left = (current.metadata.ownerReferences ?? []).filter(
          ({ uid }) => uid !== object.metadata.uid,
        );
        const ownerReferences = left.length === 0 ? undefined : left;
        return { ...current, metadata: { ...current.metadata, ownerReferences } };
      });
    }
    yield* this.#dropFinalizer(object, ORPHAN);
  }

  *#dropFinalizer(object: ApiObject, finalizer: string): Sync {
    yield* this.#client.patch(object.kind, keyOf(object), (current) => {
      const left = (current.metadata.finalizers ?? []).filter((name) => name !== finalizer);
      return {
        ...current,
        metadata: { ...current.metadata, finalizers: left.length === 0 ? undefined : left },
      };
    });
  }
}

/** Owners are in the namespace of what they own. */
function ownerKey(object: ApiObject, name: string): string {
  return objectKey(object.metadata.namespace, name);
}
