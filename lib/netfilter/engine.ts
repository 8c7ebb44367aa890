/**
 * What the rules of a host share: connections, sets, counters by name, lists of addresses, the
 * trace. Matches and targets are made with it and keep what they need of it.
 */
import type { RandomStream } from "../sim/random.ts";
import type { Accounts } from "./accounts.ts";
import type { Conntrack } from "./conntrack/conntrack.ts";
import type { HashlimitTables } from "./hashlimit.ts";
import type { NetfilterHost } from "./hooks.ts";
import type { IpSets } from "./ipset/sets.ts";
import type { PacketLog } from "./log.ts";
import type { Nat } from "./nat/nat.ts";
import type { RecentLists } from "./recent.ts";

/** The shared parts of one host's netfilter. */
export interface Engine {
  readonly host: NetfilterHost;
  readonly conntrack: Conntrack;
  readonly nat: Nat;
  readonly recent: RecentLists;
  readonly hashlimits: HashlimitTables;
  readonly accounts: Accounts;
  readonly sets: IpSets;
  readonly log: PacketLog;
}

/** The random stream of one consumer on one host. */
export function streamOf(host: NetfilterHost, consumer: string): RandomStream {
  return host.random.stream(`${host.name}:netfilter:${consumer}`);
}
