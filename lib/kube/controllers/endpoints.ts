/**
 * The Endpoints controller: the addresses of a Service's Pods in one object, as before there were
 * slices.
 *
 * Spec: kubernetes pkg/controller/endpoint, v1.36.
 * Not modelled: the limit of 1000 addresses.
 */
import { NS_PER_MS } from "../../base/units.ts";
import { canonical } from "../api/names.ts";
import type { EndpointAddress, EndpointSubset, Endpoints, Pod, Service } from "../api/types.ts";
import { deepEqual } from "../deep-equal.ts";
import type { Informers } from "../informer.ts";
import { compareNames } from "../objects.ts";
import { keyOf } from "../store.ts";
import { ApiClient, type Sync } from "./client.ts";
import { type ControllerContext, WorkQueue } from "./controller.ts";
import { asStored, PodReadings } from "./pod-readings.ts";
import { isReady, isTerminal } from "./pods.ts";
import { endpointChanged, findPort, ServicePods } from "./service-pods.ts";

const START_NS = 5 * NS_PER_MS;
const MANAGED_BY = "endpoints.kubernetes.io/managed-by";

type Ports = NonNullable<EndpointSubset["ports"]>;

/** A Pod as an address, with its Service's ports as it has them. */
interface PodAddress {
  readonly address: EndpointAddress;
  readonly isUp: boolean;
  readonly ports: Ports;
  /** Equal ports have equal ones. */
  readonly portsId: string;
}

/** Addresses with the same ports. */
interface Group {
  readonly ready: EndpointAddress[];
  readonly notReady: EndpointAddress[];
  readonly ports: Ports;
}

/** Keeps the Endpoints object of each Service with a selector. */
export class EndpointsController {
  readonly #informers: Informers;
  readonly #client: ApiClient;
  readonly #queue: WorkQueue;
  readonly #servicePods: ServicePods;
  readonly #readings = new PodReadings(podAddress);
  /** The subsets that objects were written with: most of the next are the very same addresses. */
  readonly #written = new WeakMap<Endpoints, readonly EndpointSubset[]>();

  constructor({ scheduler, informers, server }: ControllerContext) {
    this.#informers = informers;
    this.#client = new ApiClient(server, scheduler, "endpoint-controller");
    this.#queue = new WorkQueue(scheduler, { startNs: START_NS }, (key) => this.#sync(key));
    this.#servicePods = new ServicePods(informers);
    informers.on("Service", ({ object }) => this.#queue.add(keyOf(object)));
    informers.on("Endpoints", ({ type, object }) => {
      if (type === "DELETED") this.#queue.add(keyOf(object));
    });
    informers.on("Pod", ({ object, previous }) => {
      if (!endpointChanged(object, previous)) return;
      for (const key of this.#servicePods.keysOf(object, previous)) this.#queue.add(key);
    });
  }

  *#sync(key: string): Sync {
    const service = this.#informers.get("Service", key);
    const present = this.#informers.get("Endpoints", key);
    if (service === null) {
      this.#readings.remove(key);
      if (present !== null && present.metadata.labels?.[MANAGED_BY] !== undefined) {
        yield* this.#client.delete("Endpoints", key);
      }
      return;
    }
    if (service.spec.selector === undefined || service.spec.type === "ExternalName") return;
    const subsets = this.#subsets(service);
    const labels = this.#labels(service);
    if (present === null) {
      const created = yield* this.#client.create<Endpoints>({
        apiVersion: "v1",
        kind: "Endpoints",
        metadata: { name: service.metadata.name, namespace: service.metadata.namespace, labels },
        ...(subsets.length > 0 && { subsets }),
      });
      this.#written.set(created, subsets);
      return;
    }
    const stored = present.subsets ?? [];
    const before = this.#written.get(present) ?? stored;
    if (deepEqual(before, subsets) && deepEqual(present.metadata.labels ?? {}, labels)) return;
    const known = subsetsAsStored(subsets, before, stored);
    const updated = yield* this.#client.update<Endpoints>({
      ...present,
      metadata: { ...present.metadata, labels },
      subsets: known.length > 0 ? known : undefined,
    });
    this.#written.set(updated, subsets);
  }

  #labels(service: Service): Record<string, string> {
    const labels: Record<string, string> = {
      ...service.metadata.labels,
      [MANAGED_BY]: "endpoint-controller",
    };
    if (service.spec.clusterIP === "None") labels["service.kubernetes.io/headless"] = "";
    return labels;
  }

  #subsets(service: Service): EndpointSubset[] {
    const groups = new Map<string, Group>();
    for (const reading of this.#readings.of(service, this.#servicePods.podsOf(service))) {
      if (reading === null) continue;
      let group = groups.get(reading.portsId);
      if (group === undefined) {
        group = { ready: [], notReady: [], ports: reading.ports };
        groups.set(reading.portsId, group);
      }
      (reading.isUp ? group.ready : group.notReady).push(reading.address);
    }
    return [...groups]
      .sort(([a], [b]) => compareNames(a, b))
      .map(([, { ready, notReady, ports }]) => ({
        ...(ready.length > 0 && { addresses: ready.sort(byAddress) }),
        ...(notReady.length > 0 && { notReadyAddresses: notReady.sort(byAddress) }),
        ...(ports.length > 0 && { ports }),
      }));
  }
}

