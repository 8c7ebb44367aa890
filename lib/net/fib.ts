/**
 * The routing tables of a host and the rules between them: look-ups, and what `ip route` and
 * `ip rule` do. Which routes follow from addresses is in `fib-addresses.ts`.
 *
 * Kernel: net/ipv4/fib_frontend.c, net/ipv4/fib_semantics.c (fib_select_multipath),
 * net/ipv4/fib_rules.c, 6.18.
 * Not modelled: routing realms, `nexthop` objects, choosing among default routes by the state of
 * their gateways (fib_select_default).
 */
import { EAGAIN, EEXIST, ENETUNREACH, ENOENT, ESRCH } from "../base/errno.ts";
import { type Ipv4, isMulticast, isZeroNet } from "../base/inet.ts";
import type { NetDevice } from "../link/device.ts";
import { AddressType } from "../netfilter/hooks.ts";
import { FibInfoCreator, type RouteSpec } from "./fib-create.ts";
import { FibDevices } from "./fib-devices.ts";
import { type FibEntry, FibResult, RouteProtocol } from "./fib-info.ts";
import { actionError, type FibRule, matchesRule, plainRule, RuleAction } from "./fib-rule.ts";
import {
  FibTable,
  type InsertMode,
  type LinkdownPolicy,
  TAKE_LINKDOWN,
  Table,
} from "./fib-table.ts";
import { Flow, type Refusal, refuse } from "./inet.ts";
import { MultipathHash } from "./multipath-hash.ts";
import type { Namespace } from "./namespace.ts";
import { type RouteSelector, selects } from "./route-selector.ts";

export type { NexthopSpec, RouteSpec } from "./fib-create.ts";

/** What every host has from the start. */
const FIRST_RULES: readonly FibRule[] = [
  plainRule(0, Table.LOCAL),
  plainRule(32766, Table.MAIN),
  plainRule(32767, Table.DEFAULT),
];

/** One of each for all hosts: what an address is is known before the next is asked for. */
const toAddress = new Flow();
const ofAddress = new FibResult();
/** What the main table says when the local one is asked. */
const inMain = new FibResult();

/** Routing of one host. */
export class Fib {
  readonly tables = new Map<number, FibTable>();
  /** In order of priority. */
  rules = FIRST_RULES;
  /** Whether rules were changed: reverse path checks are then done in full. */
  hasCustomRules = false;
  /** Whether a rule looks at protocols or ports. */
  usesPorts = false;
  /** Whether somebody else than the kernel added local routes. */
  hasCustomLocalRoutes = false;
  readonly #namespace: Namespace;
  readonly devices: FibDevices;
  readonly #multipathHash: MultipathHash;
  readonly #local: FibTable;
  readonly #main: FibTable;
  readonly #nameOf = (index: number): string => this.#namespace.deviceByIndex(index)?.name ?? "";
  readonly #skipsLinkdown: LinkdownPolicy = (nexthop) =>
    nexthop.linkdown &&
    nexthop.device !== null &&
    this.#namespace.inet(nexthop.device).ignoreRoutesWithLinkdown;
  readonly #creator = new FibInfoCreator(this);

  constructor(namespace: Namespace) {
    this.#namespace = namespace;
    this.devices = new FibDevices(namespace, this);
    this.#multipathHash = new MultipathHash(namespace);
    this.#local = this.table(Table.LOCAL);
    this.#main = this.table(Table.MAIN);
    this.table(Table.DEFAULT);
  }

  /** The table with that number, made on first use. */
  table(id: number): FibTable {
    let table = this.tables.get(id);
    if (table === undefined) {
      table = new FibTable(id);
      this.tables.set(id, table);
    }
    return table;
  }

  /** Finds the entry and next hop for a flow; 0 or a negative errno (ENETUNREACH: none). */
  lookup(flow: Flow, result: FibResult): number {
    return this.#lookup(flow, result, this.#skipsLinkdown);
  }

  /** The same, with next hops whose device has no carrier taken as good. */
  lookupIgnoringLink(flow: Flow, result: FibResult): number {
    return this.#lookup(flow, result, TAKE_LINKDOWN);
  }

