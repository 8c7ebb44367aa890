/**
 * `bridge fdb show`: the entries of a table, in lines or as JSON.
 *
 * Spec: bridge(8) of iproute2 6.1; fdb.c (print_fdb).
 */
import { formatMac, type Mac, parseMac } from "../../../base/mac.ts";
import { NS_PER_S } from "../../../base/units.ts";
import { Bridge } from "../../../link/bridge.ts";
import type { NetDevice } from "../../../link/device.ts";
import type { FdbEntry, FdbKind } from "../../../link/fdb.ts";
import { notModelled, ToolError } from "../../command.ts";
import { masterOf } from "../../device-format.ts";
import { jsonText } from "../../json-text.ts";
import type { Words } from "../../words.ts";
import { devicesOf } from "../ip/context.ts";
import { type Action, needBridge, needDevice, REFUSED } from "./fdb-table.ts";
import type { BridgeOptions } from "./options.ts";

/** All nodes of IPv6 and of IPv4, and all that listen to who is in which group. */
const ALL_NODES_6 = parseMac("33:33:00:00:00:01");
const ALL_NODES = parseMac("01:00:5e:00:00:01");
const SNOOPERS = [parseMac("01:00:5e:00:00:6a"), parseMac("33:33:00:00:00:6a")];

/** `bridge fdb show`. */
export function readShow(words: Words, options: BridgeOptions): Action {
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

interface ShowFilter {
  bridge: string;
  device: string;
  readonly tests: ((row: Row) => boolean)[];
}

function stateTest(name: string): (row: Row) => boolean {
  if (name === "permanent") return ({ kind }) => kind === "permanent";
  if (name === "static" || name === "temp") return ({ kind }) => kind === "static";
  if (name === "dynamic" || name === "reachable") return ({ kind }) => kind === "learned";
  throw new ToolError('"state" value is invalid', REFUSED);
}

/** One line of the list: of a bridge's table, or an address of a device's own. */
export interface Row {
  readonly mac: Mac;
  readonly device: NetDevice;
  readonly owner: Bridge | null;
  readonly kind: FdbKind;
  readonly entry: FdbEntry | null;
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

/** The groups and addresses that a device listens to itself. */
export function ownAddresses(device: NetDevice): Mac[] {
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

/** Prints entries, a line or a JSON object each. */
export function printRows(
  rows: readonly Row[],
  view: RowView,
  print: (text: string) => void,
): void {
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
