/** What the kube-proxies of a cluster have done: for a text of each node, and for the timeline. */
import type { Ns } from "../../../base/units.ts";
import type { Invocation } from "../../../kube/node/invocation.ts";
import { seconds } from "../../report.ts";

/** Texts of iptables-restore are kept up to this many characters in a run. */
const MAX_KEPT = 32 * 1024 * 1024;

/** Who did what to what, and how: the end of a timeline's entry. */
export type ProxyEntry = readonly [by: string, what: string, object: string, detail: string];

export class ProxyLog {
  readonly #texts = new Map<string, string[]>();
  #kept = 0;

  /** Takes what happened; returns what is worth a line of the timeline, or null. */
  add(at: Ns, node: string, { run, stdin }: Invocation): ProxyEntry | null {
    const lines = this.#texts.get(node) ?? [];
    this.#texts.set(node, lines);
    this.#kept += stdin?.length ?? 0;
    lines.push(`${seconds(at)}  ${run}\n${this.#shown(stdin)}`);
    const by = `kube-proxy ${node}`;
    if (stdin !== null) return [by, "iptables-restore", "", `${countLines(stdin)} lines`];
    return run.startsWith("conntrack ") ? [by, run, "", ""] : null;
  }

  /** A text for each node, by file name. */
  texts(nodes: readonly string[]): Map<string, string> {
    return new Map(
      nodes.map((node) => [`${node}-kube-proxy.txt`, (this.#texts.get(node) ?? []).join("")]),
    );
  }

  #shown(stdin: string | null): string {
    if (stdin === null) return "";
    if (this.#kept > MAX_KEPT) return `    (${stdin.length} characters that are not kept)\n`;
    return stdin.replace(/^(?=.)/gm, "    ");
  }
}

function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}
