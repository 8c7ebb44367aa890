/**
 * Tables as `iptables -L` and `iptables -S` print them.
 *
 * Kernel: none; iptables 1.8.9, iptables/xshared.c (print_header, print_rule_details), nft-ipv4.c.
 * Differs: names of addresses are never looked up, but for localhost.
 */
import { formatIpv4, prefixLengthOf } from "../../base/inet.ts";
import type { InterfaceTest, Rule } from "../rule.ts";
import type { Chain, Table } from "../table.ts";
import { saveConditions, saveTarget } from "./printer.ts";
import { formatProtocol } from "./values.ts";

/** How to list. */
export interface ListOptions {
  /** -n */
  readonly numeric: boolean;
  /** -v */
  readonly verbose: boolean;
  /** -x */
  readonly exact: boolean;
  /** --line-numbers */
  readonly lineNumbers: boolean;
  /** One chain only, or null. */
  readonly chain: string | null;
  /** One rule of it only, without headings; 0: all. */
  readonly number: number;
}

/** `iptables -L` */
export function listTable(table: Table, options: ListOptions): string {
  const chains = table
    .sortedChains()
    .filter((chain) => options.chain === null || chain.name === options.chain);
  if (options.number > 0) {
    const rule = chains[0]?.rules[options.number - 1];
    return rule === undefined ? "" : listRule(rule, options.number, options);
  }
  return chains.map((chain) => listChain(chain, options)).join("\n");
}

/** `iptables -S` */
export function listCommands(table: Table, options: ListOptions): string {
  const chains = table
    .sortedChains()
    .filter((chain) => options.chain === null || chain.name === options.chain);
  let text = "";
  if (options.number === 0) for (const chain of chains) text += declaration(chain, options);
  for (const chain of chains) {
    chain.rules.forEach((rule, index) => {
      if (options.number > 0 && options.number !== index + 1) return;
      const counted = options.verbose ? counters(rule) : "";
      text += `-A ${chain.name}${saveConditions(rule)}${counted}${saveTarget(rule)}\n`;
    });
  }
  return text;
}

/** What `iptables -v` says about a rule that it adds, deletes or has found. */
export function describeRule(rule: Rule): string {
  const options: ListOptions = {
    numeric: true,
    verbose: true,
    exact: false,
    lineNumbers: false,
    chain: null,
    number: 0,
  };
  const { header } = rule;
  let text = `${rule.target?.listedName ?? rule.targetName} ${header.protocolInverted ? "!" : " "}`;
  text += `${toolProtocol(header.protocol)} opt `;
  text += `${header.fragmentInverted ? "!" : "-"}${header.fragment ? "f" : "-"} `;
  text += `in ${device(header.inInterface, options)} out ${device(header.outInterface, options)} `;
  text += `${header.sourceInverted ? "!" : " "}${address(header.source, header.sourceMask, options)} `;
  text += `${header.destinationInverted ? "!" : " "}-> `;
  text += `${address(header.destination, header.destinationMask, options)}  `;
  return `${text}${extensions(rule, true)}\n`;
}

/** The protocol as the tool calls it by itself, without looking into /etc/protocols. */
function toolProtocol(protocol: number): string {
  return TOOL_PROTOCOLS.get(protocol) ?? String(protocol);
}

const TOOL_PROTOCOLS: ReadonlyMap<number, string> = new Map([
  [0, "all"],
  [1, "icmp"],
  [6, "tcp"],
  [17, "udp"],
  [50, "esp"],
  [51, "ah"],
  [58, "icmpv6"],
  [132, "sctp"],
  [135, "mh"],
  [136, "udplite"],
]);

function declaration(chain: Chain, options: ListOptions): string {
  if (!chain.builtIn) return `-N ${chain.name}\n`;
  const policy = chain.policyAccepts ? "ACCEPT" : "DROP";
  return `-P ${chain.name} ${policy}${options.verbose ? counters(chain) : ""}\n`;
}

