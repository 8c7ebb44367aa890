/**
 * `ip neigh`: who is known on the links.
 *
 * Spec: iproute2 6.1, ip/ipneigh.c. Kernel: net/core/neighbour.c (neigh_add, neigh_get), 6.18.
 */
import { EEXIST, ENOENT } from "../../../base/errno.ts";
import type { Ipv4 } from "../../../base/inet.ts";
import { type Mac, ZERO_MAC } from "../../../base/mac.ts";
import type { NetDevice } from "../../../link/device.ts";
import { NUD_VALID, Nud } from "../../../net/nud.ts";
import type { ProxyNeighbour } from "../../../net/proxy-neighbours.ts";
import { notModelled, ToolError } from "../../command.ts";
import type { ShellHost } from "../../host.ts";
import { readLinkAddress } from "../../link-address.ts";
import type { Words } from "../../words.ts";
import {
  type IpAction,
  type IpOptions,
  needDevice,
  readAddress,
  refused,
  unknownCommand,
} from "./context.ts";
import { printNeighbours, printProxies } from "./neighbour-print.ts";
import { readFlush, readShow } from "./neighbour-show.ts";
import { readState } from "./neighbour-states.ts";

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
