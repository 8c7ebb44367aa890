/**
 * `ip neigh`: who is known on the links.
 *
 * Spec: iproute2 6.1, ip/ipneigh.c.
 * Not modelled: proxy entries.
 */

import { EEXIST, ENOENT } from "../../../base/errno.ts";
import { formatIpv4, type Ipv4 } from "../../../base/inet.ts";
import { formatMac, type Mac, parseMac, ZERO_MAC } from "../../../base/mac.ts";
import { NS_PER_S } from "../../../base/units.ts";
import { type Neighbour, NUD_VALID, Nud } from "../../../net/neighbour.ts";
import { notModelled, ToolError } from "../../command.ts";
import type { ShellHost } from "../../host.ts";
import type { Words } from "../../words.ts";
import {
  type IpAction,
  type IpOptions,
  needDevice,
  readAddress,
  refused,
  unknownCommand,
} from "./context.ts";

const STATES: readonly (readonly [number, string])[] = [
  [Nud.INCOMPLETE, "INCOMPLETE"],
  [Nud.REACHABLE, "REACHABLE"],
  [Nud.STALE, "STALE"],
  [Nud.DELAY, "DELAY"],
  [Nud.PROBE, "PROBE"],
  [Nud.FAILED, "FAILED"],
  [Nud.NOARP, "NOARP"],
  [Nud.PERMANENT, "PERMANENT"],
];

/** Reads what stands behind `ip neigh`. */
export function ipNeighbour(words: Words, options: IpOptions): IpAction {
  const verb = words.done ? "show" : words.take();
  switch (verb) {
    case "show":
    case "list":
    case "lst":
    case "ls":
      return readShow(words, options);
    case "add":
    case "a":
    case "replace":
    case "change":
    case "chg":
      return readSet(words, verb);
    case "del":
    case "delete":
    case "d":
      return readDelete(words);
    case "flush":
    case "f":
      return readFlush(words);
    default:
      throw unknownCommand(verb, "ip neigh help");
  }
}

interface NeighbourWords {
  address: Ipv4 | null;
  mac: Mac | null;
  device: string;
  state: Nud;
}

function readNeighbour(words: Words): NeighbourWords {
  const result: NeighbourWords = { address: null, mac: null, device: "", state: Nud.PERMANENT };
  while (!words.done) {
    if (words.takes("lladdr")) result.mac = readMac(words.take());
    else if (words.takes("dev")) result.device = words.take();
    else if (words.takes("nud")) result.state = readState(words.take());
    else if (
      ["proxy", "router", "protocol", "use", "managed", "extern_learn"].includes(words.peek())
    ) {
      throw notModelled("ip neigh", words.peek(), "lladdr, dev, nud");
    } else {
      words.takes("to");
      result.address = readAddress(words.take());
    }
  }
  if (result.device === "" || result.address === null) {
    throw new ToolError("Device and destination are required arguments.", 255);
  }
  return result;
}

function readMac(text: string): Mac {
  try {
    return parseMac(text);
  } catch {
    throw new ToolError(`"${text}" is invalid lladdr.`, 1);
  }
}

function readState(text: string): Nud {
  const state = STATES.find(([, name]) => name.toLowerCase() === text);
  if (state !== undefined) return state[0];
  if (text === "none") return Nud.NONE;
  throw new ToolError(`Error: argument "${text}" is wrong: nud state is bad`, 255);
}

function readSet(words: Words, verb: string): IpAction {
  const { address, mac, device: name, state } = readNeighbour(words);
  return ({ host }) => {
    const device = needDevice(host, name);
    if (address === null) return;
    if (mac === null && (state & NUD_VALID & ~Nud.NOARP) !== 0) {
      throw new ToolError("Error: No link layer address given.", 2);
    }
    const known = host.namespace.neighbours.find(device, address);
    if (known !== null && (verb === "add" || verb === "a")) throw refused(EEXIST);
    if (known === null && (verb === "change" || verb === "chg")) throw refused(ENOENT);
    host.namespace.neighbours.set(device, address, mac ?? ZERO_MAC, state);
  };
}

