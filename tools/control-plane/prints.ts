/**
 * Compares what kubectl prints after a step, without what is chance: names' random letters and
 * hashes, addresses of Pods, ages, and so the widths of columns and the order of rows.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Played } from "./play.ts";

/** The first command of a step whose print differs, with both, or null. */
export function comparePrints({ shown }: Played, recorded: string): string | null {
  const file = join(recorded, "kubectl.txt");
  if (!existsSync(file)) return null;
  const expected = blocksOf(readFileSync(file, "utf8"));
  for (const [index, { command, output }] of shown.entries()) {
    const stderr = output.stderr === "" ? "" : `stderr:\n${output.stderr}`;
    const actual = masked(`${output.stdout}${stderr}`);
    const wanted = masked(expected[index] ?? "");
    if (actual !== wanted) return `${command}:\n--- recorded\n${wanted}\n--- printed\n${actual}`;
  }
  return null;
}

/** The prints of a recording, each after a line with its command. */
function blocksOf(text: string): string[] {
  return text
    .split(/^\$ kubectl .*$/m)
    .slice(1)
    .map((block) => block.trimStart());
}

function masked(text: string): string {
  const lines = text
    .replace(/-[a-z0-9]{8,10}(-[A-Za-z0-9]{5})\b/g, "-HASH-NAME")
    .replace(/-[R S]\d{4}\b|-[bcdfghjklmnpqrstvwxz2456789]{5}\b/g, "-NAME")
    .replace(/(web|lost|agent|db)-(?=[a-z0-9]*\d)[a-z0-9]{8,10}\b/g, "$1-HASH")
    .replace(/(hash=(?:\w+-)?)[a-z0-9]{8,10}/g, "$1HASH")
    .replace(/10\.244\.\d+\.\d+/g, "POD-IP")
    .replace(/10\.96\.(?!0\.1\b)\d+\.\d+/g, "CLUSTER-IP")
    .replace(/:3[0-2]\d{3}\/|\b3[0-2]\d{3}(?=\/TCP| *$)/gm, "NODE-PORT/")
    .replace(/\b\d{4}-\d\d-\d\dT[\d:]+Z/g, "TIME")
    .replace(/CreationTimestamp:.*/g, "CreationTimestamp: TIME")
    .replace(/<age>|\b\d+m?\d*s\b(?! timeout| period)/g, "AGE")
    .replace(/(resourceVersion: )"\d+"/g, '$1"0"')
    .replace(/(generation: )\d+/g, "$1N")
    .replace(/uid: .*/g, "uid: UID")
    .replace(/.*last-change-trigger-time.*\n/g, "")
    .split("\n")
    .map((line) => line.replace(/\s+/g, " ").trim())
    .filter(
      (line) => line !== "" && line !== "annotations:" && !line.startsWith("Annotations: <none>"),
    );
  return lines.sort().join("\n");
}
