/**
 * Connections as `/proc/net/nf_conntrack` and `conntrack -L` show them.
 *
 * Kernel: net/netfilter/nf_conntrack_standalone.c (ct_seq_show), 6.18.
 * Spec: libnetfilter_conntrack 1.0.9, src/conntrack/snprintf_default.c.
 */
import { formatIpv4 } from "../base/inet.ts";
import { type Connection, Direction, Status } from "../netfilter/conntrack/connection.ts";
import type { Conntrack } from "../netfilter/conntrack/conntrack.ts";
import { SCTP_STATE_NAMES } from "../netfilter/conntrack/sctp-state.ts";
import { TCP_STATE_NAMES } from "../netfilter/conntrack/tcp-state.ts";
import { hasPorts, type Tuple } from "../netfilter/conntrack/tuple.ts";
import type { ShellHost } from "./host.ts";

/** `file`: as in /proc; `list`: as the tool; `extended`: as the tool with `-o extended`. */
export type ConntrackForm = "file" | "list" | "extended";

const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map([
  [1, "icmp"],
  [6, "tcp"],
  [17, "udp"],
  [33, "dccp"],
  [47, "gre"],
  [132, "sctp"],
  [136, "udplite"],
]);
const TCP = 6;
const ICMP = 1;
const SCTP = 132;

/** One line for each connection, newline included. */
export function conntrackLines({ netfilter }: ShellHost, form: ConntrackForm): string[] {
  const { conntrack } = netfilter;
  return conntrack.list().map((connection) => connectionLine(conntrack, connection, form));
}

/** The line of one connection. */
export function connectionLine(
  conntrack: Conntrack,
  connection: Connection,
  form: ConntrackForm,
): string {
  const { original, reply, status } = connection;
  let text = form === "list" ? "" : "ipv4     2 ";
  text += `${protocolName(original.protocol).padEnd(8)} ${original.protocol} `;
  if ((status & Status.FIXED_TIMEOUT) === 0) text += `${conntrack.secondsLeft(connection)} `;
  text += stateText(connection);
  text += `${tupleText(original)} ${countersText(connection, Direction.ORIGINAL)}`;
  if ((status & Status.SEEN_REPLY) === 0) text += "[UNREPLIED] ";
  text += `${tupleText(reply)} ${countersText(connection, Direction.REPLY)}`;
  if ((status & Status.ASSURED) !== 0) text += "[ASSURED] ";
  text += `mark=${connection.mark >>> 0} `;
  if (form === "file" || connection.zone !== 0) text += `zone=${connection.zone} `;
  return `${text}use=${form === "file" ? 2 : 1}\n`;
}

/** The name of an IP protocol in these lines. */
export function protocolName(protocol: number): string {
  return PROTOCOL_NAMES.get(protocol) ?? "unknown";
}

/** The number of an IP protocol by name or number, or -1. */
export function protocolNumber(name: string): number {
  for (const [protocol, known] of PROTOCOL_NAMES) if (known === name) return protocol;
  return /^[0-9]+$/.test(name) ? Number(name) : -1;
}

/** The state's name of TCP and SCTP, or "". */
export function stateName(connection: Connection): string {
  const { protocol } = connection.original;
  const names: readonly string[] =
    protocol === TCP ? TCP_STATE_NAMES : protocol === SCTP ? SCTP_STATE_NAMES : [];
  return names[connection.state] ?? "";
}

function stateText(connection: Connection): string {
  const name = stateName(connection);
  return name === "" ? "" : `${name} `;
}

function tupleText({ source, destination, ports, protocol }: Tuple): string {
  const addresses = `src=${formatIpv4(source)} dst=${formatIpv4(destination)}`;
  if (hasPorts(protocol)) return `${addresses} sport=${ports >>> 16} dport=${ports & 0xffff}`;
  if (protocol !== ICMP) return addresses;
  return `${addresses} type=${(ports >>> 8) & 255} code=${ports & 255} id=${ports >>> 16}`;
}

function countersText({ accounting }: Connection, direction: Direction): string {
  if (accounting === null) return "";
  return `packets=${accounting.packets[direction]} bytes=${accounting.bytes[direction]} `;
}