function readDelete(words: Words): IpAction {
  const { address, device: name } = readNeighbour(words);
  return ({ host }) => {
    const device = needDevice(host, name);
    if (address !== null && !host.namespace.neighbours.remove(device, address)) {
      throw refused(ENOENT);
    }
  };
}

interface Filter {
  device: string;
  readonly tests: ((neighbour: Neighbour) => boolean)[];
  statesGiven: boolean;
}

function readFilter(words: Words): Filter {
  const filter: Filter = { device: "", tests: [], statesGiven: false };
  while (!words.done) {
    if (words.takes("dev")) {
      filter.device = words.take();
      filter.tests.push(({ device }) => device.name === filter.device);
    } else if (words.takes("nud")) {
      filter.statesGiven = true;
      const text = words.take();
      if (text === "all") continue;
      const wanted = readState(text);
      filter.tests.push(({ state }) => (state & wanted) !== 0);
    } else {
      words.takes("to");
      const wanted = readAddress(words.take());
      filter.tests.push(({ address }) => address === wanted);
    }
  }
  return filter;
}

function readShow(words: Words, options: IpOptions): IpAction {
  const filter = readFilter(words);
  return ({ host, print }) => {
    if (filter.device !== "") needDevice(host, filter.device);
    const shown = select(host, filter);
    if (options.json) {
      print(`${JSON.stringify(shown.map(neighbourJson))}\n`);
      return;
    }
    const { now } = host.namespace.cpu;
    for (const neighbour of shown) {
      print(neighbourText(neighbour, filter.device, options.statistics ? now : null));
    }
  };
}

function readFlush(words: Words): IpAction {
  if (words.done) throw new ToolError("Flush requires arguments.", 1);
  const filter = readFilter(words);
  return ({ host }) => {
    if (filter.device !== "") needDevice(host, filter.device);
    for (const neighbour of select(host, filter)) {
      if ((neighbour.state & (Nud.PERMANENT | Nud.NOARP)) !== 0 && !filter.statesGiven) continue;
      host.namespace.neighbours.remove(neighbour.device, neighbour.address);
    }
  };
}

/** Without `nud`, what needs no ARP and what is not there yet is left out. */
function select(host: ShellHost, filter: Filter): Neighbour[] {
  return host.namespace.neighbours
    .entries()
    .filter(({ state }) => filter.statesGiven || (state !== Nud.NONE && (state & Nud.NOARP) === 0))
    .filter((neighbour) => filter.tests.every((test) => test(neighbour)));
}

function neighbourText(neighbour: Neighbour, hiddenDevice: string, now: number | null): string {
  let text = `${formatIpv4(neighbour.address)} `;
  if (neighbour.device.name !== hiddenDevice) text += `dev ${neighbour.device.name} `;
  if (hasMac(neighbour)) text += `lladdr ${formatMac(neighbour.mac)} `;
  if (now !== null) {
    const since = (at: number): number => Math.max(Math.floor((now - at) / NS_PER_S), 0);
    text += ` used ${since(neighbour.usedAt)}/${since(neighbour.confirmedAt)}/${since(neighbour.updatedAt)}`;
    text += `probes ${neighbour.probes} `;
  }
  return `${text}${stateNames(neighbour.state).join(",")} \n`;
}

function neighbourJson(neighbour: Neighbour): Record<string, unknown> {
  return {
    dst: formatIpv4(neighbour.address),
    dev: neighbour.device.name,
    ...(hasMac(neighbour) ? { lladdr: formatMac(neighbour.mac) } : {}),
    state: stateNames(neighbour.state),
  };
}

function hasMac({ state }: Neighbour): boolean {
  return (state & NUD_VALID) !== 0;
}

function stateNames(state: Nud): string[] {
  return STATES.filter(([bit]) => (state & bit) !== 0).map(([, name]) => name);
}
