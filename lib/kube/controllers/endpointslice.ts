/**
 * The EndpointSlice controller: the Pods of each Service as endpoints, 100 a slice, with their
 * conditions and the hints that trafficDistribution or the topology annotation asks for.
 *
 * Spec: kubernetes staging endpointslice (reconciler, trafficdist, topologycache), v1.36.
 * Not modelled: IPv6.
 */
import { NS_PER_MS, NS_PER_S } from "../../base/units.ts";
import type {
  Endpoint,
  EndpointPort,
  EndpointSlice,
  Pod,
  Service,
  StringMap,
} from "../api/types.ts";
import { deepEqual } from "../deep-equal.ts";
import type { Informers } from "../informer.ts";
import { SERVICE_NAME_LABEL, ZONE_LABEL } from "../objects.ts";
import { keyOf, objectKey } from "../store.ts";
import { ApiClient, type Sync } from "./client.ts";
import { type ControllerContext, WorkQueue } from "./controller.ts";
import { EventRecorder } from "./events.ts";
import { type PodEndpoint, podEndpoint } from "./pod-endpoint.ts";
import { asStored, PodReadings } from "./pod-readings.ts";
import { controllerReference, isNodeReady } from "./pods.ts";
import { endpointChanged, ServicePods } from "./service-pods.ts";
import { type EndpointGroup, planSlices, type SlicePlan } from "./slice-plan.ts";
import { TopologyHints, wantsTopologyHints } from "./topology-hints.ts";

const START_NS = 6 * NS_PER_MS;
export const MANAGED_BY_LABEL = "endpointslice.kubernetes.io/managed-by";
const MANAGER = "endpointslice-controller.k8s.io";
const HEADLESS = "service.kubernetes.io/headless";
/** When the change happened that a slice shows. */
const TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time";

/** Keeps the slices of each Service with a selector. */
export class EndpointSliceController {
  readonly #informers: Informers;
  readonly #client: ApiClient;
  readonly #queue: WorkQueue;
  readonly #servicePods: ServicePods;
  readonly #readings = new PodReadings((service, pod) => this.#podEndpoint(service, pod));
  /** The endpoints that slices were written with: most are so again, as the very same objects. */
  readonly #written = new WeakMap<EndpointSlice, readonly Endpoint[] | null>();
  readonly #topology: TopologyHints;
  readonly #events: EventRecorder;

