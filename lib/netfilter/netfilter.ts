/**
 * Netfilter of one host: its tables, connections and NAT, run in the kernel's order at each hook.
 *
 * Kernel: net/netfilter/core.c (nf_hook_slow), 6.18.
 */
import type { LineText } from "../base/line-text.ts";
import type { NetDevice } from "../link/device.ts";
import { DropReason } from "../sim/drop-reason.ts";
import type { Frame } from "../wire/frame.ts";
import * as ipv4 from "../wire/ipv4.ts";
import { Accounts } from "./accounts.ts";
import { Conntrack } from "./conntrack/conntrack.ts";
import { streamOf } from "./engine.ts";
import { type EvaluationTrace, Evaluator } from "./evaluate.ts";
import { HashlimitTables } from "./hashlimit.ts";
import { DefragUser, Hook, type NetfilterHooks, type NetfilterHost } from "./hooks.ts";
import { IpSets } from "./ipset/sets.ts";
import { PacketLog } from "./log.ts";
import { ModuleTable } from "./modules.ts";
import { Nat, type NatRules } from "./nat/nat.ts";
import { Packet } from "./packet.ts";
import { RecentLists } from "./recent.ts";
import { Verdict } from "./rule.ts";
import { RuleTables } from "./rule-tables.ts";
import type { Table, TableName } from "./table.ts";
import type { TableEdit } from "./table-edit.ts";
import type { SaveOptions } from "./text/printer.ts";
import type { RestoreOptions, RestoreTarget } from "./text/restore.ts";

/** One frame's way through a hook; nested when a rule sends a packet of its own. */
class Passage implements NatRules {
  readonly packet = new Packet();
  readonly evaluator = new Evaluator();
  natTable: Table | null = null;
  trace: EvaluationTrace | null = null;

  evaluate(packet: Packet): Verdict {
    const chain = this.natTable?.base[packet.hook] ?? null;
    if (chain === null) return Verdict.ACCEPT;
    return this.evaluator.run(chain, packet, this.trace);
  }
}

/** The netfilter of a host. */
export class Netfilter implements NetfilterHooks, RestoreTarget {
  readonly host: NetfilterHost;
  readonly conntrack: Conntrack;
  readonly nat: Nat;
  readonly recent: RecentLists;
  readonly hashlimits: HashlimitTables;
  readonly accounts = new Accounts();
  readonly sets: IpSets;
  readonly log = new PacketLog();
  readonly modules = new ModuleTable();
  /** Told of traced packets; null: nobody listens. */
  trace: EvaluationTrace | null = null;
  refused = false;
  readonly #tables = new RuleTables(this);
  readonly #passages: Passage[] = [];
  #depth = 0;

  constructor(host: NetfilterHost) {
    this.host = host;
    this.sets = new IpSets(host.cpu);
    this.conntrack = new Conntrack(host);
    this.nat = new Nat(this.conntrack, streamOf(host, "nat"));
    this.recent = new RecentLists(host);
    this.hashlimits = new HashlimitTables(host.cpu);
  }

  active(hook: Hook): boolean {
    this.#tables.catchUp();
    const tables = this.#tables.known;
    return (
      this.conntrack.active ||
      (tables.raw?.base[hook] ?? null) !== null ||
      (tables.mangle?.base[hook] ?? null) !== null ||
      (tables.filter?.base[hook] ?? null) !== null ||
      (tables.security?.base[hook] ?? null) !== null ||
      (tables.nat?.base[hook] ?? null) !== null
    );
  }

  run(
    hook: Hook,
    frame: Frame,
    inDevice: NetDevice | null,
    outDevice: NetDevice | null,
  ): Frame | null {
    this.#tables.catchUp();
    let whole = frame;
    const tracks = this.conntrack.active && (hook === Hook.PREROUTING || hook === Hook.OUTPUT);
    if (tracks && ipv4.isFragment(frame.view, frame.start)) {
      const user = hook === Hook.OUTPUT ? DefragUser.CONNTRACK_OUT : DefragUser.CONNTRACK_IN;
      const assembled = this.host.defragment(frame, user);
      if (assembled === null) {
        this.refused = false;
        return null;
      }
      whole = assembled;
    }
    const passage = this.#passages[this.#depth] ?? this.#newPassage();
    this.#depth += 1;
    passage.natTable = this.#tables.known.nat;
    passage.trace = this.trace;
    passage.packet.begin(hook, whole, inDevice, outDevice);
    const passes = this.#stages(passage);
    passage.packet.finish();
    this.#depth -= 1;
    this.refused = !passes;
    return passes ? whole : null;
  }

