/** Small readable builders of Ethernet frames for specs. */
import { parseIpv4 } from "../../lib/base/inet.ts";
import { parseMac } from "../../lib/base/mac.ts";
import * as arp from "../../lib/wire/arp.ts";
import * as ethernet from "../../lib/wire/ethernet.ts";
import * as icmp from "../../lib/wire/icmp.ts";
import * as ipv4 from "../../lib/wire/ipv4.ts";
import * as tcp from "../../lib/wire/tcp.ts";
import * as udp from "../../lib/wire/udp.ts";

/** Addresses of the frames that the builders make, with defaults. */
export interface PacketParts {
  readonly from?: string;
  readonly to?: string;
  readonly ttl?: number;
  readonly id?: number;
  readonly fragment?: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly flags?: number;
  readonly sequence?: number;
  readonly acknowledgment?: number;
  readonly window?: number;
  readonly options?: Uint8Array;
  readonly payload?: Uint8Array;
}

const MAC_A = parseMac("02:00:00:00:00:0a");
const MAC_B = parseMac("02:00:00:00:00:0b");
const L3 = ethernet.ETHERNET_SIZE;
const L4 = L3 + ipv4.IPV4_SIZE;

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** An IPv4 frame around a transport packet of `size` bytes that `fill` writes at its position. */
function ipFrame(
  parts: PacketParts,
  protocol: number,
  size: number,
  fill: (view: DataView, at: number, end: number) => void,
): Buffer {
  const bytes = Buffer.alloc(L4 + size, 0xa5);
  const view = viewOf(bytes);
  ethernet.write(view, 0, MAC_B, MAC_A, 0x0800);
  ipv4.write(view, L3, {
    tos: 0,
    length: ipv4.IPV4_SIZE + size,
    id: parts.id ?? 1,
    fragment: parts.fragment ?? ipv4.FLAG_DF,
    ttl: parts.ttl ?? 64,
    protocol,
    source: parseIpv4(parts.from ?? "10.0.0.1"),
    destination: parseIpv4(parts.to ?? "10.0.0.2"),
  });
  fill(view, L4, bytes.length);
  return bytes;
}

export function tcpFrame(parts: PacketParts): Buffer {
  const options = parts.options ?? new Uint8Array(0);
  const payload = parts.payload ?? new Uint8Array(0);
  const header = tcp.TCP_SIZE + options.length;
  return ipFrame(parts, 6, header + payload.length, (view, at, end) => {
    new Uint8Array(view.buffer, view.byteOffset).set(options, at + tcp.TCP_SIZE);
    new Uint8Array(view.buffer, view.byteOffset).set(payload, at + header);
    tcp.write(
      view,
      at,
      parts.sourcePort ?? 40000,
      parts.destinationPort ?? 80,
      parts.sequence ?? 1000,
      parts.acknowledgment ?? 0,
      header,
      parts.flags ?? tcp.FLAG_SYN,
      parts.window ?? 64240,
    );
    const source = parseIpv4(parts.from ?? "10.0.0.1");
    tcp.finishSegment(view, at, end, source, parseIpv4(parts.to ?? "10.0.0.2"));
  });
}

export function udpFrame(parts: PacketParts): Buffer {
  const payload = parts.payload ?? new Uint8Array(0);
  return ipFrame(parts, 17, udp.UDP_SIZE + payload.length, (view, at) => {
    new Uint8Array(view.buffer, view.byteOffset).set(payload, at + udp.UDP_SIZE);
    const ports = [parts.sourcePort ?? 40000, parts.destinationPort ?? 9] as const;
    udp.write(view, at, ports[0], ports[1], udp.UDP_SIZE + payload.length);
    const source = parseIpv4(parts.from ?? "10.0.0.1");
    udp.finishDatagram(view, at, source, parseIpv4(parts.to ?? "10.0.0.2"));
  });
}

export function icmpFrame(
  parts: PacketParts,
  type: number,
  code: number,
  rest: number,
  data: Uint8Array = new Uint8Array(0),
): Buffer {
  return ipFrame(parts, 1, icmp.ICMP_SIZE + data.length, (view, at, end) => {
    new Uint8Array(view.buffer, view.byteOffset).set(data, at + icmp.ICMP_SIZE);
    icmp.write(view, at, end, type, code, rest);
  });
}

export function arpFrame(operation: number, senderIp: string, targetIp: string): Buffer {
  const bytes = Buffer.alloc(L3 + arp.ARP_SIZE, 0xa5);
  const view = viewOf(bytes);
  ethernet.write(view, 0, operation === 1 ? 2 ** 48 - 1 : MAC_B, MAC_A, 0x0806);
  arp.write(view, L3, {
    operation,
    senderMac: MAC_A,
    senderIp: parseIpv4(senderIp),
    targetMac: operation === 1 ? 0 : MAC_B,
    targetIp: parseIpv4(targetIp),
  });
  return bytes;
}
