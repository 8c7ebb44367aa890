/**
 * `traceroute`'s command line.
 *
 * Spec: traceroute(1) of traceroute 2.1.2.
 */
import { traceroute as program, TRACEROUTE_PORT } from "../../apps/traceroute.ts";
import { ANY_ADDRESS, isIpv4, parseIpv4 } from "../../base/inet.ts";
import { NS_PER_S } from "../../base/units.ts";
import { appHost } from "../app.ts";
import { type Command, ToolError } from "../command.ts";
import { readOptions } from "../options.ts";

/** Probes under way at a time, unless `-N` says otherwise. */
const SIMULTANEOUS = 16;
const DEFAULT_LENGTH = 60;

/** The command. */
export const traceroute: Command = {
  name: "traceroute",
  parse(args) {
    const { options, words } = readOptions(args, {
      command: "traceroute",
      letters: "4f:Im:nN:p:q:s:Uw:",
      long: { icmp: "I", udp: "U" },
      allowed: "options are -f -I -m -n -N -p -q -s -w",
    });
    const [target, length] = words;
    if (target === undefined) {
      throw new ToolError('Specify "host" missing argument.', 2);
    }
    const value = (letter: string, absent: number): number => {
      const text = options.findLast(([known]) => known === letter)?.[1];
      if (text === undefined) return absent;
      if (/^[0-9]+(\.[0-9]+)?$/.test(text)) return Number(text);
      throw new ToolError(`Cannot handle \`-${letter}' option with arg \`${text}'`, 2);
    };
    const has = (letter: string): boolean => options.some(([known]) => known === letter);
    const source = options.findLast(([known]) => known === "s")?.[1] ?? "";
    const wanted = {
      target,
      icmp: has("I"),
      numeric: has("n"),
      firstTtl: value("f", 1),
      maxTtl: value("m", 30),
      queries: value("q", 3),
      simultaneous: value("N", SIMULTANEOUS),
      waitNs: Math.round(value("w", 5) * NS_PER_S),
      length: length === undefined ? DEFAULT_LENGTH : Number(length),
      port: value("p", TRACEROUTE_PORT),
      source: isIpv4(source) ? parseIpv4(source) : ANY_ADDRESS,
    };
    return (context) => program(appHost(context), wanted);
  },
};
