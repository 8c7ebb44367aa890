/**
 * Listings of chains: `iptables -L` with `-n`, `-v`, `-x`, `--line-numbers`, and `iptables -S`.
 *
 * Spec: iptables 1.8.9, iptables/xshared.c (print_header, print_rule_details, print_ifaces,
 * print_ipv4_addresses), libxtables/xtables.c (xtables_print_num).
 * Differs: addresses are never looked up in the DNS.
 */
import { formatIpv4, prefixLengthOf } from "../base/inet.ts";
import type { HeaderMatch, InterfaceTest, Rule } from "../netfilter/rule.ts";
import type { Chain } from "../netfilter/table.ts";
import type { Command } from "../netfilter/text/command.ts";
import { saveHeader } from "../netfilter/text/header.ts";
import { formatProtocol } from "../netfilter/text/values.ts";

type Flags = Pick<Command, "numeric" | "verbose" | "exact" | "lineNumbers">;

/** One chain with its heading; chains are parted by an empty line. */
export function listChain(chain: Chain, flags: Flags): string {
  const rules = chain.rules.map((rule, index) => ruleLine(rule, index + 1, flags));
  return `${chainLine(chain, flags)}${columnLine(flags)}${rules.join("")}`;
}

/** The rule with that number alone, without headings. */
export function listRules(rules: readonly Rule[], flags: Flags, number: number): string {
  const rule = rules[number - 1];
  return rule === undefined ? "" : ruleLine(rule, number, flags);
}

/** The lines of `iptables -S`. */
export function savedLines(chains: readonly Chain[], flags: Flags): string[] {
  const counters = (of: { packets: number; bytes: number }): string =>
    flags.verbose ? ` -c ${of.packets} ${of.bytes}` : "";
  const heads = chains.map((chain) => {
    if (!chain.builtIn) return `-N ${chain.name}`;
    return `-P ${chain.name} ${chain.policyAccepts ? "ACCEPT" : "DROP"}${counters(chain)}`;
  });
  const rules = chains.flatMap((chain) =>
    chain.rules.map((rule) => {
      const matches = rule.matches.map((match) => ` -m ${match.name}${match.save()}`).join("");
      const head = `-A ${chain.name}${saveHeader(rule.header)}${matches}${counters(rule)}`;
      return head + savedTarget(rule);
    }),
  );
  return [...heads, ...rules];
}

function savedTarget(rule: Rule): string {
  if (rule.targetName === "") return "";
  const options = rule.target === null ? "" : rule.target.save();
  return ` ${rule.isGoto ? "-g" : "-j"} ${rule.target?.name ?? rule.targetName}${options}`;
}

function chainLine(chain: Chain, flags: Flags): string {
  if (!chain.builtIn) return `Chain ${chain.name} (${chain.references} references)\n`;
  const policy = chain.policyAccepts ? "ACCEPT" : "DROP";
  const counters = flags.verbose
    ? ` ${count(chain.packets, flags, 0)} packets, ${count(chain.bytes, flags, 0)} bytes`
    : "";
  return `Chain ${chain.name} (policy ${policy}${counters})\n`;
}

function columnLine(flags: Flags): string {
  let text = flags.lineNumbers ? "num  " : "";
  if (flags.verbose) text += flags.exact ? "    pkts      bytes " : " pkts bytes ";
  text += "target     prot opt";
  if (flags.verbose) text += ` ${"in".padEnd(6)} ${"out".padEnd(6)} `;
  return `${text} ${"source".padEnd(19)}  ${"destination".padEnd(19)} \n`;
}

function ruleLine(rule: Rule, number: number, flags: Flags): string {
  const { header } = rule;
  let text = flags.lineNumbers ? `${String(number).padEnd(4)} ` : "";
  if (flags.verbose) {
    const width = flags.exact ? 8 : 5;
    text += `${count(rule.packets, flags, width)} ${count(rule.bytes, flags, width)} `;
  }
  const target = rule.target?.name ?? rule.targetName;
  const protocol = flags.numeric ? String(header.protocol) : protocolName(header.protocol);
  text += `${target.padEnd(9)} ${header.protocolInverted ? "!" : " "}${protocol.padEnd(4)} `;
  text += header.fragment ? (header.fragmentInverted ? "!f" : "-f") : "--";
  if (flags.verbose) text += `  ${device(header.inInterface)} ${device(header.outInterface)}`;
  text += addresses(header, flags);
  if (rule.isGoto) text += "[goto] ";
  for (const match of rule.matches) text += match.list(flags.numeric);
  if (rule.target !== null) text += rule.target.list(flags.numeric);
  return `${text}\n`;
}

function addresses(header: HeaderMatch, { numeric }: Flags): string {
  const source = addressText(header.source, header.sourceMask, numeric).padEnd(19);
  const destination = addressText(header.destination, header.destinationMask, numeric).padEnd(19);
  const not = (inverted: boolean): string => (inverted ? "!" : " ");
  return ` ${not(header.sourceInverted)}${source} ${not(header.destinationInverted)}${destination} `;
}

function addressText(address: number, mask: number, numeric: boolean): string {
  if (address === 0 && mask === 0) return numeric ? "0.0.0.0/0" : "anywhere";
  const length = prefixLengthOf(mask);
  if (length === 32) return formatIpv4(address);
  return `${formatIpv4(address)}/${length === -1 ? formatIpv4(mask) : length}`;
}

function protocolName(protocol: number): string {
  return protocol === 0 ? "all" : formatProtocol(protocol);
}

function device(test: InterfaceTest | null): string {
  if (test === null) return "*".padEnd(6);
  return `${test.inverted ? "!" : ""}${test.name}${test.wildcard ? "+" : ""}`.padEnd(6);
}

/** Large numbers in thousands and so on, unless `-x`. */
function count(value: number, flags: Flags, width: number): string {
  if (flags.exact || value <= 99_999) return String(value).padStart(width);
  let rounded = value;
  for (const unit of ["K", "M", "G"]) {
    rounded = Math.floor((rounded + 500) / 1000);
    if (rounded <= 9999) return `${String(rounded).padStart(width === 0 ? 0 : 4)}${unit}`;
  }
  return `${String(Math.floor((rounded + 500) / 1000)).padStart(width === 0 ? 0 : 4)}T`;
}
