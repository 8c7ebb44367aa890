/**
 * TCP as tcpdump prints it, sequence numbers relative to the first ones seen of the connection.
 * Spec: tcpdump 4.99, tcp_print.
 */
import { hex } from "../../base/bytes.ts";
import { compareIpv4, formatIpv4 } from "../../base/inet.ts";
import { add, finish, pseudoHeaderSum, sum } from "../../wire/checksum.ts";
import * as ipv4 from "../../wire/ipv4.ts";
import { IPPROTO_TCP } from "../../wire/protocol-numbers.ts";
import * as tcp from "../../wire/tcp.ts";
import * as option from "../../wire/tcp-options.ts";
import { type DumpContext, hex16, truncated } from "./context.ts";
import { describeHttp, isHttpPort } from "./http.ts";

const FLAG_LETTERS = "FSRP.UEW";
const SEQUENCE_FLAGS = tcp.FLAG_SYN | tcp.FLAG_FIN | tcp.FLAG_RST;
/** Of the text in an RST so much is shown. */
const RST_TEXT_LENGTH = 30;

/** The numbers of a segment as they are shown, and what SACK blocks are relative to. */
interface Numbers {
  readonly sequence: number;
  readonly acknowledgment: number;
  readonly sackOrigin: number;
}

/** What a TCP segment says, addresses included. `length` is what IPv4 says there is. */
export function describeTcp(
  context: DumpContext,
  ip: number,
  at: number,
  length: number,
  end: number,
): string {
  const { view } = context;
  const [source, destination] = [ipv4.source(view, ip), ipv4.destination(view, ip)];
  const hosts = `${formatIpv4(source)} > ${formatIpv4(destination)}:`;
  if (end - at < 4) return `${hosts}${truncated("tcp")}`;
  const ports = [tcp.sourcePort(view, at), tcp.destinationPort(view, at)] as const;
  const start = `${formatIpv4(source)}.${ports[0]} > ${formatIpv4(destination)}.${ports[1]}: `;
  if (end - at < tcp.TCP_SIZE) return `${start}${truncated("tcp")}`;
  const headerSize = tcp.headerSize(view, at);
  if (headerSize < tcp.TCP_SIZE) {
    const lie = `[bad hdr length ${headerSize} - too short, < ${tcp.TCP_SIZE}]`;
    return `${start} tcp ${length - headerSize} ${lie}`;
  }
  const flags = tcp.flags(view, at);
  const numbers = numbersOf(context, at, source, destination);
  const shownFlags = `${start}Flags [${formatTcpFlags(flags)}]`;
  if (headerSize > length) {
    return `${shownFlags} [bad hdr length ${headerSize} - too long, > ${length}]`;
  }
  const body = [
    shownFlags,
    checksum(context, ip, at, length, end),
    sequence(context, flags, numbers, length - headerSize),
    (flags & tcp.FLAG_ACK) !== 0 ? `, ack ${numbers.acknowledgment >>> 0}` : "",
    `, win ${tcp.window(view, at)}`,
    (flags & tcp.FLAG_URG) !== 0 ? `, urg ${tcp.urgentPointer(view, at)}` : "",
  ].join("");
  if (headerSize === tcp.TCP_SIZE) {
    return `${body}, length ${length - headerSize}${payload(context, at, headerSize, length, end)}`;
  }
  if (end - at < headerSize) return `${body}, options [${truncated("tcp")}`;
  const options = describeOptions(view, at + tcp.TCP_SIZE, at + headerSize, numbers.sackOrigin);
  if (options.endsWith("[bad opt]")) return `${body}, options [${options}`;
  const rest = payload(context, at, headerSize, length, end);
  return `${body}, options [${options}], length ${length - headerSize}${rest}`;
}

/** Flags in tcpdump's letters: `S.`, `P.`, `none`. */
export function formatTcpFlags(flags: number): string {
  let text = "";
  for (let bit = 0; bit < FLAG_LETTERS.length; bit += 1) {
    if ((flags & (1 << bit)) !== 0) text += FLAG_LETTERS.charAt(bit);
  }
  return text === "" ? "none" : text;
}

function numbersOf(context: DumpContext, at: number, source: number, destination: number): Numbers {
  const { view, origins } = context;
  const seq = tcp.sequence(view, at);
  const ack = tcp.acknowledgment(view, at);
  const flags = tcp.flags(view, at);
  if (context.absoluteSequence || (flags & tcp.FLAG_ACK) === 0) {
    return { sequence: seq, acknowledgment: ack, sackOrigin: 0 };
  }
  const [from, to] = [tcp.sourcePort(view, at), tcp.destinationPort(view, at)];
  const reversed = from > to || (from === to && compareIpv4(source, destination) > 0);
  const key = reversed
    ? `${destination}:${to} ${source}:${from}`
    : `${source}:${from} ${destination}:${to}`;
  const origin = origins.get(key);
  if (origin === undefined || (flags & tcp.FLAG_SYN) !== 0) {
    const made = reversed
      ? { sequence: (ack - 1) | 0, acknowledgment: seq }
      : { sequence: seq, acknowledgment: (ack - 1) | 0 };
    origins.set(key, made);
    const sackOrigin = reversed ? made.sequence : made.acknowledgment;
    return { sequence: seq, acknowledgment: ack, sackOrigin };
  }
  return reversed
    ? {
        sequence: seq - origin.acknowledgment,
        acknowledgment: ack - origin.sequence,
        sackOrigin: origin.sequence,
      }
    : {
        sequence: seq - origin.sequence,
        acknowledgment: ack - origin.acknowledgment,
        sackOrigin: origin.acknowledgment,
      };
}

