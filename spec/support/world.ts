/** Small worlds for specs: hosts on veth pairs in virtual time, and what they send each other. */
import { type Ipv4, parseInterfaceCidr, parseIpv4 } from "../../lib/base/inet.ts";
import { parseMac } from "../../lib/base/mac.ts";
import { NS_PER_MS } from "../../lib/base/units.ts";
import { Bridge } from "../../lib/link/bridge.ts";
import type { NetDevice } from "../../lib/link/device.ts";
import { Veth } from "../../lib/link/veth.ts";
import { Flow, PacketFields } from "../../lib/net/inet.ts";
import { Namespace } from "../../lib/net/namespace.ts";
import { Cpu } from "../../lib/sim/cpu.ts";
import { Random } from "../../lib/sim/random.ts";
import { Scheduler } from "../../lib/sim/scheduler.ts";
import * as ethernet from "../../lib/wire/ethernet.ts";
import type { Frame } from "../../lib/wire/frame.ts";
import { FramePool } from "../../lib/wire/frame-pool.ts";
import { IPPROTO_ICMP } from "../../lib/wire/protocol-numbers.ts";
import { echoRequest } from "./packets.ts";
import { createVethPair } from "./veth-pair.ts";

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

/** Gives a host a transport of protocol 253, that of `send`: `take` owns what comes. */
export function receiveSent(host: Namespace, take: (frame: Frame) => void): void {
  const transport = { receive: take, icmpError: () => undefined };
  host.transports = { find: (protocol) => (protocol === 253 ? transport : null) };
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

/** Sends an echo request from a host, as ping does. */
export function ping(host: Namespace, to: string, length = 56, options: SendOptions = {}): number {
  return send(host, to, echoRequest(length), { df: false, ...options, protocol: IPPROTO_ICMP });
}

/** Parses addresses for tests. */
export function ip(text: string): Ipv4 {
  return parseIpv4(text);
}

function hexByte(value: number): string {
  return (value & 255).toString(16).padStart(2, "0");
}
