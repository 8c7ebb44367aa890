/**
 * `conntrack`: lists, counts, deletes and watches connections.
 *
 * Spec: conntrack-tools 1.4.7, src/conntrack.c.
 * Not modelled: making and changing entries (-I, -U), expectations, other families, -o xml and
 * -o save.
 */
import type { Connection } from "../../netfilter/conntrack/connection.ts";
import { formatConnection, LIST_FORM } from "../../netfilter/conntrack/print.ts";
import { streamOf } from "../../netfilter/engine.ts";
import { type Command, type CommandContext, immediate, notModelled } from "../command.ts";
import { watchEvents } from "./conntrack/events.ts";
import { type ConnectionTest, connectionTest } from "./conntrack/filter.ts";
import {
  CONNTRACK_TOOL,
  type ConntrackOption,
  type ConntrackVerb,
  conntrackProblem,
  readConntrackCommand,
} from "./conntrack/options.ts";

/** Forms of output that are known; those in `FORMS` change what is printed. */
const OUTPUTS = ["extended", "id", "timestamp", "ktimestamp", "labels", "userspace"];
const OTHER_OUTPUTS = ["xml", "save", "opts"];
/** What a second socket of a program gets: one of the ports from here down. */
const FIRST_RANDOM_PORT = 2 ** 32 - 4096;

/** The command. */
export const conntrack: Command = {
  name: "conntrack",
  parse(args) {
    if (args.includes("-V") || args.includes("--version")) {
      return immediate(({ io }) => {
        io.stdout(`${CONNTRACK_TOOL}\n`);
        return 0;
      });
    }
    const { verb, options } = readConntrackCommand(args);
    const output = outputs(options);
    if (verb === "E") return watchEvents(options, output);
    const test = connectionTest(options);
    return immediate((context) => run(context, verb, test, output));
  },
};

function outputs(options: readonly ConntrackOption[]): string[] {
  const given = options.filter(({ name }) => name === "output");
  return given.flatMap(({ value }) =>
    value.split(",").map((word) => {
      if (OUTPUTS.includes(word)) return word;
      if (OTHER_OUTPUTS.includes(word))
        throw notModelled("conntrack", `-o ${word}`, OUTPUTS.join());
      throw conntrackProblem(`Bad parameter \`${value}'`);
    }),
  );
}

function run(
  { host, io }: CommandContext,
  verb: Exclude<ConntrackVerb, "E">,
  test: ConnectionTest,
  output: readonly string[],
): number {
  const table = host.netfilter.conntrack;
  const { statistics: counts } = table;
  const kill = (connections: readonly Connection[]): void => {
    // Drawn from where nothing else draws, and only if there is something to name.
    if (connections.length === 0 || table.listeners.length === 0) {
      for (const connection of connections) table.kill(connection);
      return;
    }
    const portId = FIRST_RANDOM_PORT - (streamOf(host.netfilter.host, "netlink").uint32() >>> 1);
    for (const connection of connections) table.kill(connection, portId);
  };
  switch (verb) {
    case "C":
      io.stdout(`${table.count}\n`);
      return 0;
    case "F":
      kill(table.list());
      io.stderr(`${CONNTRACK_TOOL}: connection tracking table has been emptied.\n`);
      return 0;
    case "S":
      // What the kernel no longer counts is printed as 0.
      io.stdout(
        `cpu=0   \tfound=${counts.found} invalid=${counts.invalid} insert=0 ` +
          `insert_failed=${counts.insertFailed} drop=${counts.drop} early_drop=${counts.earlyDrop} ` +
          `error=${counts.error} search_restart=${counts.searchRestart} ` +
          `clash_resolve=${counts.clashResolve} chaintoolong=0 \n`,
      );
      return 0;
    case "L":
    case "D": {
      const chosen = table.list().filter(test);
      const form = {
        ...LIST_FORM,
        network: output.includes("extended"),
        id: output.includes("id"),
      };
      for (const one of chosen) io.stdout(`${formatConnection(table, one, form)}\n`);
      if (verb === "D") kill(chosen);
      const what = verb === "L" ? "shown" : "deleted";
      io.stderr(`${CONNTRACK_TOOL}: ${chosen.length} flow entries have been ${what}.\n`);
      return verb === "D" && chosen.length === 0 ? 1 : 0;
    }
  }
}
