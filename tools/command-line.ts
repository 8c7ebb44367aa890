/**
 * The command line. Exit status: 0 good, 1 the lab's check failed (or two captures differ), 2 usage
 * or bad input; each command is a file of its own under commands/.
 */
import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { Command, CommanderError } from "commander";
import { VethworkError } from "../lib/base/errors.ts";
import { type Loaders, type Register, register } from "./commands/loaders.ts";
import { reasonOf } from "./input.ts";
import { packageFile } from "./package-files.ts";

/** In the order in which help lists them. */
const COMMANDS: Loaders = new Map<string, () => Promise<Register>>([
  ["story", async () => (await import("./commands/story.ts")).addStoryCommand],
  ["run", async () => (await import("./commands/run.ts")).addRunCommand],
  [
    "iptables-restore",
    async () => (await import("./commands/iptables-restore.ts")).addRestoreCommand,
  ],
  ["show", async () => (await import("./commands/show.ts")).addShowCommand],
  ["diff", async () => (await import("./commands/diff.ts")).addDiffCommand],
  ["rules", async () => (await import("./commands/rules.ts")).addRulesCommand],
  ["verify", async () => (await import("./commands/verify.ts")).addVerifyCommand],
  ["bench", async () => (await import("./commands/bench.ts")).addBenchCommand],
]);

const BAD_INPUT = 2;
/** EX_SOFTWARE of sysexits.h: vethwork itself is wrong. */
const INTERNAL_ERROR = 70;

function version(): string {
  const text = readFileSync(packageFile("package.json"), "utf8");
  const { version: found } = JSON.parse(text) as { version: string };
  return found;
}

/** Runs one command; sets the process's exit status. Never throws. */
export async function main(args: readonly string[]): Promise<void> {
  const program = new Command("vethwork")
    .description("Kubernetes service networking, packet by packet, as the Linux kernel does it")
    .version(version())
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(oneLine(text)) });
  try {
    await register(program, COMMANDS, args);
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

/** Commander's guesses ("Did you mean …") stand on a line of their own. */
function oneLine(text: string): string {
  return `${text.trimEnd().replaceAll("\n", " ")}\n`;
}

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // A reader that has seen enough (head, a closed Wireshark) is no error.
  if (error.code === "EPIPE") process.exit();
  process.stderr.write(`cannot write to standard output (${reasonOf(error)})\n`);
  process.exit(BAD_INPUT);
});
