/**
 * What DNAT, SNAT, REDIRECT, MASQUERADE and NETMAP do with a packet's connection: the range from
 * which it gets its other address and port. Their options are read in nat.ts.
 *
 * Kernel: net/netfilter/xt_nat.c, xt_REDIRECT.c, xt_MASQUERADE.c, xt_NETMAP.c,
 * nf_nat_masquerade.c, nf_nat_redirect.c, 6.18; iptables 1.8.9, extensions/libxt_NAT.c (print).
 */
import { formatIpv4, LOOPBACK_ADDRESS } from "../../base/inet.ts";
import { DropReason } from "../../sim/drop-reason.ts";
import { connectionOf } from "../conntrack/connection.ts";
import type { Engine } from "../engine.ts";
import { Hook } from "../hooks.ts";
import { manipOf } from "../nat/nat.ts";
import { Manip, type NatRange, singleAddress } from "../nat/range.ts";
import type { Packet } from "../packet.ts";
import { Target, Verdict } from "../rule.ts";
import { formatMasked, type MaskedAddress } from "../text/values.ts";

const PREROUTING = 1 << Hook.PREROUTING;
const INPUT = 1 << Hook.INPUT;
const OUTPUT = 1 << Hook.OUTPUT;
const POSTROUTING = 1 << Hook.POSTROUTING;

/** What all of them share: the engine, and that connections are needed. */
abstract class NatTarget extends Target {
  protected readonly engine: Engine;

  constructor(engine: Engine) {
    super();
    this.engine = engine;
  }

  override get tracks(): boolean {
    return true;
  }

  protected setUp(packet: Packet, range: NatRange, manip: Manip): Verdict {
    const connection = connectionOf(packet.frame);
    if (connection === null) return Verdict.ACCEPT;
    return this.engine.nat.setUp(connection, range, manip);
  }
}

/** DNAT and SNAT. */
export class AddressTarget extends NatTarget {
  readonly #name: string;
  readonly #hooks: number;
  readonly #range: NatRange;
  readonly #manip: Manip;

  constructor(engine: Engine, manip: Manip, range: NatRange) {
    super(engine);
    this.#manip = manip;
    this.#range = range;
    this.#name = manip === Manip.SOURCE ? "SNAT" : "DNAT";
    this.#hooks = manip === Manip.SOURCE ? POSTROUTING | INPUT : PREROUTING | OUTPUT;
  }

  override get validHooks(): number {
    return this.#hooks;
  }

  override get name(): string {
    return this.#name;
  }

  override apply(packet: Packet): Verdict {
    return this.setUp(packet, this.#range, this.#manip);
  }

  override save(): string {
    const option = this.#manip === Manip.SOURCE ? "to-source" : "to-destination";
    return ` --${option} ${showRange(this.#range)}${flags(this.#range, " --")}`;
  }

  override list(): string {
    return ` to:${showRange(this.#range)}${flags(this.#range, " ")}`;
  }
}

/** To an address of this host. */
export class RedirectTarget extends NatTarget {
  override get name(): string {
    return "REDIRECT";
  }

  override get validHooks(): number {
    return PREROUTING | OUTPUT;
  }

  readonly #range: NatRange;

  constructor(engine: Engine, range: NatRange) {
    super(engine);
    this.#range = range;
  }

