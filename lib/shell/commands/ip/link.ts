/**
 * `ip link`: makes, deletes, changes and shows devices.
 *
 * Spec: iproute2 6.1, ip/iplink.c. Kernel: net/core/rtnetlink.c (rtnl_newlink, do_setlink), 6.18.
 * Not modelled: kinds other than veth, bridge and dummy; VLANs; groups; aliases.
 */
import { EADDRNOTAVAIL, EBUSY, EEXIST, EINVAL, EOPNOTSUPP } from "../../../base/errno.ts";
import { isGroupMac, type Mac, parseMac, ZERO_MAC } from "../../../base/mac.ts";
import { NS_PER_MS } from "../../../base/units.ts";
import { Bridge } from "../../../link/bridge.ts";
import type { NetDevice } from "../../../link/device.ts";
import { Dummy } from "../../../link/dummy.ts";
import { connectVeth, Veth } from "../../../link/veth.ts";
import { notModelled, ToolError } from "../../command.ts";
import { deviceFlags, linkName, linkText, masterOf, operState } from "../../device-format.ts";
import { findDevice, type ShellHost } from "../../host.ts";
import type { Words } from "../../words.ts";
import {
  devicesOf,
  type IpAction,
  type IpContext,
  type IpOptions,
  needDevice,
  readNumber,
  refused,
  unknownCommand,
  wrongArgument,
} from "./context.ts";
import { deviceJson } from "./json.ts";

const KINDS = "kinds are veth, bridge and dummy";
/** Longest name of a device, its end not counted (IFNAMSIZ - 1). */
const MAX_NAME = 15;

/** Reads what stands behind `ip link`. */
export function ipLink(words: Words, options: IpOptions): IpAction {
  const verb = words.done ? "show" : words.take();
  switch (verb) {
    case "show":
    case "list":
    case "ls":
    case "lst":
      return readShow(words, options);
    case "add":
    case "a":
      return readAdd(words);
    case "set":
    case "s":
      return readSet(words);
    case "del":
    case "delete":
    case "d":
      return readDelete(words);
    default:
      throw unknownCommand(verb, "ip link help");
  }
}

/** Properties of a device that `add` and `set` share. */
interface Properties {
  name: string;
  mac: Mac | null;
  mtu: number;
  txQueueLength: number;
  up: boolean | null;
  /** Name of the bridge; "" to leave it; null to let it be. */
  master: string | null;
  netns: string;
  newName: string;
}

function noProperties(): Properties {
  return {
    name: "",
    mac: null,
    mtu: 0,
    txQueueLength: -1,
    up: null,
    master: null,
    netns: "",
    newName: "",
  };
}

/** Reads one property; false if the word is none. */
function readProperty(words: Words, into: Properties): boolean {
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
  else if (takes("arp", "multicast", "promisc", "allmulticast", "dynamic", "trailers")) {
    const value = words.take();
    if (!(word === "arp" || word === "multicast" ? value === "on" : value === "off")) {
      throw notModelled("ip link", `${word} ${value}`, "devices do ARP and multicast");
    }
  } else if (takes("alias", "group", "vf", "xdp", "addrgenmode", "protodown", "brd", "broadcast")) {
    throw notModelled("ip link", word, "up, down, address, mtu, txqueuelen, master, netns, name");
  } else return false;
  return true;
}

function readMac(text: string): Mac {
  try {
    return parseMac(text);
  } catch {
    throw new ToolError(`"${text}" is invalid lladdr.`, 1);
  }
}

function readAdd(words: Words): IpAction {
  const main = noProperties();
  let kind = "";
  let readKind: KindReader = () => null;
  while (!words.done) {
    if (words.takes("type")) {
      kind = words.take();
      readKind = kindReader(kind, words);
      continue;
    }
    if (readProperty(words, main)) continue;
    if (words.takes("numtxqueues", "numrxqueues", "index")) {
      words.take();
      continue;
    }
    if (!words.takes("dev", "name") && main.name !== "") {
      const rest = words.rest().join(" ");
      throw new ToolError(`Garbage instead of arguments "${rest} ...". Try "ip link help".`, 1);
    }
    main.name = words.take();
  }
  if (kind === "") {
    throw new ToolError('Not enough information: "type" argument is required', 255);
  }
  return (context) => {
    const home = netnsOf(context.host, main.netns);
    checkNewName(home, main.name);
    const peer = readKind(context.host, home, main);
    if (peer !== null) return;
  };
}

