/**
 * `ip neigh`: who is known on the links.
 *
 * Spec: iproute2 6.1, ip/ipneigh.c. Kernel: net/core/neighbour.c (neigh_add, neigh_get), 6.18.
 */

import { EEXIST, ENOENT } from "../../../base/errno.ts";
import { type Cidr, formatIpv4, type Ipv4, networkOf } from "../../../base/inet.ts";
import { formatMac, type Mac, ZERO_MAC } from "../../../base/mac.ts";
import { NS_PER_S } from "../../../base/units.ts";
import type { NetDevice } from "../../../link/device.ts";
import { type Neighbour, NUD_VALID, Nud } from "../../../net/neighbour.ts";
import type { ProxyNeighbour } from "../../../net/proxy-neighbours.ts";
import { notModelled, ToolError } from "../../command.ts";
import type { ShellHost } from "../../host.ts";
import { jsonText } from "../../json-text.ts";
import { readLinkAddress } from "../../link-address.ts";
import type { Words } from "../../words.ts";
import {
  type IpAction,
  type IpOptions,
  needDevice,
  readAddress,
  readPrefix,
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
      return readFlush(words, options);
    case "get":
      return readGet(words, options);
    default:
      throw unknownCommand(verb, "ip neigh help");
  }
}

interface NeighbourWords {
  address: Ipv4 | null;
  mac: Mac | null;
  device: string;
  state: Nud;
  proxy: boolean;
}

function readNeighbour(words: Words): NeighbourWords {
  const result: NeighbourWords = {
    address: null,
    mac: null,
    device: "",
    state: Nud.PERMANENT,
    proxy: false,
  };
  while (!words.done) {
    if (words.takes("lladdr")) result.mac = readMac(words.take());
    else if (words.takes("dev")) result.device = words.take();
    else if (words.takes("nud")) result.state = readState(words.take());
    else if (words.takes("proxy")) result.proxy = true;
    else if (["router", "protocol", "use", "managed", "extern_learn"].includes(words.peek())) {
      throw notModelled("ip neigh", words.peek(), "lladdr, dev, nud, proxy");
    } else {
      words.takes("to");
      result.address = readAddress(words.take());
    }
  }
  return result;
}

/** Only a proxy entry may be for all devices. */
function needBoth({ device, address, proxy }: NeighbourWords): void {
  if (address === null || (device === "" && !proxy)) {
    throw new ToolError("Device and destination are required arguments.", 255);
  }
}

function readMac(text: string): Mac {
  const mac = readLinkAddress(text);
  if (mac === null) throw new ToolError(`"${text}" is invalid lladdr.`, 1);
  return mac;
}

function readState(text: string): Nud {
  const state = STATES.find(([, name]) => name.toLowerCase() === text);
  if (state !== undefined) return state[0];
  if (text === "none") return Nud.NONE;
  throw new ToolError(`Error: argument "${text}" is wrong: nud state is bad`, 255);
}

function readSet(words: Words, verb: string): IpAction {
  const wanted = readNeighbour(words);
  const { address, mac, state, proxy } = wanted;
  needBoth(wanted);
  return ({ host }) => {
    const device = deviceOrAll(host, wanted.device);
    if (address === null) return;
    if (proxy) host.namespace.neighbours.proxies.add(address, device);
    if (proxy || device === null) return;
    if (mac === null && (state & NUD_VALID & ~Nud.NOARP) !== 0) {
      throw new ToolError("Error: No link layer address given.", 2);
    }
    const known = host.namespace.neighbours.find(device, address);
    if (known !== null && (verb === "add" || verb === "a")) throw refused(EEXIST);
    if (known === null && (verb === "change" || verb === "chg")) throw refused(ENOENT);
    host.namespace.neighbours.set(device, address, mac ?? ZERO_MAC, state);
  };
}

function deviceOrAll(host: ShellHost, name: string): NetDevice | null {
  return name === "" ? null : needDevice(host, name);
}

