/**
 * kube-proxy on one emulated node: the proxy of a mode and release, its node, and its node-level
 * health check. It is fed objects: a whole state at a time, or one change after the other, as a
 * watch of an API store brings them.
 */
import { VethworkError } from "../../base/errors.ts";
import type { ShellHost } from "../../shell/host.ts";
import type { KubeObject, Node } from "../objects.ts";
import type { KubeProxyConfiguration } from "../proxy/config.ts";
import { createKubeProxy } from "../proxy/create.ts";
import type { KubeProxy } from "../proxy/kube-proxy.ts";
import type { HealthAnswer, Held } from "../proxy/node.ts";
import type { ObjectTracker } from "../proxy/object-tracker.ts";
import { HEALTHZ_PORT, proxyHealthAnswer } from "../proxy/proxy-health.ts";
import type { KubeProxyRelease } from "../proxy/release.ts";
import { ownNode, tell, tellOne } from "../proxy/tell.ts";
import { EmulatedNode } from "./emulated-node.ts";
import { formatGoTime, GO_ZERO_TIME } from "./go-time.ts";
import type { HttpAnswer } from "./http-port.ts";
import type { InvocationListener } from "./invocation.ts";

/** What a kube-proxy is started with. */
export interface NodeProxyOptions {
  /** The node's host; borrowed. */
  readonly host: ShellHost;
  readonly nodeName: string;
  readonly configuration: KubeProxyConfiguration;
  readonly release: KubeProxyRelease;
  /** What the API server has at the start, but for what `tracker` tells. */
  readonly objects: readonly KubeObject[];
  /** As in `ProxyOptions`. */
  readonly tracker?: ObjectTracker;
  /** Told of everything that changes rules, settings or the connection table. */
  readonly onInvocation?: InvocationListener;
}

const NOT_FOUND: HttpAnswer = {
  status: 404,
  headers: [
    ["Content-Type", "text/plain; charset=utf-8"],
    ["X-Content-Type-Options", "nosniff"],
  ],
  body: "404 page not found\n",
};

/** The kube-proxy of one node. */
export class NodeProxy {
  /** Its counters say what userspace mode has cost. */
  readonly node: EmulatedNode;
  readonly #options: NodeProxyOptions;
  readonly #proxy: KubeProxy;
  readonly #startedAt: number;
  readonly #healthz: Held;
  #objects: readonly KubeObject[] = [];
  #nodeObject: Node | null;

  /** Starts; its first rules are there when the constructor returns. Throws `VW_USAGE`. */
  constructor(options: NodeProxyOptions) {
    const { configuration, host, nodeName, objects, release } = options;
    this.#options = options;
    this.#startedAt = host.namespace.cpu.now;
    const { udpIdleTimeout } = configuration;
    const onInvocation = options.onInvocation ?? (() => {});
    this.node = new EmulatedNode(host, { udpIdleTimeout, onInvocation });
    this.#nodeObject = ownNode(objects, nodeName);
    this.#proxy = createKubeProxy({
      configuration,
      release,
      node: this.node,
      nodeName,
      nodeObject: this.#nodeObject,
      ...(options.tracker !== undefined && { tracker: options.tracker }),
    });
    const healthz = this.node.servePaths(HEALTHZ_PORT, (path) => this.#health(path) ?? NOT_FOUND);
    if (healthz === null) {
      throw new VethworkError("VW_USAGE", `port ${HEALTHZ_PORT} of ${nodeName} is taken`);
    }
    this.#healthz = healthz;
    this.setObjects(objects);
    this.#proxy.servicesSynced();
    this.#proxy.slicesSynced();
  }

  /** Tells what is different now; takes `objects`. */
  setObjects(objects: readonly KubeObject[]): void {
    tell(this.#proxy, this.#options.nodeName, this.#objects, objects);
    this.#objects = objects;
    this.#nodeObject = ownNode(objects, this.#options.nodeName);
  }

  /** Tells one change: added (`previous` null), changed, or deleted (`current` null). */
  objectChanged(previous: KubeObject | null, current: KubeObject | null): void {
    const { nodeName } = this.#options;
    tellOne(this.#proxy, nodeName, previous, current);
    const either = current ?? previous;
    if (either?.kind === "Node" && either.metadata.name === nodeName) {
      this.#nodeObject = current?.kind === "Node" ? current : null;
    }
  }

  /** Ends timers and the health check; rules stay. */
  stop(): void {
    this.#proxy.stop();
    this.#healthz.close();
  }

  #health(path: string): HealthAnswer | null {
    const { host, release } = this.#options;
    const timeOf = (at: number): string => formatGoTime(host.epochSeconds, at, this.#startedAt);
    const { lastSyncAt } = this.#proxy;
    return proxyHealthAnswer(path, release, {
      node: this.#nodeObject,
      now: timeOf(host.namespace.cpu.now),
      lastSync: lastSyncAt < 0 ? GO_ZERO_TIME : timeOf(lastSyncAt),
    });
  }
}