function sequence(context: DumpContext, flags: number, numbers: Numbers, length: number): string {
  if (context.verbose < 2 && length === 0 && (flags & SEQUENCE_FLAGS) === 0) return "";
  const first = numbers.sequence >>> 0;
  return length > 0 ? `, seq ${first}:${(first + length) >>> 0}` : `, seq ${first}`;
}

function checksum(
  context: DumpContext,
  ip: number,
  at: number,
  length: number,
  end: number,
): string {
  const { view } = context;
  if (context.verbose === 0 || ipv4.isFragment(view, ip) || end - at < length) return "";
  const found = tcp.checksum(view, at);
  const [source, destination] = [ipv4.source(view, ip), ipv4.destination(view, ip)];
  const partial = add(
    sum(view, at, length),
    pseudoHeaderSum(source, destination, IPPROTO_TCP, length),
  );
  if (partial === 0xffff) return `, cksum ${hex16(found)} (correct)`;
  const right = finish(add(partial, ~found & 0xffff));
  return `, cksum ${hex16(found)} (incorrect -> ${hex16(right)})`;
}

function describeOptions(view: DataView, from: number, end: number, sackOrigin: number): string {
  const shown: string[] = [];
  for (let at = from; at < end; ) {
    const kind = view.getUint8(at);
    if (kind === option.OPTION_EOL) return [...shown, "eol"].join(",");
    if (kind === option.OPTION_NOP) {
      shown.push("nop");
      at += 1;
      continue;
    }
    const size = at + 1 < end ? view.getUint8(at + 1) : 0;
    if (size < 2 || at + size > end) return [...shown, "[bad opt]"].join(",");
    shown.push(describeOption(view, at, kind, size, sackOrigin));
    at += size;
  }
  return shown.join(",");
}

function describeOption(
  view: DataView,
  at: number,
  kind: number,
  size: number,
  sackOrigin: number,
): string {
  const data = new Uint8Array(view.buffer, view.byteOffset + at + 2, size - 2);
  switch (kind) {
    case option.OPTION_MSS:
      return size === 4 ? `mss ${view.getUint16(at + 2)}` : unknown("mss", data);
    case option.OPTION_WINDOW_SCALE:
      return size === 3 ? `wscale ${view.getUint8(at + 2)}` : unknown("wscale", data);
    case option.OPTION_SACK_PERMITTED:
      return "sackOK";
    case option.OPTION_SACK:
      return (size - 2) % 8 === 0 ? sack(view, at, (size - 2) / 8, sackOrigin) : "malformed sack";
    case option.OPTION_TIMESTAMPS:
      return size === 10
        ? `TS val ${view.getUint32(at + 2)} ecr ${view.getUint32(at + 6)}`
        : unknown("TS", data);
    case option.OPTION_FAST_OPEN:
      return size === 2 ? "tfo  cookiereq" : `tfo  cookie ${hex(data)}`;
    case option.OPTION_MD5:
      return `md5 shared secret not supplied with -M, can't check - ${hex(data)}`;
    default:
      return unknown(`unknown-${kind}`, data);
  }
}

function unknown(name: string, data: Uint8Array): string {
  return data.length === 0 ? name : `${name} 0x${hex(data)}`;
}

function sack(view: DataView, at: number, count: number, origin: number): string {
  let text = `sack ${count} `;
  for (let index = 0; index < count; index += 1) {
    const left = (view.getInt32(at + 2 + 8 * index) - origin) >>> 0;
    const right = (view.getInt32(at + 6 + 8 * index) - origin) >>> 0;
    text += `{${left}:${right}}`;
  }
  return text;
}

function payload(
  context: DumpContext,
  at: number,
  headerSize: number,
  length: number,
  end: number,
): string {
  const start = at + headerSize;
  const size = length - headerSize;
  if (size === 0) return "";
  const shown = context.bytes.subarray(start, Math.min(end, start + size));
  if ((tcp.flags(context.view, at) & tcp.FLAG_RST) !== 0 && context.verbose > 0) {
    return resetText(shown, size);
  }
  const from = tcp.sourcePort(context.view, at);
  const to = tcp.destinationPort(context.view, at);
  if (!isHttpPort(from) && !isHttpPort(to)) return "";
  return `: ${describeHttp(shown, size, context.verbose > 0)}`;
}

/** The reason that some hosts write into a reset (RFC 9293 §3.5.3). */
function resetText(data: Uint8Array, size: number): string {
  let text = "";
  for (const byte of data.subarray(0, RST_TEXT_LENGTH)) {
    const low = byte & 0x7f;
    const printable = low >= 0x20 && low < 0x7f;
    text += `${byte > 0x7f ? "M-" : ""}${printable ? "" : "^"}${String.fromCharCode(printable ? low : low ^ 0x40)}`;
  }
  return ` [RST${size > RST_TEXT_LENGTH ? "+" : ""} ${text}]`;
}
