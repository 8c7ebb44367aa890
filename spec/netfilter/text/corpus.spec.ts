import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { Netfilter } from "../../../lib/netfilter/netfilter.ts";
import { emptyHost } from "../../../tools/empty-host.ts";

const CORPUS = "fixtures/corpus/kube-proxy";
/** Chains that kube-proxy makes by single commands before its first restore. */
const MADE_BEFORE =
  /^:(PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING|KUBE-PROXY-CANARY|KUBE-MARK-DROP) /;
const JUMP = /^-A (PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING) .*-j (\S+)/;

/** The recordings that are iptables rules. */
function recordings(): string[] {
  const files: string[] = [];
  for (const name of readdirSync(CORPUS)) {
    const recorded = join(CORPUS, name, "recorded");
    if (!existsSync(recorded)) continue;
    for (const file of readdirSync(recorded)) {
      if (/(iptables|userspace)\.txt$/.test(file)) files.push(join(recorded, file));
    }
  }
  return files;
}

/** The files of a recording by name. Ports of userspace mode were replaced by a word. */
function filesOf(recording: string): Map<string, string> {
  const text = readFileSync(recording, "utf8").replaceAll("PROXYPORT", "10400");
  const files = new Map<string, string>();
  for (const part of text.split(/^# file: /m).slice(1)) {
    const end = part.indexOf("\n");
    files.set(part.slice(0, end), part.slice(end + 1));
  }
  return files;
}

/** What a save holds of what kube-proxy made before its first restore. */
function before(save: string): string {
  let text = "";
  for (const table of save.split("COMMIT\n")) {
    const lines = table.split("\n");
    const jumps = lines.filter((line) => JUMP.test(line));
    const targets = new Set(jumps.map((line) => JUMP.exec(line)?.[2]));
    const declared = lines.filter((line) => line.startsWith("*") || MADE_BEFORE.test(line));
    if (declared.length === 0) continue;
    const chains = [...targets].map((name) => `:${name} - [0:0]`);
    text += [...declared, ...chains, ...jumps, "COMMIT", ""].join("\n");
  }
  return text;
}

describe("netfilter/text/corpus", () => {
  it("prints every recorded save as it was read", () => {
    let compared = 0;
    for (const recording of recordings()) {
      for (const [file, text] of filesOf(recording)) {
        if (!file.startsWith("save")) continue;
        const netfilter = new Netfilter(emptyHost());

        netfilter.restore(text, { file: `${recording} ${file}` });

        expect(netfilter.save(), `${recording} ${file}`).to.equal(text);
        compared += 1;
      }
    }
    expect(compared).to.be.greaterThan(150);
  });

  it("ends with the recorded rules after the recorded restores", () => {
    let compared = 0;
    for (const recording of recordings().filter((name) => name.endsWith("iptables.txt"))) {
      const files = filesOf(recording);
      const netfilter = new Netfilter(emptyHost());
      netfilter.restore(before(files.get("save.txt") ?? ""));
      for (let state = 1; state <= 9; state += 1) {
        const save = state === 1 ? "save.txt" : `save-${state}.txt`;
        if (!files.has(save)) continue;
        for (const [file, text] of files) {
          if (!file.startsWith("restore-") || !text.includes(`# state: ${state}\n`)) continue;
          const [args = ""] = text.split("\n");
          netfilter.restore(text, { noflush: args.includes("--noflush"), counters: true, file });
        }
        expect(netfilter.save(), `${recording} ${save}`).to.equal(files.get(save));
        compared += 1;
      }
    }
    expect(compared).to.be.greaterThan(100);
  });
});
