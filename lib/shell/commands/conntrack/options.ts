/**
 * The command line of `conntrack`. Options of a protocol exist only behind its `-p`.
 *
 * Spec: conntrack-tools 1.4.7, src/conntrack.c (do_parse), extensions/libct_proto_*.c.
 */
import { protocolNumber } from "../../../netfilter/conntrack/print.ts";
import { notModelled, ToolError } from "../../command.ts";

/** What the tool says it is. */
export const CONNTRACK_TOOL = "conntrack v1.4.7 (conntrack-tools)";
const ALLOWED =
  "-L -D -C -F -S -E -I -A -U -G with -p -s -d -r -q -n -g -j -u -m -w -e -o, zones, ports, states and ICMP types";

/** The commands, by their letters. */
export type ConntrackVerb = "L" | "D" | "C" | "F" | "S" | "E" | "I" | "A" | "U" | "G";

/** A command line, read: which command, and its options by their long names. */
export interface ConntrackCommand {
  readonly verb: ConntrackVerb;
  /** Which table: conntrack, expect, dying or unconfirmed. */
  readonly table: string;
  readonly options: readonly ConntrackOption[];
}

/** An option with its value, which is "" for those that have none. */
export interface ConntrackOption {
  readonly name: string;
  readonly value: string;
  /** The protocol that `-p` has said before it, or -1. */
  readonly protocol: number;
}

const VERBS: Readonly<Record<string, ConntrackVerb>> = {
  L: "L",
  dump: "L",
  D: "D",
  delete: "D",
  C: "C",
  count: "C",
  F: "F",
  flush: "F",
  S: "S",
  stats: "S",
  E: "E",
  event: "E",
  I: "I",
  create: "I",
  A: "A",
  add: "A",
  U: "U",
  update: "U",
  G: "G",
  get: "G",
};
/** Options with a value, by all their names. */
const WITH_VALUE: Readonly<Record<string, string>> = {
  p: "protonum",
  proto: "protonum",
  s: "orig-src",
  src: "orig-src",
  d: "orig-dst",
  dst: "orig-dst",
  r: "reply-src",
  q: "reply-dst",
  u: "status",
  e: "event-mask",
  o: "output",
  m: "mark",
  w: "zone",
  f: "family",
  t: "timeout",
  "orig-zone": "orig-zone",
  "reply-zone": "reply-zone",
};
/** Options whose value is the next word if that is none. */
const WITH_OPTIONAL: Readonly<Record<string, string>> = {
  n: "src-nat",
  g: "dst-nat",
  j: "any-nat",
};
const PORTS: Readonly<Record<string, string>> = {
  sport: "orig-port-src",
  dport: "orig-port-dst",
  "orig-port-src": "orig-port-src",
  "orig-port-dst": "orig-port-dst",
  "reply-port-src": "reply-port-src",
  "reply-port-dst": "reply-port-dst",
};
const WITH_STATE: Readonly<Record<string, string>> = { ...PORTS, state: "state" };
const OF_SCTP: Readonly<Record<string, string>> = {
  ...WITH_STATE,
  "orig-vtag": "orig-vtag",
  "reply-vtag": "reply-vtag",
};
const OF_PROTOCOL: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  1: { "icmp-type": "icmp-type", "icmp-code": "icmp-code", "icmp-id": "icmp-id" },
  6: WITH_STATE,
  17: PORTS,
  33: PORTS,
  47: {
    srckey: "orig-key-src",
    dstkey: "orig-key-dst",
    "reply-key-src": "reply-key-src",
    "reply-key-dst": "reply-key-dst",
  },
  132: OF_SCTP,
  136: PORTS,
};
/** Commands that take no filters. */
const WITHOUT_FILTERS = "CFS";
/** Options that go with some commands only. */
const COMMANDS_OF: Readonly<Record<string, string>> = {
  "event-mask": "E",
  "any-nat": "LE",
  timeout: "IAUD",
  zone: "LIADGE",
  "orig-zone": "LIADE",
  "reply-zone": "LIADE",
};