/** Makes the device; returns it. */
type KindReader = (here: ShellHost, home: ShellHost, main: Properties) => NetDevice | null;

function kindReader(kind: string, words: Words): KindReader {
  switch (kind) {
    case "veth":
      return vethReader(words);
    case "bridge":
      return bridgeReader(words);
    case "dummy":
      return (_here, home, main) =>
        settle(home, new Dummy(home.namespace, optionsOf(home, main)), main);
    default:
      throw notModelled("ip link add", `type ${kind}`, KINDS);
  }
}

function vethReader(words: Words): KindReader {
  const peer = noProperties();
  if (words.takes("peer")) {
    while (!words.done) {
      if (readProperty(words, peer)) continue;
      if (!words.takes("name") && peer.name !== "") break;
      peer.name = words.take();
    }
  }
  return (here, home, main) => {
    const peerHome = peer.netns === "" ? home : netnsOf(here, peer.netns);
    // The kernel makes the peer first, so it has the lower index.
    if (peer.name === "") peer.name = freeName(peerHome, "veth", main.name);
    checkNewName(peerHome, peer.name);
    if (peerHome === home && peer.name === main.name) throw refused(EEXIST);
    const other = new Veth(peerHome.namespace, optionsOf(peerHome, peer));
    const one = new Veth(home.namespace, optionsOf(home, main));
    connectVeth(one, other);
    settle(peerHome, other, peer);
    return settle(home, one, main);
  };
}

function bridgeReader(words: Words): KindReader {
  const set: ((bridge: Bridge) => void)[] = [];
  for (let change = readBridgeOption(words); change !== null; change = readBridgeOption(words)) {
    set.push(change);
  }
  return (_here, home, main) => {
    const bridge = new Bridge(home.namespace, {
      name: main.name,
      ...(main.mac === null ? {} : { mac: main.mac }),
      ...(main.mtu === 0 ? {} : { mtu: main.mtu }),
    });
    // The kernel draws an address; the ports' lowest one replaces it.
    if (main.mac === null) bridge.mac = home.macFor(main.name);
    for (const change of set) change(bridge);
    return settle(home, bridge, main);
  };
}

/** One option behind `type bridge`, or null. */
function readBridgeOption(words: Words): ((bridge: Bridge) => void) | null {
  if (words.takes("ageing_time")) {
    const centiseconds = readNumber(words, "invalid ageing_time");
    return (bridge) => {
      bridge.ageingNs = centiseconds * 10 * NS_PER_MS;
    };
  }
  const name = words.peek();
  // Values that say what the bridge does anyway.
  const harmless = [
    "stp_state",
    "vlan_filtering",
    "mcast_snooping",
    "forward_delay",
    "nf_call_iptables",
  ];
  if (!harmless.includes(name)) return null;
  words.take();
  const value = words.take();
  if ((name === "stp_state" || name === "vlan_filtering") && value !== "0") {
    throw notModelled("ip link", `${name} ${value}`, "bridges have no spanning tree and no VLANs");
  }
  return () => undefined;
}

function optionsOf(home: ShellHost, wanted: Properties) {
  return {
    name: wanted.name,
    mac: wanted.mac ?? home.macFor(wanted.name),
    ...(wanted.mtu === 0 ? {} : { mtu: wanted.mtu }),
  };
}

/** Registers a new device and gives it what was asked for. */
function settle(home: ShellHost, device: NetDevice, wanted: Properties): NetDevice {
  home.namespace.addDevice(device);
  home.deviceAdded(device);
  if (wanted.txQueueLength >= 0) device.txQueueLength = wanted.txQueueLength;
  if (wanted.master !== null) setMaster(home, device, wanted.master);
  if (wanted.up === true) device.setUp(true);
  return device;
}