  override apply(packet: Packet): Verdict {
    const { host } = this.engine;
    const device = packet.inDevice;
    const address =
      packet.hook === Hook.OUTPUT
        ? LOOPBACK_ADDRESS
        : device === null
          ? 0
          : host.primaryAddress(device);
    if (address === 0) {
      packet.frame.drop(DropReason.NAT_DROP, host.drops);
      return Verdict.STOLEN;
    }
    return this.setUp(packet, { ...this.#range, ...addressesOf(address) }, Manip.DESTINATION);
  }

  override save(): string {
    const ports = this.#range.hasPorts ? ` --to-ports ${showPorts(this.#range)}` : "";
    return `${ports}${this.#range.random ? " --random" : ""}`;
  }

  override list(): string {
    const ports = this.#range.hasPorts ? ` redir ports ${showPorts(this.#range)}` : "";
    return `${ports}${this.#range.random ? " random" : ""}`;
  }
}

/** From the address of the interface by which the packet leaves. */
export class MasqueradeTarget extends NatTarget {
  override get name(): string {
    return "MASQUERADE";
  }

  override get validHooks(): number {
    return POSTROUTING;
  }

  readonly #range: NatRange;

  constructor(engine: Engine, range: NatRange) {
    super(engine);
    this.#range = range;
  }

  override apply(packet: Packet): Verdict {
    // A source of 0 belongs to packets that do not know their address yet, as DHCP's.
    if (packet.source === 0) return Verdict.ACCEPT;
    const { host } = this.engine;
    const device = packet.outDevice;
    const address = device === null ? 0 : host.masqueradeAddress(packet.frame, device);
    if (device === null || address === 0) {
      packet.frame.drop(DropReason.NAT_DROP, host.drops);
      return Verdict.STOLEN;
    }
    const connection = connectionOf(packet.frame);
    if (connection !== null) connection.masqueradeIndex = device.index;
    return this.setUp(packet, { ...this.#range, ...addressesOf(address) }, Manip.SOURCE);
  }

  override save(): string {
    const range = this.#range;
    const ports = range.hasPorts ? ` --to-ports ${showPorts(range)}` : "";
    return `${ports}${range.random ? " --random" : ""}${range.randomFully ? " --random-fully" : ""}`;
  }

  override list(): string {
    const range = this.#range;
    const ports = range.hasPorts ? ` masq ports: ${showPorts(range)}` : "";
    return `${ports}${range.random ? " random" : ""}${range.randomFully ? " random-fully" : ""}`;
  }
}

/** Network to network, host bits kept. */
export class NetmapTarget extends NatTarget {
  override get name(): string {
    return "NETMAP";
  }

  override get validHooks(): number {
    return PREROUTING | OUTPUT | POSTROUTING | INPUT;
  }

  readonly #network: MaskedAddress;

  constructor(engine: Engine, network: MaskedAddress) {
    super(engine);
    this.#network = network;
  }

  override apply(packet: Packet): Verdict {
    const manip = manipOf(packet.hook);
    const { mask } = this.#network;
    const address = this.#network.address & mask;
    const before = manip === Manip.SOURCE ? packet.source : packet.destination;
    return this.setUp(packet, singleAddress((before & ~mask) | address), manip);
  }

  override save(): string {
    return ` --to ${this.#shown()}`;
  }

  override list(): string {
    return ` to:${this.#shown()}`;
  }

  #shown(): string {
    return formatMasked(this.#network.address & this.#network.mask, this.#network.mask);
  }
}

function addressesOf(
  address: number,
): Pick<NatRange, "hasAddresses" | "minAddress" | "maxAddress"> {
  return { hasAddresses: true, minAddress: address, maxAddress: address };
}

function showRange(range: NatRange): string {
  let text = "";
  if (range.hasAddresses) {
    text += formatIpv4(range.minAddress);
    if (range.maxAddress !== range.minAddress) text += `-${formatIpv4(range.maxAddress)}`;
  }
  if (range.hasPorts) text += `:${showPorts(range)}`;
  return text;
}

function showPorts(range: NatRange): string {
  const ports =
    range.minPort === range.maxPort ? `${range.minPort}` : `${range.minPort}-${range.maxPort}`;
  return range.basePort === -1 ? ports : `${ports}/${range.basePort}`;
}

function flags(range: NatRange, dash: string): string {
  let text = "";
  if (range.random) text += `${dash}random`;
  if (range.randomFully) text += `${dash}random-fully`;
  if (range.persistent) text += `${dash}persistent`;
  return text;
}
