/**
 * The EndpointSliceMirroring controller: Endpoints that people write for Services without a
 * selector, as slices.
 *
 * Spec: kubernetes pkg/controller/endpointslicemirroring, v1.36.
 */
import { NS_PER_MS } from "../../base/units.ts";
import { canonical } from "../api/names.ts";
import type {
  Endpoint,
  EndpointAddress,
  EndpointSlice,
  EndpointSubset,
  Endpoints,
} from "../api/types.ts";
import { deepEqual } from "../deep-equal.ts";
import type { Informers } from "../informer.ts";
import { SERVICE_NAME_LABEL } from "../objects.ts";
import { keyOf } from "../store.ts";
import { ApiClient, type Sync } from "./client.ts";
import { type ControllerContext, WorkQueue } from "./controller.ts";
import { MANAGED_BY_LABEL } from "./endpointslice.ts";
import { controllerReference } from "./pods.ts";
import { planSlices } from "./slice-plan.ts";

const START_NS = 8 * NS_PER_MS;
const MANAGER = "endpointslicemirroring-controller.k8s.io";
/** Endpoints with this label are not mirrored. */
const SKIP_LABEL = "endpointslice.kubernetes.io/skip-mirror";
const MANAGED_ENDPOINTS = "endpoints.kubernetes.io/managed-by";

/** Copies Endpoints that users wrote into slices. */
export class EndpointSliceMirroringController {
  readonly #informers: Informers;
  readonly #client: ApiClient;
  readonly #queue: WorkQueue;

  constructor({ scheduler, informers, server }: ControllerContext) {
    this.#informers = informers;
    this.#client = new ApiClient(server, scheduler, "endpointslicemirroring-controller");
    this.#queue = new WorkQueue(scheduler, { startNs: START_NS }, (key) => this.#sync(key));
    informers.on("Service", ({ object }) => this.#queue.add(keyOf(object)));
    informers.on("Endpoints", ({ object }) => this.#queue.add(keyOf(object)));
  }

  *#sync(key: string): Sync {
    const endpoints = this.#informers.get("Endpoints", key);
    const service = this.#informers.get("Service", key);
    if (endpoints === null || !isMirrored(endpoints)) return;
    if (service === null || service.spec.selector !== undefined) return;
    const present = this.#informers
      .owned("EndpointSlice", endpoints.metadata.uid)
      .filter(({ metadata }) => metadata.labels?.[MANAGED_BY_LABEL] === MANAGER);
    const wanted = new Map(
      (endpoints.subsets ?? []).map(groupOf).map((group) => [canonical(group.ports), group]),
    );
    const plan =
      wanted.size === 0 ? { create: [], keep: [], remove: present } : planSlices(present, wanted);
    const labels = {
      ...endpoints.metadata.labels,
      [MANAGED_BY_LABEL]: MANAGER,
      [SERVICE_NAME_LABEL]: endpoints.metadata.name,
    };
    for (const group of plan.create) {
      yield* this.#client.create({
        apiVersion: "discovery.k8s.io/v1",
        kind: "EndpointSlice",
        metadata: {
          generateName: `${endpoints.metadata.name}-`,
          namespace: endpoints.metadata.namespace,
          labels,
          ownerReferences: [controllerReference(endpoints)],
        },
        addressType: "IPv4",
        ...group,
      });
    }
    for (const { slice, ports, endpoints: members } of plan.keep) {
      if (deepEqual(slice.endpoints, members) && deepEqual(slice.ports, ports)) continue;
      yield* this.#client.update<EndpointSlice>({ ...slice, ports, endpoints: members });
    }
    for (const slice of plan.remove) yield* this.#client.delete("EndpointSlice", keyOf(slice));
  }
}

function isMirrored({ metadata }: Endpoints): boolean {
  return (
    metadata.labels?.[SKIP_LABEL] !== "true" &&
    metadata.labels?.[MANAGED_ENDPOINTS] === undefined &&
    metadata.annotations?.["control-plane.alpha.kubernetes.io/leader"] === undefined
  );
}

function groupOf(subset: EndpointSubset) {
  const ports = (subset.ports ?? []).map(({ name = "", port, protocol = "TCP", appProtocol }) => ({
    name,
    port,
    protocol,
    ...(appProtocol !== undefined && { appProtocol }),
  }));
  const endpoints = [
    ...(subset.addresses ?? []).map((address) => mirrored(address, true)),
    ...(subset.notReadyAddresses ?? []).map((address) => mirrored(address, false)),
  ];
  return { ports, endpoints };
}

function mirrored(
  { ip, hostname, nodeName, targetRef }: EndpointAddress,
  ready: boolean,
): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname !== undefined && { hostname }),
    ...(targetRef !== undefined && { targetRef }),
    ...(nodeName !== undefined && { nodeName }),
  };
}
