/** What is drawn for a random network: hosts, addresses, one thing of several. */
import type { RandomStream } from "../../lib/sim/random.ts";

/** A host behind a port of the router. */
export interface NetHost {
  readonly name: string;
  /** The router's port. */
  readonly port: string;
  /** The router's device in the host's network: the port or the bridge. */
  readonly gatewayDevice: string;
  readonly network: string;
  readonly address: string;
  readonly prefix: number;
}

/** An address that only rules know. */
export const SERVICE = "10.96.0.10";

/** Draws out of one stream. */
export class NetLabDice {
  readonly #random: RandomStream;
  readonly hosts: NetHost[] = [];

  constructor(random: RandomStream) {
    this.#random = random;
  }

  below(bound: number): number {
    return this.#random.below(bound);
  }

  chance(percent: number): boolean {
    return this.#random.below(100) < percent;
  }

  pick<T>(...items: readonly [T, ...T[]]): T {
    return items[this.#random.below(items.length)] ?? items[0];
  }

  host(): NetHost {
    const [first] = this.hosts;
    const host = this.hosts[this.#random.below(this.hosts.length)] ?? first;
    if (host === undefined) throw new Error("no host");
    return host;
  }

  /** Another host than `one`. */
  other(one: NetHost): NetHost {
    const others = this.hosts.filter((host) => host !== one);
    return others[this.#random.below(others.length)] ?? one;
  }

  /** Whom a host may talk to: another host, the router, the service, or an address that nobody has. */
  target(from: NetHost): string {
    const other = this.other(from);
    return this.pick(
      other.address,
      other.address,
      other.address,
      other.address,
      `${from.network}.1`,
      `${other.network}.1`,
      `${other.network}.9`,
      SERVICE,
      SERVICE,
      "192.168.7.7",
      "172.16.0.9",
      `${from.network}.77`,
    );
  }
}
