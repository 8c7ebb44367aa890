/**
 * `npm run corpus`: compares what the emulated kube-proxy writes with what real releases wrote, for
 * every case of the corpus, and prints a table of cases and releases; then the same for what the
 * control plane does. An argument names another folder of cases of either kind.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { caseNames, compareCase as comparePlay, isEqual } from "./control-plane/compare.ts";
import { type CorpusCase, readCorpus } from "./corpus/case.ts";
import { compareRecording, type Difference } from "./corpus/compare.ts";
import { packageFile } from "./package-files.ts";

/** The cases that come with the project. */
export const CORPUS_FOLDER = packageFile("fixtures/corpus/kube-proxy");

/** The control-plane cases that come with the project. */
export const CONTROL_PLANE_FOLDER = packageFile("fixtures/corpus/control-plane");

const COLUMNS = ["1.20 iptables", "1.30 iptables", "1.36 iptables", "1.20 userspace"];

/** Prints the table of a folder's cases; returns how many recordings differ. */
function printCorpus(folder: string, print: (line: string) => void): number {
  const cases = readCorpus(folder);
  const width = Math.max(...cases.map(({ name }) => name.length));
  print(["case".padEnd(width), ...COLUMNS].join("  "));
  const differences: string[] = [];
  let compared = 0;
  for (const corpusCase of cases) {
    const results = compareCase(corpusCase);
    const row = COLUMNS.map((column) => {
      const result = results.get(column);
      if (result === undefined) return "-".padEnd(column.length);
      compared += 1;
      if (result === null) return "equal".padEnd(column.length);
      differences.push(describe(corpusCase.name, column, result));
      return "differs".padEnd(column.length);
    });
    print([corpusCase.name.padEnd(width), ...row].join("  ").trimEnd());
  }
  for (const difference of differences) print(`\n${difference}`);
  print(`\n${compared - differences.length} of ${compared} recordings equal`);
  return differences.length;
}

/** The first difference of each recording of a case, by column; null: equal. */
function compareCase(corpusCase: CorpusCase): Map<string, Difference | null> {
  return new Map(
    corpusCase.recordings.map((recording) => [
      `${recording.version} ${recording.mode}`,
      compareRecording(corpusCase, recording),
    ]),
  );
}

function describe(name: string, column: string, difference: Difference): string {
  const { file, expected, actual } = difference;
  return `${name}, ${column}, ${file}:\n  recorded ${expected}\n  written  ${actual}`;
}

/** Prints the table of the control-plane cases; returns how many differ. */
function printControlPlane(folder: string, print: (line: string) => void): number {
  const results = caseNames(folder).map((name) => comparePlay(folder, name));
  const width = Math.max(...results.map(({ name }) => name.length));
  const cell = (difference: string | null) => (difference === null ? "equal" : "differs").padEnd(8);
  print(["case".padEnd(width), "commands", "objects ", "writes", ""].join("  ").trimEnd());
  for (const { name, invalid, commands, states, writes } of results) {
    const last = invalid ? "-" : cell(writes);
    print([name.padEnd(width), cell(commands), cell(states), last].join("  ").trimEnd());
  }
  for (const { name, commands, states, writes } of results) {
    const difference = commands ?? states ?? writes;
    if (difference !== null) print(`\n${name}, ${difference}`);
  }
  const score = (invalid: boolean) => {
    const kind = results.filter((result) => result.invalid === invalid);
    return `${kind.filter(isEqual).length} of ${kind.length}`;
  };
  print(`\n${score(false)} behaviours equal, ${score(true)} refusals equal`);
  return results.filter((result) => !isEqual(result)).length;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const print = (line: string) => process.stdout.write(`${line}\n`);
  const folder = process.argv[2];
  let differing = 0;
  const isControlPlane = folder !== undefined && existsSync(`${folder}/deployment-clusterip`);
  if (!isControlPlane) differing += printCorpus(folder ?? CORPUS_FOLDER, print);
  if (folder === undefined) print("");
  if (folder === undefined || isControlPlane) {
    differing += printControlPlane(folder ?? CONTROL_PLANE_FOLDER, print);
  }
  process.exitCode = differing === 0 ? 0 : 1;
}
