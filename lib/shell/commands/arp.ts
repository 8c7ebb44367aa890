/**
 * `arp` of net-tools.
 *
 * Spec: net-tools 2.10, arp.c.
 */
import { formatIpv4, isIpv4, parseIpv4 } from "../../base/inet.ts";
import { formatMac, type Mac, parseMac } from "../../base/mac.ts";
import { Flow } from "../../net/inet.ts";
import { type Neighbour, Nud } from "../../net/neighbour.ts";
import { type Command, type CommandContext, immediate, ToolError } from "../command.ts";
import { readOptions } from "../options.ts";
import { arpEntries, arpFlags } from "../system-files.ts";

const COMPLETE = 0x02;
const PERMANENT = 0x04;
const HEAD = "Address                  HWtype  HWaddress           Flags Mask            Iface\n";

/** The command. */
export const arp: Command = {
  name: "arp",
  parse(args) {
    const { options, words } = readOptions(args, {
      command: "arp",
      letters: "ansdei:",
      allowed: "options are -a -n -e -i DEV -s ADDRESS MAC -d ADDRESS",
    });
    const has = (letter: string): boolean => options.some(([known]) => known === letter);
    const device = options.find(([known]) => known === "i")?.[1] ?? "";
    const [address = "", mac = ""] = words;
    if (has("s")) return immediate((context) => set(context, address, mac));
    if (has("d")) return immediate((context) => remove(context, address));
    return immediate((context) => show(context, address, device, has("a") && !has("e")));
  },
};

function show({ host, io }: CommandContext, address: string, device: string, bsd: boolean): number {
  const shown = arpEntries(host.namespace.neighbours.entries())
    .filter((entry) => address === "" || formatIpv4(entry.address) === address)
    .filter((entry) => device === "" || entry.device.name === device);
  if (shown.length === 0) {
    if (address !== "") io.stdout(`${address} (${address}) -- no entry\n`);
    return 0;
  }
  if (!bsd) io.stdout(HEAD);
  for (const entry of shown) io.stdout(bsd ? bsdLine(entry) : tableLine(entry));
  return 0;
}

function tableLine(entry: Neighbour): string {
  const flags = arpFlags(entry);
  const address = formatIpv4(entry.address).padEnd(23);
  const device = entry.device.name;
  if ((flags & COMPLETE) === 0)
    return `${address}          (incomplete)                              ${device}\n`;
  const mac = formatMac(entry.mac).padEnd(19);
  const letters = `C${(flags & PERMANENT) !== 0 ? "M" : ""}`.padEnd(6);
  return `${address}  ether   ${mac} ${letters}${"".padEnd(16)}${device}\n`;
}

function bsdLine(entry: Neighbour): string {
  const flags = arpFlags(entry);
  const mac = (flags & COMPLETE) === 0 ? "<incomplete> " : `${formatMac(entry.mac)} [ether] `;
  const permanent = (flags & PERMANENT) !== 0 ? "PERM " : "";
  return `? (${formatIpv4(entry.address)}) at ${mac}${permanent}on ${entry.device.name}\n`;
}

function set({ host }: CommandContext, address: string, mac: string): number {
  if (!isIpv4(address)) throw new ToolError(`${address}: Unknown host`, 255);
  const { namespace } = host;
  const flow = new Flow();
  flow.destination = parseIpv4(address);
  const route = namespace.routing.output(flow);
  if (typeof route === "number") throw new ToolError("SIOCSARP: Network is unreachable", 255);
  namespace.neighbours.set(route.device, flow.destination, readMac(mac), Nud.PERMANENT);
  return 0;
}

function remove({ host }: CommandContext, address: string): number {
  const { neighbours } = host.namespace;
  const entry = arpEntries(neighbours.entries()).find(
    (known) => formatIpv4(known.address) === address,
  );
  if (entry === undefined) throw new ToolError(`No ARP entry for ${address}`, 255);
  neighbours.remove(entry.device, entry.address);
  return 0;
}

function readMac(text: string): Mac {
  try {
    return parseMac(text);
  } catch {
    throw new ToolError("arp: invalid hardware address", 255);
  }
}
