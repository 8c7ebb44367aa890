/** Small worlds for specs: hosts on veth pairs in virtual time, and what passes their devices. */
import { type Ipv4, parseInterfaceCidr, parseIpv4 } from "../../lib/base/inet.ts";
import { parseMac } from "../../lib/base/mac.ts";
import { NS_PER_MS, type Ns } from "../../lib/base/units.ts";
import { Direction, type FrameTap } from "../../lib/capture/tap.ts";
import { Bridge } from "../../lib/link/bridge.ts";
import type { NetDevice } from "../../lib/link/device.ts";
import { Veth } from "../../lib/link/veth.ts";
import { Flow, PacketFields } from "../../lib/net/inet.ts";
import { Namespace } from "../../lib/net/namespace.ts";
import { Cpu } from "../../lib/sim/cpu.ts";
import { Random } from "../../lib/sim/random.ts";
import { Scheduler } from "../../lib/sim/scheduler.ts";
import * as arp from "../../lib/wire/arp.ts";
import * as ethernet from "../../lib/wire/ethernet.ts";
import type { Frame } from "../../lib/wire/frame.ts";
import { FramePool } from "../../lib/wire/frame-pool.ts";
import * as icmp from "../../lib/wire/icmp.ts";
import * as ipv4 from "../../lib/wire/ipv4.ts";
import { IPPROTO_ICMP } from "../../lib/wire/protocol-numbers.ts";
import { createVethPair } from "./veth-pair.ts";

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

/** What `World.routed` makes. */
export interface Routed {
  readonly a: Namespace;
  readonly router: Namespace;
  readonly b: Namespace;
  readonly aEth0: NetDevice;
  readonly eth0: NetDevice;
  readonly eth1: NetDevice;
  readonly bEth0: NetDevice;
}

/** A run: one processor, one clock, hosts. */
export class World {
  readonly scheduler = new Scheduler();
  readonly cpu = new Cpu(this.scheduler);
  readonly random = new Random(1);
  readonly pool = new FramePool({ poison: true });
  readonly hosts = new Map<string, Namespace>();
  #links = 0;

  /** A host with its loopback up. */
  host(name: string): Namespace {
    const { cpu, random, pool } = this;
    const host = new Namespace({ name, cpu, random, pool });
    host.loopback.setUp(true);
    this.hosts.set(name, host);
    return host;
  }

  /** A veth pair between two hosts, up at both ends, with addresses such as `10.0.0.1/24`. */
  connect(
    one: Namespace,
    other: Namespace,
    addresses: readonly [string, string] | readonly [] = [],
    names: readonly [string, string] = ["eth0", "eth0"],
  ): [NetDevice, NetDevice] {
    this.#links += 1;
    const mac = (side: number) => parseMac(`02:00:00:00:${hexByte(this.#links)}:0${side}`);
    const pair = createVethPair(one, { name: names[0], mac: mac(1) }, other, {
      name: names[1],
      mac: mac(2),
    });
    one.addDevice(pair[0]);
    other.addDevice(pair[1]);
    for (const device of pair) device.setUp(true);
    const [first, second] = addresses;
    if (first !== undefined) addAddress(one, pair[0], first);
    if (second !== undefined) addAddress(other, pair[1], second);
    return pair;
  }

  /** Hosts on one bridge, each with `eth0` and an address; returns their devices. */
  lan(hosts: readonly Namespace[], addresses: readonly string[]): NetDevice[] {
    const hub = this.host(`hub${this.hosts.size}`);
    const bridge = new Bridge(hub, { name: "br0" });
    hub.addDevice(bridge);
    bridge.setUp(true);
    return hosts.map((host, index) => {
      const [device, port] = this.connect(host, hub, [], ["eth0", `port${index}`]);
      bridge.addPort(port);
      addAddress(host, device, addresses[index] ?? "");
      return device;
    });
  }

