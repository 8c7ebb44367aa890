/**
 * What `ip link add` and `ip link set` can both say about a device.
 *
 * Spec: iproute2 6.1, ip/iplink.c (iplink_parse).
 */
import { EEXIST } from "../../../../base/errno.ts";
import type { Mac } from "../../../../base/mac.ts";
import { notModelled, ToolError } from "../../../command.ts";
import { findDevice, type ShellHost } from "../../../host.ts";
import { readLinkAddress } from "../../../link-address.ts";
import type { Words } from "../../../words.ts";
import { readNumber, refused, wrongArgument } from "../context.ts";

/** Longest name of a device, its end not counted (IFNAMSIZ - 1). */
const MAX_NAME = 15;

/** Properties of a device that `add` and `set` share. */
export interface Properties {
  name: string;
  mac: Mac | null;
  mtu: number;
  txQueueLength: number;
  up: boolean | null;
  /** Name of the bridge; "" to leave it; null to let it be. */
  master: string | null;
  netns: string;
  newName: string;
  /** Null: let it be. */
  alias: string | null;
  readonly switches: Partial<Switches>;
}

/** What can be on or off. */
export interface Switches {
  noArp: boolean;
  noMulticast: boolean;
  promiscuous: boolean;
  allMulticast: boolean;
}

/** Nothing asked for. */
export function noProperties(): Properties {
  return {
    name: "",
    mac: null,
    mtu: 0,
    txQueueLength: -1,
    up: null,
    master: null,
    netns: "",
    newName: "",
    alias: null,
    switches: {},
  };
}

/** Reads one property; false if the word is none. */
export function readProperty(words: Words, into: Properties): boolean {
  const word = words.peek();
  const takes = (...names: string[]): boolean => words.takes(...names);
  if (takes("up")) into.up = true;
  else if (takes("down")) into.up = false;
  else if (takes("address")) into.mac = readMac(words.take());
  else if (takes("mtu")) into.mtu = readNumber(words, 'Invalid "mtu" value\n');
  else if (takes("txqueuelen", "qlen", "txqlen")) {
    into.txQueueLength = readNumber(words, 'Invalid "txqueuelen" value\n');
  } else if (takes("master", "vrf")) into.master = words.take();
  else if (takes("nomaster")) into.master = "";
  else if (takes("netns")) into.netns = words.take();
  else if (takes("alias")) into.alias = words.take();
  else if (takes("arp")) into.switches.noArp = !readSwitch(word, words);
  else if (takes("multicast")) into.switches.noMulticast = !readSwitch(word, words);
  else if (takes("promisc")) into.switches.promiscuous = readSwitch(word, words);
  else if (takes("allmulticast")) into.switches.allMulticast = readSwitch(word, words);
  else if (takes("dynamic", "trailers")) readSwitch(word, words);
  else if (takes("group", "vf", "xdp", "addrgenmode", "protodown", "brd", "broadcast")) {
    throw notModelled("ip link", word, "up, down, address, mtu, txqueuelen, master, netns, name");
  } else return false;
  return true;
}

function readSwitch(name: string, words: Words): boolean {
  const value = words.take();
  if (value === "on" || value === "off") return value === "on";
  const allowed = 'must be one of "off", "on"';
  throw new ToolError(`Error: argument of "${name}" ${allowed}, not "${value}"`, 234);
}

function readMac(text: string): Mac {
  const mac = readLinkAddress(text);
  if (mac === null) throw new ToolError(`"${text}" is invalid lladdr.`, 1);
  return mac;
}

/** The host behind `netns NAME`; this one for "". */
export function netnsOf(host: ShellHost, name: string): ShellHost {
  if (name === "") return host;
  const found = host.findHost(name);
  if (found === null) throw wrongArgument(name, 'Invalid "netns" value\n');
  return found;
}

/** Refuses names that no device may have, and those that are taken. */
export function checkNewName(home: ShellHost, name: string): void {
  if (name.length > MAX_NAME) throw new ToolError("Error: Attribute failed policy validation.", 2);
  if (name === "" || /[/\s:]/.test(name)) {
    throw new ToolError(`Error: argument "${name}" is wrong: "name" not a valid ifname`, 255);
  }
  if (findDevice(home, name) !== null) throw refused(EEXIST);
}

/** The first free name that begins with `stem`. */
export function freeName(home: ShellHost, stem: string, taken: string): string {
  for (let number = 0; ; number += 1) {
    const name = `${stem}${number}`;
    if (name !== taken && findDevice(home, name) === null) return name;
  }
}
