/**
 * A frame as layers of named fields, each with its place in the bytes: what diffs, assertions and
 * the normaliser look at. Cold path. Names are those of packet analysers: `eth`, `arp`, `ip`,
 * `icmp`, `udp`, `tcp`, `data`; what an ICMP error quotes is `icmp.ip`, `icmp.tcp` and so on.
 * Damage becomes a layer of its own, `damage`; nothing here throws, whatever the bytes.
 */
import { hex } from "../base/bytes.ts";
import { formatIpv4 } from "../base/inet.ts";
import { formatMac } from "../base/mac.ts";
import * as arp from "../wire/arp.ts";
import * as ethernet from "../wire/ethernet.ts";
import * as icmp from "../wire/icmp.ts";
import * as ipv4 from "../wire/ipv4.ts";
import type { Header } from "../wire/layout.ts";
import {
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  IPPROTO_ICMP,
  IPPROTO_TCP,
  IPPROTO_UDP,
} from "../wire/protocol-numbers.ts";
import * as tcp from "../wire/tcp.ts";
import * as udp from "../wire/udp.ts";
import { formatTcpFlags } from "./dump/tcp.ts";
import { tcpOptionFields } from "./tcp-option-fields.ts";

/** One field. */
export interface Field {
  /** Without the layer: `window`. */
  readonly name: string;
  readonly value: number;
  /** As people read it: `10.0.0.1`, `S.`, `64240`. */
  readonly text: string;
  /** Absolute position in the frame, and size in bytes. */
  readonly at: number;
  readonly length: number;
}

/** One header, or what follows the last one. */
export interface Layer {
  readonly name: string;
  readonly at: number;
  readonly end: number;
  readonly fields: readonly Field[];
}

/** The layers of a frame in the order of their bytes. */
export function dissect(bytes: Buffer): Layer[] {
  const dissector = new Dissector(bytes);
  dissector.ethernet();
  return dissector.layers;
}

/** The field named `tcp.window` or `icmp.ip.ttl`, or null. */
export function findField(layers: readonly Layer[], path: string): Field | null {
  const dot = path.lastIndexOf(".");
  const layer = layers.find((one) => one.name === path.slice(0, dot));
  return layer?.fields.find((field) => field.name === path.slice(dot + 1)) ?? null;
}

type Format = (value: number) => string;

const FORMATS: Readonly<Record<string, Format>> = {
  "eth.destination": formatMac,
  "eth.source": formatMac,
  "eth.type": (value) => `0x${value.toString(16).padStart(4, "0")}`,
  "arp.senderMac": formatMac,
  "arp.targetMac": formatMac,
  "arp.senderIp": formatIpv4,
  "arp.targetIp": formatIpv4,
  "ip.source": formatIpv4,
  "ip.destination": formatIpv4,
  "ip.checksum": hex16,
  "icmp.checksum": hex16,
  "udp.checksum": hex16,
  "tcp.checksum": hex16,
  "tcp.flags": formatTcpFlags,
};

function hex16(value: number): string {
  return `0x${value.toString(16).padStart(4, "0")}`;
}

