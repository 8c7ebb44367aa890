/**
 * `ping`'s command line.
 *
 * Spec: ping(8) of iputils 20221126.
 */
import { type PingOptions, ping as pingProgram } from "../../apps/ping.ts";
import { fromHex } from "../../base/bytes.ts";
import { NS_PER_S } from "../../base/units.ts";
import type { PmtuDiscovery } from "../../socket/raw-socket.ts";
import { appHost } from "../app.ts";
import { type Command, ToolError } from "../command.ts";
import { type OptionTable, readOptions } from "../options.ts";

const TABLE: OptionTable = {
  command: "ping",
  letters: "4bc:e:fi:I:m:M:nOp:qQ:s:t:vw:W:",
  allowed: "options are -b -c -e -f -i -I -m -M -n -O -p -q -Q -s -t -w -W",
};

type Writable = { -readonly [Key in keyof PingOptions]: PingOptions[Key] };

/** The command. */
export const ping: Command = {
  name: "ping",
  parse(args) {
    const { options, words } = readOptions(args, TABLE);
    const [target, ...more] = words;
    if (target === undefined || more.length > 0) {
      throw new ToolError("ping: usage error: Destination address required", 2);
    }
    const wanted: Writable = {
      target,
      count: null,
      intervalNs: NS_PER_S,
      size: 56,
      lingerNs: 10 * NS_PER_S,
      deadlineNs: null,
      ttl: 0,
      tos: 0,
      mark: 0,
      pmtuDiscovery: "want",
      from: "",
      broadcast: false,
      quiet: false,
      flood: false,
      outstanding: false,
      pattern: null,
      identifier: null,
    };
    let intervalGiven = false;
    for (const [letter, value] of options) {
      intervalGiven ||= letter === "i";
      apply(wanted, letter, value);
    }
    if (wanted.flood && !intervalGiven) wanted.intervalNs = 0;
    // What goes to many is not fragmented, and so has no identification.
    if (wanted.broadcast) wanted.pmtuDiscovery = "do";
    return (context) => pingProgram(appHost(context), wanted);
  },
};

function apply(wanted: Writable, letter: string, value: string): void {
  switch (letter) {
    case "b":
      wanted.broadcast = true;
      break;
    case "c":
      wanted.count = integer(value, 1, Number.MAX_SAFE_INTEGER);
      break;
    case "e":
      wanted.identifier = integer(value, 0, 65535);
      break;
    case "f":
      wanted.flood = true;
      break;
    case "i":
      wanted.intervalNs = Math.round(seconds(value, "bad timing interval") * NS_PER_S);
      break;
    case "I":
      wanted.from = value;
      break;
    case "m":
      wanted.mark = integer(value, 0, 2 ** 32 - 1) | 0;
      break;
    case "M":
      wanted.pmtuDiscovery = pmtu(value);
      break;
    case "O":
      wanted.outstanding = true;
      break;
    case "p":
      wanted.pattern = pattern(value);
      break;
    case "q":
      wanted.quiet = true;
      break;
    case "Q":
      wanted.tos = integer(value, 0, 255);
      break;
    case "s":
      wanted.size = integer(value, 0, 65507);
      break;
    case "t":
      wanted.ttl = integer(value, 0, 255);
      break;
    case "w":
      wanted.deadlineNs = integer(value, 0, 2147483647) * NS_PER_S;
      break;
    case "W":
      wanted.lingerNs = Math.round(seconds(value, "bad linger time") * NS_PER_S);
      break;
    default:
      break;
  }
}

function integer(text: string, minimum: number, maximum: number): number {
  if (!/^(0x[0-9a-fA-F]+|-?[0-9]+)$/.test(text)) {
    throw new ToolError(`ping: invalid argument: '${text}'`, 1);
  }
  const value = Number(text);
  if (value < minimum || value > maximum) {
    const range = `out of range: ${minimum} <= value <= ${maximum}`;
    throw new ToolError(`ping: invalid argument: '${text}': ${range}`, 1);
  }
  return value;
}

function seconds(text: string, problem: string): number {
  if (!/^[0-9]+(\.[0-9]*)?$/.test(text)) throw new ToolError(`ping: ${problem}: ${text}`, 2);
  return Number(text);
}

function pmtu(text: string): PmtuDiscovery {
  if (text === "do" || text === "dont" || text === "want" || text === "probe") return text;
  throw new ToolError(`ping: invalid -M argument: ${text}`, 2);
}

function pattern(text: string): Uint8Array {
  if (!/^[0-9a-fA-F]+$/.test(text)) {
    throw new ToolError("ping: patterns must be specified as hex digits", 2);
  }
  return fromHex(text.length % 2 === 0 ? text : `${text.slice(0, -1)}0${text.slice(-1)}`);
}
