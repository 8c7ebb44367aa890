/**
 * -j DNAT, SNAT, REDIRECT, MASQUERADE and NETMAP: the translations.
 *
 * Kernel: net/netfilter/xt_nat.c, xt_REDIRECT.c, xt_MASQUERADE.c, xt_NETMAP.c,
 * nf_nat_masquerade.c, nf_nat_redirect.c, 6.18; iptables 1.8.9, extensions/libxt_NAT.c.
 */
import { formatIpv4 } from "../../base/inet.ts";
import { DropReason } from "../../sim/drop-reason.ts";
import {
  IPPROTO_ICMP,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
} from "../../wire/protocol-numbers.ts";
import { connectionOf } from "../conntrack/connection.ts";
import { IPPROTO_DCCP } from "../conntrack/tuple.ts";
import type { Engine } from "../engine.ts";
import { defineTarget, type OptionSpec, type RuleContext, refuseInKernel } from "../extension.ts";
import { Hook } from "../hooks.ts";
import { manipOf } from "../nat/nat.ts";
import { ANY_RANGE, Manip, type NatRange, singleAddress } from "../nat/range.ts";
import type { Packet } from "../packet.ts";
import { Target, Verdict } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import { servicePort } from "../text/names.ts";
import {
  formatMasked,
  hostWithMask,
  type MaskedAddress,
  parseNumber,
  tryAddress,
} from "../text/values.ts";

const LOOPBACK = 0x7f000001;
const PREROUTING = 1 << Hook.PREROUTING;
const INPUT = 1 << Hook.INPUT;
const OUTPUT = 1 << Hook.OUTPUT;
const POSTROUTING = 1 << Hook.POSTROUTING;

