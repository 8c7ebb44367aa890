/**
 * `arp` of net-tools.
 *
 * Spec: net-tools 2.10, arp.c.
 */
import { formatIpv4, type Ipv4 } from "../../base/inet.ts";
import { formatMac, type Mac } from "../../base/mac.ts";
import type { NetDevice } from "../../link/device.ts";
import { Flow } from "../../net/inet.ts";
import type { Namespace } from "../../net/namespace.ts";
import { Neighbour } from "../../net/neighbour.ts";
import { Nud } from "../../net/nud.ts";
import type { ProxyNeighbour } from "../../net/proxy-neighbours.ts";
import { type Command, type CommandContext, immediate, ToolError } from "../command.ts";
import { findDevice, type ShellHost } from "../host.ts";
import { readLinkAddress } from "../link-address.ts";
import { readOptions } from "../options.ts";
import { arpEntries, arpFlags } from "../system-files.ts";
import { readHost } from "./net-tools.ts";

const COMPLETE = 0x02;
const PERMANENT = 0x04;
const HEAD = "Address                  HWtype  HWaddress           Flags Mask            Iface\n";

/** The command. */
export const arp: Command = {
  name: "arp",
  parse(args) {
    const given = readOptions(args, {
      command: "arp",
      letters: "ansdeDvi:",
      allowed: "options are -a -n -e -v -i DEV -s ADDRESS MAC [pub|temp] -Ds ADDRESS DEV pub -d",
    });
    const device = given.all("i")[0] ?? "";
    const [address = "", mac = "", ...flags] = given.words;
    if (given.has("s")) {
      const wanted = { address, mac, device, fromDevice: given.has("D"), flags };
      return immediate((context) => set(context, wanted));
    }
    if (given.has("d"))
      return immediate((context) => remove(context, address, given.words.slice(1)));
    const view = {
      address,
      device,
      bsd: given.has("a") && !given.has("e"),
      verbose: given.has("v"),
    };
    return immediate((context) => show(context, view));
  },
};

interface ArpView {
  readonly address: string;
  readonly device: string;
  /** `-a`: one sentence for each. */
  readonly bsd: boolean;
  readonly verbose: boolean;
}

/** An entry of the cache, or an address that is answered for. */
type ArpRow = Neighbour | ProxyNeighbour;

function show({ host, io }: CommandContext, view: ArpView): number {
  const { address, device, bsd, verbose } = view;
  if (address !== "") readHost(address, 255);
  const { neighbours } = host.namespace;
  const all: ArpRow[] = [...arpEntries(neighbours.entries()), ...neighbours.proxies.entries()];
  const shown = all
    .filter((entry) => address === "" || formatIpv4(entry.address) === address)
    .filter((entry) => device === "" || entry.device?.name === device);
  if (shown.length > 0 && !bsd) io.stdout(HEAD);
  for (const entry of shown) io.stdout(bsd ? bsdLine(entry) : tableLine(entry));
  if (verbose) {
    const skipped = all.length - shown.length;
    io.stdout(`Entries: ${all.length}\tSkipped: ${skipped}\tFound: ${shown.length}\n`);
  }
  if (shown.length > 0) return 0;
  if (address !== "" && !bsd) io.stdout(`${address} (${address}) -- no entry\n`);
  else if (address !== "" || device !== "") {
    io.stdout(`arp: in ${all.length} entries no match found.\n`);
  }
  return 0;
}

function tableLine(entry: ArpRow): string {
  const address = formatIpv4(entry.address).padEnd(23);
  const device = entry.device?.name ?? "*";
  if (!(entry instanceof Neighbour)) {
    return `${address}  *       <from_interface>    MP${"".padEnd(20)}${device}\n`;
  }
  const flags = arpFlags(entry);
  if ((flags & COMPLETE) === 0)
    return `${address}          (incomplete)                              ${device}\n`;
  const mac = formatMac(entry.mac).padEnd(19);
  const letters = `C${(flags & PERMANENT) !== 0 ? "M" : ""}`.padEnd(6);
  return `${address}  ether   ${mac} ${letters}${"".padEnd(16)}${device}\n`;
}

function bsdLine(entry: ArpRow): string {
  const device = entry.device?.name ?? "*";
  const address = formatIpv4(entry.address);
  if (!(entry instanceof Neighbour)) {
    return `? (${address}) at <from_interface> PERM PUB on ${device}\n`;
  }
  const flags = arpFlags(entry);
  const mac = (flags & COMPLETE) === 0 ? "<incomplete> " : `${formatMac(entry.mac)} [ether] `;
  const permanent = (flags & PERMANENT) !== 0 ? "PERM " : "";
  return `? (${address}) at ${mac}${permanent}on ${device}\n`;
}

interface ArpSetting {
  readonly address: string;
  /** A hardware address, or with `-D` a device whose own is meant. */
  readonly mac: string;
  readonly device: string;
  readonly fromDevice: boolean;
  readonly flags: readonly string[];
}

function set({ host }: CommandContext, wanted: ArpSetting): number {
  const address = readHost(wanted.address, 255);
  if (wanted.mac === "") throw new ToolError("arp: need hardware address", 255);
  const { namespace } = host;
  const { neighbours } = namespace;
  const mac = wanted.fromDevice ? deviceMac(host, wanted.mac) : readMac(wanted.mac);
  const named = wanted.device === "" ? null : findDevice(host, wanted.device);
  if (wanted.device !== "" && named === null) throw new ToolError(NO_DEVICE, 255);
  if (wanted.flags.includes("pub")) {
    if (named === null) throw new ToolError(NO_DEVICE, 255);
    neighbours.proxies.add(address, named);
    return 0;
  }
  const state = wanted.flags.includes("temp") ? Nud.STALE : Nud.PERMANENT;
  neighbours.set(named ?? deviceTowards(namespace, address), address, mac, state);
  return 0;
}

const NO_DEVICE = "SIOCSARP: No such device";

function deviceMac(host: ShellHost, name: string): Mac {
  const device = findDevice(host, name);
  if (device === null)
    throw new ToolError(`arp: cant get HW-Address for \`${name}': No such device.`, 255);
  return device.mac;
}

function deviceTowards(namespace: Namespace, address: Ipv4): NetDevice {
  const flow = new Flow();
  flow.destination = address;
  const route = namespace.routing.output(flow);
  if (typeof route === "number") throw new ToolError("SIOCSARP: Network is unreachable", 255);
  return route.device;
}

function remove({ host, io }: CommandContext, address: string, flags: readonly string[]): number {
  const { neighbours } = host.namespace;
  const wanted = readHost(address, 255);
  if (flags.includes("pub")) {
    const known = neighbours.proxies.entries().find((entry) => entry.address === wanted);
    if (known !== undefined && neighbours.proxies.remove(wanted, known.device)) return 0;
  } else {
    const entry = arpEntries(neighbours.entries()).find((known) => known.address === wanted);
    if (entry !== undefined && neighbours.remove(entry.device, entry.address)) return 0;
  }
  io.stdout(`No ARP entry for ${address}\n`);
  return 255;
}

function readMac(text: string): Mac {
  const mac = readLinkAddress(text);
  if (mac === null) throw new ToolError("arp: invalid hardware address", 255);
  return mac;
}
