/**
 * What the state of devices does to next hops: which die, which live again, which routes go with them.
 *
 * Kernel: net/ipv4/fib_semantics.c (fib_sync_down_dev, fib_sync_up), 6.18.
 */
import type { NetDevice } from "../link/device.ts";
import type { Fib } from "./fib.ts";
import { type FibEntry, type FibInfo, type Nexthop, rebalance } from "./fib-info.ts";
import type { Namespace } from "./namespace.ts";
import { Scope } from "./route.ts";

/** The devices of a host, as its routes see them. */
export class FibDevices {
  readonly #namespace: Namespace;
  readonly #fib: Fib;

  constructor(namespace: Namespace, fib: Fib) {
    this.#namespace = namespace;
    this.#fib = fib;
  }

  /** A route has come. */
  routeAdded({ nexthops }: FibInfo): void {
    for (const { device } of nexthops) {
      if (device !== null) this.#namespace.inet(device).isRouted = true;
    }
  }

  /**
   * A device without carrier, or with it again: marks its next hops (RTNH_F_LINKDOWN), not the
   * host's own addresses.
   */
  carrierChanged(device: NetDevice): void {
    this.#eachNexthop(device, (nexthop) => {
      if (nexthop.scope !== Scope.NOWHERE) nexthop.linkdown = !device.carrier;
    });
    this.#namespace.epoch.bump();
  }

  /**
   * A device went down: its next hops die, and routes without a living one go. `all` takes the
   * host's own addresses with it, when the device lost its last one (`fib_sync_down_dev`).
   */
  down(device: NetDevice, all: boolean): void {
    this.#eachNexthop(device, (nexthop) => {
      if (all || nexthop.scope !== Scope.NOWHERE) nexthop.dead = true;
    });
    this.#fib.flush((entry) => {
      const { nexthops } = entry.info;
      return nexthops.length > 0 && nexthops.every((nexthop) => nexthop.dead);
    });
    for (const table of this.#fib.tables.values()) table.each(({ info }) => rebalance(info));
    this.#namespace.epoch.bump();
  }

  /** A device came up: next hops of multipath routes that died with it live again. */
  up(device: NetDevice): void {
    this.#eachNexthop(device, (nexthop, { info }) => {
      nexthop.dead = false;
      nexthop.linkdown = nexthop.scope !== Scope.NOWHERE && !device.carrier;
      rebalance(info);
    });
    this.#namespace.epoch.bump();
  }

  #eachNexthop(device: NetDevice, act: (nexthop: Nexthop, entry: FibEntry) => void): void {
    if (!this.#namespace.inet(device).isRouted) return;
    for (const table of this.#fib.tables.values()) {
      table.each((entry) => {
        for (const nexthop of entry.info.nexthops) {
          if (nexthop.device === device) act(nexthop, entry);
        }
      });
    }
  }
}
