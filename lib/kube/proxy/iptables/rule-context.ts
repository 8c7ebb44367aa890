/**
 * What the rules of every service port have in common: settings of the node and of the proxy that
 * one sync reads, in the words iptables wants.
 */
import type { Ipv4 } from "../../../base/inet.ts";
import type { LocalDetector } from "../local-traffic.ts";
import type { KubeProxyRelease } from "../release.ts";

/** What one sync knows beside the service port. */
export interface RuleContext {
  readonly masqueradeAll: boolean;
  /** Matches traffic of this node's pods, such as `-s 10.244.0.0/16`; "" if that is unknown. */
  readonly ifLocal: string;
  /** Matches all other traffic; "" if that is unknown. */
  readonly ifNotLocal: string;
  readonly nodeIp: Ipv4;
  /** Above 1000 endpoints comments are left out where they are most. */
  readonly largeCluster: boolean;
  /** Whether node ports on loopback addresses are counted by a rule of their own. */
  readonly countLocalhost: boolean;
}

/**
 * All of it that matters to a port without source ranges, as one text: equal texts lead to equal
 * rules.
 */
export function settingsOf(context: RuleContext, { version }: KubeProxyRelease): string {
  const { masqueradeAll, ifLocal, ifNotLocal, largeCluster, countLocalhost } = context;
  return `${version} ${masqueradeAll} ${largeCluster} ${countLocalhost} ${ifLocal} ${ifNotLocal}`;
}

/** The two matches of a detector. */
export function localMatches(detector: LocalDetector): Pick<RuleContext, "ifLocal" | "ifNotLocal"> {
  switch (detector.by) {
    case "cidr":
      return match(`-s ${detector.cidr}`);
    case "interface":
      return match(`-i ${detector.name}`);
    case "interface prefix":
      return match(`-i ${detector.prefix}+`);
    case "nothing":
      return { ifLocal: "", ifNotLocal: "" };
  }
}

function match(words: string): Pick<RuleContext, "ifLocal" | "ifNotLocal"> {
  return { ifLocal: words, ifNotLocal: `! ${words}` };
}

/** The mark's bit as the rules print it: `0x00004000` for bit 14. */
export function formatMark(bit: number): string {
  return `0x${(2 ** bit).toString(16).padStart(8, "0")}`;
}

/** The chance of one in `count`, with ten digits, as a statistic match wants it. */
export function formatProbability(count: number): string {
  return (1 / count).toFixed(10);
}
