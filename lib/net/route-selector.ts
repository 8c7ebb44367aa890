/**
 * Which route `ip route del` means.
 *
 * Kernel: net/ipv4/fib_trie.c (fib_table_delete), 6.18.
 */
import type { Cidr, Ipv4 } from "../base/inet.ts";
import type { NetDevice } from "../link/device.ts";
import type { AddressType } from "../netfilter/hooks.ts";
import type { FibEntry } from "./fib-info.ts";
import type { Scope } from "./route.ts";

/** Which route to delete: the first one that agrees with all that is given. */
export interface RouteSelector {
  readonly destination: Cidr;
  readonly table?: number;
  readonly type?: AddressType;
  readonly scope?: Scope;
  readonly protocol?: number;
  readonly metric?: number;
  readonly tos?: number;
  readonly prefSource?: Ipv4;
  readonly gateway?: Ipv4;
  readonly device?: NetDevice;
}

/** Whether a selector means an entry for its destination. */
export function selects(which: RouteSelector, entry: FibEntry): boolean {
  const { info } = entry;
  const [first] = info.nexthops;
  return (
    (which.tos === undefined || entry.tos === which.tos) &&
    (which.type === undefined || entry.type === which.type) &&
    (which.scope === undefined || info.scope === which.scope) &&
    (which.protocol === undefined || info.protocol === which.protocol) &&
    (which.metric === undefined || info.priority === which.metric) &&
    (which.prefSource === undefined || info.prefSource === which.prefSource) &&
    (which.gateway === undefined || first?.gateway === which.gateway) &&
    (which.device === undefined || first?.device === which.device)
  );
}
