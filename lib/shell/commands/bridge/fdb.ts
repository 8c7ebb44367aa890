/**
 * `bridge fdb`: where bridges have seen or been told addresses (`master`), and the addresses that
 * devices themselves listen to (`self`).
 *
 * Spec: iproute2 6.1, bridge/fdb.c.
 * Kernel: net/core/rtnetlink.c (rtnl_fdb_dump, ndo_dflt_fdb_add), net/bridge/br_fdb.c, 6.18.
 * Differs: a device listens to the groups that it has with IPv6 disabled.
 */
import { EEXIST, EINVAL, ENOENT, EOPNOTSUPP, errnoMessage } from "../../../base/errno.ts";
import { formatMac, type Mac, parseMac } from "../../../base/mac.ts";
import { NS_PER_S } from "../../../base/units.ts";
import { Bridge, type BridgePort } from "../../../link/bridge.ts";
import type { NetDevice } from "../../../link/device.ts";
import type { FdbEntry, FdbKind } from "../../../link/fdb.ts";
import { type CommandContext, notModelled, ToolError } from "../../command.ts";
import { masterOf } from "../../device-format.ts";
import { findDevice, type ShellHost } from "../../host.ts";
import { jsonText } from "../../json-text.ts";
import { readLinkAddress } from "../../link-address.ts";
import type { Words } from "../../words.ts";
import { devicesOf } from "../ip/context.ts";
import type { BridgeOptions } from "./options.ts";

/** Exit status of all refusals. */
const REFUSED = 255;
/** All nodes of IPv6 and of IPv4, and all that listen to who is in which group. */
const ALL_NODES_6 = parseMac("33:33:00:00:00:01");
const ALL_NODES = parseMac("01:00:5e:00:00:01");
const SNOOPERS = [parseMac("01:00:5e:00:00:6a"), parseMac("33:33:00:00:00:6a")];

type Action = (context: CommandContext) => number;

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

/** One line of the list: of a bridge's table, or an address of a device's own. */
interface Row {
  readonly mac: Mac;
  readonly device: NetDevice;
  readonly owner: Bridge | null;
  readonly kind: FdbKind;
  readonly entry: FdbEntry | null;
}

interface ShowFilter {
  bridge: string;
  device: string;
  readonly tests: ((row: Row) => boolean)[];
}

function readShow(words: Words, options: BridgeOptions): Action {
  const filter: ShowFilter = { bridge: "", device: "", tests: [] };
  while (!words.done) {
    if (words.takes("br", "bridge")) filter.bridge = words.take();
    else if (words.takes("brport", "dev")) filter.device = words.take();
    else if (words.takes("dynamic")) filter.tests.push(({ kind }) => kind !== "permanent");
    else if (words.takes("state")) filter.tests.push(stateTest(words.take()));
    else throw notModelled("bridge fdb show", words.peek(), "br BRIDGE, dev DEV, state, dynamic");
  }
  return ({ host, io }) => {
    const owner = filter.bridge === "" ? null : needBridge(host, filter.bridge);
    if (filter.device !== "") needDevice(host, filter.device);
    const shown = devicesOf(host.namespace)
      .filter((device) => filter.device === "" || device.name === filter.device)
      .filter((device) => owner === null || device === owner || masterOf(device) === owner)
      .flatMap(rowsOf)
      .filter((row) => filter.tests.every((test) => test(row)));
    printRows(shown, { ...options, hidden: filter.device, now: host.namespace.cpu.now }, io.stdout);
    return 0;
  };
}

function stateTest(name: string): (row: Row) => boolean {
  if (name === "permanent") return ({ kind }) => kind === "permanent";
  if (name === "static" || name === "temp") return ({ kind }) => kind === "static";
  if (name === "dynamic" || name === "reachable") return ({ kind }) => kind === "learned";
  throw new ToolError('"state" value is invalid', REFUSED);
}

/** What the kernel says of a device: a port's addresses, the newest first, then its own. */
function rowsOf(device: NetDevice): Row[] {
  const master = masterOf(device);
  const own = ownAddresses(device).map(
    (mac): Row => ({ mac, device, owner: null, kind: "permanent", entry: null }),
  );
  if (device instanceof Bridge) return [...own, ...tableRows(device, device)];
  return master === null ? own : [...tableRows(master, device), ...own];
}

function tableRows(owner: Bridge, device: NetDevice): Row[] {
  owner.fdb.expire(owner.host.cpu.now, owner.ageingNs);
  return owner.fdb
    .entries()
    .filter(({ port }) => (port?.device ?? owner) === device)
    .map((entry): Row => ({ mac: entry.mac, device, owner, kind: entry.kind, entry }))
    .reverse();
}

function ownAddresses(device: NetDevice): Mac[] {
  if (device.kind === "loopback") return [];
  const groups = [ALL_NODES_6];
  if (device.up && device instanceof Bridge) groups.push(...SNOOPERS);
  if (device.up) groups.push(ALL_NODES);
  return [...device.extraAddresses, ...groups];
}

interface RowView extends BridgeOptions {
  /** The device that was asked for: it is not said again. */
  readonly hidden: string;
  readonly now: number;
}

function printRows(rows: readonly Row[], view: RowView, print: (text: string) => void): void {
  if (view.json) print(jsonText(rows.map(rowJson(view)), view.pretty));
  else for (const row of rows) print(rowText(row, view));
}

function rowText(row: Row, { hidden, statistics, now }: RowView): string {
  let text = `${formatMac(row.mac)} `;
  if (row.device.name !== hidden) text += `dev ${row.device.name} `;
  if (statistics && row.entry !== null) {
    const { used, updated } = ages(row.entry, now);
    text += `used ${used}/${updated} `;
  }
  text += row.owner === null ? "self " : `master ${row.owner.name} `;
  return `${text}${row.kind === "learned" ? "" : row.kind}\n`;
}

function rowJson({ hidden, statistics, now }: RowView): (row: Row) => Record<string, unknown> {
  return ({ mac, device, owner, kind, entry }) => ({
    mac: formatMac(mac),
    ...(device.name === hidden ? {} : { ifname: device.name }),
    ...(statistics && entry !== null ? ages(entry, now) : {}),
    flags: owner === null ? ["self"] : [],
    ...(owner === null ? {} : { master: owner.name }),
    state: kind === "learned" ? "" : kind,
  });
}

/** Seconds since an entry was last used and learnt; fixed ones have no such times. */
function ages({ usedAt, updatedAt }: FdbEntry, now: number): { used: number; updated: number } {
  const age = (at: number): number => Math.floor((now - at) / NS_PER_S);
  return { used: age(usedAt), updated: age(updatedAt) };
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

function needDevice(host: ShellHost, name: string): NetDevice {
  const device = findDevice(host, name);
  if (device === null) throw new ToolError(`Cannot find device "${name}"`, REFUSED);
  return device;
}

function needBridge(host: ShellHost, name: string): Bridge {
  const device = findDevice(host, name);
  if (device instanceof Bridge) return device;
  throw new ToolError(`Cannot find bridge device "${name}"`, REFUSED);
}

/** The table that knows of the device: its bridge's, or its own if it is one. */
function tableOf(device: NetDevice): { owner: Bridge; port: BridgePort | null } {
  if (device instanceof Bridge) return { owner: device, port: null };
  const owner = masterOf(device);
  if (owner === null) throw refused(EOPNOTSUPP);
  return { owner, port: owner.portOf(device) };
}

function refused(errno: number): ToolError {
  return new ToolError(`RTNETLINK answers: ${errnoMessage(errno)}`, REFUSED);
}
