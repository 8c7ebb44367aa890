/**
 * The language of `script`: one verb with its arguments each. Statements end with `;` or a line:
 *
 *     udp                         the next socket is a UDP one
 *     bind ADDRESS PORT
 *     listen PORT                 with SO_REUSEADDR, on all addresses, backlog 16
 *     accept                      waits for a connection and closes the listener
 *     connect ADDRESS PORT
 *     send N | send TEXT          N zero bytes, or the text; waits until all is taken
 *     read N                      one read of at most N bytes
 *     recv [N]                    reads N bytes, or to the end
 *     print [N]                   the same, and prints them
 *     echo                        sends back what comes, to the end
 *     answer TEXT                 answers every datagram with the text, to whoever sent it
 *     packet PROTOCOL ADDRESS HEX one IP packet of that protocol with these bytes, by a raw socket
 *     sleep DURATION              such as 10ms, 1.5s, 200us
 *     set OPTION VALUE            nodelay cork quickack keepalive keepidle keepintvl keepcnt
 *                                 user_timeout maxseg rcvbuf sndbuf reuseaddr broadcast linger
 *     shutdown read|write|both
 *     close
 *
 * Words may be quoted.
 */
import { utf8 } from "../base/bytes.ts";
import { VethworkError } from "../base/errors.ts";
import { ANY_ADDRESS, type Ipv4, parseIpv4 } from "../base/inet.ts";
import { parseDuration } from "../base/units.ts";
import type { SocketOption } from "../socket/options.ts";

type ShutdownHow = "read" | "write" | "both";

/** One step, its words read. */
export type ScriptStep =
  | { readonly verb: "udp" | "accept" | "echo" | "close" }
  | { readonly verb: "bind" | "connect"; readonly address: Ipv4; readonly port: number }
  | { readonly verb: "listen"; readonly port: number }
  | { readonly verb: "send" | "answer"; readonly bytes: Uint8Array }
  | { readonly verb: "read" | "recv" | "print"; readonly count: number }
  | {
      readonly verb: "packet";
      readonly protocol: number;
      readonly address: Ipv4;
      readonly bytes: Uint8Array;
    }
  | { readonly verb: "sleep"; readonly durationNs: number }
  | { readonly verb: "linger"; readonly value: number }
  | { readonly verb: "set"; readonly option: SocketOption; readonly value: number }
  | { readonly verb: "shutdown"; readonly how: ShutdownHow };

const OPTIONS: Readonly<Record<string, SocketOption>> = {
  nodelay: "TCP_NODELAY",
  cork: "TCP_CORK",
  quickack: "TCP_QUICKACK",
  keepalive: "SO_KEEPALIVE",
  keepidle: "TCP_KEEPIDLE",
  keepintvl: "TCP_KEEPINTVL",
  keepcnt: "TCP_KEEPCNT",
  user_timeout: "TCP_USER_TIMEOUT",
  maxseg: "TCP_MAXSEG",
  rcvbuf: "SO_RCVBUF",
  sndbuf: "SO_SNDBUF",
  reuseaddr: "SO_REUSEADDR",
  broadcast: "SO_BROADCAST",
};

/**
 * Reads a script. `split` splits a statement into words as the shell does. Throws `VW_COMMAND`.
 */
export function parseScript(text: string, split: (text: string) => string[]): ScriptStep[] {
  const steps: ScriptStep[] = [];
  for (const statement of text.split(/[;\n]/)) {
    const [verb, ...args] = split(statement);
    if (verb !== undefined) steps.push(readStep(verb, args));
  }
  return steps;
}

function readStep(verb: string, args: readonly string[]): ScriptStep {
  const [first = "", second = "", third = ""] = args;
  switch (verb) {
    case "udp":
    case "accept":
    case "echo":
    case "close":
      return { verb };
    case "bind":
    case "connect":
      return {
        verb,
        address: first === "" ? ANY_ADDRESS : parseIpv4(first),
        port: number(verb, second),
      };
    case "listen":
      return { verb, port: number(verb, first) };
    case "send":
      return { verb, bytes: /^[0-9]+$/.test(first) ? new Uint8Array(Number(first)) : utf8(first) };
    case "answer":
      return { verb, bytes: utf8(first) };
    case "read":
      return { verb, count: number(verb, first) };
    case "recv":
    case "print":
      return { verb, count: first === "" ? Number.POSITIVE_INFINITY : number(verb, first) };
    case "packet":
      return {
        verb,
        protocol: number(verb, first),
        address: parseIpv4(second),
        bytes: hexBytes(third),
      };
    case "sleep":
      return { verb, durationNs: parseDuration(first) };
    case "set":
      return readSet(first, second);
    case "shutdown":
      if (first === "read" || first === "write" || first === "both") return { verb, how: first };
      throw wrong(`shutdown "${first}"`, "shutdown read, write or both");
    default:
      throw wrong(
        `"${verb}"`,
        "steps are udp bind listen accept connect send read recv print echo answer packet " +
          "sleep set shutdown close",
      );
  }
}

function readSet(name: string, text: string): ScriptStep {
  const value = number("set", text);
  if (name === "linger") return { verb: "linger", value };
  const option = OPTIONS[name];
  if (option !== undefined) return { verb: "set", option, value };
  throw wrong(`set "${name}"`, `options are ${Object.keys(OPTIONS).join(" ")} linger`);
}

function number(verb: string, text: string): number {
  if (/^[0-9]+$/.test(text)) return Number(text);
  throw wrong(`${verb} "${text}"`, `${verb} needs a number there`);
}

function hexBytes(text: string): Uint8Array {
  if (!/^([0-9a-fA-F]{2})*$/.test(text)) {
    throw wrong(`packet "${text}"`, "packet needs pairs of hexadecimal digits there");
  }
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function wrong(what: string, allowed: string): VethworkError {
  return new VethworkError("VW_COMMAND", `script: ${what}`, allowed);
}
