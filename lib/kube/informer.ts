/**
 * List and watch with a cache, as client-go's shared informers: a program's view of the API, which
 * lags behind the store by the time that a watch takes to deliver. Handlers run when the cache has
 * the change.
 */

import type { Ns } from "../base/units.ts";
import { type Scheduler, SimEvent } from "../sim/scheduler.ts";
import type { ApiObject, Kind, Kinds, OwnerReference } from "./api/types.ts";
import { ObjectIndex } from "./object-index.ts";
import { ObjectTable } from "./object-table.ts";
import { keyOf, objectKey, type Store, type WatchEvent } from "./store.ts";

/** What a handler is told: the change as the cache saw it. */
export interface Change<T extends ApiObject = ApiObject> {
  readonly type: WatchEvent["type"];
  /** The object now; of a deletion its last state. */
  readonly object: T;
  readonly previous: T | null;
}

/** Told of each change once the cache has it. */
export type Handler<T extends ApiObject = ApiObject> = (change: Change<T>) => void;

/** The controller among an object's owners. */
export function controllerOf(object: ApiObject): OwnerReference | null {
  return object.metadata.ownerReferences?.find(({ controller }) => controller === true) ?? null;
}

/** The key of the object of that kind that controls this one, or null. */
export function controllerKey(object: ApiObject, kind: Kind): string | null {
  const owner = controllerOf(object);
  return owner?.kind === kind ? objectKey(object.metadata.namespace, owner.name) : null;
}

const NO_OWNERS: readonly OwnerReference[] = [];

/** What nodes and the scheduler do not watch: it is only written, and that often. */
const ONLY_WRITTEN: ReadonlySet<string> = new Set(["Event", "Lease"]);

/** All kinds but Events and Leases. */
export function isRead(kind: string): boolean {
  return !ONLY_WRITTEN.has(kind);
}

/** The caches of one program: the controller manager, the scheduler, a kubelet. */
export class Informers {
  readonly #scheduler: Scheduler;
  readonly #delayNs: Ns;
  readonly #watches: (kind: string) => boolean;
  readonly #caches = new Map<string, ObjectTable>();
  readonly #indexes = new Map<string, ObjectIndex[]>();
  /** By the uids of owners; null until somebody asks for it. */
  #owned: Map<string, ObjectTable> | null = null;
  readonly #handlers = new Map<string, Handler[]>();
  readonly #everyKind: Handler[] = [];
  /** Events under way, and when each is there. */
  readonly #queue: WatchEvent[] = [];
  readonly #times: Ns[] = [];
  #head = 0;
  readonly #delivery: SimEvent;

