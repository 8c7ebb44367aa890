/**
 * `conntrack`: lists, counts and deletes connections.
 *
 * Spec: conntrack-tools 1.4.7, src/conntrack.c.
 * Not modelled: events (-E), making and changing entries (-I, -U), expectations, other families.
 */
import { formatIpv4 } from "../../base/inet.ts";
import { type Connection, Status } from "../../netfilter/conntrack/connection.ts";
import type { Tuple } from "../../netfilter/conntrack/tuple.ts";
import {
  type Command,
  type CommandContext,
  immediate,
  notModelled,
  ToolError,
} from "../command.ts";
import {
  type ConntrackForm,
  connectionLine,
  protocolNumber,
  stateName,
} from "../conntrack-format.ts";
import { readOptions } from "../options.ts";

const TOOL = "conntrack v1.4.7 (conntrack-tools)";
const ALLOWED =
  "-L -D -C -F with -p -s -d -r -q --sport --dport --src-nat --dst-nat --state -m -w -o";

type Test = (connection: Connection) => boolean;

/** The command. */
export const conntrack: Command = {
  name: "conntrack",
  parse(args) {
    const { options, words } = readOptions(args, {
      command: "conntrack",
      letters: "LDCFSp:s:d:r:q:o:m:w:f:gnju:",
      long: LONG,
      longWithValue: Object.keys(LONG).filter((name) => LONG[name]?.length !== 1),
      allowed: ALLOWED,
    });
    const table = words[0] ?? "conntrack";
    if (table !== "conntrack") throw notModelled("conntrack", table, "the table conntrack");
    const verb = options.find(([option]) => "LDCFS".includes(option))?.[0];
    if (verb === undefined) throw new ToolError(`${TOOL}: you need to supply parameters`, 2);
    const tests = options.flatMap(([option, value]) => testOf(option, value));
    const form = options.some(([option, value]) => option === "o" && value.includes("extended"))
      ? "extended"
      : "list";
    return immediate((context) => run(context, verb, tests, form));
  },
};

const LONG: Readonly<Record<string, string>> = {
  dump: "L",
  delete: "D",
  count: "C",
  flush: "F",
  stats: "S",
  proto: "p",
  protonum: "p",
  src: "s",
  "orig-src": "s",
  dst: "d",
  "orig-dst": "d",
  "reply-src": "r",
  "reply-dst": "q",
  sport: "sport",
  "orig-port-src": "sport",
  dport: "dport",
  "orig-port-dst": "dport",
  "reply-port-src": "reply-sport",
  "reply-port-dst": "reply-dport",
  "src-nat": "src-nat",
  "dst-nat": "dst-nat",
  "any-nat": "j",
  state: "state",
  status: "u",
  mark: "m",
  zone: "w",
  output: "o",
  family: "f",
};

function run(
  { host, io }: CommandContext,
  verb: string,
  tests: readonly Test[],
  form: ConntrackForm,
): number {
  const table = host.netfilter.conntrack;
  const matches: Test = (connection) => tests.every((test) => test(connection));
  switch (verb) {
    case "C":
      io.stdout(`${table.list().length}\n`);
      return 0;
    case "F":
      table.killWhere(() => true);
      io.stderr(`${TOOL}: connection tracking table has been emptied.\n`);
      return 0;
    case "L":
    case "D": {
      const chosen = table.list().filter(matches);
      for (const connection of chosen) io.stdout(connectionLine(table, connection, form));
      if (verb === "D") for (const connection of chosen) table.kill(connection);
      const what = verb === "L" ? "shown" : "deleted";
      io.stderr(`${TOOL}: ${chosen.length} flow entries have been ${what}.\n`);
      return verb === "D" && chosen.length === 0 ? 1 : 0;
    }
    default:
      throw notModelled("conntrack", `-${verb}`, ALLOWED);
  }
}

/** The test that an option asks for; none if it is no filter. */
function testOf(option: string, value: string): Test[] {
  const address = (of: (connection: Connection) => number): Test[] => [
    (connection) => formatIpv4(of(connection)) === value,
  ];
  const port = (of: (connection: Connection) => Tuple, shift: number): Test[] => [
    (connection) => ((of(connection).ports >>> shift) & 0xffff) === Number(value),
  ];
  switch (option) {
    case "p": {
      const protocol = protocolNumber(value);
      return [({ original }) => original.protocol === protocol];
    }
    case "s":
      return address(({ original }) => original.source);
    case "d":
      return address(({ original }) => original.destination);
    case "r":
      return address(({ reply }) => reply.source);
    case "q":
      return address(({ reply }) => reply.destination);
    case "sport":
      return port(({ original }) => original, 16);
    case "dport":
      return port(({ original }) => original, 0);
    case "reply-sport":
      return port(({ reply }) => reply, 16);
    case "reply-dport":
      return port(({ reply }) => reply, 0);
    default:
      return stateTest(option, value);
  }
}

function stateTest(option: string, value: string): Test[] {
  const [address = "", port] = value.split(":");
  switch (option) {
    case "src-nat":
      return [
        natTest(Status.SRC_NAT, address, port, ({ reply }) => [
          reply.destination,
          reply.ports & 0xffff,
        ]),
      ];
    case "n":
      return [({ status }) => (status & Status.SRC_NAT) !== 0];
    case "dst-nat":
      return [
        natTest(Status.DST_NAT, address, port, ({ reply }) => [reply.source, reply.ports >>> 16]),
      ];
    case "g":
      return [({ status }) => (status & Status.DST_NAT) !== 0];
    case "j":
      return [({ status }) => (status & (Status.SRC_NAT | Status.DST_NAT)) !== 0];
    case "state":
      return [(connection) => stateName(connection) === value];
    case "m":
      return [({ mark }) => mark >>> 0 === Number(value)];
    case "w":
      return [({ zone }) => zone === Number(value)];
    case "u":
      return [statusTest(value)];
    default:
      return [];
  }
}

function natTest(
  bit: number,
  address: string,
  port: string | undefined,
  of: (connection: Connection) => readonly [number, number],
): Test {
  return (connection) => {
    const [known, knownPort] = of(connection);
    return (
      (connection.status & bit) !== 0 &&
      formatIpv4(known) === address &&
      (port === undefined || Number(port) === knownPort)
    );
  };
}

function statusTest(value: string): Test {
  switch (value) {
    case "ASSURED":
      return ({ status }) => (status & Status.ASSURED) !== 0;
    case "SEEN_REPLY":
      return ({ status }) => (status & Status.SEEN_REPLY) !== 0;
    case "UNSET":
    case "UNREPLIED":
      return ({ status }) => (status & Status.SEEN_REPLY) === 0;
    default:
      throw notModelled("conntrack", `--status ${value}`, "ASSURED, SEEN_REPLY, UNREPLIED");
  }
}