class Dissector {
  readonly layers: Layer[] = [];
  readonly #bytes: Buffer;
  readonly #view: DataView;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  ethernet(): void {
    const end = this.#bytes.length;
    if (!this.#header("", "eth", ethernet.ETHERNET, 0, end)) return;
    const type = ethernet.type(this.#view, 0);
    const at = ethernet.ETHERNET_SIZE;
    if (type === ETHERTYPE_IPV4) this.#ipv4("", at, end);
    else if (type === ETHERTYPE_ARP) this.#arp(at, end);
    else this.#data("", at, end);
  }

  #arp(at: number, end: number): void {
    if (!arp.isValid(this.#view, at, end)) {
      this.#damage("", at, end, "not a whole ARP packet for IPv4 over Ethernet");
      return;
    }
    this.#header("", "arp", arp.ARP, at, end);
    this.#trailer(at + arp.ARP_SIZE, end);
  }

  /** `quoted` is "icmp." for the packet in an error, which may end anywhere. */
  #ipv4(quoted: string, at: number, end: number): void {
    const isQuoted = quoted !== "";
    if (end - at < ipv4.IPV4_SIZE || (!isQuoted && !ipv4.isValid(this.#view, at, end))) {
      this.#damage(quoted, at, end, "not a whole IPv4 packet");
      return;
    }
    const size = ipv4.headerSize(this.#view, at);
    if (size < ipv4.IPV4_SIZE || at + size > end) {
      this.#header(quoted, "ip", ipv4.IPV4, at, end);
      this.#damage(quoted, at + ipv4.IPV4_SIZE, end, `an IPv4 header of ${size} bytes`);
      return;
    }
    this.#header(quoted, "ip", ipv4.IPV4, at, end, at + size);
    const total = at + ipv4.totalLength(this.#view, at);
    const packetEnd = isQuoted ? end : Math.min(end, Math.max(total, at + size));
    this.#transport(quoted, at, at + size, packetEnd);
    this.#trailer(packetEnd, end);
  }

  #transport(quoted: string, ip: number, at: number, end: number): void {
    const isLaterFragment = (ipv4.fragment(this.#view, ip) & ipv4.FRAGMENT_OFFSET_MASK) !== 0;
    const protocol = isLaterFragment ? -1 : ipv4.protocol(this.#view, ip);
    if (protocol === IPPROTO_TCP) this.#tcp(quoted, at, end);
    else if (protocol === IPPROTO_UDP) this.#udp(quoted, at, end);
    else if (protocol === IPPROTO_ICMP) this.#icmp(quoted, at, end);
    else this.#data(quoted, at, end);
  }

  #tcp(quoted: string, at: number, end: number): void {
    if (!tcp.isValid(this.#view, at, end)) {
      this.#partial(quoted, "tcp", tcp.TCP, at, end);
      return;
    }
    const size = tcp.headerSize(this.#view, at);
    const options = tcpOptionFields(this.#view, at + tcp.TCP_SIZE, at + size);
    this.#header(quoted, "tcp", tcp.TCP, at, end, at + size, options);
    this.#data(quoted, at + size, end);
  }

  #udp(quoted: string, at: number, end: number): void {
    if (end - at < udp.UDP_SIZE) {
      this.#partial(quoted, "udp", udp.UDP, at, end);
      return;
    }
    this.#header(quoted, "udp", udp.UDP, at, end);
    this.#data(quoted, at + udp.UDP_SIZE, end);
  }

  #icmp(quoted: string, at: number, end: number): void {
    if (!this.#header(quoted, "icmp", icmp.ICMP, at, end)) return;
    const data = at + icmp.ICMP_SIZE;
    const isError = icmp.isError(icmp.type(this.#view, at));
    if (isError && quoted === "") this.#ipv4("icmp.", data, end);
    else this.#data(quoted, data, end);
  }

  /** The declared fields of a header, then `more`; false and a damage layer if it is cut short. */
  #header(
    quoted: string,
    name: string,
    header: Header,
    at: number,
    end: number,
    headerEnd: number = at + header.size,
    more: readonly Field[] = [],
  ): boolean {
    if (end - at < header.size) {
      this.#damage(quoted, at, end, `${end - at} bytes of a ${header.name} header`);
      return false;
    }
    const fields = this.#fields(name, header, at, at + header.size);
    this.layers.push({ name: quoted + name, at, end: headerEnd, fields: [...fields, ...more] });
    return true;
  }

  /** Fields of a header of which an ICMP error quotes only the beginning. */
  #partial(quoted: string, name: string, header: Header, at: number, end: number): void {
    const fields = this.#fields(name, header, at, end);
    if (quoted === "" || fields.length === 0) {
      this.#damage(quoted, at, end, `not a whole ${header.name} header`);
    } else {
      this.layers.push({ name: quoted + name, at, end, fields });
    }
  }

  #fields(layer: string, header: Header, at: number, end: number): Field[] {
    const whole = end - at >= header.size;
    const decoded = whole ? header.decode(this.#bytes, at) : null;
    const fields: Field[] = [];
    for (const { name, offset, width, shift, mask } of header.fields) {
      if (at + offset + width > end) break;
      const word = this.#bytes.readUIntBE(at + offset, width);
      const value = decoded?.[name] ?? (mask === -1 ? word : (word >>> shift) & mask);
      const format = FORMATS[`${layer}.${name}`] ?? String;
      fields.push({ name, value, text: format(value), at: at + offset, length: width });
    }
    return fields;
  }

  #data(quoted: string, at: number, end: number): void {
    if (end <= at) return;
    const length = { name: "length", value: end - at, text: `${end - at}`, at, length: end - at };
    const text = hex(this.#bytes.subarray(at, end));
    const bytes = { name: "bytes", value: end - at, text, at, length: end - at };
    this.layers.push({ name: `${quoted}data`, at, end, fields: [length, bytes] });
  }

  /** What lies behind the packet: the padding of short frames on a cable. */
  #trailer(at: number, end: number): void {
    if (end <= at) return;
    const text = hex(this.#bytes.subarray(at, end));
    const bytes = { name: "bytes", value: end - at, text, at, length: end - at };
    this.layers.push({ name: "trailer", at, end, fields: [bytes] });
  }

  #damage(quoted: string, at: number, end: number, problem: string): void {
    const text = hex(this.#bytes.subarray(at, end));
    const fields = [
      { name: "problem", value: end - at, text: problem, at, length: end - at },
      { name: "bytes", value: end - at, text, at, length: end - at },
    ];
    this.layers.push({ name: `${quoted}damage`, at, end, fields });
  }
}
