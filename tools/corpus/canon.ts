/**
 * The canonical form of rules as text, iptables-save's or iptables-restore's: two dumps are equal
 * in it exactly if they differ in nothing but the order of services, of `-X` lines and counters.
 * The definition is that of the corpus (see its README), and a spec checks it line by line.
 */

/** Chains that all services share; their rules are ordered by what they match. */
const SHARED = new Set([
  "KUBE-SERVICES",
  "KUBE-EXTERNAL-SERVICES",
  "KUBE-NODEPORTS",
  "KUBE-PROXY-FIREWALL",
  "KUBE-PORTALS-CONTAINER",
  "KUBE-PORTALS-HOST",
  "KUBE-NODEPORT-CONTAINER",
  "KUBE-NODEPORT-HOST",
]);

interface Table {
  readonly chains: string[];
  readonly rules: Map<string, string[]>;
  readonly deleted: string[];
}

/** The lines of the canonical form. */
export function canonicalRules(text: string): string[] {
  const tables = readTables(text);
  const lines: string[] = [];
  for (const name of [...tables.keys()].sort()) {
    const table = tables.get(name);
    if (table === undefined) continue;
    lines.push(`*${name}`, ...table.chains.sort());
    for (const chain of [...table.rules.keys()].sort()) {
      lines.push(...canonicalChain(chain, table.rules.get(chain) ?? []));
    }
    lines.push(...table.deleted.sort(), "COMMIT");
  }
  return lines;
}

/**
 * Where two dumps differ first in canonical form: the lines of both there, or null if nowhere.
 * A line that only one has is "".
 */
export function firstDifference(
  expected: string,
  actual: string,
): { readonly expected: string; readonly actual: string } | null {
  const [left, right] = [canonicalRules(expected), canonicalRules(actual)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const [one = "", other = ""] = [left[index], right[index]];
    if (one !== other) return { expected: one, actual: other };
  }
  return null;
}

/** Userspace mode: puts PROXYPORT for the random ports of the proxy, as the recordings have it. */
export function withoutProxyPorts(save: string): string {
  return save
    .replace(/(--to-ports )\d+/g, "$1PROXYPORT")
    .replace(/(--to-destination [\d.]+:)\d+/g, "$1PROXYPORT")
    .replace(/(-A KUBE-NODEPORT-NON-LOCAL .*--dport )\d+/g, "$1PROXYPORT");
}

function readTables(text: string): Map<string, Table> {
  const tables = new Map<string, Table>();
  let table: Table = { chains: [], rules: new Map(), deleted: [] };
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#") || line === "COMMIT") continue;
    if (line.startsWith("*")) {
      table = tables.get(line.slice(1)) ?? { chains: [], rules: new Map(), deleted: [] };
      tables.set(line.slice(1), table);
    } else if (line.startsWith(":")) {
      table.chains.push(line.replace(/\[\d+:\d+\]/, "[0:0]"));
    } else if (line.startsWith("-X ")) {
      table.deleted.push(line);
    } else {
      const chain = line.split(" ")[1] ?? "";
      const rules = table.rules.get(chain) ?? [];
      rules.push(line);
      table.rules.set(chain, rules);
    }
  }
  return tables;
}

function canonicalChain(chain: string, rules: readonly string[]): string[] {
  if (chain === "KUBE-NODEPORT-NON-LOCAL") return [...rules].sort();
  if (!SHARED.has(chain)) return [...rules];
  const keyed = rules.map((rule) => ({ rule, key: serviceKey(rule) }));
  const about = keyed.filter(({ key }) => key !== null);
  const others = keyed.filter(({ key }) => key === null).map(({ rule }) => rule);
  about.sort((a, b) => compare(a.key ?? "", b.key ?? ""));
  return [...about.map(({ rule }) => rule), ...others.sort()];
}

/** Destination, protocol and port of a rule; null for a rule without a port. */
function serviceKey(rule: string): string | null {
  const plain = rule.replace(/--comment ("[^"]*"|\S+)/g, "");
  const port = /--dport (\S+)/.exec(plain)?.[1];
  if (port === undefined) return null;
  const destination = (/(?<!! )-d (\S+)/.exec(plain)?.[1] ?? "").replace(/\/32$/, "");
  const protocol = /-p (\S+)/.exec(plain)?.[1] ?? "";
  return [destination.includes("/") ? "" : destination, protocol, port].join("|");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
