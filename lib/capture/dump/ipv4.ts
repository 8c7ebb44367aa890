/** IPv4 as tcpdump prints it. Spec: tcpdump 4.99, ip_print, ip_optprint. */
import { formatIpv4 } from "../../base/inet.ts";
import { finish, sum } from "../../wire/checksum.ts";
import * as ipv4 from "../../wire/ipv4.ts";
import { IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP } from "../../wire/protocol-numbers.ts";
import { type DumpContext, truncated } from "./context.ts";
import { describeIcmp } from "./icmp.ts";
import { describeTcp } from "./tcp.ts";
import { describeUdp } from "./udp.ts";

/** Names in the header's line with -v. */
const PROTOCOLS: ReadonlyMap<number, string> = new Map([
  [1, "ICMP"],
  [2, "IGMP"],
  [4, "IPIP"],
  [6, "TCP"],
  [17, "UDP"],
  [41, "IPv6"],
  [47, "GRE"],
  [50, "ESP"],
  [51, "AH"],
  [89, "OSPF"],
  [112, "VRRP"],
  [132, "SCTP"],
]);

const ECN = ["", ",ECT(1)", ",ECT(0)", ",CE"];
const OPTION_EOL = 0;
const OPTION_NOP = 1;
const OPTION_RECORD_ROUTE = 7;

/** What an IPv4 packet says; `length` is what the layer below says there is. */
export function describeIpv4(
  context: DumpContext,
  at: number,
  length: number,
  end: number,
): string {
  const { view } = context;
  if (end - at < ipv4.IPV4_SIZE) return truncated("ip");
  const headerSize = ipv4.headerSize(view, at);
  if (headerSize < ipv4.IPV4_SIZE) return `bad-hlen ${headerSize}`;
  const total = ipv4.totalLength(view, at);
  if (total < headerSize) return `bad-len ${total}`;
  const missing = total > length ? `truncated-ip - ${total - length} bytes missing! ` : "";
  const packetEnd = Math.min(end, at + total);
  const header = context.verbose > 0 ? `${headerLine(view, at, end)}\n    ` : "";
  return `${missing}${header}${payload(context, at, headerSize, total, packetEnd)}`;
}

function payload(
  context: DumpContext,
  at: number,
  headerSize: number,
  total: number,
  end: number,
): string {
  const { view } = context;
  const l4 = at + headerSize;
  const length = total - headerSize;
  const protocol = ipv4.protocol(view, at);
  const addresses = `${formatIpv4(ipv4.source(view, at))} > ${formatIpv4(ipv4.destination(view, at))}`;
  if ((ipv4.fragment(view, at) & ipv4.FRAGMENT_OFFSET_MASK) !== 0) {
    return `${addresses}: ip-proto-${protocol}`;
  }
  switch (protocol) {
    case IPPROTO_TCP:
      return describeTcp(context, at, l4, length, end);
    case IPPROTO_UDP:
      return describeUdp(context, at, l4, length, end);
    case IPPROTO_ICMP:
      return `${addresses}: ${describeIcmp(context, l4, length, end, ipv4.isFragment(view, at))}`;
    default:
      // Not modelled: what tcpdump prints inside of IGMP, GRE, SCTP and other protocols.
      return `${addresses}:  ip-proto-${protocol} ${length}`;
  }
}

function headerLine(view: DataView, at: number, end: number): string {
  const tos = ipv4.tos(view, at);
  const ttl = ipv4.ttl(view, at);
  const word = ipv4.fragment(view, at);
  const flags = [
    (word & ipv4.FLAG_MF) !== 0 ? "+" : "",
    (word & ipv4.FLAG_DF) !== 0 ? "DF" : "",
    (word & 0x8000) !== 0 ? "rsvd" : "",
  ].filter((flag) => flag !== "");
  const protocol = ipv4.protocol(view, at);
  return [
    `(tos 0x${tos.toString(16)}${ECN[tos & 3] ?? ""}`,
    ttl >= 1 ? `, ttl ${ttl}` : "",
    `, id ${ipv4.id(view, at)}, offset ${(word & ipv4.FRAGMENT_OFFSET_MASK) * 8}`,
    `, flags [${flags.length === 0 ? "none" : flags.join(", ")}]`,
    `, proto ${PROTOCOLS.get(protocol) ?? "unknown"} (${protocol})`,
    `, length ${ipv4.totalLength(view, at)}`,
    options(view, at, end),
    checksum(view, at, end),
    ")",
  ].join("");
}

function checksum(view: DataView, at: number, end: number): string {
  const size = ipv4.headerSize(view, at);
  if (end - at < size || ipv4.checksumIsRight(view, at)) return "";
  const found = ipv4.checksum(view, at);
  const right = finish(sum(view, at, 10) + sum(view, at + 12, size - 12));
  return `, bad cksum ${found.toString(16)} (->${foldedHex(view, at, size, right)})!`;
}

/** The right checksum; the two partial sums around the field may carry. */
function foldedHex(view: DataView, at: number, size: number, fallback: number): string {
  const partial = sum(view, at, 10) + sum(view, at + 12, size - 12);
  const folded = (partial & 0xffff) + (partial >>> 16);
  return (partial > 0xffff ? finish(folded) : fallback).toString(16);
}

function options(view: DataView, at: number, end: number): string {
  const stop = Math.min(at + ipv4.headerSize(view, at), end);
  const shown: string[] = [];
  for (let position = at + ipv4.IPV4_SIZE; position < stop; ) {
    const kind = view.getUint8(position);
    if (kind === OPTION_EOL) {
      shown.push("EOL");
      break;
    }
    const size = kind === OPTION_NOP ? 1 : position + 1 < stop ? view.getUint8(position + 1) : 0;
    if (size === 0 || position + size > stop || (kind !== OPTION_NOP && size < 3)) {
      shown.push("[|ip]");
      break;
    }
    shown.push(option(view, position, kind, size));
    position += size;
  }
  return shown.length === 0 ? "" : `, options (${shown.join(",")})`;
}

function option(view: DataView, at: number, kind: number, size: number): string {
  if (kind === OPTION_NOP) return "NOP";
  if (kind !== OPTION_RECORD_ROUTE) return `unknown ${kind}`;
  const pointer = view.getUint8(at + 2);
  let text = "RR";
  for (let index = 3; index + 4 <= size; index += 4) {
    text += ` ${formatIpv4(view.getInt32(at + index))}${index + 1 < pointer ? "," : ""}`;
  }
  return text;
}