interface NatState {
  to: string | null;
  random: boolean;
  randomFully: boolean;
  persistent: boolean;
}

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
class AddressTarget extends NatTarget {
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
class RedirectTarget extends NatTarget {
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
      packet.hook === Hook.OUTPUT ? LOOPBACK : device === null ? 0 : host.primaryAddress(device);
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
class MasqueradeTarget extends NatTarget {
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
class NetmapTarget extends NatTarget {
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

function start(): NatState {
  return { to: null, random: false, randomFully: false, persistent: false };
}

function flag(name: "random" | "random-fully" | "persistent"): OptionSpec<NatState> {
  return {
    name,
    argument: false,
    read: (state) => {
      if (name === "random") state.random = true;
      else if (name === "random-fully") state.randomFully = true;
      else state.persistent = true;
    },
  };
}

function toOption(name: string, required: boolean): OptionSpec<NatState> {
  return {
    name,
    required,
    read: (state, value) => {
      state.to = value;
    },
  };
}

/** DNAT. */
export const DNAT_TARGET = defineTarget<NatState>({
  name: "DNAT",
  reuse: "options",
  options: [toOption("to-destination", true), flag("random"), flag("persistent")],
  start,
  finish: (state, context) => {
    requireNatTable("DNAT", context);
    const range = parseRange("DNAT", state, context, true);
    return new AddressTarget(context.engine, Manip.DESTINATION, range);
  },
});

/** SNAT. */
export const SNAT_TARGET = defineTarget<NatState>({
  name: "SNAT",
  options: [toOption("to-source", true), flag("random"), flag("random-fully"), flag("persistent")],
  start,
  finish: (state, context) => {
    requireNatTable("SNAT", context);
    const range = parseRange("SNAT", state, context, false);
    return new AddressTarget(context.engine, Manip.SOURCE, range);
  },
});

/** REDIRECT. */
export const REDIRECT_TARGET = defineTarget<NatState>({
  name: "REDIRECT",
  reuse: "options",
  options: [toOption("to-ports", false), flag("random")],
  start,
  finish: (state, context) => {
    requireNatTable("REDIRECT", context);
    return new RedirectTarget(context.engine, portsOnly("REDIRECT", state, context));
  },
});

/** MASQUERADE. */
export const MASQUERADE_TARGET = defineTarget<NatState>({
  name: "MASQUERADE",
  reuse: "options",
  options: [toOption("to-ports", false), flag("random"), flag("random-fully")],
  start,
  finish: (state, context) => {
    requireNatTable("MASQUERADE", context);
    return new MasqueradeTarget(context.engine, portsOnly("MASQUERADE", state, context));
  },
});

/** NETMAP. */
export const NETMAP_TARGET = defineTarget<{ to: string }>({
  name: "NETMAP",
  options: [
    {
      name: "to",
      required: true,
      read: (state, value) => {
        state.to = value;
      },
    },
  ],
  start: () => ({ to: "" }),
  finish: (state, context) => {
    requireNatTable("NETMAP", context);
    return new NetmapTarget(context.engine, hostWithMask(state.to));
  },
});

/** Refuses the rule outside of the nat table. */
function requireNatTable(name: string, context: RuleContext): void {
  if (context.table !== "nat") refuseInKernel(context, `${name}: only valid in the nat table`);
}

function portsAllowed({ header }: RuleContext): boolean {
  return (
    !header.protocolInverted &&
    [IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_DCCP, IPPROTO_ICMP].includes(header.protocol)
  );
}

function portsOnly(name: string, state: NatState, context: RuleContext): NatRange {
  const { random, randomFully } = state;
  if (state.to === null) return { ...ANY_RANGE, random, randomFully };
  if (!portsAllowed(context)) {
    refuse("Need TCP, UDP, SCTP or DCCP with port specification");
  }
  return { ...ANY_RANGE, random, randomFully, ...parsePorts(name, state.to, false) };
}

type Ports = Pick<NatRange, "hasPorts" | "minPort" | "maxPort" | "basePort">;

/** `80`, `80-90`, and of DNAT `80-90/100`. */
function parsePorts(name: string, text: string, mayShift: boolean): Ports {
  const parts = /^([^-/]*)(?:-([^/]*))?(?:\/(.*))?$/.exec(text);
  const min = port(parts?.[1] ?? "");
  const max = parts?.[2] === undefined ? min : port(parts[2]);
  if (min === undefined || max === undefined) refuse(`Port \`${text}' not valid`);
  if (max < min) refuse(`Port range \`${parts?.[2]}' funky`);
  const base = parts?.[3] === undefined ? -1 : mayShift ? port(parts[3]) : undefined;
  if (base === undefined) refuse(`${name}: Port \`${text}' not valid`);
  return { hasPorts: true, minPort: min, maxPort: max, basePort: base };
}

function port(text: string): number | undefined {
  return parseNumber(text, 0, 0xffff) ?? servicePort(text);
}

/** `10.0.0.1`, `10.0.0.1-10.0.0.9`, `:80`, `10.0.0.1:80-90`. */
function parseRange(
  name: string,
  state: NatState,
  context: RuleContext,
  mayShift: boolean,
): NatRange {
  const text = state.to ?? "";
  const { random, randomFully, persistent } = state;
  let range: NatRange = { ...ANY_RANGE, random, randomFully, persistent };
  const colon = text.indexOf(":");
  if (colon !== -1 && text.includes(":", colon + 1)) refuse(`Bad IP address "${text}"`);
  if (colon !== -1) {
    if (!portsAllowed(context)) refuse("Need TCP, UDP, SCTP or DCCP with port specification");
    const ports = text.slice(colon + 1);
    range = { ...range, ...parsePorts(name, ports, mayShift) };
  }
  const addresses = colon === -1 ? text : text.slice(0, colon);
  if (addresses === "") return range;
  const dash = addresses.indexOf("-");
  const first = tryAddress(dash === -1 ? addresses : addresses.slice(0, dash));
  const last = dash === -1 ? first : tryAddress(addresses.slice(dash + 1));
  if (first === undefined || last === undefined) refuse(`Bad IP address "${addresses}"`);
  return { ...range, hasAddresses: true, minAddress: first, maxAddress: last };
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
