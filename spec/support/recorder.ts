/** What passes a device, in bytes and in words. */
import type { Ns } from "../../lib/base/units.ts";
import { Direction, type FrameTap } from "../../lib/capture/tap.ts";
import type { NetDevice } from "../../lib/link/device.ts";
import type { Frame } from "../../lib/wire/frame.ts";

/** A frame as it passed a device: bytes from the Ethernet header on. */
export interface Passed {
  readonly at: Ns;
  readonly out: boolean;
  readonly bytes: Buffer;
}

/** Keeps what passes a device. */
export class Recorder implements FrameTap {
  readonly frames: Passed[] = [];

  frame(frame: Frame, direction: Direction, at: Ns): void {
    const bytes = Buffer.from(frame.bytes.subarray(frame.l2, frame.end));
    this.frames.push({ at, out: direction === Direction.OUT, bytes });
  }

  /** The recorded frames in words, `> ` out and `< ` in. */
  get lines(): string[] {
    return this.frames.map((frame) => `${frame.out ? ">" : "<"} ${describeFrame(frame.bytes)}`);
  }
}

/** Listens on a device. */
export function record(device: NetDevice): Recorder {
  const recorder = new Recorder();
  device.taps.push(recorder);
  return recorder;
}

/** One frame in words: what captures of the kernel are compared in. */
function describeFrame(bytes: Buffer): string {
  const type = bytes.readUInt16BE(12);
  if (type === 0x0806) {
    const who = quad(bytes, 38);
    const teller = quad(bytes, 28);
    const to = bytes[0] === 255 ? " broadcast" : "";
    return bytes.readUInt16BE(20) === 1
      ? `arp who-has ${who} tell ${teller}${to}`
      : `arp ${teller} is-at ${bytes.subarray(22, 28).toString("hex")}`;
  }
  return describePacket(bytes.subarray(14));
}

/** An IPv4 packet in words. */
export function describePacket(packet: Buffer): string {
  const size = ((packet[0] ?? 0) & 15) * 4;
  const word = packet.readUInt16BE(6);
  const parts = [`${quad(packet, 12)} > ${quad(packet, 16)}`];
  if (packet[1] !== 0) parts.push(`tos 0x${(packet[1] ?? 0).toString(16)}`);
  parts.push(`ttl ${packet[8]}`);
  if ((word & 0x4000) !== 0) parts.push("DF");
  if ((word & 0x3fff) !== 0) parts.push(`frag ${(word & 0x1fff) * 8}${word & 0x2000 ? "+" : ""}`);
  parts.push(`proto ${packet[9]}`, `length ${packet.readUInt16BE(2)}`);
  if (packet[9] === 1 && (word & 0x1fff) === 0 && packet.length >= size + 8) {
    const rest = packet.readUInt32BE(size + 4);
    parts.push(`icmp ${packet[size]}/${packet[size + 1]}`);
    if (packet[size] === 3 && packet[size + 1] === 4) parts.push(`mtu ${rest & 0xffff}`);
    if (packet[size] === 5) parts.push(`gateway ${quad(packet, size + 4)}`);
  }
  return parts.join(" ");
}

function quad(bytes: Buffer, at: number): string {
  return [...bytes.subarray(at, at + 4)].join(".");
}
