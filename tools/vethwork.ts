#!/usr/bin/env node
/**
 * The command line. Exit status: 0 good, 1 the lab's check failed (or two captures differ), 2 usage
 * or bad input; each command is a file of its own under commands/.
 */
import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { Command, CommanderError } from "commander";
import { VethworkError } from "../lib/base/errors.ts";
import { addBenchCommand } from "./commands/bench.ts";
import { addDiffCommand } from "./commands/diff.ts";
import { addRestoreCommand } from "./commands/iptables-restore.ts";
import { addRunCommand } from "./commands/run.ts";
import { addShowCommand } from "./commands/show.ts";
import { addVerifyCommand } from "./commands/verify.ts";
import { addRulesCommand } from "./rules.ts";

const BAD_INPUT = 2;
/** EX_SOFTWARE of sysexits.h: vethwork itself is wrong. */
const INTERNAL_ERROR = 70;

function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const { version: found } = JSON.parse(text) as { version: string };
  return found;
}

async function main(args: readonly string[]): Promise<void> {
  const program = new Command("vethwork")
    .description("Kubernetes service networking, packet by packet, as the Linux kernel does it")
    .version(version())
    .exitOverride();
  addRunCommand(program);
  addRestoreCommand(program);
  addShowCommand(program);
  addDiffCommand(program);
  addRulesCommand(program);
  addVerifyCommand(program);
  addBenchCommand(program);
  try {
    await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    process.exitCode = exitStatusOf(error);
  }
}

/** Says what is wrong, in one line if it is the user's to mend. */
function exitStatusOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : BAD_INPUT;
  if (error instanceof VethworkError) {
    process.stderr.write(`${error.message}\n`);
    return BAD_INPUT;
  }
  process.stderr.write(`${inspect(error)}\n`);
  return INTERNAL_ERROR;
}

// A reader that has seen enough (head, a closed Wireshark) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

await main(process.argv.slice(2));
