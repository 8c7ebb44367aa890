/**
 * Connections as `/proc/net/nf_conntrack`, `conntrack -L` and `conntrack -E` show them.
 *
 * Kernel: net/netfilter/nf_conntrack_standalone.c (ct_seq_show), 6.18.
 * Spec: libnetfilter_conntrack 1.0.9, src/conntrack/snprintf_default.c.
 */
import { formatIpv4 } from "../../base/inet.ts";
import { IPPROTO_ICMP, IPPROTO_SCTP, IPPROTO_TCP } from "../../wire/protocol-numbers.ts";
import { type Connection, Direction, Status } from "./connection.ts";
import type { Conntrack } from "./conntrack.ts";
import { SCTP_STATE_NAMES } from "./sctp-state.ts";
import { TCP_STATE_NAMES } from "./tcp-state.ts";
import { hasPorts, type Tuple } from "./tuple.ts";

/** What a line says beside the flow itself. */
export interface ConnectionForm {
  /** The network protocol comes first. */
  readonly network: boolean;
  /** The seconds left even if there are none. */
  readonly zeroSeconds: boolean;
  readonly counters: boolean;
  /** Marks and zones of 0 too. */
  readonly zeroMark: boolean;
  readonly zeroZone: boolean;
  /** References, or 0 for no word of them. */
  readonly uses: number;
  readonly id: boolean;
}

/** As the tool lists connections. */
export const LIST_FORM: ConnectionForm = {
  network: false,
  zeroSeconds: true,
  counters: true,
  zeroMark: true,
  zeroZone: false,
  uses: 1,
  id: false,
};
/** As in /proc. */
export const FILE_FORM: ConnectionForm = { ...LIST_FORM, network: true, zeroZone: true, uses: 2 };
/** As the tool tells what happens. */
export const EVENT_FORM: ConnectionForm = {
  ...LIST_FORM,
  zeroSeconds: false,
  counters: false,
  zeroMark: false,
  uses: 0,
};

const NAMES: ReadonlyMap<number, string> = new Map([
  [1, "icmp"],
  [6, "tcp"],
  [17, "udp"],
  [33, "dccp"],
  [47, "gre"],
  [132, "sctp"],
  [136, "udplite"],
]);

/** One line without a newline. */
export function formatConnection(
  conntrack: Conntrack,
  connection: Connection,
  form: ConnectionForm = LIST_FORM,
): string {
  const { original, reply, status, mark, zone } = connection;
  const words = [`${protocolName(original.protocol).padEnd(8)} ${original.protocol}`];
  if (form.network) words[0] = `ipv4     2 ${words[0]}`;
  const seconds = conntrack.secondsLeft(connection);
  if (seconds !== 0 || form.zeroSeconds) words.push(`${seconds}`);
  const state = stateName(connection);
  if (state !== "") words.push(state);
  words.push(...side(connection, Direction.ORIGINAL, original, form));
  if ((status & Status.SEEN_REPLY) === 0) words.push("[UNREPLIED]");
  words.push(...side(connection, Direction.REPLY, reply, form));
  if ((status & Status.ASSURED) !== 0) words.push("[ASSURED]");
  if (mark !== 0 || form.zeroMark) words.push(`mark=${mark >>> 0}`);
  if (connection.zoneDirections === BOTH && (zone !== 0 || form.zeroZone)) {
    words.push(`zone=${zone}`);
  }
  if (form.uses !== 0) words.push(`use=${form.uses}`);
  if (form.id) words.push(`id=${connection.id}`);
  return words.join(" ");
}

/** A zone that counts in both directions. */
const BOTH = 3;

function side(
  connection: Connection,
  direction: Direction,
  tuple: Tuple,
  form: ConnectionForm,
): string[] {
  const words = [tupleText(tuple)];
  const { accounting, zone, zoneDirections } = connection;
  if (zone !== 0 && zoneDirections === 1 << direction) {
    words.push(`zone-${direction === Direction.ORIGINAL ? "orig" : "reply"}=${zone}`);
  }
  if (accounting !== null && form.counters) {
    words.push(`packets=${accounting.packets[direction]} bytes=${accounting.bytes[direction]}`);
  }
  return words;
}

function tupleText({ source, destination, ports, protocol }: Tuple): string {
  const text = `src=${formatIpv4(source)} dst=${formatIpv4(destination)}`;
  if (hasPorts(protocol)) return `${text} sport=${ports >>> 16} dport=${ports & 0xffff}`;
  if (protocol !== IPPROTO_ICMP) return text;
  return `${text} type=${(ports >>> 8) & 0xff} code=${ports & 0xff} id=${ports >>> 16}`;
}

/** The name of an IP protocol in these lines. */
export function protocolName(protocol: number): string {
  return NAMES.get(protocol) ?? "unknown";
}

/** The number of an IP protocol by name or number, or -1. */
export function protocolNumber(name: string): number {
  for (const [protocol, known] of NAMES) if (known === name) return protocol;
  return /^[0-9]+$/.test(name) ? Number(name) : -1;
}

/** The names of a protocol's states, by number. */
export function stateNames(protocol: number): readonly string[] {
  if (protocol === IPPROTO_TCP) return TCP_STATE_NAMES;
  return protocol === IPPROTO_SCTP ? SCTP_STATE_NAMES : [];
}

/** The state's name of TCP and SCTP, or "". */
export function stateName({ original, state }: Connection): string {
  return stateNames(original.protocol)[state] ?? "";
}
