/**
 * Keeps the EndpointSlices of all Services as they were told last, and the endpoints of each service
 * port.
 *
 * Spec: Kubernetes pkg/proxy/endpointslicecache.go, pkg/proxy/endpointschangetracker.go.
 */
import { deepEqual } from "../deep-equal.ts";
import { compareNames, type EndpointSlice, SERVICE_NAME_LABEL } from "../objects.ts";
import type { Endpoint } from "./endpoint.ts";
import { EndpointSlices } from "./endpoint-slices.ts";
import type { KubeProxyRelease } from "./release.ts";
import { isOtherProxys } from "./service-port.ts";

/** The endpoints of service ports, by key. */
export interface EndpointsByPort {
  get(key: string): readonly Endpoint[] | undefined;
  /** Whether the endpoints of a port may be others on other nodes: some are in two slices. */
  differs(key: string): boolean;
}

/** The slices of one Service before and after a change. */
export interface SlicesChange {
  readonly previous: EndpointSlices;
  readonly current: EndpointSlices;
}

/** What is known of a slice: objects never change, and trackers of other nodes ask the same. */
interface SliceFacts {
  /** As `readService`. */
  readonly service: string | null;
  /** Whether it is as its version before. */
  compared: ComparedSlices | null;
}

const facts = new WeakMap<EndpointSlice, SliceFacts>();

function factsOf(slice: EndpointSlice): SliceFacts {
  const known = facts.get(slice);
  if (known !== undefined) return known;
  const made: SliceFacts = { service: readService(slice), compared: null };
  facts.set(slice, made);
  return made;
}

interface ComparedSlices {
  readonly release: KubeProxyRelease;
  readonly before: EndpointSlice;
  readonly same: boolean;
}

/** The slices that there are, and their endpoints. */
export class EndpointTracker {
  readonly #release: KubeProxyRelease;
  readonly #services = new Map<string, EndpointSlices>();
  /** By service port key, where it does not matter on which node. */
  readonly #endpoints = new Map<string, readonly Endpoint[]>();
  /** The others. */
  readonly #differing = new Map<string, EndpointSlices>();
  /** What `#endpoints` still has of Services that have changed since. */
  readonly #unsettled = new Map<string, EndpointSlices>();

  constructor(release: KubeProxyRelease) {
    this.#release = release;
  }

  /** Takes note of a slice's change or, if `removed`, its end; null: there is nothing new in it. */
  update(slice: EndpointSlice, removed: boolean): SlicesChange | null {
    const { service } = factsOf(slice);
    if (service === null || !this.#handles(slice)) return null;
    const previous = this.#services.get(service) ?? new EndpointSlices(service, [], this.#release);
    const at = previous.find(slice.metadata.name);
    const before = previous.slices[at];
    if (before === undefined ? removed : !removed && this.#same(before, slice)) return null;
    const current =
      before === undefined
        ? previous.replaced(-1 - at, 0, slice)
        : removed
          ? previous.replaced(at, 1)
          : previous.replaced(at, 1, slice);
    if (current.slices.length === 0) this.#services.delete(service);
    else this.#services.set(service, current);
    if (!this.#unsettled.has(service)) this.#unsettled.set(service, previous);
    return { previous, current };
  }

  /** All slices, each as if it had just come, in the order of their names. */
  all(): SlicesChange[] {
    const names: { readonly slice: string; readonly slices: EndpointSlices }[] = [];
    for (const slices of this.#services.values()) {
      for (const { metadata } of slices.slices) {
        names.push({ slice: `${metadata.namespace}/${metadata.name}`, slices });
      }
    }
    names.sort((a, b) => compareNames(a.slice, b.slice));
    return [...new Set(names.map(({ slices }) => slices))].map((current) => ({
      previous: new EndpointSlices(current.service, [], this.#release),
      current,
    }));
  }

  /** The endpoints of all service ports as the node of that name has them. */
  on(nodeName: string): EndpointsByPort {
    return {
      get: (key) => this.#endpointsOf(key, nodeName),
      differs: (key) => this.#differs(key),
    };
  }

  #differs(key: string): boolean {
    if (this.#unsettled.size > 0) this.#settle();
    return this.#differing.has(key);
  }

  #endpointsOf(key: string, nodeName: string): readonly Endpoint[] | undefined {
    if (this.#unsettled.size > 0) this.#settle();
    const known = this.#endpoints.get(key);
    if (known !== undefined || this.#differing.size === 0) return known;
    return this.#differing.get(key)?.endpointsOn(nodeName).get(key);
  }

  #settle(): void {
    for (const [service, previous] of this.#unsettled) {
      for (const key of previous.endpointsOn("").keys()) {
        this.#endpoints.delete(key);
        this.#differing.delete(key);
      }
      const current = this.#services.get(service);
      if (current === undefined) continue;
      for (const [key, list] of current.endpointsOn("")) {
        if (current.isForAll) this.#endpoints.set(key, list);
        else this.#differing.set(key, current);
      }
    }
    this.#unsettled.clear();
  }

  /** The single proxier of 1.20 also takes IPv6 slices, and then leaves their addresses out. */
  #handles({ addressType }: EndpointSlice): boolean {
    return addressType === "IPv4" || (addressType === "IPv6" && this.#release.version === "1.20");
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
}

/** `namespace/name` of the Service that a slice belongs to, or null if this proxy has none of it. */
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
