/**
 * Keeps what changed about Services between two syncs: per Service its ports before and after, so
 * that a change taken back leaves nothing to do.
 *
 * Spec: Kubernetes pkg/proxy/servicechangetracker.go.
 */
import { deepEqual } from "../deep-equal.ts";
import { objectName, type Service } from "../objects.ts";
import type { KubeProxyRelease } from "./release.ts";
import { type ServicePort, servicePortsOf } from "./service-port.ts";

type Ports = ReadonlyMap<string, ServicePort>;

/** What a sync learns about Services. */
export interface ServiceUpdate {
  /** `namespace/name` of Services of which anything changed. */
  readonly changed: ReadonlySet<string>;
  /** Service ports that are gone. */
  readonly deleted: readonly ServicePort[];
}

/** The service ports, and what has changed since they were last taken. */
export class ServiceTracker {
  /** Ports of all Services as of the last `apply`, by key. */
  readonly ports = new Map<string, ServicePort>();
  /** Those of them that have a health check. */
  readonly checked = new Map<string, ServicePort>();
  readonly #release: KubeProxyRelease;
  readonly #pending = new Map<string, { previous: Ports; current: Ports }>();

  constructor(release: KubeProxyRelease) {
    this.#release = release;
  }

  /** Takes note of a Service's change; true if anything now waits for a sync. */
  update(previous: Service | null, current: Service | null): boolean {
    const either = current ?? previous;
    if (either === null) return this.#pending.size > 0;
    const name = objectName(either.metadata);
    const change = this.#pending.get(name) ?? {
      previous: this.#portsOf(previous),
      current: NO_PORTS,
    };
    change.current = this.#portsOf(current);
    if (samePorts(change.previous, change.current)) this.#pending.delete(name);
    else this.#pending.set(name, change);
    return this.#pending.size > 0;
  }

  /** Brings `ports` up to date with all pending changes, which are then forgotten. */
  apply(): ServiceUpdate {
    const changed = new Set(this.#pending.keys());
    const deleted: ServicePort[] = [];
    for (const { previous, current } of this.#pending.values()) {
      for (const [key, port] of current) {
        this.ports.set(key, port);
        if (port.healthCheckNodePort !== 0) this.checked.set(key, port);
        else this.checked.delete(key);
      }
      for (const [key, port] of previous) {
        if (current.has(key)) continue;
        this.ports.delete(key);
        this.checked.delete(key);
        deleted.push(port);
      }
    }
    this.#pending.clear();
    return { changed, deleted };
  }

  #portsOf(service: Service | null): Ports {
    if (service === null) return NO_PORTS;
    return servicePortsOf(service, this.#release);
  }
}

const NO_PORTS: Ports = new Map();

/** Whether ports are as those before them, by the later ones: all nodes of a cluster ask it. */
const compared = new WeakMap<Ports, { readonly before: Ports; readonly same: boolean }>();

function samePorts(before: Ports, now: Ports): boolean {
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
