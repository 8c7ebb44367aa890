/**
 * Compares the connections of the kernel, as /proc/net/nf_conntrack lists them, with those here.
 */
import type { Conntrack } from "../../lib/netfilter/conntrack/conntrack.ts";
import { formatConnection } from "../../lib/netfilter/conntrack/print.ts";

/** The clocks of both are a moment apart, which may be where a second ends. */
const TOLERATED_SECONDS = 1;

/** What differs, or "". */
export function compareConnections(kernel: readonly string[], conntrack: Conntrack): string {
  const theirs = byFlow(kernel.map(asConntrackTool));
  const mine = byFlow(conntrack.list().map((one) => formatConnection(conntrack, one)));
  const onlyTheirs = missing(theirs, mine);
  const onlyMine = missing(mine, theirs);
  if (onlyTheirs.length + onlyMine.length === 0) return "";
  const join = (lines: readonly string[]): string => lines.join("\n           ") || "nothing";
  return `connections\n  real     ${join(onlyTheirs)}\n  vethwork ${join(onlyMine)}`;
}

/** A line of /proc/net/nf_conntrack as `conntrack -L` has it. */
function asConntrackTool(line: string): string {
  return line.replace(/^ipv4 +2 /, "").replace(" zone=0", "");
}

/** Seconds left by the rest of the line. */
function byFlow(lines: readonly string[]): Map<string, number> {
  const flows = new Map<string, number>();
  for (const line of lines) {
    const [, protocol = "", seconds = "", rest = ""] = /^(\S+ +\d+) (\d+) (.*)$/.exec(line) ?? [];
    flows.set(`${protocol} ${rest.replace(/ *use=\d+$/, "").replace(/ +/g, " ")}`, Number(seconds));
  }
  return flows;
}

function missing(flows: ReadonlyMap<string, number>, from: ReadonlyMap<string, number>): string[] {
  return [...flows]
    .filter(([flow, seconds]) => {
      const other = from.get(flow);
      return other === undefined || Math.abs(other - seconds) > TOLERATED_SECONDS;
    })
    .map(([flow, seconds]) => `${flow} (${seconds} s)`);
}
