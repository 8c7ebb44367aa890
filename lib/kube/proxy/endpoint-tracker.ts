/**
 * Keeps the EndpointSlices of each Service, those that a sync has used and those that wait for one,
 * and makes of them the endpoints of each service port. Slices are kept apart by name, as endpoints
 * move between slices and may be in two for a moment.
 *
 * Spec: Kubernetes pkg/proxy/endpointslicecache.go, pkg/proxy/endpointschangetracker.go.
 */
import { deepEqual } from "../deep-equal.ts";
import { compareNames, type EndpointSlice, SERVICE_NAME_LABEL } from "../objects.ts";
import { type Endpoint, endpointOf, isOnNode } from "./endpoint.ts";
import type { KubeProxyRelease } from "./release.ts";
import { isOtherProxys, servicePortKey } from "./service-port.ts";

/** Endpoints by service port key, each list in code unit order of `text`. */
export type EndpointMap = ReadonlyMap<string, readonly Endpoint[]>;

/** The endpoints of one Service before and after a sync. */
export interface EndpointChange {
  /** `namespace/name` */
  readonly service: string;
  readonly previous: EndpointMap;
  readonly current: EndpointMap;
}

/** A slice that waits for a sync; null: it is gone. */
type Pending = Map<string, { readonly slice: EndpointSlice; readonly removed: boolean }>;

interface Slices {
  readonly applied: Map<string, EndpointSlice>;
  readonly pending: Pending;
  /** The endpoints of those that are applied. */
  endpoints: EndpointMap;
}

/** What is known of a slice: objects never change, and all nodes of a cluster ask the same. */
interface SliceFacts {
  /** As `serviceOf`. */
  readonly service: string | null;
  /** What was read of it, and of the slices behind it. */
  read: ReadEndpoints | null;
  /** Whether it is as its version before. */
  compared: ComparedSlices | null;
}

const facts = new WeakMap<EndpointSlice, SliceFacts>();

function factsOf(slice: EndpointSlice): SliceFacts {
  const known = facts.get(slice);
  if (known !== undefined) return known;
  const made: SliceFacts = { service: readService(slice), read: null, compared: null };
  facts.set(slice, made);
  return made;
}

interface ReadEndpoints {
  readonly release: KubeProxyRelease;
  readonly slices: readonly EndpointSlice[];
  readonly endpoints: EndpointMap;
}

interface ComparedSlices {
  readonly release: KubeProxyRelease;
  readonly before: EndpointSlice;
  readonly same: boolean;
}

/** The endpoints of all service ports, and what has changed since they were last taken. */
export class EndpointTracker {
  /** Endpoints as of the last `apply`, by service port key. */
  readonly endpoints = new Map<string, readonly Endpoint[]>();
  readonly #nodeName: string;
  readonly #release: KubeProxyRelease;
  readonly #services = new Map<string, Slices>();
  readonly #changed = new Set<string>();

  constructor(nodeName: string, release: KubeProxyRelease) {
    this.#nodeName = nodeName;
    this.#release = release;
  }

  /** Takes note of a slice's change or, if `removed`, its end; true if it asks for a sync. */
  update(slice: EndpointSlice, removed: boolean): boolean {
    const service = serviceOf(slice);
    if (service === null || !this.#handles(slice)) return false;
    const slices = this.#services.get(service) ?? this.#newSlices(service);
    if (!this.#isChange(slices, slice, removed)) return false;
    slices.pending.set(slice.metadata.name, { slice, removed });
    this.#changed.add(service);
    return true;
  }

  /** Brings `endpoints` up to date with all pending changes, and says what they were. */
  apply(): EndpointChange[] {
    const changes: EndpointChange[] = [];
    for (const service of this.#changed) {
      const slices = this.#services.get(service);
      if (slices === undefined) continue;
      const previous = slices.endpoints;
      for (const [name, { slice, removed }] of slices.pending) {
        if (removed) slices.applied.delete(name);
        else slices.applied.set(name, slice);
      }
      slices.pending.clear();
      const current = this.#endpointsOf(service, slices.applied);
      slices.endpoints = current;
      for (const key of previous.keys()) if (!current.has(key)) this.endpoints.delete(key);
      for (const [key, list] of current) this.endpoints.set(key, list);
      changes.push({ service, previous, current });
    }
    this.#changed.clear();
    return changes;
  }

  #newSlices(service: string): Slices {
    const slices = { applied: new Map(), pending: new Map(), endpoints: NO_ENDPOINTS };
    this.#services.set(service, slices);
    return slices;
  }

  /** The single proxier of 1.20 also takes IPv6 slices, and then leaves their addresses out. */
  #handles({ addressType }: EndpointSlice): boolean {
    return addressType === "IPv4" || (addressType === "IPv6" && this.#release.version === "1.20");
  }

  #isChange(slices: Slices, slice: EndpointSlice, removed: boolean): boolean {
    const pending = slices.pending.get(slice.metadata.name);
    if (pending !== undefined) {
      return pending.removed !== removed || (!removed && !this.#same(pending.slice, slice));
    }
    const applied = slices.applied.get(slice.metadata.name);
    if (applied !== undefined) return removed || !this.#same(applied, slice);
    return !removed;
  }

  #same(a: EndpointSlice, b: EndpointSlice): boolean {
    if (a === b) return true;
    const release = this.#release;
    const ofB = factsOf(b);
    const known = ofB.compared;
    if (known?.before === a && known.release === release) return known.same;
    const same =
      release.sliceChange === "any field"
        ? deepEqual(a, b)
        : deepEqual(keptFields(a, release), keptFields(b, release));
    ofB.compared = { release, before: a, same };
    return same;
  }

