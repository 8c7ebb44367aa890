/**
 * A cloud that gives each Service of type LoadBalancer an address some time after it appears, and
 * takes it back.
 *
 * Spec: Kubernetes, "Cloud Controller Manager", service controller.
 */
import { formatIpv4, type Ipv4, ipv4 } from "../../base/inet.ts";
import { NS_PER_MS } from "../../base/units.ts";
import type { Service } from "../api/types.ts";
import type { Informers } from "../informer.ts";
import { keyOf } from "../store.ts";
import { ApiClient, type Sync } from "./client.ts";
import { type ControllerContext, WorkQueue } from "./controller.ts";

const START_NS = 500 * NS_PER_MS;

/** Gives Services of type LoadBalancer an address. */
export class LoadBalancerController {
  readonly #informers: Informers;
  readonly #client: ApiClient;
  readonly #queue: WorkQueue;
  readonly #base: Ipv4;
  #given = 0;

  /** `base` is the address before the first that is given. */
  constructor({ scheduler, informers, server }: ControllerContext, base: Ipv4) {
    this.#base = base;
    this.#informers = informers;
    this.#client = new ApiClient(server, scheduler, "cloud");
    this.#queue = new WorkQueue(scheduler, { startNs: START_NS }, (key) => this.#sync(key));
    informers.on("Service", ({ type, object }) => {
      if (type !== "DELETED" && wants(object) !== has(object)) this.#queue.add(keyOf(object));
    });
  }

  *#sync(key: string): Sync {
    const service = this.#informers.get("Service", key);
    if (service === null || wants(service) === has(service)) return;
    const ingress = wants(service) ? [{ ip: this.#next(), ipMode: "VIP" }] : undefined;
    yield* this.#client.patchStatus("Service", key, (current) => ({
      ...current.status,
      loadBalancer: { ingress },
    }));
  }

  #next(): string {
    this.#given += 1;
    return formatIpv4(ipv4(this.#base + this.#given));
  }
}

function wants({ spec }: Service): boolean {
  return spec.type === "LoadBalancer" && spec.loadBalancerClass === undefined;
}

function has({ status }: Service): boolean {
  return (status.loadBalancer.ingress ?? []).length > 0;
}
