/**
 * What -m conntrack asks of a connection, and how that is printed.
 *
 * Kernel: include/uapi/linux/netfilter/xt_conntrack.h (struct xt_conntrack_mtinfo3), 6.18; iptables
 * 1.8.9, extensions/libxt_conntrack.c (conntrack_dump).
 */
import { formatIpv4, prefixLengthOf } from "../../base/inet.ts";
import { Direction, Status } from "../conntrack/connection.ts";
import { refuse } from "../text/errors.ts";
import type { MaskedAddress } from "../text/values.ts";
import type { PortRange } from "./ports.ts";

const STATUSES: readonly (readonly [string, number])[] = [
  ["EXPECTED", Status.EXPECTED],
  ["SEEN_REPLY", Status.SEEN_REPLY],
  ["ASSURED", Status.ASSURED],
  ["CONFIRMED", Status.CONFIRMED],
];

/** A test of one address. */
export interface AddressTest extends MaskedAddress {
  readonly inverted: boolean;
}

/** All tests; null, or -1: not asked for. */
export interface ConntrackTest {
  /** Bits, as in connection-states.ts; 0: not asked for. */
  states: number;
  statesInverted: boolean;
  protocol: number;
  protocolInverted: boolean;
  originalSource: AddressTest | null;
  originalDestination: AddressTest | null;
  replySource: AddressTest | null;
  replyDestination: AddressTest | null;
  originalSourcePort: PortRange | null;
  originalDestinationPort: PortRange | null;
  replySourcePort: PortRange | null;
  replyDestinationPort: PortRange | null;
  status: number;
  statusInverted: boolean;
  expiry: readonly [number, number] | null;
  expiryInverted: boolean;
  direction: Direction | null;
}

/** No test at all. */
export function noConntrackTest(): ConntrackTest {
  return {
    states: 0,
    statesInverted: false,
    protocol: -1,
    protocolInverted: false,
    originalSource: null,
    originalDestination: null,
    replySource: null,
    replyDestination: null,
    originalSourcePort: null,
    originalDestinationPort: null,
    replySourcePort: null,
    replyDestinationPort: null,
    status: -1,
    statusInverted: false,
    expiry: null,
    expiryInverted: false,
    direction: null,
  };
}

/** All but the states, each with a space before it; options begin with `dashes`. */
export function saveTests(test: ConntrackTest, dashes = "--"): string {
  let text = "";
  const add = (inverted: boolean, option: string, value: string): void => {
    text += `${inverted ? " !" : ""} ${dashes}${option} ${value}`;
  };
  if (test.protocol >= 0) add(test.protocolInverted, "ctproto", String(test.protocol));
  const addresses: [AddressTest | null, string][] = [
    [test.originalSource, "ctorigsrc"],
    [test.originalDestination, "ctorigdst"],
    [test.replySource, "ctreplsrc"],
    [test.replyDestination, "ctrepldst"],
  ];
  for (const [address, option] of addresses) {
    if (address !== null) add(address.inverted, option, saveAddress(address));
  }
  const ports: [PortRange | null, string][] = [
    [test.originalSourcePort, "ctorigsrcport"],
    [test.originalDestinationPort, "ctorigdstport"],
    [test.replySourcePort, "ctreplsrcport"],
    [test.replyDestinationPort, "ctrepldstport"],
  ];
  for (const [range, option] of ports) {
    if (range === null) continue;
    const value = range.min === range.max ? `${range.min}` : `${range.min}:${range.max}`;
    add(range.inverted, option, value);
  }
  if (test.status >= 0) add(test.statusInverted, "ctstatus", statusNames(test.status));
  if (test.expiry !== null) {
    const [min, max] = test.expiry;
    add(test.expiryInverted, "ctexpire", min === max ? `${min}` : `${min}:${max}`);
  }
  if (test.direction !== null) {
    add(false, "ctdir", test.direction === Direction.ORIGINAL ? "ORIGINAL" : "REPLY");
  }
  return text;
}

function saveAddress({ address, mask }: MaskedAddress): string {
  if (mask === -1) return formatIpv4(address);
  const length = prefixLengthOf(mask);
  return `${formatIpv4(address)}/${length === -1 ? formatIpv4(mask) : length}`;
}

function statusNames(status: number): string {
  const names = STATUSES.filter(([, bit]) => (status & bit) !== 0).map(([name]) => name);
  return names.length === 0 ? "NONE" : names.join(",");
}

/** `STATUS,…` as bits. */
export function parseStatus(text: string): number {
  let status = 0;
  for (const word of text.split(",")) {
    const known = STATUSES.find(([name]) => name === word.toUpperCase());
    if (known !== undefined) status |= known[1];
    else if (word.toUpperCase() !== "NONE") refuse(`Bad ctstatus "${word}"`);
  }
  return status;
}
