/**
 * Differential fuzzing of rule text: random rules, valid and broken, go to the real
 * iptables-restore in a network namespace and to vethwork; both must refuse, or both must print the
 * same. Needs root and iptables 1.8.9.
 *
 *     node build/tools/fuzz/iptables-text.js --seed 1 --count 2000
 */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { VethworkError } from "../../lib/base/errors.ts";
import { Netfilter } from "../../lib/netfilter/netfilter.ts";
import { Random } from "../../lib/sim/random.ts";
import { emptyHost } from "../empty-host.ts";
import { type RandomRule, RuleGrammar } from "./rule-grammar.ts";
import { FUZZ_SETS } from "./rule-values.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    count: { type: "string", default: "500" },
    verbose: { type: "boolean", default: false },
  },
});
const seed = Number(values.seed);
const count = Number(values.count);
const namespace = `vwfuzz${process.pid}`;

/** What one side makes of a rule: the rules it prints, or why it refuses. */
interface Outcome {
  readonly text: string | null;
  readonly problem: string;
}

function inNamespace(command: string, args: readonly string[], input = ""): Outcome {
  const result = spawnSync("ip", ["netns", "exec", namespace, command, ...args], {
    input,
    encoding: "utf8",
  });
  if (result.status === 0) return { text: result.stdout, problem: "" };
  return { text: null, problem: result.stderr.trim().split("\n").slice(0, 2).join(" ") };
}

function restoreText(rule: RandomRule): string {
  return `*${rule.table}\n:USER1 - [0:0]\n:USER2 - [0:0]\n-A ${rule.chain} ${rule.text}\nCOMMIT\n`;
}

function rulesOf(saved: string): string {
  return saved
    .split("\n")
    .filter((line) => line.startsWith("-A "))
    .join("\n");
}

function real(tool: string, rule: RandomRule): Outcome {
  const loaded = inNamespace(`${tool}-restore`, [], restoreText(rule));
  if (loaded.text === null) return loaded;
  const saved = inNamespace(`${tool}-save`, ["-t", rule.table]);
  return { text: rulesOf(saved.text ?? ""), problem: "" };
}

function emulated(rule: RandomRule): Outcome {
  const netfilter = new Netfilter(emptyHost());
  netfilter.sets.create(FUZZ_SETS[0], "hash:ip");
  netfilter.sets.create(FUZZ_SETS[1], "hash:ip,port");
  try {
    netfilter.restore(restoreText(rule));
    return { text: rulesOf(netfilter.save()), problem: "" };
  } catch (error) {
    if (error instanceof VethworkError) return { text: null, problem: error.message };
    throw error;
  }
}

let accepted = 0;
let differences = 0;
let backends = 0;
spawnSync("ip", ["netns", "add", namespace]);
try {
  inNamespace("ipset", ["create", FUZZ_SETS[0], "hash:ip"]);
  inNamespace("ipset", ["create", FUZZ_SETS[1], "hash:ip,port"]);
  const grammar = new RuleGrammar(new Random(seed).stream("rules"));
  for (let index = 0; index < count; index += 1) {
    const rule = grammar.rule();
    const mine = emulated(rule);
    const theirs = real("iptables", rule);
    if (theirs.text !== null) accepted += 1;
    if (mine.text === theirs.text) continue;
    // The two backends of the real tool differ here and there; either is right.
    const legacy = real("iptables-legacy", rule);
    if (mine.text === legacy.text) {
      backends += 1;
      continue;
    }
    differences += 1;
    console.log(`#${index} -t ${rule.table} -A ${rule.chain} ${rule.text}`);
    console.log(`  real:     ${theirs.text ?? `refused: ${theirs.problem}`}`);
    console.log(`  vethwork: ${mine.text ?? `refused: ${mine.problem}`}`);
  }
} finally {
  spawnSync("ip", ["netns", "del", namespace]);
}
console.log(
  `seed ${seed}: ${count} rules compared, ${accepted} accepted by the real tool, ` +
    `${backends} as only its legacy backend has it, ${differences} differences`,
);
process.exitCode = differences === 0 ? 0 : 1;
