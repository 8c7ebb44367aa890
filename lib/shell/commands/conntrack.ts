/**
 * `conntrack`: lists, makes, changes, deletes, counts and watches connections.
 *
 * Spec: conntrack-tools 1.4.7, src/conntrack.c.
 * Not modelled: expectations (there are none), other families, the usage.
 * Differs: one processor's statistics are printed; entries are in the order in which they came.
 */
import type { Connection } from "../../netfilter/conntrack/connection.ts";
import type { Conntrack } from "../../netfilter/conntrack/conntrack.ts";
import { formatConnection, LIST_FORM } from "../../netfilter/conntrack/print.ts";
import { streamOf } from "../../netfilter/engine.ts";
import { type Command, type CommandContext, immediate, notModelled } from "../command.ts";
import { createEntry, findEntry, updateEntry } from "./conntrack/change.ts";
import { watchEvents } from "./conntrack/events.ts";
import { type ConnectionTest, connectionTest } from "./conntrack/filter.ts";
import { saveEntry, XML_END, XML_START, xmlEntry } from "./conntrack/forms.ts";
import {
  CONNTRACK_TOOL,
  type ConntrackOption,
  type ConntrackVerb,
  conntrackProblem,
  readConntrackCommand,
} from "./conntrack/options.ts";

/** Forms of output that are known. */
const OUTPUTS = [
  ...["extended", "id", "timestamp", "ktimestamp", "labels", "userspace", "xml", "save"],
];
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
    const { verb, table, options } = readConntrackCommand(args, checkOption);
    const output = outputs(options);
    if (verb === "E") return watchEvents(options, output);
    if (table !== "conntrack") return immediate((context) => runOther(context, verb, table));
    const test = connectionTest(options.filter(({ name }) => verb !== "U" || !isChange(name)));
    return immediate((context) => run(context, verb, { options, test, output }));
  },
};

function outputs(options: readonly ConntrackOption[]): string[] {
  const given = options.filter(({ name }) => name === "output");
  return given.flatMap(({ value }) =>
    value.split(",").map((word) => {
      if (OUTPUTS.includes(word)) return word;
      throw conntrackProblem(`Bad parameter \`${word}'`);
    }),
  );
}

/** Refuses a wrong value as soon as it is read. */
function checkOption(option: ConntrackOption): void {
  connectionTest([option]);
  outputs([option]);
}

/** What options of -U say about the change and not about which entries. */
function isChange(name: string): boolean {
  return name === "mark" || name === "timeout" || name === "status";
}

/** The tables that are always empty here. */
function runOther({ io }: CommandContext, verb: ConntrackVerb, table: string): number {
  const what = table === "expect" ? "expectations" : "flow entries";
  if (verb === "C") io.stdout("0\n");
  else if (verb === "F" && table === "expect") {
    io.stderr(`${CONNTRACK_TOOL}: expectation table has been emptied.\n`);
  } else if (verb === "L") io.stderr(`${CONNTRACK_TOOL}: 0 ${what} have been shown.\n`);
  else if (verb === "S") io.stdout("cpu=0   \texpect_new=0 expect_create=0 expect_delete=0 \n");
  else throw notModelled("conntrack", `-${verb} ${table}`, "the table conntrack");
  return 0;
}

/** What a command is about. */
interface Request {
  readonly options: readonly ConntrackOption[];
  readonly test: ConnectionTest;
  readonly output: readonly string[];
}

function run(
  context: CommandContext,
  verb: Exclude<ConntrackVerb, "E">,
  { options, test, output }: Request,
): number {
  const { host, io } = context;
  const table = host.netfilter.conntrack;
  const say = (text: string): void => io.stderr(`${CONNTRACK_TOOL}: ${text}.\n`);
  switch (verb) {
    case "C":
      io.stdout(`${table.count}\n`);
      return 0;
    case "F":
      kill(context, table.list());
      say("connection tracking table has been emptied");
      return 0;
    case "S":
      io.stdout(statistics(table));
      return 0;
    case "I":
    case "A": {
      const made = createEntry(host.netfilter, options, verb === "A", portIdOf(context));
      say(`${made} flow entries have been ${verb === "A" ? "added" : "created"}`);
      return 0;
    }
    case "G": {
      const chosen = [findEntry(table, options)].filter(test);
      show(context, chosen, output, 2);
      say(`${chosen.length} flow entries have been shown`);
      return chosen.length === 0 ? 1 : 0;
    }
    case "U": {
      const update = (one: Connection): boolean =>
        updateEntry(table, one, options, portIdOf(context));
      const chosen = table.list().filter(test).filter(update);
      show(context, chosen, output, 2);
      say(`${chosen.length} flow entries have been updated`);
      return chosen.length === 0 ? 1 : 0;
    }
    case "L":
    case "D": {
      const chosen = table.list().filter(test);
      show(context, chosen, output, 1);
      if (verb === "D") kill(context, chosen);
      say(`${chosen.length} flow entries have been ${verb === "L" ? "shown" : "deleted"}`);
      return verb === "D" && chosen.length === 0 ? 1 : 0;
    }
  }
}

/** Prints entries; `uses`: how many hold each while it is printed. */
function show(
  { host, io }: CommandContext,
  connections: readonly Connection[],
  output: readonly string[],
  uses: number,
): void {
  const table = host.netfilter.conntrack;
  const isXml = output.includes("xml");
  const form = {
    ...LIST_FORM,
    uses,
    network: output.includes("extended"),
    id: output.includes("id"),
  };
  if (output.includes("labels")) io.stderr("nfct_labelmap_new: No such file or directory\n");
  if (isXml && connections.length > 0) io.stdout(XML_START);
  for (const one of connections) {
    const line = isXml
      ? xmlEntry(table, one)
      : output.includes("save")
        ? saveEntry(table, one)
        : formatConnection(table, one, form);
    io.stdout(`${line}\n`);
  }
  if (isXml && connections.length > 0) io.stdout(XML_END);
}

/** What the kernel no longer counts is printed as 0. */
function statistics({ statistics: counts }: Conntrack): string {
  return (
    `cpu=0   \tfound=${counts.found} invalid=${counts.invalid} insert=${counts.inserted} ` +
    `insert_failed=${counts.insertFailed} drop=${counts.drop} early_drop=${counts.earlyDrop} ` +
    `error=${counts.error} search_restart=${counts.searchRestart} ` +
    `clash_resolve=${counts.clashResolve} chaintoolong=0 \n`
  );
}

function kill(context: CommandContext, connections: readonly Connection[]): void {
  const table = context.host.netfilter.conntrack;
  const portId = connections.length === 0 ? 0 : portIdOf(context);
  for (const connection of connections) table.kill(connection, portId);
}

/** Drawn from where nothing else draws, and only if somebody hears of it. */
function portIdOf({ host }: CommandContext): number {
  if (host.netfilter.conntrack.events.listeners.length === 0) return 0;
  return FIRST_RANDOM_PORT - (streamOf(host.netfilter.host, "netlink").uint32() >>> 1);
}
