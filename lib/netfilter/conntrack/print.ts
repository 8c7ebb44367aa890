/**
 * Connections as `conntrack -L` prints them.
 *
 * Kernel: none; conntrack-tools 1.4.7 with libnetfilter_conntrack 1.0.9, src/conntrack/snprintf_default.c.
 */
import { formatIpv4 } from "../../base/inet.ts";
import { IPPROTO_ICMP, IPPROTO_SCTP, IPPROTO_TCP } from "../../wire/protocol-numbers.ts";
import { type Connection, Status } from "./connection.ts";
import type { Conntrack } from "./conntrack.ts";
import { SCTP_STATE_NAMES } from "./sctp-state.ts";
import { TCP_STATE_NAMES } from "./tcp-state.ts";
import { hasPorts, type Tuple } from "./tuple.ts";

const NAMES: ReadonlyMap<number, string> = new Map([
  [1, "icmp"],
  [6, "tcp"],
  [17, "udp"],
  [33, "dccp"],
  [47, "gre"],
  [132, "sctp"],
  [136, "udplite"],
]);

/** One line without a newline, as `conntrack -L` prints it. */
export function formatConnection(conntrack: Conntrack, connection: Connection): string {
  const { protocol } = connection.original;
  const { status, accounting } = connection;
  const name = NAMES.get(protocol) ?? "unknown";
  let text = `${name.padEnd(8)} ${protocol} ${conntrack.secondsLeft(connection)} `;
  if (protocol === IPPROTO_TCP) text += `${TCP_STATE_NAMES[connection.state] ?? "NONE"} `;
  if (protocol === IPPROTO_SCTP) text += `${SCTP_STATE_NAMES[connection.state] ?? "NONE"} `;
  text += tuple(connection.original);
  if (zoneOnly(connection, 1)) text += `zone-orig=${connection.zone} `;
  if (accounting !== null) {
    text += `packets=${accounting.packets[0]} bytes=${accounting.bytes[0]} `;
  }
  if ((status & Status.SEEN_REPLY) === 0) text += "[UNREPLIED] ";
  text += tuple(connection.reply);
  if (zoneOnly(connection, 2)) text += `zone-reply=${connection.zone} `;
  if (accounting !== null) {
    text += `packets=${accounting.packets[1]} bytes=${accounting.bytes[1]} `;
  }
  if ((status & Status.ASSURED) !== 0) text += "[ASSURED] ";
  text += `mark=${connection.mark >>> 0} `;
  if (connection.zone !== 0 && connection.zoneDirections === 3) text += `zone=${connection.zone} `;
  return `${text}use=1`;
}

function zoneOnly(connection: Connection, directions: number): boolean {
  return connection.zone !== 0 && connection.zoneDirections === directions;
}

function tuple({ source, destination, ports, protocol }: Tuple): string {
  const text = `src=${formatIpv4(source)} dst=${formatIpv4(destination)} `;
  if (hasPorts(protocol)) return `${text}sport=${ports >>> 16} dport=${ports & 0xffff} `;
  if (protocol !== IPPROTO_ICMP) return text;
  return `${text}type=${(ports >>> 8) & 0xff} code=${ports & 0xff} id=${ports >>> 16} `;
}