function readDelete(words: Words): IpAction {
  const wanted = readNeighbour(words);
  const { address, proxy } = wanted;
  needBoth(wanted);
  return ({ host }) => {
    const device = deviceOrAll(host, wanted.device);
    if (address === null) return;
    const { neighbours } = host.namespace;
    const found = proxy
      ? neighbours.proxies.remove(address, device)
      : device !== null && neighbours.remove(device, address);
    if (!found) throw refused(ENOENT);
  };
}

/** `ip neigh get`: one entry, by address and device. */
function readGet(words: Words, options: IpOptions): IpAction {
  const { address, device: name, proxy } = readNeighbour(words);
  if (address === null || name === "") {
    throw new ToolError("Device and address are required arguments.", 1);
  }
  return ({ host, print }) => {
    const device = needDevice(host, name);
    const { neighbours } = host.namespace;
    if (proxy) {
      const known = neighbours.proxies
        .entries()
        .find((entry) => answersFor(entry, device, address));
      if (known === undefined) throw new ToolError("Error: Proxy neighbour entry not found.", 2);
      printProxies([known], { device: "", options, print });
      return;
    }
    const known = neighbours.find(device, address);
    if (known === null) throw new ToolError("Error: Neighbour entry not found.", 2);
    printNeighbours([known], { device: "", options, print, now: host.namespace.cpu.now });
  };
}

function answersFor(entry: ProxyNeighbour, device: NetDevice, address: Ipv4): boolean {
  return entry.address === address && (entry.device === null || entry.device === device);
}

interface Filter {
  device: string;
  /** Of `to PREFIX`; everything otherwise. */
  prefix: Cidr;
  readonly tests: ((neighbour: Neighbour) => boolean)[];
  statesGiven: boolean;
  proxy: boolean;
}

function readFilter(words: Words): Filter {
  const prefix = { address: 0 as Ipv4, prefixLength: 0 };
  const filter: Filter = { device: "", prefix, tests: [], statesGiven: false, proxy: false };
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
    } else if (words.takes("proxy")) {
      filter.proxy = true;
    } else {
      words.takes("to");
      filter.prefix = readPrefix(words.take());
    }
  }
  return filter;
}

function readShow(words: Words, options: IpOptions): IpAction {
  const filter = readFilter(words);
  return ({ host, print }) => {
    if (filter.device !== "") needDevice(host, filter.device);
    const view = { device: filter.device, options, print, now: host.namespace.cpu.now };
    if (filter.proxy) printProxies(selectProxies(host, filter), view);
    else printNeighbours(shownOf(host, filter), view);
  };
}

function flushText(count: number): string {
  if (count === 0) return "Nothing to flush.\n";
  return `\n*** Round 1, deleting ${count} entries ***\n*** Flush is complete after 1 round ***\n`;
}

function readFlush(words: Words, options: IpOptions): IpAction {
  if (words.done) throw new ToolError("Flush requires arguments.", 1);
  const filter = readFilter(words);
  return ({ host, print }) => {
    if (filter.device !== "") needDevice(host, filter.device);
    const doomed = select(host, filter, Nud.PERMANENT | Nud.NOARP);
    if (options.statistics > 1) {
      printNeighbours(doomed, {
        device: filter.device,
        options,
        print,
        now: host.namespace.cpu.now,
      });
    }
    for (const { device, address } of doomed) host.namespace.neighbours.remove(device, address);
    if (options.statistics > 0) print(flushText(doomed.length));
  };
}

/** Without `nud`, what needs no ARP and what is not there yet is left out. */
function shownOf(host: ShellHost, filter: Filter): Neighbour[] {
  return select(host, filter, Nud.NOARP).filter(
    ({ state }) => filter.statesGiven || state !== Nud.NONE,
  );
}

/** What is asked for; without `nud`, states in `hidden` are left out. */
function select(host: ShellHost, filter: Filter, hidden: Nud): Neighbour[] {
  return host.namespace.neighbours
    .entries()
    .filter(({ state }) => filter.statesGiven || (state & hidden) === 0)
    .filter(({ device, address }) => isAsked(filter, device, address))
    .filter((neighbour) => filter.tests.every((test) => test(neighbour)));
}