  /**
   * The endpoints in a Service's slices. The same endpoint in two slices counts once: the first,
   * unless a later one is on this node. Slices are taken in order of name (the real one's order is
   * random). 1.20 tells endpoints apart by address alone.
   */
  #endpointsOf(service: string, byName: ReadonlyMap<string, EndpointSlice>): EndpointMap {
    const release = this.#release;
    const slices = [...byName.values()];
    if (slices.length > 1) slices.sort((a, b) => compareNames(a.metadata.name, b.metadata.name));
    const [first] = slices;
    if (first === undefined) return NO_ENDPOINTS;
    const ofFirst = factsOf(first);
    const known = ofFirst.read;
    if (known?.release === release && sameSlices(known.slices, slices)) return known.endpoints;
    const { endpoints, isForAll } = this.#read(service, slices);
    if (isForAll) ofFirst.read = { release, slices, endpoints };
    return endpoints;
  }

  /** Reads endpoints; `isForAll` unless it matters on which node that is done. */
  #read(
    service: string,
    slices: readonly EndpointSlice[],
  ): { readonly endpoints: EndpointMap; readonly isForAll: boolean } {
    const found = new Map<string, Map<string, Endpoint>>();
    let isForAll = true;
    for (const slice of slices) {
      for (const port of slice.ports ?? []) {
        if (port.name === undefined || port.port === undefined || port.port === 0) continue;
        const key = servicePortKey(service, port.name, port.protocol ?? "TCP");
        const set = found.get(key) ?? new Map<string, Endpoint>();
        found.set(key, set);
        for (const entry of slice.endpoints ?? []) {
          const endpoint = endpointOf(entry, port.port, this.#release);
          if (endpoint === null) continue;
          const identity = this.#release.endpoints === "ready" ? endpoint.ip : endpoint.text;
          const isNew = !set.has(identity);
          if (!isNew) isForAll = false;
          if (isNew || isOnNode(endpoint, this.#nodeName)) set.set(identity, endpoint);
        }
      }
    }
    const endpoints = new Map<string, readonly Endpoint[]>();
    for (const [key, set] of found) {
      if (set.size === 0) continue;
      const list = [...set.values()].sort((a, b) => compareNames(a.text, b.text));
      endpoints.set(key, list);
    }
    return { endpoints, isForAll };
  }
}

const NO_ENDPOINTS: EndpointMap = new Map();

function sameSlices(a: readonly EndpointSlice[], b: readonly EndpointSlice[]): boolean {
  return a.length === b.length && a.every((slice, index) => slice === b[index]);
}

/** `namespace/name` of the Service that a slice belongs to, or null if this proxy has none of it. */
function serviceOf(slice: EndpointSlice): string | null {
  return factsOf(slice).service;
}

function readService(slice: EndpointSlice): string | null {
  const { labels = {}, namespace = "" } = slice.metadata;
  const name = labels[SERVICE_NAME_LABEL] ?? "";
  if (name === "" || namespace === "" || isOtherProxys(slice.metadata)) return null;
  return `${namespace}/${name}`;
}

/** What a release up to 1.30 keeps of a slice; other changes go unnoticed. */
function keptFields(slice: EndpointSlice, release: KubeProxyRelease): unknown {
  const ports = [...(slice.ports ?? [])].sort((a, b) => (a.port ?? 0) - (b.port ?? 0));
  const endpoints = (slice.endpoints ?? [])
    .map((entry) => {
      const { ready = true, serving = true, terminating = false } = entry.conditions ?? {};
      const { addresses, nodeName, zone } = entry;
      if (release.endpoints === "ready") return ready ? { addresses, nodeName, zone } : null;
      const zones = (entry.hints?.forZones ?? []).map((hint) => hint.name).sort(compareNames);
      return { addresses, nodeName, zone, zones, ready, serving, terminating };
    })
    .filter((entry) => entry !== null)
    .sort((a, b) => compareNames(a.addresses.join(), b.addresses.join()));
  return { ports, endpoints };
}