function readSet(words: Words): IpAction {
  const wanted = noProperties();
  let bridgeChange: ((bridge: Bridge) => void) | null = null;
  while (!words.done) {
    if (words.takes("name")) {
      wanted.newName = words.take();
    } else if (words.takes("type")) {
      const kind = words.take();
      if (kind !== "bridge") throw notModelled("ip link set", `type ${kind}`, "type bridge");
      bridgeChange = readBridgeOption(words);
    } else if (!readProperty(words, wanted)) {
      if (!words.takes("dev") && wanted.name !== "") {
        throw new ToolError(
          `Error: either "dev" is duplicate, or "${words.peek()}" is a garbage.`,
          255,
        );
      }
      wanted.name = words.take();
    }
  }
  if (wanted.name === "") {
    throw new ToolError('Not enough information: "dev" argument is required.', 255);
  }
  return ({ host }) => {
    const device = needDevice(host, wanted.name);
    if (wanted.netns !== "") {
      const target = netnsOf(host, wanted.netns);
      moveDevice(host, target, device, wanted.newName);
      applySet(target, device, { ...wanted, newName: "" });
    } else {
      applySet(host, device, wanted);
    }
    if (bridgeChange !== null && device instanceof Bridge) bridgeChange(device);
  };
}

function applySet(host: ShellHost, device: NetDevice, wanted: Properties): void {
  if (wanted.mac !== null) setMac(device, wanted.mac);
  if (wanted.mtu !== 0) setMtu(device, wanted.mtu);
  if (wanted.txQueueLength >= 0) device.txQueueLength = wanted.txQueueLength;
  if (wanted.newName !== "" && wanted.newName !== device.name) {
    checkNewName(host, wanted.newName);
    host.namespace.renameDevice(device, wanted.newName);
  }
  if (wanted.master !== null) setMaster(host, device, wanted.master);
  if (wanted.up !== null) device.setUp(wanted.up);
}

function setMac(device: NetDevice, mac: Mac): void {
  if (isGroupMac(mac) || mac === ZERO_MAC) throw refused(EADDRNOTAVAIL);
  const old = device.mac;
  if (device instanceof Bridge) {
    device.setMac(mac);
    return;
  }
  device.mac = mac;
  masterOf(device)?.portMacChanged(device, old);
  device.host.deviceChanged(device);
}

function setMtu(device: NetDevice, mtu: number): void {
  if (device.kind !== "loopback") {
    if (mtu < 68) throw new ToolError("Error: mtu less than device minimum.", 2);
    if (mtu > 65535) throw new ToolError("Error: mtu greater than device maximum.", 2);
  }
  if (device instanceof Bridge) device.setMtu(mtu);
  else device.mtu = mtu;
  device.host.deviceChanged(device);
  masterOf(device)?.portMtuChanged();
}

function setMaster(host: ShellHost, device: NetDevice, name: string): void {
  const old = masterOf(device);
  if (name === "") {
    old?.removePort(device);
    return;
  }
  const master = findDevice(host, name);
  if (master === null) throw wrongArgument(name, "Device does not exist\n");
  if (master === old) return;
  if (!(master instanceof Bridge)) throw refused(EOPNOTSUPP);
  if (device instanceof Bridge) {
    throw new ToolError("Error: Can not enslave a bridge to a bridge.", 2);
  }
  if (device.kind === "loopback") throw refused(EINVAL);
  if (device.rxHandler !== null && old === null) throw refused(EBUSY);
  old?.removePort(device);
  master.addPort(device);
}

function moveDevice(from: ShellHost, to: ShellHost, device: NetDevice, newName: string): void {
  if (device.kind === "loopback" || device instanceof Bridge) {
    throw new ToolError("Error: The interface netns is immutable.", 2);
  }
  const name = newName === "" ? device.name : newName;
  if (from === to) return;
  if (findDevice(to, name) !== null) throw refused(EEXIST);
  masterOf(device)?.removePort(device);
  device.setUp(false);
  from.namespace.removeDevice(device);
  from.deviceRemoved(device);
  device.name = name;
  device.host = to.namespace;
  to.namespace.addDevice(device);
  to.deviceAdded(device);
}