  constructor({ scheduler, informers, server }: ControllerContext) {
    this.#informers = informers;
    this.#client = new ApiClient(server, scheduler, "endpointslice-controller");
    const options = { startNs: START_NS, backoffNs: NS_PER_S };
    this.#queue = new WorkQueue(scheduler, options, (key) => this.#sync(key));
    this.#servicePods = new ServicePods(informers);
    this.#topology = new TopologyHints(() => informers.list("Node"));
    this.#events = new EventRecorder(server, "endpoint-slice-controller");
    informers.on("Service", ({ object }) => this.#queue.add(keyOf(object)));
    informers.on("Pod", ({ object, previous }) => {
      if (!endpointChanged(object, previous)) return;
      for (const key of this.#servicePods.keysOf(object, previous)) this.#queue.add(key);
    });
    informers.on("EndpointSlice", ({ object }) => {
      const name = object.metadata.labels?.[SERVICE_NAME_LABEL];
      if (name === undefined || !isManaged(object)) return;
      this.#queue.addAfter(objectKey(object.metadata.namespace, name), NS_PER_S);
    });
    informers.on("Node", ({ type, object, previous }) => {
      const isSame =
        type === "MODIFIED" &&
        previous !== null &&
        previous.metadata.labels?.[ZONE_LABEL] === object.metadata.labels?.[ZONE_LABEL] &&
        isNodeReady(previous) === isNodeReady(object);
      if (isSame) return;
      this.#readings.forget();
      for (const key of this.#topology.nodesChanged()) this.#queue.add(key);
    });
  }

  *#sync(key: string): Sync {
    const service = this.#informers.get("Service", key);
    if (service === null) {
      this.#topology.remove(key);
      this.#readings.remove(key);
    }
    if (service === null || service.metadata.deletionTimestamp !== undefined) return;
    if (service.spec.type === "ExternalName" || service.spec.selector === undefined) return;
    const present = this.#informers.owned("EndpointSlice", service.metadata.uid).filter(isManaged);
    const plain = planSlices(present, this.#groups(service), (slice) => this.#endpointsOf(slice));
    const { plan, note } = wantsTopologyHints(service.metadata.annotations)
      ? this.#topology.add(key, plain)
      : { plan: plain, note: this.#topology.remove(key) };
    yield* this.#carryOut(service, plan);
    if (note !== null) this.#events.event(service, note.type, note.reason, note.message);
  }

  *#carryOut(service: Service, plan: SlicePlan): Sync {
    const labels = labelsOf(service);
    for (const { endpoints, ports } of plan.create) {
      const slice = yield* this.#client.create<EndpointSlice>({
        apiVersion: "discovery.k8s.io/v1",
        kind: "EndpointSlice",
        metadata: {
          generateName: `${service.metadata.name}-`.slice(0, 253),
          namespace: service.metadata.namespace,
          labels,
          ...(endpoints.length > 0 && { annotations: this.#triggered(null) }),
          ownerReferences: [controllerReference(service)],
        },
        addressType: "IPv4",
        endpoints: endpoints.length === 0 ? null : endpoints,
        ports: ports.length === 0 ? null : ports,
      });
      this.#written.set(slice, endpoints.length === 0 ? null : endpoints);
    }
    for (const { slice, endpoints, ports } of plan.keep) {
      const before = this.#endpointsOf(slice);
      const next = endpoints.length === 0 ? null : endpoints;
      const nextPorts = ports.length === 0 ? null : ports;
      const same = deepEqual(before, next) && deepEqual(slice.ports, nextPorts);
      if (same && deepEqual(slice.metadata.labels, labels)) continue;
      const updated = yield* this.#client.update<EndpointSlice>({
        ...slice,
        metadata: { ...slice.metadata, labels, annotations: this.#triggered(slice) },
        endpoints: next === null ? null : asStored(next, before ?? [], slice.endpoints ?? []),
        ports: nextPorts,
      });
      this.#written.set(updated, next);
    }
    for (const slice of plan.remove) yield* this.#client.delete("EndpointSlice", keyOf(slice));
  }

  /** The slice's endpoints, as they were wanted when it was written. */
  #endpointsOf(slice: EndpointSlice): readonly Endpoint[] | null {
    return this.#written.get(slice) ?? slice.endpoints;
  }

  #triggered(slice: EndpointSlice | null): StringMap {
    return { ...slice?.metadata.annotations, [TRIGGER_TIME]: this.#client.time };
  }

  /** The endpoints that the Service should have, by their sets of ports. */
  #groups(service: Service): Map<string, EndpointGroup> {
    const groups = new Map<string, { ports: readonly EndpointPort[]; endpoints: Endpoint[] }>();
    for (const reading of this.#readings.of(service, this.#servicePods.podsOf(service))) {
      if (reading === null) continue;
      const { endpoint, ports, portsId } = reading;
      let group = groups.get(portsId);
      if (group === undefined) {
        group = { ports, endpoints: [] };
        groups.set(portsId, group);
      }
      group.endpoints.push(endpoint);
    }
    return groups;
  }

  /** The Pod as an endpoint where its node is now. */
  #podEndpoint(service: Service, pod: Pod): PodEndpoint | null {
    const node = this.#informers.get("Node", pod.spec.nodeName ?? "");
    return podEndpoint(service, pod, node?.metadata.labels?.[ZONE_LABEL]);
  }
}

function isManaged(slice: EndpointSlice): boolean {
  return slice.metadata.labels?.[MANAGED_BY_LABEL] === MANAGER;
}

/** The slice's labels: the Service's own and those of the controller. */
function labelsOf(service: Service): StringMap {
  const labels: Record<string, string> = { ...service.metadata.labels };
  delete labels[HEADLESS];
  labels[SERVICE_NAME_LABEL] = service.metadata.name;
  labels[MANAGED_BY_LABEL] = MANAGER;
  if (service.spec.clusterIP === "None" || service.spec.clusterIP === undefined)
    labels[HEADLESS] = "";
  return labels;
}
