/**
 * `npm run corpus`: compares what the emulated kube-proxy writes with what real releases wrote, for
 * every case of the corpus, and prints a table of cases and releases. An argument names another
 * folder of cases.
 */
import { fileURLToPath } from "node:url";
import { type CorpusCase, readCorpus } from "./corpus/case.ts";
import { compareRecording, type Difference } from "./corpus/compare.ts";

/** The cases that come with the project, seen from build/tools. */
export const CORPUS_FOLDER = fileURLToPath(
  new URL("../../fixtures/corpus/kube-proxy", import.meta.url),
);

const COLUMNS = ["1.20 iptables", "1.30 iptables", "1.36 iptables", "1.20 userspace"];

/** Prints the table of a folder's cases; returns how many recordings differ. */
export function printCorpus(folder: string, print: (line: string) => void): number {
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

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2] ?? CORPUS_FOLDER;
  const differing = printCorpus(folder, (line) => process.stdout.write(`${line}\n`));
  process.exitCode = differing === 0 ? 0 : 1;
}
