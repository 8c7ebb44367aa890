/**
 * Random settings of connection tracking for both routers.
 */
import { CONNTRACK_SYSCTLS, type ConntrackSysctl } from "../../lib/netfilter/conntrack/sysctls.ts";
import type { RandomStream } from "../../lib/sim/random.ts";

/** Values by the name behind `net.netfilter.`; always all that any case sets. */
export type Settings = Partial<Record<ConntrackSysctl, number>>;

const SWITCHES = [
  "nf_conntrack_tcp_be_liberal",
  "nf_conntrack_tcp_loose",
  "nf_conntrack_tcp_ignore_invalid_rst",
] as const;
/** Where a case may choose to forget earlier, or at another count. */
const NUMBERS = Object.keys(CONNTRACK_SYSCTLS).filter((name) =>
  /timeout|max_retrans$/.test(name),
) as ConntrackSysctl[];

/** As the kernel has them, with accounting or without. */
export function ruleSettings(random: RandomStream): Settings {
  return { ...defaults(), nf_conntrack_acct: random.chance(0.3) ? 1 : 0 };
}

/** Anything. */
export function flowSettings(random: RandomStream): Settings {
  const settings = ruleSettings(random);
  for (const name of SWITCHES) {
    if (random.chance(0.25)) settings[name] = 1 - CONNTRACK_SYSCTLS[name];
  }
  for (const name of NUMBERS) {
    if (random.chance(0.15)) settings[name] = 1 + random.below(random.chance(0.3) ? 3 : 200);
  }
  return settings;
}

function defaults(): Settings {
  const settings: Settings = {};
  for (const name of [...SWITCHES, ...NUMBERS]) settings[name] = CONNTRACK_SYSCTLS[name];
  return settings;
}
