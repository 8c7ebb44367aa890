/**
 * Services and EndpointSlices as kube-proxies see them: told once of each change, for all of them
 * that watch the same API server. Each syncs at its own pace, and then takes what has changed since
 * its last sync.
 */
import type { EndpointSlice, Service } from "../objects.ts";
import { Backlog, type Changes } from "./backlog.ts";
import { EndpointTracker } from "./endpoint-tracker.ts";
import type { KubeProxyRelease } from "./release.ts";
import { isOtherProxys } from "./service-port.ts";
import { ServiceTracker } from "./service-tracker.ts";

/** What a kube-proxy has of the tracker that it follows. */
export interface Follower {
  /** What has changed since this was last asked, or all there is. */
  take(): Changes;
}

/** Backlogs that kube-proxies have. */
class Backlogs {
  readonly #all = new Set<Backlog>();

  /** Those that somebody has. */
  [Symbol.iterator](): Iterator<Backlog> {
    return this.#all.values();
  }

  enter(backlog: Backlog): void {
    backlog.followers += 1;
    this.#all.add(backlog);
  }

  leave(backlog: Backlog): void {
    backlog.followers -= 1;
    if (backlog.followers === 0) this.#all.delete(backlog);
  }

  /** The one of whoever syncs now. */
  empty(): Backlog {
    for (const backlog of this.#all) if (backlog.isEmpty) return backlog;
    return new Backlog();
  }
}

/** One kube-proxy's place in what has been told. */
class Place implements Follower {
  /** Asks for a sync. */
  readonly onChange: () => void;
  backlog: Backlog;
  readonly #backlogs: Backlogs;

  constructor(backlog: Backlog, backlogs: Backlogs, onChange: () => void) {
    this.backlog = backlog;
    this.#backlogs = backlogs;
    this.onChange = onChange;
    backlogs.enter(backlog);
  }

  take(): Changes {
    const changes = this.backlog.changes();
    const next = this.#backlogs.empty();
    this.#backlogs.enter(next);
    this.#backlogs.leave(this.backlog);
    this.backlog = next;
    return changes;
  }
}

/** Keeps what kube-proxies of one release are told. */
export class ObjectTracker {
  readonly services: ServiceTracker;
  readonly endpoints: EndpointTracker;
  /** Whether it is enough to ask once for all that waits, as it does not bring the sync forward. */
  readonly #isAskedOnce: boolean;
  readonly #places = new Set<Place>();
  readonly #backlogs = new Backlogs();
  /** All there is, for those that begin now; null: something has changed since it was made. */
  #everything: Backlog | null = null;

  constructor(release: KubeProxyRelease) {
    this.#isAskedOnce = release.pace === "pause";
    this.services = new ServiceTracker(release);
    this.endpoints = new EndpointTracker(release);
  }

  /**
   * Begins to tell `onChange`, each time that a change asks for a sync; those that came first are
   * told first. All there is waits to be taken.
   */
  follow(onChange: () => void): Follower {
    this.#everything ??= this.#startingBacklog();
    const place = new Place(this.#everything, this.#backlogs, onChange);
    this.#places.add(place);
    return place;
  }

  /** Ends what `follow` began. */
  leave(follower: Follower): void {
    for (const place of this.#places) {
      if (place !== follower) continue;
      this.#places.delete(place);
      this.#backlogs.leave(place.backlog);
    }
  }

  /** A Service was added (`previous` null), changed, or deleted (`current` null). */
  serviceChanged(previous: Service | null, current: Service | null): void {
    const change = this.services.update(previous, current);
    if (change === null) return;
    const asking = new Set<Backlog>();
    for (const backlog of this.#backlogs) if (backlog.addPorts(change)) asking.add(backlog);
    this.#ask(asking);
  }

  /** The same of an EndpointSlice; one that another proxy takes over is gone from these' watch. */
  sliceChanged(previous: EndpointSlice | null, current: EndpointSlice | null): void {
    const isGone = current === null || isOtherProxys(current.metadata);
    const slice = isGone ? previous : current;
    const change = slice === null ? null : this.endpoints.update(slice, isGone);
    if (change === null) return;
    const asking = new Set<Backlog>();
    for (const backlog of this.#backlogs) {
      backlog.addSlices(change);
      asking.add(backlog);
    }
    this.#ask(asking);
  }

  #ask(backlogs: Set<Backlog>): void {
    this.#everything = null;
    for (const backlog of backlogs) {
      if (this.#isAskedOnce && backlog.isAsked) backlogs.delete(backlog);
      backlog.isAsked = true;
    }
    if (backlogs.size === 0) return;
    for (const { backlog, onChange } of this.#places) if (backlogs.has(backlog)) onChange();
  }

  #startingBacklog(): Backlog {
    const backlog = new Backlog();
    for (const change of this.services.all()) backlog.addPorts(change);
    for (const change of this.endpoints.all()) backlog.addSlices(change);
    return backlog;
  }
}
