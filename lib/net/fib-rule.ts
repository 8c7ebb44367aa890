/**
 * Policy routing: rules that choose the table of a look-up by source, mark, device or port.
 *
 * Kernel: net/core/fib_rules.c (fib_rules_lookup), net/ipv4/fib_rules.c (fib4_rule_match), 6.18.
 */
import { EACCES, EAGAIN, EINVAL, ENETUNREACH } from "../base/errno.ts";
import { ANY_ADDRESS, type Ipv4, maskOf } from "../base/inet.ts";
import type { Flow } from "./inet.ts";

/** What a rule does with what it matches. */
export const RuleAction = {
  TABLE: 1,
  GOTO: 2,
  NOP: 3,
  BLACKHOLE: 6,
  UNREACHABLE: 7,
  PROHIBIT: 8,
} as const;
export type RuleAction = (typeof RuleAction)[keyof typeof RuleAction];

/** A rule, as `ip rule` shows it. */
export interface FibRule {
  /** Rules are tried in this order. */
  readonly priority: number;
  readonly action: RuleAction;
  readonly table: number;
  /** Priority to go on at, for GOTO. */
  readonly target: number;
  readonly source: Ipv4;
  readonly sourceLength: number;
  readonly destination: Ipv4;
  readonly destinationLength: number;
  readonly tos: number;
  readonly mark: number;
  readonly markMask: number;
  /** Names of devices, "" for any. */
  readonly inputDevice: string;
  readonly outputDevice: string;
  readonly protocol: number;
  readonly sourcePorts: readonly [number, number] | null;
  readonly destinationPorts: readonly [number, number] | null;
  /** `not`: matches what it would not. */
  readonly invert: boolean;
  /** Routes with at most this prefix length are not taken; -1 for none. */
  readonly suppressPrefixLength: number;
}

/** A rule that matches everything and looks into `table`. */
export function plainRule(priority: number, table: number): FibRule {
  return {
    priority,
    action: RuleAction.TABLE,
    table,
    target: 0,
    source: ANY_ADDRESS,
    sourceLength: 0,
    destination: ANY_ADDRESS,
    destinationLength: 0,
    tos: 0,
    mark: 0,
    markMask: 0,
    inputDevice: "",
    outputDevice: "",
    protocol: 0,
    sourcePorts: null,
    destinationPorts: null,
    invert: false,
    suppressPrefixLength: -1,
  };
}

/** The errno that an action other than a table ends the look-up with. */
export function actionError(action: RuleAction): number {
  switch (action) {
    case RuleAction.UNREACHABLE:
      return -ENETUNREACH;
    case RuleAction.PROHIBIT:
      return -EACCES;
    case RuleAction.BLACKHOLE:
      return -EINVAL;
    default:
      return -EAGAIN;
  }
}

/** Whether a rule applies; `nameOf` gives the name of the device with an index. */
export function matchesRule(
  rule: FibRule,
  flow: Flow,
  nameOf: (deviceIndex: number) => string,
): boolean {
  const matches =
    (flow.source & maskOf(rule.sourceLength)) === rule.source &&
    (flow.destination & maskOf(rule.destinationLength)) === rule.destination &&
    (rule.tos === 0 || rule.tos === (flow.tos & 0xfc)) &&
    ((flow.mark ^ rule.mark) & rule.markMask) === 0 &&
    (rule.inputDevice === "" || rule.inputDevice === nameOf(flow.inputIndex)) &&
    (rule.outputDevice === "" || rule.outputDevice === nameOf(flow.outputIndex)) &&
    (rule.protocol === 0 || rule.protocol === flow.protocol) &&
    inRange(rule.sourcePorts, flow.sourcePort) &&
    inRange(rule.destinationPorts, flow.destinationPort);
  return matches !== rule.invert;
}

function inRange(range: readonly [number, number] | null, port: number): boolean {
  return range === null || (port >= range[0] && port <= range[1]);
}