  /** Of several next hops, chooses the flow's by hash (`fib_select_path`). */
  selectPath(flow: Flow, result: FibResult): void {
    const nexthops = result.entry?.info.nexthops ?? [];
    if (nexthops.length < 2 || flow.outputIndex !== 0) return;
    const hash = this.#multipathHash.of(flow, this.#namespace.conf.fibMultipathHashPolicy);
    for (const nexthop of nexthops) {
      if (nexthop.dead || this.#skipsLinkdown(nexthop) || hash > nexthop.upperBound) continue;
      result.nexthop = nexthop;
      return;
    }
  }

  /** What an address is by the local table (`inet_addr_type`; with a device `inet_dev_addr_type`). */
  addressType(address: number, device: NetDevice | null = null): AddressType {
    if (isZeroNet(address) || address === -1) return AddressType.BROADCAST;
    if (isMulticast(address)) return AddressType.MULTICAST;
    const flow = toAddress.reset();
    const result = ofAddress;
    flow.destination = address as Ipv4;
    result.clear();
    if (this.#lookupLocal(flow, TAKE_LINKDOWN, result) !== 0) {
      return AddressType.UNICAST;
    }
    const matches = device === null || result.nexthop?.device === device;
    return matches && result.entry !== null ? result.entry.type : AddressType.UNICAST;
  }

  /** `ip route add|append|prepend|replace|change`. */
  addRoute(spec: RouteSpec, mode: InsertMode = "add"): Refusal | null {
    const type = spec.type ?? AddressType.UNICAST;
    const info = this.#creator.create(spec, type);
    if ("errno" in info) return info;
    const table = spec.table ?? defaultTable(type);
    const entry: FibEntry = {
      destination: spec.destination.address,
      prefixLength: spec.destination.prefixLength,
      tos: spec.tos ?? 0,
      type,
      table,
      info,
    };
    const error = this.table(table).insert(entry, mode);
    if (error !== 0) return refuse(-error);
    this.devices.routeAdded(info);
    if (type === AddressType.LOCAL && info.protocol !== RouteProtocol.KERNEL) {
      this.hasCustomLocalRoutes = true;
    }
    this.#namespace.epoch.bump();
    return null;
  }

  /** `ip route del`. */
  deleteRoute(which: RouteSelector): Refusal | null {
    const table = which.table ?? defaultTable(which.type ?? AddressType.UNICAST);
    const { address, prefixLength } = which.destination;
    const error = this.table(table).remove(address, prefixLength, (entry) => selects(which, entry));
    if (error !== 0) return refuse(ESRCH);
    this.#namespace.epoch.bump();
    return null;
  }

  /** `ip route flush`: removes what matches, from all tables; returns how many. */
  flush(matches: (entry: FibEntry) => boolean): number {
    let count = 0;
    for (const table of this.tables.values()) count += table.removeAll(matches);
    if (count > 0) this.#namespace.epoch.bump();
    return count;
  }

  /** Forgets what was learnt about single destinations (`ip route flush cache`). */
  flushExceptions(): void {
    for (const table of this.tables.values()) {
      table.each(({ info }) => {
        for (const nexthop of info.nexthops) nexthop.exceptions = null;
      });
    }
    this.#namespace.epoch.bump();
  }

  /** `ip rule add`. */
  addRule(rule: FibRule): Refusal | null {
    if (this.rules.some((other) => JSON.stringify(other) === JSON.stringify(rule))) {
      return refuse(EEXIST);
    }
    const behind = this.rules.findIndex((other) => other.priority > rule.priority);
    const at = behind === -1 ? this.rules.length : behind;
    this.rules = [...this.rules.slice(0, at), rule, ...this.rules.slice(at)];
    this.#rulesChanged();
    return null;
  }

  /** `ip rule del`: removes the first rule for which `matches` holds. */
  deleteRule(matches: (rule: FibRule) => boolean): Refusal | null {
    const index = this.rules.findIndex(matches);
    if (index === -1) return refuse(ENOENT);
    this.rules = this.rules.filter((_rule, at) => at !== index);
    this.#rulesChanged();
    return null;
  }

  #lookup(flow: Flow, result: FibResult, skips: LinkdownPolicy): number {
    result.clear();
    let minimum = 0;
    for (let index = 0; index < this.rules.length; index += 1) {
      const rule = this.rules[index];
      if (rule === undefined || rule.priority < minimum) continue;
      if (!matchesRule(rule, flow, this.#nameOf)) continue;
      if (rule.action === RuleAction.NOP) continue;
      if (rule.action === RuleAction.GOTO) {
        minimum = rule.target;
        continue;
      }
      if (rule.action !== RuleAction.TABLE) return actionError(rule.action);
      const table = this.tables.get(rule.table);
      if (table === undefined) continue;
      const error =
        rule.table === Table.LOCAL
          ? this.#lookupLocal(flow, skips, result)
          : table.lookup(flow.destination, flow, skips, result);
      if (error === -EAGAIN || isSuppressed(rule, result)) {
        result.clear();
        continue;
      }
      return error;
    }
    return -ENETUNREACH;
  }

  /**
   * Asks the local table. It is one with the main table until somebody changes the rules, so a
   * longer prefix there wins (`fib_trie_table`, `fib_unmerge`).
   */
  #lookupLocal(flow: Flow, skips: LinkdownPolicy, result: FibResult): number {
    const { destination } = flow;
    const error = this.#local.lookup(destination, flow, skips, result);
    const length = result.entry?.prefixLength ?? 32;
    if (this.hasCustomRules || length === 32) return error;
    const other = inMain;
    other.clear();
    const mainError = this.#main.lookup(destination, flow, skips, other);
    if (other.entry === null || other.entry.prefixLength <= length) return error;
    result.entry = other.entry;
    result.nexthop = other.nexthop;
    return mainError;
  }

  #rulesChanged(): void {
    this.hasCustomRules = true;
    this.usesPorts = this.rules.some(
      ({ protocol, sourcePorts, destinationPorts }) =>
        protocol !== 0 || sourcePorts !== null || destinationPorts !== null,
    );
    this.#namespace.epoch.bump();
  }
}

function defaultTable(type: AddressType): number {
  const isLocal =
    type === AddressType.LOCAL || type === AddressType.BROADCAST || type === AddressType.ANYCAST;
  return isLocal ? Table.LOCAL : Table.MAIN;
}

function isSuppressed(rule: FibRule, result: FibResult): boolean {
  return result.entry !== null && result.entry.prefixLength <= rule.suppressPrefixLength;
}
