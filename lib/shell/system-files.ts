/**
 * Files that the kernel makes up when they are read: `/proc/sys`, `/proc/net/arp`,
 * `/proc/net/nf_conntrack`, and what `cat` finds in `/sys/class/net`.
 *
 * Kernel: fs/proc/proc_sysctl.c, net/ipv4/arp.c (arp_seq_show), 6.18.
 * Not modelled: the rest of `/proc` and `/sys`.
 */
import { utf8 } from "../base/bytes.ts";
import { formatIpv4 } from "../base/inet.ts";
import { formatMac, ZERO_MAC } from "../base/mac.ts";
import type { Neighbour } from "../net/neighbour.ts";
import { NUD_VALID, Nud } from "../net/nud.ts";
import { FILE_FORM, formatConnection } from "../netfilter/conntrack/print.ts";
import { findDevice, type ShellHost } from "./host.ts";
import { readSystemSysctl, writeSystemSysctl } from "./system-sysctls.ts";

/** ATF_COM, ATF_PERM: flags of `/proc/net/arp`. */
const COMPLETE = 0x02;
const PERMANENT = 0x04;

/** The text of such a file, or null if the path is none. */
function readSystemFile(host: ShellHost, path: string): string | null {
  const { namespace } = host;
  if (path.startsWith("/proc/sys/")) {
    const name = path.slice("/proc/sys/".length).replaceAll("/", ".");
    const value = namespace.sysctls.read(name) ?? readSystemSysctl(host, name);
    return value === null ? null : `${value}\n`;
  }
  if (path === "/proc/net/arp") return arpFile(namespace.neighbours.entries());
  if (path === "/proc/net/nf_conntrack") return connectionFile(host);
  const device = /^\/sys\/class\/net\/([^/]+)\/(address|mtu|ifindex)$/.exec(path);
  if (device === null) return null;
  const found = findDevice(host, device[1] ?? "");
  if (found === null) return null;
  if (device[2] === "address") return `${formatMac(found.mac)}\n`;
  return `${device[2] === "mtu" ? found.mtu : found.index}\n`;
}

/** Entries that ARP made or could have made: what `arp` shows. */
export function arpEntries(neighbours: readonly Neighbour[]): Neighbour[] {
  return neighbours.filter(
    ({ state }) => (state & Nud.NOARP) === 0 && state !== Nud.NONE && state !== Nud.FAILED,
  );
}

/** The flags of an entry as ARP's ioctls give them. */
export function arpFlags({ state }: Neighbour): number {
  if ((state & Nud.PERMANENT) !== 0) return PERMANENT | COMPLETE;
  return (state & NUD_VALID) !== 0 ? COMPLETE : 0;
}

function arpFile(neighbours: readonly Neighbour[]): string {
  const head = "IP address       HW type     Flags       HW address            Mask     Device\n";
  const rows = neighbours
    .filter(({ state }) => (state & Nud.NOARP) === 0)
    .map((neighbour) => {
      const flags = arpFlags(neighbour);
      const mac = formatMac(flags === 0 ? ZERO_MAC : neighbour.mac);
      const address = formatIpv4(neighbour.address).padEnd(16);
      const flagText = `0x${flags.toString(16)}`.padEnd(10);
      return `${address} 0x1         ${flagText}  ${mac}     *        ${neighbour.device.name}\n`;
    });
  return head + rows.join("");
}

/** A file as programs see it: the system's own ones, then the host's; null if there is none. */
export function readFile(host: ShellHost, path: string): Uint8Array | null {
  const system = readSystemFile(host, path);
  return system === null ? host.files.read(path) : utf8(system);
}

/** Whether a path is one that the kernel takes what is written to it. */
export function isSystemFile(path: string): boolean {
  return path.startsWith("/proc/sys/");
}

/** Writes a parameter by its path; 0 or a negative errno. */
export function writeSystemFile(host: ShellHost, path: string, text: string): number {
  const name = path.slice("/proc/sys/".length);
  const dotted = name.replaceAll("/", ".");
  if (readSystemSysctl(host, dotted) !== null) {
    return writeSystemSysctl(host, dotted, text.trim());
  }
  return host.namespace.sysctls.write(name, text.trim());
}

function connectionFile({ netfilter }: ShellHost): string {
  const { conntrack } = netfilter;
  const lines = conntrack.list().map((one) => formatConnection(conntrack, one, FILE_FORM));
  return lines.map((line) => `${line}\n`).join("");
}