  /**
   * Starts to watch the kinds for which `watches` holds; what the store holds already is delivered
   * first.
   */
  constructor(
    scheduler: Scheduler,
    store: Store,
    delayNs: Ns,
    watches: (kind: string) => boolean = () => true,
  ) {
    this.#scheduler = scheduler;
    this.#watches = watches;
    this.#delayNs = delayNs;
    this.#delivery = new Delivery(() => this.#deliver());
    const audit = { user: "", verb: "" };
    for (const kind of store.kinds()) {
      for (const object of store.list(kind)) {
        const key = keyOf(object);
        this.#enqueue({ type: "ADDED", key, object, previous: null, audit });
      }
    }
    store.watch((event) => this.#enqueue(event));
  }

  /** Calls `handler` at each change of objects of a kind. */
  on<K extends Kind>(kind: K, handler: Handler<Kinds[K]>): void;
  on(kind: string, handler: Handler): void;
  on(kind: string, handler: (change: never) => void): void {
    const handlers = this.#handlers.get(kind) ?? [];
    handlers.push(handler as Handler);
    this.#handlers.set(kind, handlers);
  }

  /** Calls `handler` at each change of any kind. */
  onAny(handler: Handler): void {
    this.#everyKind.push(handler);
  }

  get<K extends Kind>(kind: K, key: string): Kinds[K] | null;
  get(kind: string, key: string): ApiObject | null;
  get(kind: string, key: string): ApiObject | null {
    return this.#caches.get(kind)?.get(key) ?? null;
  }

  /** All objects of a kind that the cache has, by key. */
  list<K extends Kind>(kind: K): readonly Kinds[K][];
  list(kind: string): readonly ApiObject[];
  list(kind: string): readonly ApiObject[] {
    return this.#caches.get(kind)?.list() ?? [];
  }

  /**
   * Finds objects of a kind by values that `valuesOf` reads in them, as client-go's indexers do. It
   * has what the cache has, whenever it is asked; for the same function it is the same index.
   */
  index<K extends Kind>(
    kind: K,
    valuesOf: (object: Kinds[K]) => readonly string[],
  ): ObjectIndex<Kinds[K]> {
    const indexes = (this.#indexes.get(kind) ?? []) as unknown as ObjectIndex<Kinds[K]>[];
    const known = indexes.find((index) => index.valuesOf === valuesOf);
    if (known !== undefined) return known;
    const index = new ObjectIndex<Kinds[K]>(valuesOf);
    for (const object of this.list(kind)) index.replace(null, object);
    this.#indexes.set(kind, [...indexes, index] as unknown as ObjectIndex[]);
    return index;
  }

  /** The objects of a kind that the owner of `uid` controls or owns, by key. */
  owned<K extends Kind>(kind: K, uid: string): Kinds[K][];
  owned(kind: string, uid: string): ApiObject[];
  owned(kind: string, uid: string): ApiObject[] {
    return this.dependents(uid).filter((object) => object.kind === kind);
  }

  /** All objects that name the owner of `uid`. */
  dependents(uid: string): readonly ApiObject[] {
    this.#owned ??= this.#collectOwned();
    return this.#owned.get(uid)?.list() ?? [];
  }

  #enqueue(event: WatchEvent): void {
    if (!this.#watches(event.object.kind)) return;
    const at = this.#scheduler.now + this.#delayNs;
    this.#queue.push(event);
    this.#times.push(at);
    if (!this.#delivery.queued) this.#scheduler.schedule(this.#delivery, at);
  }

  #deliver(): void {
    for (;;) {
      const event = this.#queue[this.#head];
      if (event === undefined) {
        this.#queue.length = 0;
        this.#times.length = 0;
        this.#head = 0;
        return;
      }
      const at = this.#times[this.#head] ?? 0;
      if (at > this.#scheduler.now) {
        this.#scheduler.schedule(this.#delivery, at);
        return;
      }
      this.#head += 1;
      this.#apply(event);
    }
  }

  #apply(event: WatchEvent): void {
    const { object, key } = event;
    let cache = this.#caches.get(object.kind);
    if (cache === undefined) {
      cache = new ObjectTable();
      this.#caches.set(object.kind, cache);
    }
    const now = event.type === "DELETED" ? null : object;
    const previous = now === null ? cache.delete(key) : cache.set(key, now);
    if (this.#owned !== null) indexOwners(this.#owned, key, previous, now);
    const indexes = this.#indexes.get(object.kind);
    if (indexes !== undefined) for (const index of indexes) index.replace(previous, now, key);
    const handlers = this.#handlers.get(object.kind);
    if (handlers === undefined && this.#everyKind.length === 0) return;
    const change: Change = { type: event.type, object, previous };
    if (handlers !== undefined) for (const handler of handlers) handler(change);
    for (const handler of this.#everyKind) handler(change);
  }

  #collectOwned(): Map<string, ObjectTable> {
    const owned = new Map<string, ObjectTable>();
    for (const cache of this.#caches.values()) {
      for (const object of cache.values()) indexOwners(owned, keyOf(object), null, object);
    }
    return owned;
  }
}

/** Keeps an object's next version by its owners. */
function indexOwners(
  index: Map<string, ObjectTable>,
  key: string,
  previous: ApiObject | null,
  now: ApiObject | null,
): void {
  const before = previous?.metadata.ownerReferences ?? NO_OWNERS;
  const after = now?.metadata.ownerReferences ?? NO_OWNERS;
  if (before.length === 0 && after.length === 0) return;
  const id = `${(now ?? previous)?.kind} ${key}`;
  for (const { uid } of before) {
    const owned = index.get(uid);
    if (owned === undefined || after.some((owner) => owner.uid === uid)) continue;
    owned.delete(id);
    if (owned.size === 0) index.delete(uid);
  }
  if (now === null) return;
  for (const { uid } of after) {
    let owned = index.get(uid);
    if (owned === undefined) {
      owned = new ObjectTable();
      index.set(uid, owned);
    }
    owned.set(id, now);
  }
}

class Delivery extends SimEvent {
  readonly #deliver: () => void;

  constructor(deliver: () => void) {
    super();
    this.#deliver = deliver;
  }

  override fire(): void {
    this.#deliver();
  }
}