function counters({ packets, bytes }: { packets: number; bytes: number }): string {
  return ` -c ${packets} ${bytes}`;
}

function listChain(chain: Chain, options: ListOptions): string {
  let text = heading(chain, options);
  if (options.lineNumbers) text += "num  ";
  if (options.verbose) text += options.exact ? "    pkts      bytes " : " pkts bytes ";
  text += "target     prot opt ";
  if (options.verbose) text += "in     out     ";
  text += "source               destination         \n";
  chain.rules.forEach((rule, index) => {
    text += listRule(rule, index + 1, options);
  });
  return text;
}

function heading(chain: Chain, options: ListOptions): string {
  if (!chain.builtIn) return `Chain ${chain.name} (${chain.references} references)\n`;
  const policy = chain.policyAccepts ? "ACCEPT" : "DROP";
  const counts = options.verbose
    ? ` ${count(chain.packets, options)} packets, ${count(chain.bytes, options)} bytes`
    : "";
  return `Chain ${chain.name} (policy ${policy}${counts})\n`;
}

function listRule(rule: Rule, number: number, options: ListOptions): string {
  const { header } = rule;
  let text = "";
  if (options.lineNumbers) text += `${String(number).padEnd(4)} `;
  if (options.verbose) {
    text += `${count(rule.packets, options).padStart(options.exact ? 8 : 5)} `;
    text += `${count(rule.bytes, options).padStart(options.exact ? 8 : 5)} `;
  }
  text += `${(rule.target?.listedName ?? rule.targetName).padEnd(9)} `;
  const protocol = options.numeric
    ? String(header.protocol)
    : header.protocol === 0
      ? "all"
      : formatProtocol(header.protocol);
  text += `${header.protocolInverted ? "!" : " "}${protocol.padEnd(4)} `;
  text += `${header.fragmentInverted ? "!" : "-"}${header.fragment ? "f" : "-"} `;
  if (options.verbose) {
    text += ` ${device(header.inInterface, options).padEnd(6)} `;
    text += `${device(header.outInterface, options).padEnd(6)} `;
  }
  const source = address(header.source, header.sourceMask, options);
  text += `${header.sourceInverted ? "!" : " "}${source.padEnd(19)} `;
  const destination = address(header.destination, header.destinationMask, options);
  text += `${header.destinationInverted ? "!" : " "}${destination.padEnd(19)} `;
  return `${text}${extensions(rule, options.numeric)}\n`;
}

function extensions(rule: Rule, numeric: boolean): string {
  let text = rule.isGoto ? "[goto] " : "";
  for (const match of rule.matches) text += match.list(numeric);
  if (rule.target !== null) text += rule.target.list(numeric);
  return text;
}

function device(test: InterfaceTest | null, options: ListOptions): string {
  if (test === null || (test.name === "" && !test.inverted)) return options.numeric ? "*" : "any";
  return `${test.inverted ? "!" : ""}${test.name}${test.wildcard ? "+" : ""}`;
}

function address(value: number, mask: number, options: ListOptions): string {
  if (mask === 0 && !options.numeric) return "anywhere";
  const text = !options.numeric && value === 0x7f000001 ? "localhost" : formatIpv4(value);
  if (mask === -1) return text;
  const length = prefixLengthOf(mask);
  return `${text}/${length === -1 ? formatIpv4(mask) : length}`;
}

/** A count of at most five characters: beyond that in thousands, millions and so on, rounded. */
function count(value: number, options: ListOptions): string {
  if (options.exact || value <= 99999) return String(value);
  let rounded = value;
  for (const suffix of ["K", "M", "G"]) {
    rounded = Math.floor((rounded + 500) / 1000);
    if (rounded <= 9999) return `${rounded}${suffix}`;
  }
  return `${Math.floor((rounded + 500) / 1000)}T`;
}
