/**
 * `bridge`: forwarding databases and ports.
 *
 * Spec: iproute2 6.1, bridge/fdb.c, bridge/link.c.
 * Not modelled: VLANs, multicast groups; devices' own filters (`self`), so they are not listed.
 */
import { EEXIST, ENOENT, EOPNOTSUPP } from "../../base/errno.ts";
import { formatMac, type Mac, parseMac } from "../../base/mac.ts";
import { NS_PER_S } from "../../base/units.ts";
import { Bridge, type BridgePort } from "../../link/bridge.ts";
import type { NetDevice } from "../../link/device.ts";
import type { FdbEntry, FdbKind } from "../../link/fdb.ts";
import { Veth } from "../../link/veth.ts";
import { Namespace } from "../../net/namespace.ts";
import {
  type Command,
  type CommandContext,
  immediate,
  notModelled,
  ToolError,
} from "../command.ts";
import { deviceFlags, masterOf } from "../device-format.ts";
import { findDevice, type ShellHost } from "../host.ts";
import { Words } from "../words.ts";
import { devicesOf, refused } from "./ip/context.ts";

const USAGE = "bridge fdb show|add|replace|del|flush, bridge link show|set";

/** The command. */
export const bridge: Command = {
  name: "bridge",
  parse(args) {
    const words = new Words(args);
    let details = false;
    let statistics = false;
    while (words.peek().startsWith("-")) {
      const flag = words.take();
      if (/^-d(etails)?$/.test(flag)) details = true;
      else if (/^-s(tatistics)?$/.test(flag)) statistics = true;
      else throw notModelled("bridge", flag, "options are -d -s");
    }
    const object = words.take();
    if (object === "fdb") return immediate(readFdb(words, statistics));
    if (object === "link") return immediate(readLink(words, details));
    if (["mdb", "vlan", "vni", "monitor"].includes(object)) {
      throw notModelled("bridge", object, USAGE);
    }
    throw new ToolError(`Object "${object}" is unknown, try "bridge help".`, 255);
  },
};

type Action = (context: CommandContext) => number;

function readFdb(words: Words, statistics: boolean): Action {
  const verb = words.done ? "show" : words.take();
  switch (verb) {
    case "show":
    case "list":
    case "lst":
      return readFdbShow(words, statistics);
    case "add":
    case "append":
    case "replace":
      return readFdbAdd(words, verb === "replace");
    case "del":
    case "delete":
      return readFdbDelete(words);
    default:
      throw notModelled("bridge fdb", verb, USAGE);
  }
}

function readFdbShow(words: Words, statistics: boolean): Action {
  let bridgeName = "";
  let deviceName = "";
  let dynamic = false;
  while (!words.done) {
    if (words.takes("br", "bridge")) bridgeName = words.take();
    else if (words.takes("brport", "dev")) deviceName = words.take();
    else if (words.takes("dynamic")) dynamic = true;
    else if (!words.takes("static", "permanent")) {
      throw notModelled("bridge fdb show", words.peek(), "br BRIDGE, dev DEV, dynamic");
    }
  }
  return ({ host, io }) => {
    for (const name of [bridgeName, deviceName]) {
      if (name !== "" && findDevice(host, name) === null) {
        throw new ToolError(
          `Cannot find ${name === bridgeName ? "bridge" : "device"} "${name}"`,
          255,
        );
      }
    }
    const { now } = host.namespace.cpu;
    for (const owner of bridgesOf(host)) {
      if (bridgeName !== "" && owner.name !== bridgeName) continue;
      owner.fdb.expire(now, owner.ageingNs);
      for (const entry of owner.fdb.entries()) {
        const device = entry.port?.device ?? owner;
        if (deviceName !== "" && device.name !== deviceName) continue;
        if (dynamic && entry.kind !== "learned") continue;
        io.stdout(fdbLine(owner, entry, deviceName, statistics ? now : null));
      }
    }
    return 0;
  };
}

function bridgesOf(host: ShellHost): Bridge[] {
  return devicesOf(host.namespace).filter((device) => device instanceof Bridge);
}

function fdbLine(owner: Bridge, entry: FdbEntry, hidden: string, now: number | null): string {
  const device = entry.port?.device ?? owner;
  let text = `${formatMac(entry.mac)} `;
  if (device.name !== hidden) text += `dev ${device.name} `;
  if (now !== null) {
    const age = (at: number): number => Math.floor((now - at) / NS_PER_S);
    text += `used ${age(entry.usedAt)}/${age(entry.updatedAt)} `;
  }
  text += `master ${owner.name} `;
  return `${text}${entry.kind === "learned" ? "" : entry.kind}`
    .trimEnd()
    .concat(entry.kind === "learned" ? " \n" : "\n");
}

interface FdbWords {
  readonly mac: Mac;
  readonly device: string;
  readonly kind: FdbKind;
}

function readFdbWords(words: Words): FdbWords {
  let mac: Mac | null = null;
  let device = "";
  let kind: FdbKind = "permanent";
  while (!words.done) {
    if (words.takes("dev")) device = words.take();
    else if (words.takes("static", "temp")) kind = "static";
    else if (words.takes("dynamic")) kind = "learned";
    else if (words.takes("local", "permanent")) kind = "permanent";
    else if (words.takes("master")) continue;
    else if (
      ["self", "dst", "vlan", "port", "vni", "via", "router", "use"].includes(words.peek())
    ) {
      throw notModelled("bridge fdb", words.peek(), "MAC dev DEV master [static|dynamic|local]");
    } else mac = readMac(words.take());
  }
  if (mac === null || device === "") {
    throw new ToolError("Device and address are required arguments.", 255);
  }
  return { mac, device, kind };
}

