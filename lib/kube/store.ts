/**
 * The API's store: every object under kind, namespace and name, one counter of versions over all
 * of them, and watches that see each write once, in order. It checks nothing but versions: what an
 * object may say is the API server's business.
 *
 * Spec: Kubernetes API concepts, "Resource versions" and "Efficient detection of changes".
 */
import type { ApiObject, Kind, Kinds } from "./api/types.ts";
import { ObjectTable } from "./object-table.ts";

/** Who wrote, and by which request: as an audit log names it. */
export interface Audit {
  /** The account: `deployment-controller`, `kubectl`. */
  readonly user: string;
  /** Verb and subresource: `create`, `update status`, `create binding`. */
  readonly verb: string;
}

/** One write, as a watch reports it. */
export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  /** The object's key. */
  readonly key: string;
  readonly object: ApiObject;
  /** The object before, or null if it is new. */
  readonly previous: ApiObject | null;
  readonly audit: Audit;
}

/** Told of each write, in order. */
export type Watcher = (event: WatchEvent) => void;

/** `namespace/name`, or the name of a cluster-scoped object. */
export function keyOf(object: {
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined };
}): string {
  return objectKey(object.metadata.namespace, object.metadata.name);
}

/** The key of a namespace and a name. */
export function objectKey(namespace: string | undefined, name: string): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** Namespace and name of a key. */
export function splitKey(key: string): {
  readonly namespace: string | undefined;
  readonly name: string;
} {
  const slash = key.indexOf("/");
  return slash === -1
    ? { namespace: undefined, name: key }
    : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

const NOTHING: readonly ApiObject[] = [];

/** All objects of a cluster. Objects are never changed, only replaced. */
export class Store {
  #version = 0;
  readonly #kinds = new Map<string, ObjectTable>();
  readonly #watchers: Watcher[] = [];

  /** The version of the last write. */
  get resourceVersion(): string {
    return String(this.#version);
  }

  get<K extends Kind>(kind: K, key: string): Kinds[K] | null;
  get(kind: string, key: string): ApiObject | null;
  get(kind: string, key: string): ApiObject | null {
    return this.#kinds.get(kind)?.get(key) ?? null;
  }

  /** All objects of a kind, by key. */
  list<K extends Kind>(kind: K): readonly Kinds[K][];
  list(kind: string): readonly ApiObject[];
  list(kind: string): readonly ApiObject[] {
    return this.#kinds.get(kind)?.list() ?? NOTHING;
  }

  /** All objects of a kind, in no order in particular. */
  values<K extends Kind>(kind: K): Iterable<Kinds[K]> {
    return (this.#kinds.get(kind)?.values() ?? []) as Iterable<Kinds[K]>;
  }

  /** The kinds that have had objects. */
  kinds(): string[] {
    return [...this.#kinds.keys()];
  }

  /** Calls `watcher` at each write from now on, at the moment of the write. */
  watch(watcher: Watcher): void {
    this.#watchers.push(watcher);
  }

  /** Puts a new object or the next version of one; returns it with its version. */
  put(object: ApiObject, audit: Audit): ApiObject {
    let objects = this.#kinds.get(object.kind);
    if (objects === undefined) {
      objects = new ObjectTable();
      this.#kinds.set(object.kind, objects);
    }
    const key = keyOf(object);
    const stored = this.#versioned(object);
    const previous = objects.set(key, stored);
    const type = previous === null ? "ADDED" : "MODIFIED";
    this.#tell({ type, key, object: stored, previous, audit });
    return stored;
  }

  /** Removes an object; its last record, with a version of its own, goes to the watches. */
  remove(object: ApiObject, audit: Audit): void {
    const key = keyOf(object);
    const previous = this.#kinds.get(object.kind)?.delete(key) ?? null;
    if (previous === null) return;
    this.#tell({ type: "DELETED", key, object: this.#versioned(object), previous, audit });
  }

  #versioned(object: ApiObject): ApiObject {
    this.#version += 1;
    // Assigned to the copies: what a literal names behind a spread is defined anew, which is slow.
    const versioned = { ...object };
    const metadata = { ...object.metadata };
    metadata.resourceVersion = String(this.#version);
    versioned.metadata = metadata;
    return versioned;
  }

  #tell(event: WatchEvent): void {
    for (const watcher of this.#watchers) watcher(event);
  }
}