function readDelete(words: Words): IpAction {
  words.takes("dev");
  const name = words.take();
  if (words.takes("type")) words.take();
  return ({ host }) => {
    const device = needDevice(host, name);
    if (device.kind === "loopback" || device.kind === "") throw refused(EOPNOTSUPP);
    deleteDevice(host, device);
  };
}

/** Deletes a device: a veth with its other end, a bridge after it let its ports go. */
function deleteDevice(host: ShellHost, device: NetDevice): void {
  if (device instanceof Bridge) {
    for (const port of [...device.ports]) device.removePort(port.device);
  }
  const peer = device instanceof Veth ? device.peer : null;
  unregister(host, device);
  if (device instanceof Veth && peer !== null) {
    device.peer = null;
    peer.peer = null;
    const peerHost = host.hosts().find(({ namespace }) => namespace === peer.host);
    if (peerHost !== undefined) unregister(peerHost, peer);
  }
}

function unregister(host: ShellHost, device: NetDevice): void {
  masterOf(device)?.removePort(device);
  device.setUp(false);
  host.namespace.removeDevice(device);
  host.deviceRemoved(device);
}

function netnsOf(host: ShellHost, name: string): ShellHost {
  if (name === "") return host;
  const found = host.findHost(name);
  if (found === null) throw wrongArgument(name, 'Invalid "netns" value\n');
  return found;
}

function checkNewName(home: ShellHost, name: string): void {
  if (name.length > MAX_NAME || name === "" || /[/\s:]/.test(name)) {
    throw new ToolError(`Error: argument "${name}" is wrong: "name" not a valid ifname`, 255);
  }
  if (findDevice(home, name) !== null) throw refused(EEXIST);
}

function freeName(home: ShellHost, stem: string, taken: string): string {
  for (let number = 0; ; number += 1) {
    const name = `${stem}${number}`;
    if (name !== taken && findDevice(home, name) === null) return name;
  }
}

function readShow(words: Words, options: IpOptions): IpAction {
  let name = "";
  let onlyUp = false;
  let master = "";
  let kind = "";
  while (!words.done) {
    if (words.takes("up")) onlyUp = true;
    else if (words.takes("master")) master = words.take();
    else if (words.takes("type")) kind = words.take();
    else {
      words.takes("dev");
      name = words.take();
    }
  }
  return (context) => {
    const { host } = context;
    const all = devicesOf(host.namespace);
    if (name !== "" && findDevice(host, name) === null) {
      throw new ToolError(`Device "${name}" does not exist.`, 1);
    }
    const shown = all.filter(
      (device) =>
        (name === "" || device.name === name) &&
        (!onlyUp || device.up) &&
        (master === "" || masterOf(device)?.name === master) &&
        (kind === "" || device.kind === kind),
    );
    showLinks(context, shown, options);
  };
}

function showLinks(context: IpContext, devices: readonly NetDevice[], options: IpOptions): void {
  if (options.json) {
    const objects = devices.map((device) => deviceJson(context.host, device, true));
    context.print(`${JSON.stringify(objects)}\n`);
    return;
  }
  for (const device of devices) {
    if (options.brief) {
      const flags = deviceFlags(device).join(",");
      context.print(`${briefHead(device)}${formatBriefMac(device)} <${flags}> \n`);
    } else {
      context.print(linkText(context.host, device, { ...options, mode: true, inetOnly: false }));
    }
  }
}

/** `eth0@if2         UP             ` */
export function briefHead(device: NetDevice): string {
  return `${linkName(device).padEnd(16)} ${operState(device).padEnd(14)} `;
}

function formatBriefMac(device: NetDevice): string {
  return device.mac
    .toString(16)
    .padStart(12, "0")
    .replace(/..(?=.)/g, "$&:");
}