/** With a device, the entries for all devices are shown as well. */
function selectProxies(host: ShellHost, filter: Filter): ProxyNeighbour[] {
  return host.namespace.neighbours.proxies
    .entries()
    .filter(({ device, address }) => isAsked(filter, device, address));
}

function isAsked(
  { device: name, prefix }: Filter,
  device: NetDevice | null,
  address: Ipv4,
): boolean {
  const { prefixLength } = prefix;
  const isWithin = networkOf(address, prefixLength) === networkOf(prefix.address, prefixLength);
  return isWithin && (name === "" || device === null || device.name === name);
}

interface View {
  /** The device that was asked for: it is not said again. */
  readonly device: string;
  readonly options: IpOptions;
  print(text: string): void;
}

function printProxies(entries: readonly ProxyNeighbour[], view: View): void {
  const { json, pretty } = view.options;
  if (json) {
    const objects = entries.map(({ address, device }) => ({
      dst: formatIpv4(address),
      ...(device === null ? {} : { dev: device.name }),
      proxy: null,
    }));
    view.print(jsonText(objects, pretty));
    return;
  }
  for (const { address, device } of entries) {
    const place = device === null || device.name === view.device ? "" : `dev ${device.name} `;
    view.print(`${formatIpv4(address)} ${place}proxy \n`);
  }
}

interface NeighbourView extends View {
  readonly now: number;
}

function printNeighbours(entries: readonly Neighbour[], view: NeighbourView): void {
  const { json, pretty } = view.options;
  if (json) view.print(jsonText(entries.map(neighbourJson(view)), pretty));
  else for (const neighbour of entries) view.print(neighbourText(neighbour, view));
}

function neighbourText(neighbour: Neighbour, { device, options, now }: NeighbourView): string {
  let text = `${formatIpv4(neighbour.address)} `;
  if (neighbour.device.name !== device) text += `dev ${neighbour.device.name} `;
  if (hasMac(neighbour)) text += `lladdr ${formatMac(neighbour.mac)} `;
  if (options.statistics > 0) {
    const { refcnt, used, confirmed, updated, probes } = statisticsOf(neighbour, now);
    if (refcnt > 0) text += ` ref ${refcnt}`;
    text += ` used ${used}/${confirmed}/${updated}probes ${probes} `;
  }
  return `${text}${stateNames(neighbour.state).join(",")} \n`;
}

function neighbourJson({ device, options, now }: NeighbourView): (one: Neighbour) => object {
  return (neighbour) => {
    const { refcnt, ...times } = statisticsOf(neighbour, now);
    const isSaid = options.statistics > 0;
    return {
      dst: formatIpv4(neighbour.address),
      ...(neighbour.device.name === device ? {} : { dev: neighbour.device.name }),
      ...(hasMac(neighbour) ? { lladdr: formatMac(neighbour.mac) } : {}),
      ...(isSaid && refcnt > 0 ? { refcnt } : {}),
      ...(isSaid ? times : {}),
      state: stateNames(neighbour.state),
    };
  };
}

/** Who else holds the entry (its timer alone), seconds since it was used, and questions asked. */
function statisticsOf(neighbour: Neighbour, now: number) {
  const since = (at: number): number => Math.max(Math.floor((now - at) / NS_PER_S), 0);
  return {
    refcnt: neighbour.isTimed ? 1 : 0,
    used: since(neighbour.usedAt),
    confirmed: since(neighbour.confirmedAt),
    updated: since(neighbour.updatedAt),
    probes: neighbour.probes,
  };
}

function hasMac({ state }: Neighbour): boolean {
  return (state & NUD_VALID) !== 0;
}

function stateNames(state: Nud): string[] {
  return STATES.filter(([bit]) => (state & bit) !== 0).map(([, name]) => name);
}
