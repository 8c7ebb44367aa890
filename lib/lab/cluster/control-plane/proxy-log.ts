/** What the kube-proxies of a cluster have done: for a text of each node, and for the timeline. */
import type { LineText } from "../../../base/line-text.ts";
import type { Ns } from "../../../base/units.ts";
import type { Invocation } from "../../../kube/node/invocation.ts";
import { seconds } from "../../report.ts";

/** Texts of iptables-restore are kept up to this many characters in a run. */
const MAX_KEPT = 32 * 1024 * 1024;

/** Who did what to what, and how: the end of a timeline's entry. */
export type ProxyEntry = readonly [by: string, what: string, object: string, detail: string];

/** One invocation. */
interface Entry {
  readonly at: Ns;
  readonly run: string;
  /** Characters of the standard input. */
  readonly length: number;
  /** null: there was none, or it is not kept. */
  readonly stdin: LineText | null;
}

/** What the kube-proxies of a cluster wrote, and when. */
export class ProxyLog {
  readonly #entries = new Map<string, Entry[]>();
  #kept = 0;

  /** Takes what happened; returns what is worth a line of the timeline, or null. */
  add(at: Ns, node: string, { run, stdin }: Invocation): ProxyEntry | null {
    const entries = this.#entries.get(node) ?? [];
    this.#entries.set(node, entries);
    this.#kept += stdin?.length ?? 0;
    const isKept = this.#kept <= MAX_KEPT;
    entries.push({ at, run, length: stdin?.length ?? 0, stdin: isKept ? stdin : null });
    const by = `kube-proxy ${node}`;
    if (stdin !== null) return [by, "iptables-restore", "", `${stdin.lineCount} lines`];
    return run.startsWith("conntrack ") ? [by, run, "", ""] : null;
  }

  /** A text for each node, by file name. */
  texts(nodes: readonly string[]): Map<string, string> {
    return new Map(
      nodes.map((node) => [
        `${node}-kube-proxy.txt`,
        (this.#entries.get(node) ?? []).map(asText).join(""),
      ]),
    );
  }
}

function asText({ at, run, length, stdin }: Entry): string {
  const head = `${seconds(at)}  ${run}\n`;
  if (stdin !== null) return head + stdin.text.replace(/^(?=.)/gm, "    ");
  return length === 0 ? head : `${head}    (${length} characters that are not kept)\n`;
}
