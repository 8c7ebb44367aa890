/**
 * `bridge fdb`: where bridges have seen or been told addresses (`master`), and the addresses that
 * devices themselves listen to (`self`).
 *
 * Spec: iproute2 6.1, bridge/fdb.c.
 * Kernel: net/core/rtnetlink.c (rtnl_fdb_dump, ndo_dflt_fdb_add), net/bridge/br_fdb.c, 6.18.
 * Differs: a device listens to the groups that it has with IPv6 disabled.
 */
import { EEXIST, EINVAL, ENOENT, EOPNOTSUPP } from "../../../base/errno.ts";
import type { Mac } from "../../../base/mac.ts";
import { Bridge } from "../../../link/bridge.ts";
import type { NetDevice } from "../../../link/device.ts";
import type { FdbEntry, FdbKind } from "../../../link/fdb.ts";
import { notModelled, ToolError } from "../../command.ts";
import { readLinkAddress } from "../../link-address.ts";
import type { Words } from "../../words.ts";
import { ownAddresses, printRows, type Row, readShow } from "./fdb-show.ts";
import { type Action, needBridge, needDevice, REFUSED, refused, tableOf } from "./fdb-table.ts";
import type { BridgeOptions } from "./options.ts";

/** Reads what stands behind `bridge fdb`. */
export function readFdb(words: Words, options: BridgeOptions): Action {
  const verb = words.done ? "show" : words.take();
  switch (verb) {
    case "show":
    case "list":
    case "lst":
      return readShow(words, options);
    case "get":
      return readGet(words, options);
    case "add":
    case "append":
    case "replace":
      return readAdd(words, verb);
    case "del":
    case "delete":
      return readDelete(words);
    case "flush":
      return readFlush(words);
    default:
      throw new ToolError(`Command "${verb}" is unknown, try "bridge fdb help".`, REFUSED);
  }
}

interface FdbWords {
  readonly mac: Mac;
  readonly device: string;
  readonly kind: FdbKind;
  /** Into the table of the bridge that the device is a port of. */
  readonly master: boolean;
}

function readFdbWords(words: Words): FdbWords {
  let mac: Mac | null = null;
  let device = "";
  let kind: FdbKind = "permanent";
  let master = false;
  while (!words.done) {
    if (words.takes("dev")) device = words.take();
    else if (words.takes("static", "temp")) kind = "static";
    else if (words.takes("dynamic")) kind = "learned";
    else if (words.takes("local", "permanent")) kind = "permanent";
    else if (words.takes("master")) master = true;
    else if (words.takes("self")) master = false;
    else if (["dst", "vlan", "port", "vni", "via", "router", "use"].includes(words.peek())) {
      throw notModelled("bridge fdb", words.peek(), "MAC dev DEV master [static|dynamic|local]");
    } else {
      words.takes("to");
      mac = readMac(words.take());
    }
  }
  if (mac === null || device === "") {
    throw new ToolError("Device and address are required arguments.", REFUSED);
  }
  return { mac, device, kind, master };
}

function readMac(text: string): Mac {
  const mac = readLinkAddress(text);
  if (mac === null) throw new ToolError(`Invalid mac address ${text}`, REFUSED);
  return mac;
}

function readAdd(words: Words, verb: "add" | "append" | "replace"): Action {
  const { mac, device: name, kind, master } = readFdbWords(words);
  return ({ host }) => {
    const device = needDevice(host, name);
    if (!master && !(device instanceof Bridge)) {
      addOwn(device, mac, kind);
      return 0;
    }
    const { owner, port } = tableOf(device);
    const { now } = host.namespace.cpu;
    const known = owner.fdb.find(mac, now, owner.ageingNs);
    if (known !== null && verb === "add") throw refused(EEXIST);
    owner.fdb.set(mac, port, kind, now);
    return 0;
  };
}

/** Makes a device listen to one more address, which it does only until it is taken away. */
function addOwn(device: NetDevice, mac: Mac, kind: FdbKind): void {
  if (device.kind === "loopback" || kind !== "permanent") throw refused(EINVAL);
  if (ownAddresses(device).includes(mac)) throw refused(EEXIST);
  device.extraAddresses.push(mac);
}

function readDelete(words: Words): Action {
  const { mac, device: name, master } = readFdbWords(words);
  return ({ host }) => {
    const device = needDevice(host, name);
    if (!master && !(device instanceof Bridge)) {
      const index = device.extraAddresses.indexOf(mac);
      if (index === -1) throw refused(ENOENT);
      device.extraAddresses.splice(index, 1);
      return 0;
    }
    const { owner, port } = tableOf(device);
    const known = owner.fdb.find(mac, host.namespace.cpu.now, owner.ageingNs);
    if (known === null || known.port !== port) throw refused(ENOENT);
    owner.fdb.delete(mac);
    return 0;
  };
}

function readGet(words: Words, options: BridgeOptions): Action {
  let mac: Mac | null = null;
  let bridgeName = "";
  let deviceName = "";
  while (!words.done) {
    if (words.takes("br")) bridgeName = words.take();
    else if (words.takes("brport", "dev")) deviceName = words.take();
    else if (!words.takes("self", "master")) {
      words.takes("to");
      mac = readMac(words.take());
    }
  }
  if (mac === null) throw new ToolError("No address given.", REFUSED);
  if (bridgeName === "" && deviceName === "") {
    throw new ToolError("No device or bridge given.", REFUSED);
  }
  return ({ host, io }) => {
    const owner =
      bridgeName === ""
        ? tableOf(needDevice(host, deviceName)).owner
        : needBridge(host, bridgeName);
    const { now } = host.namespace.cpu;
    const entry = owner.fdb.find(mac, now, owner.ageingNs);
    if (entry === null) throw new ToolError("Error: Fdb entry not found.", REFUSED);
    const device = entry.port?.device ?? owner;
    const row: Row = { mac, device, owner, kind: entry.kind, entry };
    printRows([row], { ...options, hidden: deviceName, now }, io.stdout);
    return 0;
  };
}

/** `bridge fdb flush`: everything of a bridge or of a port, or what is of one kind. */
function readFlush(words: Words): Action {
  let name = "";
  let portName = "";
  let master = false;
  const tests: ((entry: FdbEntry) => boolean)[] = [];
  while (!words.done) {
    if (words.takes("dev")) name = words.take();
    else if (words.takes("brport")) portName = words.take();
    else if (words.takes("master")) master = true;
    else if (words.takes("permanent")) tests.push(({ kind }) => kind === "permanent");
    else if (words.takes("nopermanent")) tests.push(({ kind }) => kind !== "permanent");
    else if (words.takes("static")) tests.push(({ kind }) => kind !== "learned");
    else if (words.takes("nostatic", "dynamic")) tests.push(({ kind }) => kind === "learned");
    else if (!words.takes("self")) {
      const allowed = "dev DEV, brport DEV, master, [no]permanent, [no]static, dynamic";
      throw notModelled("bridge fdb flush", words.peek(), allowed);
    }
  }
  if (name === "") throw new ToolError("Device is a required argument.", REFUSED);
  return ({ host }) => {
    const device = needDevice(host, name);
    if (!master && !(device instanceof Bridge)) throw refused(EOPNOTSUPP);
    const { owner, port } = tableOf(device);
    const only = portName === "" ? port : tableOf(needDevice(host, portName)).port;
    for (const entry of owner.fdb.entries()) {
      if (only !== null && entry.port !== only) continue;
      if (tests.every((test) => test(entry))) owner.fdb.delete(entry.mac);
    }
    return 0;
  };
}
