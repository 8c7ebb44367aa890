/**
 * The EndpointSlices of one Service at one moment, and the endpoints that they make of its ports.
 * Slices are kept apart by name, as endpoints move between slices and may be in two for a moment.
 *
 * Spec: Kubernetes pkg/proxy/endpointslicecache.go.
 */
import { compareNames, type EndpointSlice } from "../objects.ts";
import { type Endpoint, endpointOf, isOnNode } from "./endpoint.ts";
import type { KubeProxyRelease } from "./release.ts";
import { servicePortKey } from "./service-port.ts";

/** Endpoints by service port key, each list in code unit order of `text`. */
export type EndpointMap = ReadonlyMap<string, readonly Endpoint[]>;

/** What was read of slices. */
interface Reading {
  readonly endpoints: EndpointMap;
  /** Unless it matters on which node they are read. */
  readonly isForAll: boolean;
}

/** What was read of the slices that begin with one: trackers of other nodes read the same. */
const read = new WeakMap<
  EndpointSlice,
  {
    readonly release: KubeProxyRelease;
    readonly slices: readonly EndpointSlice[];
    readonly reading: Reading;
  }
>();

/** Slices that never change; another set takes their place. */
export class EndpointSlices {
  /** `namespace/name` */
  readonly service: string;
  /** In order of name. */
  readonly slices: readonly EndpointSlice[];
  readonly #release: KubeProxyRelease;
  #forAll: Reading | null = null;
  /** By name of node, where they differ. */
  #onNode: Map<string, EndpointMap> | null = null;

  /** Takes the slices. */
  constructor(service: string, slices: readonly EndpointSlice[], release: KubeProxyRelease) {
    this.service = service;
    this.slices = slices;
    this.#release = release;
  }

  /** Where the slice of a name is, or if there is none, as -1 - place, where it belongs. */
  find(name: string): number {
    const { slices } = this;
    let low = 0;
    let high = slices.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = compareNames(slices[middle]?.metadata.name ?? "", name);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return -1 - low;
  }

  /** The set with `slices` in the place of `count` others. */
  replaced(at: number, count: number, ...slices: readonly EndpointSlice[]): EndpointSlices {
    const all = this.slices.toSpliced(at, count, ...slices);
    return new EndpointSlices(this.service, all, this.#release);
  }

  /** Whether the endpoints are the same on all nodes: none is in two slices. */
  get isForAll(): boolean {
    return this.#read().isForAll;
  }

  /** The endpoints as the node of that name has them; the same map each time. */
  endpointsOn(nodeName: string): EndpointMap {
    const { endpoints, isForAll } = this.#read();
    if (isForAll) return endpoints;
    this.#onNode ??= new Map();
    const known = this.#onNode.get(nodeName);
    if (known !== undefined) return known;
    const made = this.#readOn(nodeName).endpoints;
    this.#onNode.set(nodeName, made);
    return made;
  }

  #read(): Reading {
    if (this.#forAll !== null) return this.#forAll;
    const [first] = this.slices;
    if (first === undefined) {
      this.#forAll = { endpoints: new Map(), isForAll: true };
      return this.#forAll;
    }
    const known = read.get(first);
    if (known?.release === this.#release && sameSlices(known.slices, this.slices)) {
      this.#forAll = known.reading;
      return known.reading;
    }
    const reading = this.#readOn("");
    read.set(first, { release: this.#release, slices: this.slices, reading });
    this.#forAll = reading;
    return reading;
  }

  /**
   * The same endpoint in two slices counts once: the first, unless a later one is on this node.
   * Slices are taken in order of name (the real one's order is random). 1.20 tells endpoints apart
   * by address alone.
   */
  #readOn(nodeName: string): Reading {
    const found = new Map<string, Map<string, Endpoint>>();
    let isForAll = true;
    for (const slice of this.slices) {
      for (const port of slice.ports ?? []) {
        if (port.name === undefined || port.port === undefined || port.port === 0) continue;
        const key = servicePortKey(this.service, port.name, port.protocol ?? "TCP");
        const set = found.get(key) ?? new Map<string, Endpoint>();
        found.set(key, set);
        for (const entry of slice.endpoints ?? []) {
          const endpoint = endpointOf(entry, port.port, this.#release);
          if (endpoint === null) continue;
          const identity = this.#release.endpoints === "ready" ? endpoint.ip : endpoint.text;
          const isNew = !set.has(identity);
          if (!isNew) isForAll = false;
          if (isNew || isOnNode(endpoint, nodeName)) set.set(identity, endpoint);
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

function sameSlices(a: readonly EndpointSlice[], b: readonly EndpointSlice[]): boolean {
  return a.length === b.length && a.every((slice, index) => slice === b[index]);
}
