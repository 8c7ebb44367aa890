/** Packets as somebody might have made them, for specs that put them on a line. */
import { parseIpv4 } from "../../lib/base/inet.ts";
import { parseMac } from "../../lib/base/mac.ts";
import * as arp from "../../lib/wire/arp.ts";
import * as icmp from "../../lib/wire/icmp.ts";
import * as ipv4 from "../../lib/wire/ipv4.ts";

/** An echo request with `length` bytes of data behind the ICMP header. */
export function echoRequest(length = 56, id = 0x1234, sequence = 1): Buffer {
  const message = Buffer.alloc(icmp.ICMP_SIZE + length);
  for (let index = 0; index < length; index += 1) message[icmp.ICMP_SIZE + index] = index & 255;
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  icmp.write(view, 0, message.length, icmp.ICMP_ECHO, 0, (id << 16) | sequence);
  return message;
}

/** A packet as somebody else might have made it: right checksum, any fields. */
export function packet(
  source: string,
  destination: string,
  payload: Uint8Array,
  fields: {
    readonly protocol?: number;
    readonly id?: number;
    readonly fragment?: number;
    readonly ttl?: number;
    readonly tos?: number;
    readonly options?: Uint8Array;
  } = {},
): Buffer {
  const options = fields.options ?? new Uint8Array(0);
  const size = 20 + options.length;
  const bytes = Buffer.alloc(size + payload.length);
  bytes.set(options, 20);
  bytes.set(payload, size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const header = {
    tos: fields.tos ?? 0,
    length: bytes.length,
    id: fields.id ?? 1,
    fragment: fields.fragment ?? 0,
    ttl: fields.ttl ?? 64,
    protocol: fields.protocol ?? 253,
    source: parseIpv4(source),
    destination: parseIpv4(destination),
  };
  ipv4.write(view, 0, header, size);
  return bytes;
}

/** An ARP packet for Ethernet. */
export function arpPacket(
  operation: number,
  senderMac: string,
  senderIp: string,
  targetMac: string,
  targetIp: string,
): Buffer {
  const bytes = Buffer.alloc(28);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  arp.write(view, 0, {
    operation,
    senderMac: parseMac(senderMac),
    senderIp: parseIpv4(senderIp),
    targetMac: parseMac(targetMac),
    targetIp: parseIpv4(targetIp),
  });
  return bytes;
}
