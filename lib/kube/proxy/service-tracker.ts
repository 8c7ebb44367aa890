/**
 * Keeps the ports of all Services as they were told last.
 *
 * Spec: Kubernetes pkg/proxy/servicechangetracker.go.
 */
import { compareNames, objectName, type Service } from "../objects.ts";
import type { KubeProxyRelease } from "./release.ts";
import { type ServicePort, servicePortsOf } from "./service-port.ts";

/** The ports of one Service, by key. */
export type PortMap = ReadonlyMap<string, ServicePort>;

/** The ports of one Service before and after a change. */
export interface PortsChange {
  /** `namespace/name` */
  readonly service: string;
  readonly previous: PortMap;
  readonly current: PortMap;
}

const NO_PORTS: PortMap = new Map();

/** The service ports that there are. */
export class ServiceTracker {
  /** Ports of all Services, by key. */
  readonly ports = new Map<string, ServicePort>();
  /** Those of them that have a health check. */
  readonly checked = new Map<string, ServicePort>();
  readonly #release: KubeProxyRelease;

  constructor(release: KubeProxyRelease) {
    this.#release = release;
  }

  /** Takes note of a Service's change; null: of no Service. */
  update(previous: Service | null, current: Service | null): PortsChange | null {
    const either = current ?? previous;
    if (either === null) return null;
    const change = {
      service: objectName(either.metadata),
      previous: this.#portsOf(previous),
      current: this.#portsOf(current),
    };
    for (const [key, port] of change.current) {
      this.ports.set(key, port);
      if (port.healthCheckNodePort !== 0) this.checked.set(key, port);
      else this.checked.delete(key);
    }
    for (const key of change.previous.keys()) {
      if (change.current.has(key)) continue;
      this.ports.delete(key);
      this.checked.delete(key);
    }
    return change;
  }

  /** The ports of all Services, each as if it had just come, in the order of the Services' names. */
  all(): PortsChange[] {
    const services = new Map<string, Map<string, ServicePort>>();
    for (const [key, port] of this.ports) {
      const ports = services.get(port.service);
      if (ports === undefined) services.set(port.service, new Map([[key, port]]));
      else ports.set(key, port);
    }
    return [...services]
      .sort(([a], [b]) => compareNames(a, b))
      .map(([service, current]) => ({ service, previous: NO_PORTS, current }));
  }

  #portsOf(service: Service | null): PortMap {
    if (service === null) return NO_PORTS;
    return servicePortsOf(service, this.#release);
  }
}