  #newPassage(): Passage {
    const passage = new Passage();
    this.#passages.push(passage);
    return passage;
  }

  /** All that is registered at the hook, in the order of `NF_IP_PRI_*`. False: the frame is gone. */
  #stages(passage: Passage): boolean {
    const { packet } = passage;
    switch (packet.hook) {
      case Hook.PREROUTING:
        return (
          this.#table("raw", passage) &&
          this.#track(packet) &&
          this.#table("mangle", passage) &&
          this.#translate(passage)
        );
      case Hook.OUTPUT:
        return (
          this.#table("raw", passage) &&
          this.#track(packet) &&
          this.#mangleOutput(passage) &&
          this.#translate(passage) &&
          this.#table("filter", passage) &&
          this.#table("security", passage)
        );
      case Hook.POSTROUTING:
        return this.#table("mangle", passage) && this.#translate(passage) && this.#confirm(packet);
      case Hook.INPUT:
        return (
          this.#table("mangle", passage) &&
          this.#table("filter", passage) &&
          this.#table("security", passage) &&
          this.#translate(passage) &&
          this.#confirm(packet)
        );
      default:
        return (
          this.#table("mangle", passage) &&
          this.#table("filter", passage) &&
          this.#table("security", passage)
        );
    }
  }

  #table(name: TableName, passage: Passage): boolean {
    const chain = this.#tables.known[name]?.base[passage.packet.hook] ?? null;
    if (chain === null) return true;
    return this.#goesOn(
      passage.evaluator.run(chain, passage.packet, passage.trace),
      passage.packet,
    );
  }

  #track(packet: Packet): boolean {
    return !this.conntrack.active || this.#goesOn(this.conntrack.packets.in(packet), packet);
  }

  #confirm(packet: Packet): boolean {
    return !this.conntrack.active || this.#goesOn(this.conntrack.packets.confirm(packet), packet);
  }

  /** What mangle changed in OUTPUT may ask for another route. */
  #mangleOutput(passage: Passage): boolean {
    if (this.#tables.known.mangle === null) return true;
    const { packet } = passage;
    const { frame, view, l3 } = packet;
    const mark = frame.mark;
    const tos = ipv4.tos(view, l3);
    const { source, destination } = packet;
    if (!this.#table("mangle", passage)) return false;
    packet.refresh();
    if (
      frame.mark === mark &&
      ipv4.tos(view, l3) === tos &&
      packet.source === source &&
      packet.destination === destination
    ) {
      return true;
    }
    return this.#reroute(packet);
  }

  /** The nat table sees packets with a connection only; its targets claim conntrack, it does not. */
  #translate(passage: Passage): boolean {
    if (this.#tables.known.nat === null || !this.conntrack.active) return true;
    const { packet } = passage;
    const { destination, source } = packet;
    if (!this.#goesOn(this.nat.run(packet, passage), packet)) return false;
    if (packet.hook === Hook.PREROUTING && packet.destination !== destination) {
      this.host.dropRoute(packet.frame);
    }
    if (
      packet.hook === Hook.OUTPUT &&
      (packet.destination !== destination || packet.source !== source)
    ) {
      return this.#reroute(packet);
    }
    return true;
  }

  #reroute(packet: Packet): boolean {
    if (this.host.rerouteOutput(packet.frame)) return true;
    return this.#goesOn(Verdict.DROP, packet);
  }

  #goesOn(verdict: Verdict, packet: Packet): boolean {
    if (verdict === Verdict.DROP) {
      packet.frame.drop(DropReason.NETFILTER_DROP, this.host.drops);
      return false;
    }
    return verdict !== Verdict.STOLEN;
  }

  deviceDown(device: NetDevice): void {
    this.nat.endMasquerades((connection) => connection.masqueradeIndex === device.index);
  }

  addressRemoved(device: NetDevice, address: number): void {
    this.nat.endMasquerades(
      (connection) =>
        connection.masqueradeIndex === device.index && connection.reply.destination === address,
    );
  }

  /** As `RuleTables`. */
  table(name: TableName): Table | null {
    return this.#tables.table(name);
  }

  /** As `RuleTables`. */
  edit(name: TableName, step: string | null = null): TableEdit {
    return this.#tables.edit(name, step);
  }

  /** Counts edits that made or deleted chains. */
  get chainChanges(): number {
    return this.#tables.chainChanges;
  }

  /** As `RuleTables`: reads iptables-save text. */
  restore(text: string | LineText, options: RestoreOptions = {}): void {
    this.#tables.restore(text, options);
  }

  /** As `RuleTables`: the tables, or one of them, as iptables-save prints them. */
  save(table: TableName | null = null, options: SaveOptions = {}): string {
    return this.#tables.save(table, options);
  }
}
