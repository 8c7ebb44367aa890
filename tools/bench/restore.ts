/**
 * `vethwork bench restore`: how long it takes to read a rule text and to print the rules again.
 */
import type { Command } from "commander";
import { Netfilter } from "../../lib/netfilter/netfilter.ts";
import { wholeNumber } from "../arguments.ts";
import { emptyHost } from "../empty-host.ts";
import { readInputText } from "../input.ts";
import { serviceRules } from "./rules.ts";

/** What was measured, in milliseconds; the best of the rounds, and the first on its own. */
export interface RestoreFigures {
  readonly lines: number;
  /** Before the compiler has seen the code, as a command that runs once has it. */
  readonly first_restore_ms: number;
  readonly restore_ms: number;
  readonly save_ms: number;
}

/** Adds `restore` to the `bench` command. */
export function addRestoreBench(bench: Command): void {
  bench
    .command("restore")
    .description("time reading a rule text and printing the rules")
    .argument("[file]", "an iptables-save text; without it that of 10000 Services")
    .option("--rounds <number>", "how often; the best counts", wholeNumber(1), 8)
    .option("--json", "print the figures as JSON")
    .action((file: string | undefined, options: { rounds: number; json?: boolean }) => {
      const text = file === undefined ? serviceRules(10_000) : readInputText(file);
      const result = benchRestore(text, options.rounds, file);
      process.stdout.write(
        options.json === true
          ? `${JSON.stringify(result)}\n`
          : `${result.lines} lines: restore ${result.restore_ms} ms, save ${result.save_ms} ms\n`,
      );
    });
}

/** Measures `rounds` times. */
function benchRestore(text: string, rounds: number, file = "rules"): RestoreFigures {
  let first = 0;
  let restore = Number.POSITIVE_INFINITY;
  let save = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    const netfilter = new Netfilter(emptyHost());
    const start = performance.now();
    netfilter.restore(text, { file });
    const middle = performance.now();
    netfilter.save();
    const end = performance.now();
    if (round === 0) first = middle - start;
    restore = Math.min(restore, middle - start);
    save = Math.min(save, end - middle);
  }
  return {
    lines: text.split("\n").length - 1,
    first_restore_ms: tenths(first),
    restore_ms: tenths(restore),
    save_ms: tenths(save),
  };
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
