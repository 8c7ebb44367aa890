/**
 * `traceroute`'s command line.
 *
 * Spec: traceroute(1) of traceroute 2.1.2.
 */
import {
  traceroute as program,
  TRACEROUTE_PORT,
  TRACEROUTE_TCP_PORT,
} from "../../apps/traceroute.ts";
import { ANY_ADDRESS, isIpv4, parseIpv4 } from "../../base/inet.ts";
import { NS_PER_S } from "../../base/units.ts";
import { appHost } from "../app.ts";
import { type Command, ToolError } from "../command.ts";
import { readOptions } from "../options.ts";

/** Probes under way at a time, unless `-N` says otherwise. */
const SIMULTANEOUS = 16;
const DEFAULT_LENGTH = 60;
const MOST_QUERIES = 10;
const MOST_HOPS = 255;

/** The command. */
export const traceroute: Command = {
  name: "traceroute",
  parse(args) {
    const given = readOptions(args, {
      command: "traceroute",
      letters: "4f:Im:nN:p:q:s:Tw:",
      long: { icmp: "I", tcp: "T" },
      allowed: "options are -f -I -m -n -N -p -q -s -T -w",
    });
    const [target, length] = given.words;
    if (target === undefined) {
      throw new ToolError('Specify "host" missing argument.', 2);
    }
    const value = (letter: string, absent: number): number => {
      const text = given.last(letter);
      if (text === undefined) return absent;
      if (/^[0-9]+(\.[0-9]+)?$/.test(text)) return Number(text);
      throw new ToolError(`Cannot handle \`-${letter}' option with arg \`${text}'`, 2);
    };
    const source = given.last("s") ?? "";
    const wanted = {
      target,
      method: given.has("T")
        ? ("tcp" as const)
        : given.has("I")
          ? ("icmp" as const)
          : ("udp" as const),
      numeric: given.has("n"),
      firstTtl: value("f", 1),
      maxTtl: value("m", 30),
      queries: value("q", 3),
      simultaneous: value("N", SIMULTANEOUS),
      waitNs: Math.round(value("w", 5) * NS_PER_S),
      length: length === undefined ? DEFAULT_LENGTH : Number(length),
      port: value("p", given.has("T") ? TRACEROUTE_TCP_PORT : TRACEROUTE_PORT),
      source: isIpv4(source) ? parseIpv4(source) : ANY_ADDRESS,
    };
    if (wanted.queries > MOST_QUERIES) throw new ToolError("no more than 10 probes per hop", 2);
    if (wanted.maxTtl > MOST_HOPS) throw new ToolError("max hops cannot be more than 255", 2);
    if (wanted.firstTtl < 1 || wanted.firstTtl > wanted.maxTtl) {
      throw new ToolError("first hop out of range", 2);
    }
    return (context) => program(appHost(context), wanted);
  },
};
