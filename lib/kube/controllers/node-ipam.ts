/**
 * The node IPAM controller: a network for the Pods of each node, out of the cluster's.
 *
 * Spec: kubernetes pkg/controller/nodeipam (range allocator), v1.36.
 */
import { type Cidr, formatCidr, ipv4 } from "../../base/inet.ts";
import { NS_PER_MS } from "../../base/units.ts";
import type { Node } from "../api/types.ts";
import type { Informers } from "../informer.ts";
import { ApiClient, type Sync } from "./client.ts";
import { type ControllerContext, WorkQueue } from "./controller.ts";

const START_NS = 2 * NS_PER_MS;

/** Gives each node a range for its Pods. */
export class NodeIpamController {
  readonly #informers: Informers;
  readonly #client: ApiClient;
  readonly #clusterCidr: Cidr;
  readonly #maskSize: number;
  /** Indices of node networks in use. */
  readonly #taken = new Set<number>();

  constructor(
    { scheduler, informers, server }: ControllerContext,
    clusterCidr: Cidr,
    maskSize: number,
  ) {
    this.#informers = informers;
    this.#client = new ApiClient(server, scheduler, "node-controller");
    this.#clusterCidr = clusterCidr;
    this.#maskSize = maskSize;
    const queue = new WorkQueue(scheduler, { startNs: START_NS }, (key) => this.#sync(key));
    informers.on("Node", ({ type, object }) => {
      if (object.spec.podCIDR !== undefined) this.#mark(object.spec.podCIDR, type !== "DELETED");
      else if (type !== "DELETED") queue.add(object.metadata.name);
    });
  }

  *#sync(key: string): Sync {
    const node = this.#informers.get("Node", key);
    if (node === null || node.spec.podCIDR !== undefined) return;
    const podCIDR = this.#next();
    if (podCIDR === null) return;
    yield* this.#client.patch("Node", key, (current) => {
      const present = current as Node;
      return { ...present, spec: { ...present.spec, podCIDR, podCIDRs: [podCIDR] } };
    });
  }

  /** The lowest network that is free, or null. */
  #next(): string | null {
    const count = 2 ** (this.#maskSize - this.#clusterCidr.prefixLength);
    for (let index = 0; index < count; index += 1) {
      if (this.#taken.has(index)) continue;
      this.#taken.add(index);
      return this.#network(index);
    }
    return null;
  }

  #network(index: number): string {
    const address = ipv4(this.#clusterCidr.address + index * 2 ** (32 - this.#maskSize));
    return formatCidr({ address, prefixLength: this.#maskSize });
  }

  #mark(network: string, taken: boolean): void {
    const count = 2 ** (this.#maskSize - this.#clusterCidr.prefixLength);
    for (let index = 0; index < count; index += 1) {
      if (this.#network(index) !== network) continue;
      if (taken) this.#taken.add(index);
      else this.#taken.delete(index);
      return;
    }
  }
}
