/**
 * Entries as `conntrack -o save` and `-o xml` print them.
 *
 * Spec: conntrack-tools 1.4.7, src/conntrack.c (ct_save_snprintf); libnetfilter_conntrack 1.0.9,
 * src/conntrack/snprintf_xml.c.
 */
import { formatIpv4 } from "../../../base/inet.ts";
import { type Connection, Direction, Status } from "../../../netfilter/conntrack/connection.ts";
import type { Conntrack } from "../../../netfilter/conntrack/conntrack.ts";
import { protocolName, stateName } from "../../../netfilter/conntrack/print.ts";
import { hasPorts, type Tuple } from "../../../netfilter/conntrack/tuple.ts";
import { IPPROTO_ICMP } from "../../../wire/protocol-numbers.ts";

/** What stands before the first entry and behind the last. */
export const XML_START = '<?xml version="1.0" encoding="utf-8"?>\n<conntrack>\n';
export const XML_END = "</conntrack>\n";

/** Options for a zone that counts in some directions, by their bits. */
const ZONE_OPTIONS = ["-w", "--orig-zone", "--reply-zone", "-w"];

/** As a command line of the tool, without its name. */
export function saveEntry(conntrack: Conntrack, connection: Connection): string {
  const { original, reply, status, zone, zoneDirections } = connection;
  const words = ["-A", `-t ${conntrack.secondsLeft(connection)}`, `-u ${statusNames(status)}`];
  if (zone !== 0) words.push(`${ZONE_OPTIONS[zoneDirections] ?? "-w"} ${zone}`);
  words.push(`-s ${formatIpv4(original.source)}`, `-d ${formatIpv4(original.destination)}`);
  const isForwarded = (status & Status.DST_NAT_DONE) !== 0 && reply.source !== original.destination;
  const isHidden = (status & Status.SRC_NAT_DONE) !== 0 && reply.destination !== original.source;
  const destination = isForwarded ? "-g" : "-r";
  const source = isHidden ? "-n" : "-q";
  words.push(`${destination} ${formatIpv4(reply.source)}`);
  words.push(`${source} ${formatIpv4(reply.destination)}`);
  const protocol = protocolName(original.protocol);
  words.push(`-p ${protocol === "unknown" ? original.protocol : protocol}`);
  words.push(...savePorts(original, reply));
  const state = stateName(connection);
  if (state !== "") words.push(`--state ${state}`);
  return words.join(" ");
}

function savePorts(original: Tuple, reply: Tuple): string[] {
  const { ports, protocol } = original;
  if (protocol === IPPROTO_ICMP) {
    return [
      `--icmp-type ${(ports >>> 8) & 0xff} --icmp-code ${ports & 0xff}`,
      `--icmp-id ${ports >>> 16}`,
    ];
  }
  if (!hasPorts(protocol)) return [];
  return [
    `--sport ${ports >>> 16} --dport ${ports & 0xffff}`,
    `--reply-port-src ${reply.ports >>> 16} --reply-port-dst ${reply.ports & 0xffff}`,
  ];
}

function statusNames(status: number): string {
  const names: string[] = [];
  if ((status & Status.SEEN_REPLY) !== 0) names.push("SEEN_REPLY");
  if ((status & Status.ASSURED) !== 0) names.push("ASSURED");
  if ((status & Status.FIXED_TIMEOUT) !== 0) names.push("FIXED_TIMEOUT");
  return names.length === 0 ? "UNSET" : names.join(",");
}

/** As an element of XML. */
export function xmlEntry(conntrack: Conntrack, connection: Connection): string {
  const { status, zone, zoneDirections, mark, id } = connection;
  const state = stateName(connection);
  const parts = [
    side(connection, Direction.ORIGINAL),
    side(connection, Direction.REPLY),
    '<meta direction="independent">',
    state === "" ? "" : `<state>${state}</state>`,
    `<timeout>${conntrack.secondsLeft(connection)}</timeout><mark>${mark >>> 0}</mark>`,
    zone === 0 || zoneDirections !== 3 ? "" : `<zone>${zone}</zone>`,
    `<use>1</use><id>${id}</id>`,
    (status & Status.ASSURED) === 0 ? "" : "<assured/>",
    (status & Status.SEEN_REPLY) === 0 ? "<unreplied/>" : "",
    "</meta>",
  ];
  return `<flow>${parts.join("")}</flow>`;
}

function side(connection: Connection, direction: Direction): string {
  const { source, destination, ports, protocol } = connection.tuple(direction);
  const { accounting, zone, zoneDirections } = connection;
  const ownZone = zone !== 0 && zoneDirections === 1 << direction ? `<zone>${zone}</zone>` : "";
  const name = direction === Direction.ORIGINAL ? "original" : "reply";
  const inner = hasPorts(protocol)
    ? `<sport>${ports >>> 16}</sport><dport>${ports & 0xffff}</dport>`
    : "";
  const counters =
    accounting === null
      ? ""
      : `<counters><packets>${accounting.packets[direction]}</packets>` +
        `<bytes>${accounting.bytes[direction]}</bytes></counters>`;
  return (
    `<meta direction="${name}"><layer3 protonum="2" protoname="ipv4">` +
    `<src>${formatIpv4(source)}</src><dst>${formatIpv4(destination)}</dst></layer3>` +
    `<layer4 protonum="${protocol}" protoname="${protocolName(protocol)}">${inner}</layer4>` +
    `${ownZone}${counters}</meta>`
  );
}
