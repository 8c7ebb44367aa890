/**
 * `ping`'s command line.
 *
 * Spec: ping(8) of iputils 20221126.
 */

import type { PingOptions } from "../../apps/ping/options.ts";
import type { RouteOption } from "../../apps/ping/route-option.ts";
import { ping as pingProgram } from "../../apps/ping.ts";
import { fromHex } from "../../base/bytes.ts";
import { NS_PER_S } from "../../base/units.ts";
import type { PmtuDiscovery } from "../../socket/raw-socket.ts";
import { appHost } from "../app.ts";
import { type Command, type CommandBody, immediate, notModelled, ToolError } from "../command.ts";
import {
  applyOptions,
  noEffect,
  type OptionEffects,
  type OptionTable,
  readOptions,
} from "../options.ts";

const TABLE: OptionTable = {
  command: "ping",
  letters: "4aAbBc:dDe:fi:I:l:Lm:M:nOp:qQ:Rs:t:T:UvVw:W:",
  allowed: "options are -a -A -b -B -c -D -e -f -i -I -l -m -M -n -O -p -q -Q -R -s -t -T -w -W",
};

const DEFAULTS: PingOptions = {
  target: "",
  count: null,
  intervalNs: NS_PER_S,
  size: 56,
  lingerNs: 10 * NS_PER_S,
  deadlineNs: null,
  ttl: 0,
  tos: 0,
  mark: 0,
  pmtuDiscovery: null,
  from: "",
  broadcast: false,
  quiet: false,
  flood: false,
  outstanding: false,
  pattern: null,
  identifier: null,
  routeOption: null,
  adaptive: false,
  preload: 1,
  timeOfDay: false,
  audible: false,
  stickySource: false,
  verbose: false,
  numeric: false,
};

const EFFECTS: OptionEffects<PingOptions> = {
  "4": noEffect,
  a: () => ({ audible: true }),
  A: () => ({ adaptive: true }),
  b: () => ({ broadcast: true }),
  B: () => ({ stickySource: true }),
  c: (value) => ({ count: integer(value, 1, Number.MAX_SAFE_INTEGER) }),
  d: noEffect,
  D: () => ({ timeOfDay: true }),
  e: (value) => ({ identifier: integer(value, 0, 65535) }),
  f: () => ({ flood: true }),
  i: (value) => ({ intervalNs: Math.round(seconds(value, "bad timing interval") * NS_PER_S) }),
  I: (value) => ({ from: value }),
  l: (value) => ({ preload: integer(value, 1, 65536) }),
  L: noEffect,
  m: (value) => ({ mark: integer(value, 0, 2 ** 32 - 1) | 0 }),
  M: (value) => ({ pmtuDiscovery: pmtu(value) }),
  n: () => ({ numeric: true }),
  O: () => ({ outstanding: true }),
  p: (value) => ({ pattern: pattern(value) }),
  q: () => ({ quiet: true }),
  Q: (value) => ({ tos: tos(value) }),
  R: () => ({ routeOption: "record-route" }),
  s: (value) => ({ size: integer(value, 0, 2147483647) }),
  t: (value) => ({ ttl: ttl(value) }),
  T: (value) => ({ routeOption: timestamps(value) }),
  U: noEffect,
  v: () => ({ verbose: true }),
  w: (value) => ({ deadlineNs: integer(value, 0, 2147483647) * NS_PER_S }),
  W: (value) => ({ lingerNs: Math.round(seconds(value, "bad linger time") * NS_PER_S) }),
};

/** The command. */
export const ping: Command = {
  name: "ping",
  parse(args) {
    const given = readOptions(args, TABLE);
    if (given.has("V")) return version();
    const [target, ...more] = given.words;
    if (target === undefined) {
      throw new ToolError("ping: usage error: Destination address required", 1);
    }
    if (more.length > 0) throw notModelled("ping", more.join(" "), "one destination");
    const wanted = applyOptions({ ...DEFAULTS, target }, given, EFFECTS, TABLE);
    const intervalNs = wanted.flood && !given.has("i") ? 0 : wanted.intervalNs;
    // What goes to many is not fragmented, and so has no identification.
    const pmtuDiscovery = wanted.broadcast ? "do" : wanted.pmtuDiscovery;
    return (context) => pingProgram(appHost(context), { ...wanted, intervalNs, pmtuDiscovery });
  },
};

function ttl(text: string): number {
  const value = integer(text, 0, 255);
  if (value > 0) return value;
  throw new ToolError("ping: cannot set unicast time-to-live: Invalid argument", 2);
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
  if (text === "do" || text === "dont" || text === "want") return text;
  throw new ToolError(`ping: invalid -M argument: ${text}`, 2);
}

function tos(text: string): number {
  const value = /^0x[0-9a-fA-F]+$/.test(text) ? Number(text) : Number.parseInt(text, 10);
  if (value >= 0 && value <= 255) return value;
  const range = "the decimal value of TOS bits must be in range 0-255";
  throw new ToolError(`ping: ${range}: ${text}`, 2);
}

function timestamps(text: string): RouteOption {
  if (text === "tsonly") return "times";
  if (text === "tsandaddr") return "times-and-addresses";
  if (text === "tsprespec") throw notModelled("ping", "-T tsprespec", "-T tsonly, -T tsandaddr");
  throw new ToolError(`ping: invalid timestamp type: ${text}`, 2);
}

function version(): CommandBody {
  return immediate(({ io }) => {
    io.stdout("ping from iputils 20221126\n");
    return 0;
  });
}

function pattern(text: string): Uint8Array {
  if (!/^[0-9a-fA-F]+$/.test(text)) {
    throw new ToolError(`ping: patterns must be specified as hex digits: ${text}`, 2);
  }
  return fromHex(text.length % 2 === 0 ? text : `${text.slice(0, -1)}0${text.slice(-1)}`);
}