/** A complaint in the tool's words. */
export function conntrackProblem(problem: string): ToolError {
  const hint = "Try `conntrack -h' or 'conntrack --help' for more information.";
  return new ToolError(`${CONNTRACK_TOOL}: ${problem}\n${hint}`, 2);
}

/** Reads the words; `check` looks at each option. Throws `ToolError` for what the tool refuses. */
export function readConntrackCommand(
  args: readonly string[],
  check: (option: ConntrackOption) => void,
): ConntrackCommand {
  let verb: ConntrackVerb | null = null;
  const options: ConntrackOption[] = [];
  const left = [...args];
  let table = "conntrack";
  let protocol = -1;
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (!word.startsWith("-") || word.length < 2) continue;
    const { key, joined } = split(word);
    const command = VERBS[key];
    if (command !== undefined) {
      if (verb !== null) throw conntrackProblem("Invalid commands combination");
      verb = command;
      table = takeTable(left);
      continue;
    }
    const name = nameOf(key, protocol);
    if (name === undefined) throw conntrackProblem(`unknown option \`${word.split("=")[0]}'`);
    const isOptional =
      WITH_OPTIONAL[key] !== undefined || Object.values(WITH_OPTIONAL).includes(key);
    const value = joined ?? (isOptional ? optional(left) : left.shift());
    if (value === undefined) throw conntrackProblem(`option \`${word}' requires an argument`);
    if (name === "protonum") protocol = protocolOf(value);
    const option = { name, value, protocol };
    check(option);
    options.push(option);
  }
  if (["src-nat", "dst-nat"].some((name) => has(options, name)) && has(options, "any-nat")) {
    throw conntrackProblem("cannot specify `--src-nat' or `--dst-nat' with `--any-nat'");
  }
  if (verb === null) throw notModelled("conntrack", args.join(" "), ALLOWED);
  refuseCombination(verb, options);
  return { verb, table, options };
}

function has(options: readonly ConntrackOption[], wanted: string): boolean {
  return options.some(({ name }) => name === wanted);
}

/** `-pVALUE`, `--proto=VALUE`, or the name alone. */
function split(word: string): { key: string; joined: string | null } {
  if (!word.startsWith("--")) {
    return { key: word[1] ?? "", joined: word.length > 2 ? word.slice(2) : null };
  }
  const equals = word.indexOf("=");
  if (equals === -1) return { key: word.slice(2), joined: null };
  return { key: word.slice(2, equals), joined: word.slice(equals + 1) };
}

function nameOf(key: string, protocol: number): string | undefined {
  const known = WITH_VALUE[key] ?? WITH_OPTIONAL[key];
  if (known !== undefined) return known;
  const isLong = key.length > 1;
  const all = [...Object.values(WITH_VALUE), ...Object.values(WITH_OPTIONAL)];
  if (isLong && all.includes(key)) return key;
  return OF_PROTOCOL[protocol]?.[key];
}

function optional(left: string[]): string {
  const [next] = left;
  return next === undefined || next.startsWith("-") ? "" : (left.shift() ?? "");
}

/** The table may stand behind the command. */
function takeTable(left: string[]): string {
  const [next] = left;
  if (next === undefined || next.startsWith("-")) return "conntrack";
  left.shift();
  if (["conntrack", "expect", "dying", "unconfirmed"].includes(next)) return next;
  throw conntrackProblem(`unknown type \`${next}'`);
}

function protocolOf(text: string): number {
  const protocol = protocolNumber(text);
  if (protocol === -1) throw conntrackProblem(`\`${text}' unsupported protocol`);
  return protocol;
}

function refuseCombination(verb: ConntrackVerb, options: readonly ConntrackOption[]): void {
  for (const { name } of options) {
    if (name === "family") continue;
    const commands = COMMANDS_OF[name];
    if (commands !== undefined ? commands.includes(verb) : !WITHOUT_FILTERS.includes(verb))
      continue;
    const shown = name.replace(/^orig-(src|dst)$/, "$1");
    throw conntrackProblem(`Illegal option \`--${shown}' with this command`);
  }
}