function readMac(text: string): Mac {
  try {
    return parseMac(text);
  } catch {
    throw new ToolError(`Invalid mac address ${text}`, 255);
  }
}

function readFdbAdd(words: Words, replace: boolean): Action {
  const { mac, device: name, kind } = readFdbWords(words);
  return ({ host }) => {
    const { owner, port } = portOf(host, name);
    const { now } = host.namespace.cpu;
    const known = owner.fdb.find(mac, now, owner.ageingNs);
    if (known !== null && !replace && known.kind !== "learned") throw asBridge(refused(EEXIST));
    owner.fdb.set(mac, port, kind, now);
    return 0;
  };
}

function readFdbDelete(words: Words): Action {
  const { mac, device: name } = readFdbWords(words);
  return ({ host }) => {
    const { owner, port } = portOf(host, name);
    const known = owner.fdb.find(mac, host.namespace.cpu.now, owner.ageingNs);
    if (known === null || known.port !== port) throw asBridge(refused(ENOENT));
    owner.fdb.delete(mac);
    return 0;
  };
}

/** The bridge's exit status for a refusal is another one than `ip`'s. */
function asBridge(error: ToolError): ToolError {
  return new ToolError(error.text, 255);
}

function portOf(host: ShellHost, name: string): { owner: Bridge; port: BridgePort | null } {
  const device = findDevice(host, name);
  if (device === null) throw new ToolError(`Cannot find device "${name}"`, 255);
  if (device instanceof Bridge) return { owner: device, port: null };
  const owner = masterOf(device);
  if (owner === null) throw asBridge(refused(EOPNOTSUPP));
  return { owner, port: owner.portOf(device) };
}

function readLink(words: Words, details: boolean): Action {
  const verb = words.done ? "show" : words.take();
  if (verb === "set") return readLinkSet(words);
  if (verb !== "show" && verb !== "list") throw notModelled("bridge link", verb, USAGE);
  let name = "";
  while (!words.done) {
    words.takes("dev");
    name = words.take();
  }
  return ({ host, io }) => {
    for (const device of devicesOf(host.namespace)) {
      const owner = masterOf(device);
      const port = owner?.portOf(device) ?? null;
      if (owner === null || port === null || (name !== "" && device.name !== name)) continue;
      io.stdout(portText(owner, port, device, details));
    }
    return 0;
  };
}

/**
 * A port with its other end. The tool takes the index of that for one of this host, which it need
 * not be, and the kernel says nothing of an index that is the port's own.
 */
function portName(device: NetDevice): string {
  if (!(device instanceof Veth) || device.peer === null) return device.name;
  const { index } = device.peer;
  if (index === device.index) return device.name;
  const owner = device.host;
  const known = owner instanceof Namespace ? owner.deviceByIndex(index) : null;
  return `${device.name}@${known?.name ?? `if${index}`}`;
}

function portText(owner: Bridge, port: BridgePort, device: NetDevice, details: boolean): string {
  const state = device.running ? "forwarding" : "disabled";
  let text = `${device.index}: ${portName(device)}: <${deviceFlags(device).join(",")}>`;
  text += ` mtu ${device.mtu} master ${owner.name} state ${state} priority 32 cost 2 \n`;
  if (!details) return text;
  const on = (flag: boolean): string => (flag ? "on" : "off");
  text += `    hairpin ${on(port.hairpin)} guard off root_block off fastleave off`;
  text += ` learning ${on(port.learning)} flood ${on(port.flood)}`;
  text += ` mcast_flood ${on(port.multicastFlood)} bcast_flood ${on(port.broadcastFlood)}`;
  text += " mcast_router 1 mcast_to_unicast off neigh_suppress off vlan_tunnel off";
  return `${text} isolated ${on(port.isolated)} locked off \n`;
}

function readLinkSet(words: Words): Action {
  let name = "";
  const changes: ((port: BridgePort) => void)[] = [];
  while (!words.done) {
    if (words.takes("dev")) name = words.take();
    else changes.push(readFlag(words));
  }
  return ({ host }) => {
    const { port } = portOf(host, name);
    if (port !== null) for (const change of changes) change(port);
    return 0;
  };
}

function readFlag(words: Words): (port: BridgePort) => void {
  const flag = words.take();
  const value = words.take();
  if (value !== "on" && value !== "off") {
    throw new ToolError(`Error: argument of "${flag}" must be "on" or "off", not "${value}"`, 255);
  }
  const on = value === "on";
  return (port) => {
    switch (flag) {
      case "hairpin":
        port.hairpin = on;
        break;
      case "learning":
        port.learning = on;
        break;
      case "flood":
        port.flood = on;
        break;
      case "mcast_flood":
        port.multicastFlood = on;
        break;
      case "bcast_flood":
        port.broadcastFlood = on;
        break;
      case "isolated":
        port.isolated = on;
        break;
      default:
        throw notModelled(
          "bridge link set",
          flag,
          "hairpin learning flood mcast_flood bcast_flood isolated",
        );
    }
  };
}
