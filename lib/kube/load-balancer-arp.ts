/**
 * Which node announces the address of a LoadBalancer Service, as MetalLB decides it in layer-2 mode:
 * every speaker watches Services, EndpointSlices and Nodes, and comes to the same result by itself.
 *
 * Spec: MetalLB v0.14, speaker/layer2_controller.go (ShouldAnnounce).
 * Not modelled: memberlist (a node counts as long as its Node is Ready), L2Advertisements.
 */
import { utf8 } from "../base/bytes.ts";
import type { Ipv4 } from "../base/inet.ts";
import { sha256Hex } from "../base/sha256.ts";
import type { Ns } from "../base/units.ts";
import type { Scheduler } from "../sim/scheduler.ts";
import { readIpv4 } from "./addresses.ts";
import type { EndpointSlice, Node, Service } from "./api/types.ts";
import { conditionOf } from "./controllers/pods.ts";
import { Informers } from "./informer.ts";
import type { Layer2Speaker } from "./node/layer2-speaker.ts";
import { SERVICE_NAME_LABEL } from "./objects.ts";
import { keyOf, objectKey, type Store } from "./store.ts";

const EXCLUDED_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers";
const KINDS = new Set(["Service", "EndpointSlice", "Node"]);

/** The speakers of a cluster, which share one watch. */
export class Layer2Announcer {
  readonly #informers: Informers;
  readonly #speakers: ReadonlyMap<string, Layer2Speaker>;
  /** The addresses of each Service, as they were announced. */
  readonly #announced = new Map<string, readonly Ipv4[]>();

  /** `speakers` by node; borrowed. */
  constructor(
    scheduler: Scheduler,
    store: Store,
    delayNs: Ns,
    speakers: ReadonlyMap<string, Layer2Speaker>,
  ) {
    this.#speakers = speakers;
    this.#informers = new Informers(scheduler, store, delayNs, (kind) => KINDS.has(kind));
    this.#informers.on("Service", ({ object }) => this.#sync(keyOf(object)));
    this.#informers.on("EndpointSlice", ({ object: { metadata } }) => {
      const name = metadata.labels?.[SERVICE_NAME_LABEL];
      if (name !== undefined) this.#sync(objectKey(metadata.namespace, name));
    });
    this.#informers.on("Node", ({ object, previous }) => {
      if (isUsable(object) === (previous !== null && isUsable(previous))) return;
      for (const service of this.#informers.list("Service")) this.#sync(keyOf(service));
    });
  }

  #sync(key: string): void {
    const service = this.#informers.get("Service", key);
    const addresses = service === null ? [] : addressesOf(service);
    const before = this.#announced.get(key) ?? [];
    if (addresses.length === 0 && before.length === 0) return;
    for (const address of before) {
      if (addresses.includes(address)) continue;
      for (const speaker of this.#speakers.values()) speaker.remove(address);
    }
    this.#announced.set(key, addresses);
    const owner = service === null ? null : this.#ownerOf(service);
    for (const [node, speaker] of this.#speakers) {
      for (const address of addresses) {
        if (node === owner) speaker.add(address);
        else speaker.remove(address);
      }
    }
  }

  #ownerOf(service: Service): string | null {
    const { name, namespace } = service.metadata;
    const slices = this.#informers
      .list("EndpointSlice")
      .filter(
        ({ metadata }) =>
          metadata.namespace === namespace && metadata.labels?.[SERVICE_NAME_LABEL] === name,
      );
    const nodes = this.#informers.list("Node").filter(isUsable).map(keyOf);
    return announcingNode(service, slices, nodes);
  }
}

/**
 * The node that announces the Service's addresses: of those that may, the first in the order of the
 * hashes of their names with the first address. Null: nobody does. `nodes` are those with a speaker.
 */
export function announcingNode(
  service: Service,
  slices: readonly EndpointSlice[],
  nodes: readonly string[],
): string | null {
  const endpoints = slices.flatMap((slice) => slice.endpoints ?? []);
  const active = endpoints.filter(
    ({ conditions }) => conditions?.serving ?? conditions?.ready ?? true,
  );
  const [address] = service.status.loadBalancer.ingress ?? [];
  if (active.length === 0 || address?.ip === undefined) return null;
  const isLocal = service.spec.externalTrafficPolicy === "Local";
  const candidates = isLocal
    ? nodes.filter((node) => active.some(({ nodeName }) => nodeName === node))
    : nodes;
  const hashed = candidates.map((node) => ({
    node,
    hash: sha256Hex(utf8(`${node}#${address.ip}`)),
  }));
  hashed.sort((a, b) => (a.hash < b.hash ? -1 : 1));
  return hashed[0]?.node ?? null;
}

function addressesOf({ spec, status }: Service): Ipv4[] {
  if (spec.type !== "LoadBalancer") return [];
  return (status.loadBalancer.ingress ?? []).flatMap(({ ip }) => readIpv4(ip ?? "") ?? []);
}

function isUsable({ metadata, status }: Node): boolean {
  if (metadata.labels?.[EXCLUDED_LABEL] !== undefined) return false;
  const ready = conditionOf(status.conditions, "Ready")?.status;
  return ready === undefined || ready === "True";
}
