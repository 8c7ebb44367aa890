/**
 * What the matches of TCP, UDP and SCTP share: ranges of ports.
 *
 * Kernel: net/netfilter/xt_tcpudp.c (port_match), 6.18; iptables 1.8.9, extensions/libxt_tcp.c.
 */
import type { OptionSpec } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { refuse } from "../text/errors.ts";
import { serviceName } from "../text/names.ts";
import { portValue } from "../text/values.ts";

/** Ports from `min` to `max`, or all others. */
export interface PortRange {
  readonly min: number;
  readonly max: number;
  readonly inverted: boolean;
}

/** The ports of a match. */
export interface PortState {
  source: PortRange;
  destination: PortRange;
}

/** All ports. */
export const ANY_PORT: PortRange = { min: 0, max: 0xffff, inverted: false };

/** `80`, `http`, `1024:`, `:1023`, `1:2`. */
export function portRange(text: string, inverted: boolean, protocol = ""): PortRange {
  const colon = text.indexOf(":");
  if (colon === -1) {
    const port = portValue(text, protocol);
    return { min: port, max: port, inverted };
  }
  const low = text.slice(0, colon);
  const high = text.slice(colon + 1);
  const min = low === "" ? 0 : portValue(low, protocol);
  const max = high === "" ? 0xffff : portValue(high, protocol);
  return { min, max, inverted };
}

/** The same as the matches of tcp and sctp take it: in order, and names of the protocol only. */
export function orderedPortRange(text: string, inverted: boolean, protocol: string): PortRange {
  const range = portRange(text, inverted, protocol);
  if (range.min > range.max) refuse("invalid portrange (min > max)");
  return range;
}

/** `--source-port` and `--destination-port` with their other names; `range` reads a value. */
export function portOptions(
  range: (text: string, inverted: boolean) => PortRange,
): readonly OptionSpec<PortState>[] {
  const source: OptionSpec<PortState> = {
    name: "source-port",
    inverts: true,
    read: (state, value, inverted) => {
      state.source = range(value, inverted);
    },
  };
  const destination: OptionSpec<PortState> = {
    name: "destination-port",
    inverts: true,
    read: (state, value, inverted) => {
      state.destination = range(value, inverted);
    },
  };
  return [
    source,
    { ...source, name: "sport", alias: "source-port" },
    destination,
    { ...destination, name: "dport", alias: "destination-port" },
  ];
}

/** Whether the port is in the range. @hot */
export function portMatches(range: PortRange, port: number): boolean {
  return (port >= range.min && port <= range.max) !== range.inverted;
}

/** Whether the range says anything. */
function isAnyPort(range: PortRange): boolean {
  return range.min === 0 && range.max === 0xffff && !range.inverted;
}

/** Both ranges as iptables-save prints them. */
export function saveBothPorts({ source, destination }: Readonly<PortState>): string {
  return savePorts("sport", source) + savePorts("dport", destination);
}

/** Both ranges as listings print them, behind the protocol's name. */
export function listBothPorts(
  { source, destination }: Readonly<PortState>,
  protocol: string,
  numeric: boolean,
): string {
  const first = listPorts("spt", source, protocol, numeric);
  return ` ${protocol}${first}${listPorts("dpt", destination, protocol, numeric)}`;
}

/** ` --dport 80`, or "" for all ports. */
function savePorts(option: string, range: PortRange): string {
  if (isAnyPort(range)) return "";
  const ports = range.min === range.max ? `${range.min}` : `${range.min}:${range.max}`;
  return `${range.inverted ? " !" : ""} --${option} ${ports}`;
}

/** ` dpt:80`, as listings print it. */
function listPorts(name: string, range: PortRange, protocol: string, numeric: boolean): string {
  if (isAnyPort(range)) return "";
  const not = range.inverted ? "!" : "";
  const show = (port: number): string =>
    (numeric ? undefined : serviceName(port, protocol)) ?? String(port);
  if (range.min === range.max) return ` ${name}:${not}${show(range.min)}`;
  return ` ${name}s:${not}${show(range.min)}:${show(range.max)}`;
}

/**
 * Whether both ports of the packet are in their ranges. Later fragments never match; a header that
 * is cut off condemns the packet. @hot
 */
export function bothPortsMatch(
  packet: Packet,
  source: PortRange,
  destination: PortRange,
  headerSize: number,
): boolean {
  if (packet.fragmentOffset !== 0) return false;
  if (packet.transportLength < headerSize) {
    packet.hotDrop = true;
    return false;
  }
  const ports = packet.view.getInt32(packet.l4);
  return portMatches(source, ports >>> 16) && portMatches(destination, ports & 0xffff);
}
