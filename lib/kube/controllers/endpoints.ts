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
import { isReady, isTerminal } from "./pods.ts";
import { endpointChanged, findPort, ServicePods } from "./service-pods.ts";

const START_NS = 5 * NS_PER_MS;
const MANAGED_BY = "endpoints.kubernetes.io/managed-by";

/** Keeps the Endpoints object of each Service with a selector. */
export class EndpointsController {
  readonly #informers: Informers;
  readonly #client: ApiClient;
  readonly #queue: WorkQueue;
  readonly #servicePods: ServicePods;

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
      if (present !== null && present.metadata.labels?.[MANAGED_BY] !== undefined) {
        yield* this.#client.delete("Endpoints", key);
      }
      return;
    }
    if (service.spec.selector === undefined || service.spec.type === "ExternalName") return;
    const subsets = this.#subsets(service);
    const labels = this.#labels(service);
    if (present === null) {
      yield* this.#client.create({
        apiVersion: "v1",
        kind: "Endpoints",
        metadata: { name: service.metadata.name, namespace: service.metadata.namespace, labels },
        ...(subsets.length > 0 && { subsets }),
      });
      return;
    }
    const unchanged =
      deepEqual(present.subsets ?? [], subsets) && deepEqual(present.metadata.labels ?? {}, labels);
    if (unchanged) return;
    yield* this.#client.update<Endpoints>({
      ...present,
      metadata: { ...present.metadata, labels },
      subsets: subsets.length > 0 ? subsets : undefined,
    });
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
    const groups = new Map<
      string,
      {
        ready: EndpointAddress[];
        notReady: EndpointAddress[];
        ports: NonNullable<EndpointSubset["ports"]>;
      }
    >();
    for (const pod of this.#servicePods.podsOf(service)) {
      if (!isListed(pod, service)) continue;
      const ports = (service.spec.ports ?? []).flatMap((port) => {
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
      if (ports.length === 0 && service.spec.clusterIP !== "None") continue;
      const id = canonical(ports);
      const group = groups.get(id) ?? { ready: [], notReady: [], ports };
      groups.set(id, group);
      const isUp = service.spec.publishNotReadyAddresses === true || isReady(pod);
      (isUp ? group.ready : group.notReady).push(addressOf(pod, service));
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

function byAddress(a: EndpointAddress, b: EndpointAddress): number {
  return compareNames(a.ip, b.ip);
}
