/**
 * kube-proxies as clients of the API server: each lists Services, EndpointSlices and Nodes, starts
 * when it has them, and is told of each change when its watch brings it. As all of them watch the
 * same at the same delay, one watch serves them all.
 *
 * Spec: Kubernetes cmd/kube-proxy/app/server.go (informers, v1.36).
 */
import type { Ns } from "../../base/units.ts";
import type { Scheduler } from "../../sim/scheduler.ts";
import type { ApiObject, Kind } from "../api/types.ts";
import { Alarm } from "../controllers/controller.ts";
import { type Change, Informers } from "../informer.ts";
import type { EndpointSlice, KubeObject, Service } from "../objects.ts";
import type { KubeProxyConfiguration } from "../proxy/config.ts";
import { followsTracker } from "../proxy/create.ts";
import { ObjectTracker } from "../proxy/object-tracker.ts";
import type { KubeProxyRelease } from "../proxy/release.ts";
import type { Store } from "../store.ts";
import { NodeProxy, type NodeProxyOptions } from "./node-proxy.ts";

/** What a kube-proxy lists and watches. */
const KINDS: readonly Kind[] = ["Service", "EndpointSlice", "Node"];

/** What all kube-proxies of a run have in common. */
export interface ProxyFeedOptions {
  readonly scheduler: Scheduler;
  readonly store: Store;
  /** How long the API server's watches take. */
  readonly delayNs: Ns;
  readonly configuration: KubeProxyConfiguration;
  readonly release: KubeProxyRelease;
}

/** A kube-proxy that watches. */
type Watcher = (previous: KubeObject | null, current: KubeObject | null) => void;

/** The watch of all kube-proxies of a run. */
export class ProxyFeed {
  readonly options: ProxyFeedOptions;
  /** Tells of Services and EndpointSlices in modes that can be told so; else null. */
  readonly tracker: ObjectTracker | null;
  readonly #informers: Informers;
  readonly #watchers = new Map<string, Watcher>();

  /** Begins to watch. */
  constructor(options: ProxyFeedOptions) {
    const { scheduler, store, delayNs, configuration, release } = options;
    const kinds: ReadonlySet<string> = new Set(KINDS);
    this.options = options;
    this.tracker = followsTracker(configuration.mode) ? new ObjectTracker(release) : null;
    this.#informers = new Informers(scheduler, store, delayNs, (kind) => kinds.has(kind));
    this.#informers.on("Node", (change) => {
      this.#watchers.get(change.object.metadata.name)?.(...statesOf(change));
    });
    this.#informers.on("Service", (change) => {
      const [previous, current] = statesOf(change);
      if (this.tracker === null) this.#tellAll(previous, current);
      else this.tracker.serviceChanged(previous as Service | null, current as Service | null);
    });
    this.#informers.on("EndpointSlice", (change) => {
      const [previous, current] = statesOf(change);
      if (this.tracker === null) this.#tellAll(previous, current);
      else
        this.tracker.sliceChanged(
          previous as EndpointSlice | null,
          current as EndpointSlice | null,
        );
    });
  }

  /**
   * What the kube-proxy of a node finds when it lists, but for what the tracker tells it. Of Nodes
   * it asks for its own.
   */
  objects(nodeName: string): KubeObject[] {
    const own = this.#informers.get("Node", nodeName);
    const kinds: readonly Kind[] = this.tracker === null ? ["Service", "EndpointSlice"] : [];
    const others = kinds.flatMap((kind) => this.#informers.list(kind));
    return [...others, ...(own === null ? [] : [own])].map(asProxyObject);
  }

  /** Tells the kube-proxy of a node from now on. */
  watch(nodeName: string, watcher: Watcher): void {
    this.#watchers.set(nodeName, watcher);
  }

  #tellAll(previous: KubeObject | null, current: KubeObject | null): void {
    for (const watcher of this.#watchers.values()) watcher(previous, current);
  }
}

/** Starts a kube-proxy when its lists have come, and tells it what changes in the API. */
export class ProxyWatch {
  /** Null until the lists have come. */
  proxy: NodeProxy | null = null;
  readonly #options: ProxyWatchOptions;
  readonly #feed: ProxyFeed;

  /** Begins to list. */
  constructor(feed: ProxyFeed, options: ProxyWatchOptions) {
    this.#options = options;
    this.#feed = feed;
    feed.watch(options.nodeName, (previous, current) => {
      this.proxy?.objectChanged(previous, current);
    });
    new Alarm(feed.options.scheduler, () => this.#start()).setIn(feed.options.delayNs);
  }

  /** Ends kube-proxy; its rules stay. */
  stop(): void {
    this.proxy?.stop();
    this.proxy = null;
  }

  #start(): void {
    const { options, tracker } = this.#feed;
    const { configuration, release } = options;
    this.proxy = new NodeProxy({
      ...this.#options,
      configuration,
      release,
      objects: this.#feed.objects(this.#options.nodeName),
      ...(tracker !== null && { tracker }),
    });
  }
}

/** What is the node's own. */
export type ProxyWatchOptions = Pick<NodeProxyOptions, "host" | "nodeName" | "onInvocation">;

function statesOf({
  type,
  object,
  previous,
}: Change): [previous: KubeObject | null, current: KubeObject | null] {
  return [
    previous === null ? null : asProxyObject(previous),
    type === "DELETED" ? null : asProxyObject(object),
  ];
}

/**
 * The API server's record is kube-proxy's: both have the API's own field names, and the server has
 * checked the values.
 */
function asProxyObject(object: ApiObject): KubeObject {
  return object as unknown as KubeObject;
}
