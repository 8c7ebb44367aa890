/**
 * Differential fuzzing of command lines: random sequences of `iptables`, `ipset` or `conntrack`
 * commands, right and wrong ones, go to the real tools in a new network namespace and to a host of
 * vethwork; both must print the same, complain in the same words and end with the same status. Needs
 * root.
 *
 *     node build/tools/fuzz/command-lines.js --tool iptables --seed 1 --count 200
 */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { VethworkError } from "../../lib/base/errors.ts";
import { Network } from "../../lib/lab/network.ts";
import { Random, type RandomStream } from "../../lib/sim/random.ts";
import { ConntrackLines } from "./conntrack-lines.ts";
import { IpsetLines } from "./ipset-lines.ts";
import { IptablesLines } from "./iptables-lines.ts";

const { values } = parseArgs({
  options: {
    tool: { type: "string", default: "iptables" },
    seed: { type: "string", default: "1" },
    count: { type: "string", default: "100" },
    only: { type: "string", default: "" },
    /** How many differences to print. */
    show: { type: "string", default: "40" },
  },
});

/** What a command left behind. */
interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A tool's command lines, and what makes two outcomes of one the same. */
export interface LineGrammar {
  /** The lines of one sequence. */
  lines(random: RandomStream): string[];
  /** An outcome without what is random in it. */
  plain(line: string, text: string): string;
}

const GRAMMARS: Readonly<Record<string, LineGrammar>> = {
  iptables: new IptablesLines(),
  ipset: new IpsetLines(),
  conntrack: new ConntrackLines(),
};

/** Between the parts of what the script prints. */
const MARK = "\x01";

/** Runs the lines in a new network namespace. */
function real(lines: readonly string[]): Outcome[] {
  const script = [
    "e=$(mktemp)",
    ...lines.map(
      (line) => `( ${line} ) 2>$e; printf '${MARK}%d${MARK}' $?; cat $e; printf '${MARK}'`,
    ),
    "rm $e",
  ].join("\n");
  const { stdout } = spawnSync("unshare", ["-n", "bash", "-c", script], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  const parts = stdout.split(MARK);
  return lines.map((_line, index) => ({
    stdout: parts[index * 3] ?? "",
    status: Number(parts[index * 3 + 1]),
    stderr: parts[index * 3 + 2] ?? "",
  }));
}

function emulated(lines: readonly string[]): Outcome[] {
  const network = new Network({ captures: false });
  network.addHost("h");
  return lines.map((line) => {
    try {
      return network.run("h", line);
    } catch (error) {
      if (!(error instanceof VethworkError)) throw error;
      return { status: -1, stdout: "", stderr: `${error.message}\n` };
    }
  });
}

const grammar = GRAMMARS[values.tool];
if (grammar === undefined) throw new Error(`--tool is one of ${Object.keys(GRAMMARS).join(", ")}`);
let commands = 0;
let refused = 0;
let differences = 0;
for (let index = 0; index < Number(values.count); index += 1) {
  if (values.only !== "" && Number(values.only) !== index) continue;
  const lines = grammar.lines(new Random(Number(values.seed)).stream(`sequence ${index}`));
  const theirs = real(lines);
  const mine = emulated(lines);
  const shown = (outcome: Outcome | undefined, line: string): string =>
    outcome === undefined
      ? "nothing"
      : `status ${outcome.status}\n${grammar.plain(line, outcome.stdout)}${grammar.plain(line, outcome.stderr)}`;
  for (const [at, line] of lines.entries()) {
    commands += 1;
    if (theirs[at]?.status !== 0) refused += 1;
    const [want, got] = [shown(theirs[at], line), shown(mine[at], line)];
    if (want === got) continue;
    differences += 1;
    if (differences > Number(values.show)) break;
    console.log(`sequence ${index}, line ${at + 1} of ${lines.length}: ${line}`);
    console.log(`  real:     ${want.trimEnd().replaceAll("\n", "\n            ")}`);
    console.log(`  vethwork: ${got.trimEnd().replaceAll("\n", "\n            ")}`);
    // What comes after it may differ because of it.
    break;
  }
}
console.log(
  `${values.tool}, seed ${values.seed}: ${commands} commands compared, ${refused} refused by the ` +
    `real tool, ${differences} differences`,
);
process.exitCode = differences === 0 ? 0 : 1;
