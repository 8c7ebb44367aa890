/**
 * -j DNAT, SNAT, REDIRECT, MASQUERADE and NETMAP: their options, and what is refused. What they do
 * is in translation.ts.
 *
 * Spec: iptables 1.8.9, extensions/libxt_NAT.c. Kernel: net/netfilter/xt_nat.c (checkentry), 6.18.
 */
import {
  IPPROTO_ICMP,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
} from "../../wire/protocol-numbers.ts";
import { IPPROTO_DCCP } from "../conntrack/tuple.ts";
import { defineTarget, type OptionSpec, type RuleContext, refuseInKernel } from "../extension.ts";
import { ANY_RANGE, Manip, type NatRange } from "../nat/range.ts";
import { refuse } from "../text/errors.ts";
import { servicePort } from "../text/names.ts";
import { hostWithMask, parseNumber, tryAddress } from "../text/values.ts";
import { AddressTarget, MasqueradeTarget, NetmapTarget, RedirectTarget } from "./translation.ts";

interface NatState {
  to: string | null;
  random: boolean;
  randomFully: boolean;
  persistent: boolean;
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
