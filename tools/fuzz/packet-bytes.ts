/**
 * Whole IPv4 packets from their fields, for fuzzing.
 */
import { crc32c } from "../../lib/netfilter/conntrack/crc32c.ts";
import * as icmp from "../../lib/wire/icmp.ts";
import * as ipv4 from "../../lib/wire/ipv4.ts";
import * as tcp from "../../lib/wire/tcp.ts";
import * as udp from "../../lib/wire/udp.ts";

const IPPROTO_ESP = 50;

let lastId = 1;

function packet(
  source: number,
  destination: number,
  protocol: number,
  size: number,
): { bytes: Buffer; view: DataView } {
  const bytes = Buffer.alloc(20 + size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  lastId = (lastId + 1) & 0xffff;
  ipv4.write(view, 0, {
    tos: 0,
    length: 20 + size,
    id: lastId,
    fragment: 0x4000,
    ttl: 63,
    protocol,
    source,
    destination,
  });
  return { bytes, view };
}

/** A TCP segment in its packet. */
export function segment(
  source: number,
  destination: number,
  from: number,
  to: number,
  sequence: number,
  ack: number,
  flags: number,
  payload: number,
): Buffer {
  const isSyn = (flags & tcp.FLAG_SYN) !== 0;
  const options = isSyn ? 12 : 0;
  const { bytes, view } = packet(source, destination, 6, 20 + options + payload);
  bytes.fill(0x61, 40 + options);
  tcp.write(view, 20, from, to, sequence, ack, 20 + options, flags, 29200);
  if (isSyn) bytes.set([2, 4, 5, 180, 1, 3, 3, 7, 4, 2, 1, 1], 40);
  tcp.finishSegment(view, 20, bytes.length, source, destination);
  return bytes;
}

/** A UDP datagram in its packet. */
export function datagram(
  source: number,
  destination: number,
  from: number,
  to: number,
  payload: number,
): Buffer {
  const { bytes, view } = packet(source, destination, 17, 8 + payload);
  bytes.fill(0x62, 28);
  udp.write(view, 20, from, to, 8 + payload);
  udp.finishDatagram(view, 20, source, destination);
  return bytes;
}

/** An ICMP message in its packet, with a quoted packet behind it. */
export function message(
  source: number,
  destination: number,
  type: number,
  code: number,
  rest: number,
  payload: number,
  quoted: Uint8Array = Buffer.alloc(0),
): Buffer {
  const { bytes, view } = packet(source, destination, 1, 8 + payload + quoted.length);
  bytes.set(quoted, 28);
  icmp.write(view, 20, bytes.length, type, code, rest);
  return bytes;
}

/** An SCTP packet of chunks, each a type, flags and a body. */
export function sctpPacket(
  source: number,
  destination: number,
  from: number,
  to: number,
  tag: number,
  chunks: readonly (readonly [type: number, flags: number, body: Uint8Array])[],
): Buffer {
  const parts = chunks.map(([type, flags, body]) => {
    const chunk = Buffer.alloc(4 + ((body.length + 3) & ~3));
    chunk.writeUInt8(type, 0);
    chunk.writeUInt8(flags, 1);
    chunk.writeUInt16BE(4 + body.length, 2);
    chunk.set(body, 4);
    return chunk;
  });
  const content = Buffer.concat(parts);
  const { bytes, view } = packet(source, destination, 132, 12 + content.length);
  bytes.writeUInt16BE(from, 20);
  bytes.writeUInt16BE(to, 22);
  bytes.writeUInt32BE(tag >>> 0, 24);
  bytes.set(content, 32);
  bytes.writeUInt32LE(crc32c(view, 20, bytes.length, 28), 28);
  return bytes;
}

/** A packet of a protocol that conntrack knows nothing about. */
export function opaque(source: number, destination: number, payload: number): Buffer {
  const { bytes } = packet(source, destination, IPPROTO_ESP, 8 + payload);
  bytes.fill(0x63, 20);
  return bytes;
}

/** Gives a packet another TTL and TOS. */
export function remark(bytes: Buffer, ttl: number, tos: number): void {
  bytes.writeUInt8(tos, 1);
  bytes.writeUInt8(ttl, 8);
  bytes.writeUInt16BE(0, 10);
  let sum = 0;
  for (let at = 0; at < 20; at += 2) sum += bytes.readUInt16BE(at);
  while (sum >>> 16 !== 0) sum = (sum & 0xffff) + (sum >>> 16);
  bytes.writeUInt16BE(~sum & 0xffff, 10);
}
