/**
 * Compares what the emulated control plane made of a case with the recording: the objects after
 * each step, the writes to each object in their order, and what kubectl printed.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { canonical } from "../../lib/kube/api/names.ts";
import { plainOf } from "../../lib/lab/kubectl-files.ts";
import { parseYamlDocuments } from "../../lib/lab/yaml.ts";
import { type Json, normalise } from "./normalise.ts";
import { type Played, playCase } from "./play.ts";
import { comparePrints } from "./prints.ts";
import { compareWrites } from "./writes.ts";

/** The verdict on one case; null: equal. */
export interface CaseResult {
  readonly name: string;
  readonly invalid: boolean;
  readonly commands: string | null;
  readonly states: string | null;
  readonly writes: string | null;
  /** What kubectl prints; not part of the score. */
  readonly prints: string | null;
}

/** The names of the cases in a folder. */
export function caseNames(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

/** Which of several equal Pods goes is drawn by uid: so many draws are tried. */
const DRAWS = 6;

/** Plays a case and compares it with its recording. */
export function compareCase(folder: string, name: string): CaseResult {
  const first = compareDraw(folder, name, 1);
  for (let seed = 2; seed <= DRAWS && first.states !== null; seed += 1) {
    const next = compareDraw(folder, name, seed);
    if (isEqual(next)) return next;
  }
  return first;
}

/** Whether nothing differs. */
export function isEqual({ commands, states, writes }: CaseResult): boolean {
  return commands === null && states === null && writes === null;
}

function compareDraw(folder: string, name: string, seed: number): CaseResult {
  const root = join(folder, name);
  const played = playCase(root, seed);
  const each = (compare: (step: Played, recorded: string) => string | null) => {
    for (const [index, step] of played.entries()) {
      const difference = compare(step, join(root, "recorded", `step-${index + 1}`));
      if (difference !== null) return `step ${index + 1}: ${difference}`;
    }
    return null;
  };
  const invalid = name.startsWith("invalid-");
  return {
    name,
    invalid,
    commands: each(compareCommand),
    states: each(compareState),
    writes: invalid ? null : compareWrites(played, root),
    prints: each(comparePrints),
  };
}

/** Standard output, standard error and exit status of the step's command. */
function compareCommand({ words, output }: Played, recorded: string): string | null {
  if (words === null) return null;
  const lines = readFileSync(join(recorded, "command.txt"), "utf8").split("\n");
  const expected = maskNames(lines.slice(1).join("\n").trimEnd());
  const stderr = output.stderr === "" ? "" : `stderr:\n${output.stderr}`;
  const actual = maskNames(`${output.stdout}${stderr}exit code: ${output.exitCode}`);
  return expected === actual ? null : `\n  recorded ${expected}\n  printed  ${actual}`;
}

/** Names with random letters are not compared. */
function maskNames(text: string): string {
  return text.replace(/"([a-z]+)(-[a-z0-9]{8,10})?-[A-Za-z0-9]{5}"/g, '"$1-xxxxx"');
}

function compareState({ objects }: Played, recorded: string): string | null {
  const file = join(recorded, "state.yaml");
  const documents = existsSync(file) ? parseYamlDocuments(readFileSync(file, "utf8"), file) : [];
  const expected = normalise(documents.map((document) => plainOf(document) as Json));
  const actual = normalise(objects as unknown as Json[]);
  for (const key of expected.keys()) if (!actual.has(key)) return `${key} is missing`;
  for (const [key, object] of actual) {
    const other = expected.get(key);
    if (other === undefined) return `${key} is too much`;
    if (canonical(other) !== canonical(object)) return `${key}: ${firstDifference(other, object)}`;
  }
  return null;
}

/** Path and both values of the first difference. */
function firstDifference(expected: unknown, actual: unknown, path = ""): string {
  if (isMap(expected) && isMap(actual)) {
    const names = [...new Set([...Object.keys(expected), ...Object.keys(actual)])].sort();
    for (const name of names) {
      if (canonical(expected[name]) !== canonical(actual[name])) {
        return firstDifference(expected[name], actual[name], `${path}.${name}`);
      }
    }
  }
  if (Array.isArray(expected) && Array.isArray(actual) && expected.length === actual.length) {
    const index = expected.findIndex((item, at) => canonical(item) !== canonical(actual[at]));
    if (index !== -1) return firstDifference(expected[index], actual[index], `${path}[${index}]`);
  }
  return `${path}: recorded ${canonical(expected)}, here ${canonical(actual)}`;
}

function isMap(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
