/**
 * `ip neigh show` and `flush`: which entries are meant.
 *
 * Spec: ip-neighbour(8) of iproute2 6.1; ipneigh.c (do_show_or_flush).
 */
import { type Cidr, type Ipv4, networkOf } from "../../../base/inet.ts";
import type { NetDevice } from "../../../link/device.ts";
import type { Neighbour } from "../../../net/neighbour.ts";
import { Nud } from "../../../net/nud.ts";
import type { ProxyNeighbour } from "../../../net/proxy-neighbours.ts";
import { ToolError } from "../../command.ts";
import type { ShellHost } from "../../host.ts";
import type { Words } from "../../words.ts";
import { type IpAction, type IpOptions, needDevice, readPrefix } from "./context.ts";
import { printNeighbours, printProxies } from "./neighbour-print.ts";
import { readState } from "./neighbour-states.ts";

/** `ip neigh show`. */
export function readShow(words: Words, options: IpOptions): IpAction {
  const filter = readFilter(words);
  return ({ host, print }) => {
    if (filter.device !== "") needDevice(host, filter.device);
    const view = { device: filter.device, options, print, now: host.namespace.cpu.now };
    if (filter.proxy) printProxies(selectProxies(host, filter), view);
    else printNeighbours(shownOf(host, filter), view);
  };
}

/** `ip neigh flush`. */
export function readFlush(words: Words, options: IpOptions): IpAction {
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

function flushText(count: number): string {
  if (count === 0) return "Nothing to flush.\n";
  return `\n*** Round 1, deleting ${count} entries ***\n*** Flush is complete after 1 round ***\n`;
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
