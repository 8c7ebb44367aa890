/**
 * A kube-proxy that writes rules: keeps Services and endpoints, decides when to sync and how much,
 * and after a sync sees to health checks and stale UDP flows. How rules are written is the mode's
 * matter.
 *
 * Spec: Kubernetes pkg/proxy/iptables/proxier.go (event handlers, syncProxyRules' frame).
 */
import { NS_PER_S, type Ns } from "../../base/units.ts";
import { deepEqual } from "../deep-equal.ts";
import {
  type EndpointSlice,
  type Node,
  type Service,
  type StringMap,
  ZONE_LABEL,
} from "../objects.ts";
import { cleanConntrack } from "./conntrack.ts";
import type { EndpointsByPort } from "./endpoint-tracker.ts";
import { ServiceHealth } from "./health-check.ts";
import type { KubeProxy } from "./kube-proxy.ts";
import { type Follower, ObjectTracker } from "./object-tracker.ts";
import type { KubeProxyRelease } from "./release.ts";
import type { ServicePort } from "./service-port.ts";
import { type ProxyStart, zoneOf } from "./startup.ts";
import { SyncRunner } from "./sync-runner.ts";
import type { NodePlace } from "./topology.ts";

/** Everything is rewritten at least this often. */
const FULL_SYNC_PERIOD_NS: Ns = 3600 * NS_PER_S;

/** What a mode writes rules for. All is borrowed. */
export interface SyncRequest {
  readonly ports: ReadonlyMap<string, ServicePort>;
  readonly endpoints: EndpointsByPort;
  /**
   * `namespace/name` of Services that changed since the last request, or whose endpoints did. The
   * same set, on whichever node, stands for the same changes with the same outcome.
   */
  readonly changed: ReadonlySet<string>;
  /** Whether service ports may have come or gone. */
  readonly portsChanged: boolean;
  readonly place: NodePlace;
  /** Whether nothing that was written before can be relied on. */
  readonly full: boolean;
}

/** A way to write rules. */
export interface RuleMode {
  /** Begins; `resync` is called when someone else has destroyed the rules. */
  start(resync: () => void): void;
  /** Writes rules; false: failed, so the next request is full. */
  sync(request: SyncRequest): boolean;
  /** Whether the hourly full sync is left out. */
  isLargeCluster(): boolean;
  stop(): void;
}

/** A kube-proxy whose mode writes rules. */
export class RuleProxy implements KubeProxy {
  lastSyncAt: Ns = -1;
  readonly #options: ProxyStart;
  readonly #release: KubeProxyRelease;
  readonly #mode: RuleMode;
  readonly #tracker: ObjectTracker;
  readonly #follower: Follower;
  readonly #health: ServiceHealth;
  readonly #runner: SyncRunner;
  #labels: StringMap;
  #hasServices = false;
  #hasSlices = false;
  #needsFull = true;
  #lastFull: Ns = 0;

  constructor(options: ProxyStart, mode: RuleMode) {
    const { configuration, node, nodeName, release } = options;
    this.#options = options;
    this.#release = release;
    this.#mode = mode;
    this.#labels = this.#relevantLabels(options.nodeObject);
    this.#tracker = options.tracker ?? new ObjectTracker(release);
    this.#follower = this.#tracker.follow(() => {
      if (this.#isInitialized()) this.#runner.request();
    });
    this.#health = new ServiceHealth(node.sockets, nodeName, release);
    this.#runner = new SyncRunner(
      node.clock,
      {
        kind: release.pace,
        minIntervalNs: configuration.minSyncPeriod,
        maxIntervalNs: FULL_SYNC_PERIOD_NS,
        retryNs: configuration.syncPeriod,
      },
      () => this.#sync(),
    );
    mode.start(() => {
      this.#needsFull = true;
      this.#syncNow();
    });
  }

  serviceChanged(previous: Service | null, current: Service | null): void {
    this.#tracker.serviceChanged(previous, current);
  }

  sliceChanged(previous: EndpointSlice | null, current: EndpointSlice | null): void {
    this.#tracker.sliceChanged(previous, current);
  }

  nodeChanged(node: Node | null): void {
    // A release that minds the zone only keeps it when the Node is deleted.
    if (node === null && this.#release.nodeLabels === "zone") return;
    const labels = this.#relevantLabels(node);
    if (deepEqual(labels, this.#labels)) return;
    this.#labels = labels;
    this.#needsFull = true;
    this.#runner.request();
  }

  servicesSynced(): void {
    this.#hasServices = true;
    this.#syncNow();
  }

  slicesSynced(): void {
    this.#hasSlices = true;
    this.#syncNow();
  }

  stop(): void {
    this.#tracker.leave(this.#follower);
    this.#runner.stop();
    this.#mode.stop();
  }

  #isInitialized(): boolean {
    return this.#hasServices && this.#hasSlices;
  }

  /** A sync that does not wait for its turn: the first one, and after a flush. */
  #syncNow(): void {
    if (!this.#sync()) this.#runner.retry();
  }

  #sync(): boolean {
    if (!this.#isInitialized()) return true;
    const now = this.#options.node.clock.now();
    const full = this.#needsFull || this.#isHourUp(now);
    const { nodeName } = this.#options;
    const taken = this.#follower.take();
    const { changed, services } = taken;
    const { ports, checked } = this.#tracker.services;
    const endpoints = this.#tracker.endpoints.on(nodeName);
    // Until the mode says that it has succeeded, the changes are lost to a partial sync.
    this.#needsFull = true;
    const portsChanged = services.changed.size > 0;
    const place = this.#place();
    if (!this.#mode.sync({ ports, endpoints, changed, portsChanged, place, full })) return false;
    this.#needsFull = false;
    this.lastSyncAt = now;
    if (full) this.#lastFull = now;
    this.#health.update(checked.values(), endpoints);
    const endpointChanges = taken.endpointsOn(nodeName);
    cleanConntrack(
      { ports, endpoints, services, endpointChanges, nodeName },
      this.#options.node.conntrack,
      this.#release,
    );
    return true;
  }

  #isHourUp(now: Ns): boolean {
    return (
      this.#release.pace === "pause" &&
      now - this.#lastFull >= FULL_SYNC_PERIOD_NS &&
      !this.#mode.isLargeCluster()
    );
  }

  #place(): NodePlace {
    const { nodeName } = this.#options;
    const metadata = { name: nodeName, labels: this.#labels };
    return { name: nodeName, zone: zoneOf({ kind: "Node", metadata }) };
  }

  /** The labels that a sync may depend on. */
  #relevantLabels(node: Node | null): StringMap {
    switch (this.#release.nodeLabels) {
      case "none":
        return {};
      case "all":
        return node?.metadata.labels ?? {};
      case "zone":
        return zoneLabel(node);
    }
  }
}

function zoneLabel(node: Node | null): StringMap {
  const labels = Object.entries(node?.metadata.labels ?? {});
  return Object.fromEntries(labels.filter(([name]) => name === ZONE_LABEL));
}
