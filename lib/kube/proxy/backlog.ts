/**
 * What has changed since a kube-proxy last synced: per Service its ports and its slices before and
 * after, so that a change of ports that is taken back leaves nothing to do. kube-proxies that have
 * synced at the same time have the same backlog.
 *
 * Spec: Kubernetes pkg/proxy/servicechangetracker.go, pkg/proxy/endpointschangetracker.go.
 */
import { deepEqual } from "../deep-equal.ts";
import type { EndpointMap, EndpointSlices } from "./endpoint-slices.ts";
import type { SlicesChange } from "./endpoint-tracker.ts";
import type { ServicePort } from "./service-port.ts";
import type { PortMap, PortsChange } from "./service-tracker.ts";

/** What a sync learns about Services. */
export interface ServiceUpdate {
  /** `namespace/name` of Services of which anything changed. */
  readonly changed: ReadonlySet<string>;
  /** Service ports that are gone. */
  readonly deleted: readonly ServicePort[];
}

/** The endpoints of one Service before and after a sync. */
export interface EndpointChange {
  /** `namespace/name` */
  readonly service: string;
  readonly previous: EndpointMap;
  readonly current: EndpointMap;
}

/** All that one sync learns; the same for all nodes, but for endpoints in two slices. */
export class Changes {
  readonly services: ServiceUpdate;
  /** `namespace/name` of Services that changed, or whose endpoints did. */
  readonly changed: ReadonlySet<string>;
  readonly #slices: readonly SlicesChange[];
  /** The changes of endpoints, if they are the same on all nodes. */
  readonly #forAll: readonly EndpointChange[] | null;

  constructor(services: ServiceUpdate, slices: readonly SlicesChange[]) {
    const changed = new Set(services.changed);
    let isForAll = true;
    for (const { previous, current } of slices) {
      changed.add(current.service);
      isForAll &&= previous.isForAll && current.isForAll;
    }
    this.services = services;
    this.changed = changed;
    this.#slices = slices;
    this.#forAll = isForAll ? slices.map((change) => changeOn(change, "")) : null;
  }

  /** The changes of endpoints on the node of that name. */
  endpointsOn(nodeName: string): readonly EndpointChange[] {
    return this.#forAll ?? this.#slices.map((change) => changeOn(change, nodeName));
  }
}

function changeOn({ previous, current }: SlicesChange, nodeName: string): EndpointChange {
  return {
    service: current.service,
    previous: previous.endpointsOn(nodeName),
    current: current.endpointsOn(nodeName),
  };
}

/** Changes that wait for a sync. */
export class Backlog {
  /** How many kube-proxies have it. */
  followers = 0;
  /** Whether they have all been asked to sync since it was empty. */
  isAsked = false;
  readonly #services = new Map<string, { readonly previous: PortMap; current: PortMap }>();
  readonly #slices = new Map<
    string,
    { readonly previous: EndpointSlices; current: EndpointSlices }
  >();
  /** What `changes` said last. */
  #changes: Changes | null = null;

  get isEmpty(): boolean {
    return this.#services.size === 0 && this.#slices.size === 0;
  }

  /** Adds a change of a Service; true if any Service's waits now. */
  addPorts({ service, previous, current }: PortsChange): boolean {
    const before = this.#services.get(service)?.previous ?? previous;
    this.#changes = null;
    if (samePorts(before, current)) {
      this.#services.delete(service);
      if (this.isEmpty) this.isAsked = false;
    } else {
      const known = this.#services.get(service);
      if (known === undefined) this.#services.set(service, { previous, current });
      else known.current = current;
    }
    return this.#services.size > 0;
  }

  /** Adds a change of slices. */
  addSlices({ previous, current }: SlicesChange): void {
    const known = this.#slices.get(current.service);
    this.#changes = null;
    if (known === undefined) this.#slices.set(current.service, { previous, current });
    else known.current = current;
  }

  /** All that has changed; the same as long as nothing is added. */
  changes(): Changes {
    this.#changes ??= new Changes(this.#update(), [...this.#slices.values()]);
    return this.#changes;
  }

  #update(): ServiceUpdate {
    const deleted: ServicePort[] = [];
    for (const { previous, current } of this.#services.values()) {
      for (const [key, port] of previous) if (!current.has(key)) deleted.push(port);
    }
    return { changed: new Set(this.#services.keys()), deleted };
  }
}

/** Whether ports are as those before them, by the later ones: other trackers ask it too. */
const compared = new WeakMap<PortMap, { readonly before: PortMap; readonly same: boolean }>();

function samePorts(before: PortMap, now: PortMap): boolean {
  if (before === now) return true;
  if (before.size !== now.size) return false;
  const known = compared.get(now);
  if (known?.before === before) return known.same;
  let same = true;
  for (const [key, port] of before) {
    if (!deepEqual(port, now.get(key))) same = false;
  }
  compared.set(now, { before, same });
  return same;
}