/** The Pod as an address; null: it is none. */
function podAddress(service: Service, pod: Pod): PodAddress | null {
  if (!isListed(pod, service)) return null;
  const ports = portsOf(service, pod);
  if (ports.length === 0 && service.spec.clusterIP !== "None") return null;
  const isUp = service.spec.publishNotReadyAddresses === true || isReady(pod);
  return { address: addressOf(pod, service), isUp, ports, portsId: canonical(ports) };
}

function portsOf(service: Service, pod: Pod): Ports {
  return (service.spec.ports ?? []).flatMap((port) => {
    const number = findPort(pod, port);
    if (number === null) return [];
    return [
      {
        ...(port.name !== undefined && port.name !== "" && { name: port.name }),
        port: number,
        protocol: port.protocol,
        ...(port.appProtocol !== undefined && { appProtocol: port.appProtocol }),
      },
    ];
  });
}

function isListed(pod: Pod, service: Service): boolean {
  return (
    pod.status.podIP !== undefined &&
    (pod.metadata.deletionTimestamp === undefined ||
      service.spec.publishNotReadyAddresses === true) &&
    !isTerminal(pod)
  );
}

function addressOf(pod: Pod, service: Service): EndpointAddress {
  const isNamed = pod.spec.hostname !== undefined && pod.spec.subdomain === service.metadata.name;
  return {
    ip: pod.status.podIP ?? "",
    ...(isNamed && { hostname: pod.spec.hostname }),
    nodeName: pod.spec.nodeName,
    targetRef: {
      kind: "Pod",
      namespace: pod.metadata.namespace,
      name: pod.metadata.name,
      uid: pod.metadata.uid,
    },
  };
}

/** The subsets, in place of addresses that the API has already its own. */
function subsetsAsStored(
  subsets: readonly EndpointSubset[],
  written: readonly EndpointSubset[],
  stored: readonly EndpointSubset[],
): EndpointSubset[] {
  const [before, own] = [written.flatMap(addressesOf), stored.flatMap(addressesOf)];
  return subsets.map(({ addresses, notReadyAddresses, ports }) => ({
    ...(addresses !== undefined && { addresses: asStored(addresses, before, own) }),
    ...(notReadyAddresses !== undefined && {
      notReadyAddresses: asStored(notReadyAddresses, before, own),
    }),
    ...(ports !== undefined && { ports }),
  }));
}

function addressesOf({ addresses = [], notReadyAddresses = [] }: EndpointSubset) {
  return [...addresses, ...notReadyAddresses];
}

function byAddress(a: EndpointAddress, b: EndpointAddress): number {
  return compareNames(a.ip, b.ip);
}
