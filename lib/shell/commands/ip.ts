/**
 * `ip`: options, the object, and `-n` and `netns exec` for other hosts of the run.
 *
 * Spec: iproute2 6.1, ip/ip.c, ip/ipnetns.c. Objects and verbs may be shortened as `ip` allows for
 * the usual ones (`ip a`, `ip r`, `ip l`, `ip n`, `ip ru`).
 * Not modelled: IPv6, tunnels, `ip monitor`, batches from files.
 */
import {
  type Command,
  type CommandBody,
  immediate,
  notModelled,
  type ParseNested,
  ToolError,
} from "../command.ts";
import { Words } from "../words.ts";
import { ipAddress } from "./ip/address.ts";
import type { IpObject, IpOptions } from "./ip/context.ts";
import { ipLink } from "./ip/link.ts";
import { ipNeighbour } from "./ip/neighbour.ts";
import { ipRoute } from "./ip/route.ts";
import { ipRule } from "./ip/rule.ts";

/** Objects with the shortest form that `ip` takes for them. */
const OBJECTS: readonly (readonly [string, number, IpObject])[] = [
  ["address", 1, ipAddress],
  ["link", 1, ipLink],
  ["neighbor", 1, ipNeighbour],
  ["neighbour", 1, ipNeighbour],
  ["route", 1, ipRoute],
  ["rule", 2, ipRule],
];

const HELP = "objects are addr, link, neigh, route, rule and netns exec";
const FLAGS = "options are -4 -br -d -s -j -p -o -n NAME";

type Changeable = { -readonly [Key in keyof IpOptions]: IpOptions[Key] };

/** The command. */
export const ip: Command = {
  name: "ip",
  parse(args, parseNested) {
    const words = new Words(args);
    const options: Changeable = {
      brief: false,
      details: false,
      statistics: 0,
      json: false,
      pretty: false,
      oneLine: false,
      inetOnly: false,
    };
    let netns = "";
    while (words.peek().startsWith("-")) {
      const flag = words.take().replace(/^--/, "-");
      if (flag === "-n" || flag === "-netns") netns = words.take();
      else if (flag === "-f" || flag === "-family") {
        const family = words.take();
        if (family !== "inet") throw notModelled("ip", `-f ${family}`, "-f inet");
        options.inetOnly = true;
      } else readFlag(flag, options);
    }
    if (words.done) throw new ToolError("Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }", 255);
    return bodyOf(words, options, netns, parseNested);
  },
};

function readFlag(flag: string, options: Changeable): void {
  if (flag === "-4") options.inetOnly = true;
  else if (flag === "-br" || flag === "-brief") options.brief = true;
  else if (flag === "-d" || flag === "-details") options.details = true;
  else if (/^-s(tat(istics)?)?$/.test(flag) || flag === "-stats") options.statistics += 1;
  else if (flag === "-j" || flag === "-json") options.json = true;
  else if (/^-p(retty)?$/.test(flag)) options.pretty = true;
  else if (flag === "-o" || flag === "-oneline") options.oneLine = true;
  else if (/^-c(olor)?(=never)?$/.test(flag) || flag === "-N" || flag === "-Numeric") return;
  else throw notModelled("ip", flag, FLAGS);
}

function bodyOf(
  words: Words,
  options: IpOptions,
  netns: string,
  parseNested: ParseNested,
): CommandBody {
  const word = words.take();
  if (word === "netns") return readNetns(words, parseNested);
  const object = OBJECTS.find(
    ([name, shortest]) => word.length >= shortest && name.startsWith(word),
  );
  if (object === undefined) {
    if (/^(tunnel|tuntap|maddr|mroute|xfrm|monitor|vrf|tcp_metrics|nexthop)$/.test(word)) {
      throw notModelled("ip", word, HELP);
    }
    throw new ToolError(`Object "${word}" is unknown, try "ip help".`, 1);
  }
  const action = object[2](words, options);
  return immediate((context) => {
    const host = netns === "" ? context.host : context.host.findHost(netns);
    if (host === null) throw noSuchNetns(netns);
    action({ host, options, print: context.io.stdout, warn: context.io.stderr });
    return 0;
  });
}

function readNetns(words: Words, parseNested: ParseNested): CommandBody {
  const verb = words.done ? "list" : words.take();
  if (verb === "list" || verb === "ls" || verb === "show") {
    return immediate(({ host, io }) => {
      for (const { name } of host.hosts()) io.stdout(`${name}\n`);
      return 0;
    });
  }
  if (verb !== "exec") throw notModelled("ip netns", verb, "ip netns exec NAME COMMAND …");
  const name = words.take();
  const body = parseNested(words.rest());
  return function* (context) {
    const host = context.host.findHost(name);
    if (host === null) throw noSuchNetns(name);
    return yield* body({ ...context, host });
  };
}

function noSuchNetns(name: string): ToolError {
  return new ToolError(`Cannot open network namespace "${name}": No such file or directory`, 255);
}
