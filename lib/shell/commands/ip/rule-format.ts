/**
 * Rules as `ip rule` prints them.
 *
 * Spec: iproute2 6.1, ip/iprule.c (print_rule).
 */
import { formatIpv4 } from "../../../base/inet.ts";
import { type FibRule, RuleAction } from "../../../net/fib-rule.ts";
import { tableName } from "./context.ts";

/** Protocols by name, as rules know them. */
export const RULE_PROTOCOLS: readonly (readonly [string, number])[] = [
  ["icmp", 1],
  ["tcp", 6],
  ["udp", 17],
];
/** The rules that the kernel makes: which priority leads to which table. */
const KERNEL_RULES: ReadonlyMap<number, number> = new Map([
  [0, 255],
  [32766, 254],
  [32767, 253],
]);

/** What is there besides the rule: what it names may be missing. */
export interface RuleSurroundings {
  hasDevice(name: string): boolean;
  /** Whether a rule has that priority. */
  hasTarget(priority: number): boolean;
}

/** The line of a rule, line end included. */
export function ruleText(rule: FibRule, around: RuleSurroundings, details: boolean): string {
  let text = `${rule.priority}:\t${rule.invert ? "not " : ""}from `;
  text += rule.sourceLength === 0 ? "all" : prefixText(rule.source, rule.sourceLength);
  if (rule.destinationLength !== 0) {
    text += ` to ${prefixText(rule.destination, rule.destinationLength)}`;
  }
  if (rule.tos !== 0) text += ` tos ${tosText(rule.tos)}`;
  if (hasMark(rule)) {
    text += ` fwmark ${hex(rule.mark)}`;
    if (rule.markMask !== -1) text += `/${hex(rule.markMask)}`;
  }
  text += deviceText("iif", rule.inputDevice, around);
  text += deviceText("oif", rule.outputDevice, around);
  if (rule.protocol !== 0) text += ` ipproto ${protocolName(rule.protocol)}`;
  if (rule.sourcePorts !== null) text += ` sport ${rangeText(rule.sourcePorts)}`;
  if (rule.destinationPorts !== null) text += ` dport ${rangeText(rule.destinationPorts)}`;
  text += actionText(rule, around);
  if (details) text += ` proto ${isKernelRule(rule) ? "kernel" : "unspec"}`;
  return `${text}\n`;
}

/** The object that `ip -j rule` prints; key order is the real one's. */
export function ruleJson(rule: FibRule, around: RuleSurroundings): Record<string, unknown> {
  const { inputDevice, outputDevice } = rule;
  return {
    priority: rule.priority,
    ...(rule.invert ? { not: null } : {}),
    ...addressJson("src", rule.source, rule.sourceLength, true),
    ...addressJson("dst", rule.destination, rule.destinationLength, false),
    ...(rule.tos === 0 ? {} : { tos: tosText(rule.tos) }),
    ...(hasMark(rule) ? { fwmark: hex(rule.mark) } : {}),
    ...(hasMark(rule) && rule.markMask !== -1 ? { fwmask: hex(rule.markMask) } : {}),
    ...(inputDevice === "" ? {} : { iif: inputDevice }),
    ...(isDetached(inputDevice, around) ? { iif_detached: null } : {}),
    ...(outputDevice === "" ? {} : { oif: outputDevice }),
    ...(isDetached(outputDevice, around) ? { oif_detached: null } : {}),
    ...(rule.protocol === 0 ? {} : { ipproto: protocolName(rule.protocol) }),
    ...portsJson("sport", rule.sourcePorts),
    ...portsJson("dport", rule.destinationPorts),
    ...actionJson(rule, around),
  };
}

function prefixText(address: number, length: number): string {
  return length === 32 ? formatIpv4(address) : `${formatIpv4(address)}/${length}`;
}

function addressJson(
  name: string,
  address: number,
  length: number,
  always: boolean,
): Record<string, unknown> {
  if (length === 0) return always ? { [name]: "all" } : {};
  return { [name]: formatIpv4(address), ...(length === 32 ? {} : { [`${name}len`]: length }) };
}

function portsJson(name: string, range: FibRule["sourcePorts"]): Record<string, unknown> {
  if (range === null) return {};
  const [from, to] = range;
  return from === to ? { [name]: from } : { [`${name}_start`]: from, [`${name}_end`]: to };
}

function deviceText(word: string, name: string, around: RuleSurroundings): string {
  if (name === "") return "";
  return ` ${word} ${name}${isDetached(name, around) ? " [detached]" : ""}`;
}

function isDetached(name: string, around: RuleSurroundings): boolean {
  return name !== "" && !around.hasDevice(name);
}

function hasMark({ mark, markMask }: FibRule): boolean {
  return mark !== 0 || markMask !== 0;
}

function isKernelRule({ priority, table, action }: FibRule): boolean {
  return action === RuleAction.TABLE && KERNEL_RULES.get(priority) === table;
}

function actionText(rule: FibRule, around: RuleSurroundings): string {
  switch (rule.action) {
    case RuleAction.TABLE: {
      const { suppressPrefixLength } = rule;
      const suppress =
        suppressPrefixLength === -1 ? "" : ` suppress_prefixlength ${suppressPrefixLength}`;
      return ` lookup ${tableName(rule.table)}${suppress}`;
    }
    case RuleAction.GOTO:
      return ` goto ${rule.target}${around.hasTarget(rule.target) ? "" : " [unresolved]"}`;
    case RuleAction.NOP:
      return " nop";
    case RuleAction.BLACKHOLE:
      return " blackhole";
    case RuleAction.UNREACHABLE:
      return " unreachable";
    case RuleAction.PROHIBIT:
      return " prohibit";
    default:
      return "";
  }
}

function actionJson(rule: FibRule, around: RuleSurroundings): Record<string, unknown> {
  switch (rule.action) {
    case RuleAction.TABLE: {
      const { suppressPrefixLength } = rule;
      const suppress =
        suppressPrefixLength === -1 ? {} : { suppress_prefixlen: suppressPrefixLength };
      return { table: tableName(rule.table), ...suppress };
    }
    case RuleAction.GOTO: {
      const unresolved = around.hasTarget(rule.target) ? {} : { unresolved: null };
      return { goto: rule.target, ...unresolved };
    }
    case RuleAction.NOP:
      return { nop: null };
    default:
      return { action: actionText(rule, around).trim() };
  }
}

function protocolName(protocol: number): string {
  return RULE_PROTOCOLS.find(([, number]) => number === protocol)?.[0] ?? String(protocol);
}

function tosText(tos: number): string {
  return `0x${tos.toString(16).padStart(2, "0")}`;
}

function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}

function rangeText([from, to]: readonly [number, number]): string {
  return from === to ? String(from) : `${from}-${to}`;
}