  /** a — router — b: 10.0.1.2/24, 10.0.1.1 and 10.0.2.1, 10.0.2.2/24, default routes, forwarding. */
  routed(): Routed {
    const [a, router, b] = [this.host("a"), this.host("router"), this.host("b")];
    const [aEth0, eth0] = this.connect(a, router, ["10.0.1.2/24", "10.0.1.1/24"]);
    const names = ["eth0", "eth1"] as const;
    const [bEth0, eth1] = this.connect(b, router, ["10.0.2.2/24", "10.0.2.1/24"], names);
    addRoute(a, "0.0.0.0/0", "10.0.1.1");
    addRoute(b, "0.0.0.0/0", "10.0.2.1");
    router.sysctls.write("net.ipv4.ip_forward", "1");
    return { a, router, b, aEth0, eth0, eth1, bEth0 };
  }

  /** Lets time pass. */
  run(ms: number): void {
    this.scheduler.runUntil(this.scheduler.now + ms * NS_PER_MS);
  }
}

/** `ip addr add TEXT brd + dev DEVICE`, without the broadcast address. */
export function addAddress(host: Namespace, device: NetDevice, text: string): void {
  const { address, prefixLength } = parseInterfaceCidr(text);
  const refusal = host.addresses.add(device, { local: address, prefixLength });
  if (refusal !== null) throw new Error(`address ${text}: ${refusal.errno} ${refusal.message}`);
}

/** `ip route add DESTINATION via GATEWAY`. */
export function addRoute(host: Namespace, destination: string, gateway: string): void {
  const refusal = host.fib.addRoute({
    destination: parseInterfaceCidr(destination),
    nexthops: [{ device: null, gateway: parseIpv4(gateway) }],
  });
  if (refusal !== null) throw new Error(`route: ${refusal.errno} ${refusal.message}`);
}

/** Listens on a device. */
export function record(device: NetDevice): Recorder {
  const recorder = new Recorder();
  device.taps.push(recorder);
  return recorder;
}

/** How a packet of `send` is to be made; the rest is as a plain datagram socket does it. */
export interface SendOptions {
  readonly source?: string;
  readonly protocol?: number;
  readonly tos?: number;
  readonly ttl?: number;
  readonly df?: boolean;
  readonly id?: number;
  readonly ignoreDf?: boolean;
  readonly options?: Uint8Array;
}

/** Sends a packet with this payload; returns 0 or the negative errno of the route look-up. */
export function send(
  host: Namespace,
  to: string,
  payload: Uint8Array,
  options: SendOptions = {},
): number {
  const flow = new Flow();
  flow.destination = parseIpv4(to);
  if (options.source !== undefined) flow.source = parseIpv4(options.source);
  flow.tos = (options.tos ?? 0) & 0xfc;
  flow.protocol = options.protocol ?? 253;
  host.cpu.disable();
  const route = host.routing.output(flow);
  if (typeof route === "number") {
    host.cpu.enable();
    return route;
  }
  const frame = host.pool.takeForPayload(payload.length);
  frame.bytes.set(payload, frame.start);
  const fields = Object.assign(new PacketFields(), options, {
    source: flow.source,
    destination: flow.destination,
    protocol: flow.protocol,
  });
  host.ipOutput.queueXmit(frame, route, fields);
  host.cpu.enable();
  return 0;
}

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

/** Puts bytes behind an Ethernet header on the line from `device`, to its peer unless told. */
export function inject(device: NetDevice, payload: Uint8Array, to = "", etherType = 0x0800): void {
  const { host } = device;
  if (!(host instanceof Namespace)) throw new Error("the device has no namespace");
  const peer = device instanceof Veth ? device.peer : null;
  const frame = host.pool.takeForPayload(14 + payload.length);
  frame.bytes.set(payload, frame.start + 14);
  const destination = to === "" ? (peer?.mac ?? 0) : parseMac(to);
  ethernet.write(frame.view, frame.start, destination, device.mac, etherType);
  device.queueXmit(frame);
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

/** Sends an echo request from a host, as ping does. */
export function ping(host: Namespace, to: string, length = 56, options: SendOptions = {}): number {
  return send(host, to, echoRequest(length), { df: false, ...options, protocol: IPPROTO_ICMP });
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

/** Parses addresses for tests. */
export function ip(text: string): Ipv4 {
  return parseIpv4(text);
}

function quad(bytes: Buffer, at: number): string {
  return [...bytes.subarray(at, at + 4)].join(".");
}

function hexByte(value: number): string {
  return (value & 255).toString(16).padStart(2, "0");
}
