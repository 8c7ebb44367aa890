/**
 * `vethwork iptables-restore`: loads rule texts into a host that has nothing else, and prints what
 * iptables-save would.
 */
import type { Command } from "commander";
import { Netfilter } from "../../lib/netfilter/netfilter.ts";
import { emptyHost } from "../empty-host.ts";
import { readInputText } from "../input.ts";

interface RestoreFlags {
  readonly counters?: boolean;
  readonly noflush?: boolean;
  readonly test?: boolean;
}

/** Registers the command. */
export function addRestoreCommand(program: Command): void {
  program
    .command("iptables-restore")
    .description("load iptables-save texts into an empty host and print its rules")
    .argument("<file...>", "texts, loaded in this order; - for standard input")
    .option("-c, --counters", "take counters over, and print them")
    .option("-n, --noflush", "let each text add to what is there")
    .option("-t, --test", "check the texts, print nothing")
    .addHelpText(
      "after",
      "\nExit status: 0 loaded, 2 a text is wrong: FILE:LINE:COLUMN says where.",
    )
    .action((files: readonly string[], flags: RestoreFlags) => {
      const netfilter = new Netfilter(emptyHost());
      for (const file of files) netfilter.restore(readInputText(file), { ...flags, file });
      if (flags.test === true) return;
      process.stdout.write(netfilter.save(null, { counters: flags.counters === true }));
    });
}
