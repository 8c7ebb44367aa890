/**
 * kube-proxy as a client of the API server: it lists Services, EndpointSlices and Nodes, starts when
 * it has them, and is told of each change when its watch brings it.
 *
 * Spec: Kubernetes cmd/kube-proxy/app/server.go (informers, v1.36).
 */
import type { Ns } from "../../base/units.ts";
import type { Scheduler } from "../../sim/scheduler.ts";
import type { ApiObject, Kind } from "../api/types.ts";
import { Alarm } from "../controllers/controller.ts";
import { Informers } from "../informer.ts";
import type { KubeObject } from "../objects.ts";
import type { Store } from "../store.ts";
import { NodeProxy, type NodeProxyOptions } from "./node-proxy.ts";

/** What a kube-proxy lists and watches. */
const KINDS: readonly Kind[] = ["Service", "EndpointSlice", "Node"];

/**
 * The cache of all kube-proxies of a run, which all have the same: told once of each change, they
 * do not each keep a copy. `delayNs` is how long the API server's watches take.
 */
export function proxyInformers(scheduler: Scheduler, store: Store, delayNs: Ns): Informers {
  const kinds: ReadonlySet<string> = new Set(KINDS);
  return new Informers(scheduler, store, delayNs, (kind) => kinds.has(kind));
}

/** Tells a kube-proxy what changes in the API. */
export class ProxyWatch {
  /** Null until the lists have come. */
  proxy: NodeProxy | null = null;
  readonly #options: Omit<NodeProxyOptions, "objects">;
  readonly #informers: Informers;

  /** Begins to list; `delayNs` is how long the API server's answers take. */
  constructor(
    scheduler: Scheduler,
    informers: Informers,
    delayNs: Ns,
    options: Omit<NodeProxyOptions, "objects">,
  ) {
    this.#options = options;
    this.#informers = informers;
    for (const kind of KINDS) {
      this.#informers.on(kind, ({ type, object, previous }) => {
        const now = type === "DELETED" ? null : asProxyObject(object);
        const old = previous === null ? null : asProxyObject(previous);
        this.proxy?.objectChanged(old, now);
      });
    }
    new Alarm(scheduler, () => this.#start()).setIn(delayNs);
  }

  /** Ends kube-proxy; its rules stay. */
  stop(): void {
    this.proxy?.stop();
    this.proxy = null;
  }

  #start(): void {
    const objects = KINDS.flatMap((kind) => this.#informers.list(kind)).map(asProxyObject);
    this.proxy = new NodeProxy({ ...this.#options, objects });
  }
}

/**
 * The API server's record is kube-proxy's: both have the API's own field names, and the server has
 * checked the values.
 */
function asProxyObject(object: ApiObject): KubeObject {
  return object as unknown as KubeObject;
}
