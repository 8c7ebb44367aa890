/**
 * `ip link add`.
 *
 * Kernel: net/core/rtnetlink.c (rtnl_newlink), drivers/net/veth.c (veth_newlink), 6.18.
 * Not modelled: kinds other than veth, bridge and dummy; VLANs.
 */
import { EEXIST } from "../../../../base/errno.ts";
import { Bridge } from "../../../../link/bridge.ts";
import type { NetDevice } from "../../../../link/device.ts";
import { Dummy } from "../../../../link/dummy.ts";
import { connectVeth, Veth } from "../../../../link/veth.ts";
import { notModelled, ToolError } from "../../../command.ts";
import type { ShellHost } from "../../../host.ts";
import type { Words } from "../../../words.ts";
import { type IpAction, refused } from "../context.ts";
import { readBridgeOptions } from "./bridge-option.ts";
import {
  checkNewName,
  freeName,
  netnsOf,
  noProperties,
  type Properties,
  readProperty,
} from "./properties.ts";
import { setMaster } from "./set.ts";

const KINDS = "kinds are veth, bridge and dummy";

/** Reads what stands behind `ip link add`. */
export function readAdd(words: Words): IpAction {
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
    if (words.peek() === "link") throw notModelled("ip link add", "link", KINDS);
    if (!words.takes("dev", "name") && main.name !== "") {
      const rest = words.rest().join(" ");
      throw new ToolError(`Garbage instead of arguments "${rest} ...". Try "ip link help".`, 1);
    }
    main.name = words.take();
  }
  if (kind === "") {
    throw new ToolError('Not enough information: "type" argument is required', 1);
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
  const changes = readBridgeOptions(words);
  return (_here, home, main) => {
    const bridge = new Bridge(home.namespace, {
      name: main.name,
      ...(main.mac === null ? {} : { mac: main.mac }),
      ...(main.mtu === 0 ? {} : { mtu: main.mtu }),
    });
    // The kernel draws an address; the ports' lowest one replaces it.
    if (main.mac === null) bridge.mac = home.macFor(main.name);
    for (const change of changes) change(bridge);
    return settle(home, bridge, main);
  };
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
