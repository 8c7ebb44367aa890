/**
 * One host: a network namespace with its devices, addresses, routes, neighbours and parameters, and
 * the path of IPv4 through it. Everything that `ip` and `sysctl` set is reached from here.
 *
 * Kernel: include/net/net_namespace.h, net/ipv4/devinet.c (inetdev_event), net/ipv4/fib_frontend.c
 * (fib_netdev_event), net/ipv4/arp.c (arp_netdev_event), 6.18.
 */
import { EBUSY, EEXIST } from "../base/errno.ts";
import { type Ipv4, LOOPBACK_ADDRESS } from "../base/inet.ts";
import { NS_PER_MS } from "../base/units.ts";
import { Bridge } from "../link/bridge.ts";
import type { DeviceHost, NetDevice } from "../link/device.ts";
import { Loopback } from "../link/loopback.ts";
import { AddressType, type NetfilterHooks, NO_NETFILTER } from "../netfilter/hooks.ts";
import type { Cpu } from "../sim/cpu.ts";
import { DropCounters, DropReason } from "../sim/drop-reason.ts";
import type { Random } from "../sim/random.ts";
import type { Frame, FrameReceiver } from "../wire/frame.ts";
import type { FramePool } from "../wire/frame-pool.ts";
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, IPPROTO_ICMP } from "../wire/protocol-numbers.ts";
import { Addresses } from "./addresses.ts";
import { Arp } from "./arp.ts";
import { Fib } from "./fib.ts";
import { addAddressRoutes } from "./fib-addresses.ts";
import { Icmp } from "./icmp.ts";
import {
  NO_TRANSPORTS,
  type RawListener,
  type Refusal,
  refuse,
  type TransportProtocol,
  type TransportProtocols,
} from "./inet.ts";
import { InetDevice } from "./inet-device.ts";
import { IpForward } from "./ip-forward.ts";
import { IpInput } from "./ip-input.ts";
import { IpOutput } from "./ip-output.ts";
import { DeviceConf, Ipv4Conf, NeighbourConf, NeighbourGcConf, RouteConf } from "./ipv4-conf.ts";
import { NamespaceSysctls } from "./namespace-sysctls.ts";
import { NeighbourTable } from "./neighbour-table.ts";
import { PathMtu } from "./path-mtu.ts";
import { Reassembly } from "./reassembly.ts";
import { RouteEpoch, Scope } from "./route.ts";
import { Routing } from "./routing.ts";
import { silentProtocol } from "./silent-protocol.ts";
import { Snmp } from "./snmp.ts";
import { SysctlTree } from "./sysctl.ts";

/** What a namespace shares with all others of a run. */
export interface NamespaceOptions {
  readonly name: string;
  readonly cpu: Cpu;
  readonly random: Random;
  readonly pool: FramePool;
  /** Milliseconds of the day at virtual time 0, for timestamps in packets. */
  readonly epochMs?: number;
}

/** A host. */
export class Namespace implements DeviceHost {
  readonly name: string;
  readonly cpu: Cpu;
  readonly random: Random;
  readonly pool: FramePool;
  readonly drops = new DropCounters();
  readonly snmp = new Snmp();

  readonly sysctls = new SysctlTree();
  readonly conf = new Ipv4Conf();
  readonly routeConf = new RouteConf();
  readonly neighbourGc = new NeighbourGcConf();
  readonly confAll = new DeviceConf();
  readonly confDefault = new DeviceConf();
  readonly neighbourDefault = new NeighbourConf();

  readonly epoch: RouteEpoch;
  readonly loopback: Loopback;
  readonly addresses: Addresses;
  readonly fib: Fib;
  readonly routing: Routing;
  readonly neighbours: NeighbourTable;
  readonly arp: Arp;
  readonly ipInput: IpInput;
  readonly ipForward: IpForward;
  readonly ipOutput: IpOutput;
  readonly icmp: Icmp;
  /** Plugged in by whoever builds the host. */
  netfilter: NetfilterHooks = NO_NETFILTER;
  /** Plugged in as well. */
  transports: TransportProtocols = NO_TRANSPORTS;
  readonly rawListeners: RawListener[] = [];
  /** Takes this host's own broadcasts back in. */
  readonly loopedBack: FrameReceiver = { receive: (frame) => this.#receiveLoopedBack(frame) };

  readonly #byName = new Map<string, NetDevice>();
  readonly #byIndex: (NetDevice | null)[] = [];
  readonly #inet: (InetDevice | null)[] = [];
  readonly #epochMs: number;
  readonly #sysctlSetup: NamespaceSysctls;
  #pathMtu: PathMtu | null = null;
  #reassembly: Reassembly | null = null;

  constructor(options: NamespaceOptions) {
    this.name = options.name;
    this.cpu = options.cpu;
    this.random = options.random;
    this.pool = options.pool;
    this.#epochMs = options.epochMs ?? 0;
    this.epoch = new RouteEpoch(this.cpu);
    this.confAll.acceptSourceRoute = 0;
    this.fib = new Fib(this);
    this.addresses = new Addresses(this);
    this.routing = new Routing(this);
    this.neighbours = new NeighbourTable(this);
    this.arp = new Arp(this);
    this.ipInput = new IpInput(this);
    this.ipForward = new IpForward(this);
    this.ipOutput = new IpOutput(this);
    this.icmp = new Icmp(this);
    this.#sysctlSetup = new NamespaceSysctls(this);
    this.loopback = new Loopback(this);
    this.addDevice(this.loopback);
  }

  /** Devices by name, in the order in which they came. */
  get devices(): ReadonlyMap<string, NetDevice> {
    return this.#byName;
  }

  /** Made for the first error that tells something, as most hosts never get one. */
  get pathMtu(): PathMtu {
    this.#pathMtu ??= new PathMtu(this);
    return this.#pathMtu;
  }

  /** Made for the first fragment. */
  get reassembly(): Reassembly {
    this.#reassembly ??= new Reassembly(this);
    return this.#reassembly;
  }

  /** Milliseconds of the day, for timestamps in packets. */
  get clockMs(): number {
    return this.#epochMs + Math.floor(this.cpu.now / NS_PER_MS);
  }

  /** Gives a device of this host an index and IPv4; its constructor has named this host already. */
  addDevice(device: NetDevice): Refusal | null {
    if (this.#byName.has(device.name)) return refuse(EEXIST);
    device.index = Math.max(1, this.#byIndex.length);
    this.#byName.set(device.name, device);
    this.#byIndex[device.index] = device;
    const conf = Object.assign(new DeviceConf(), this.confDefault);
    const neighbourConf = Object.assign(new NeighbourConf(), this.neighbourDefault);
    if (device.kind === "loopback") {
      conf.disablePolicy = 1;
      conf.disableXfrm = 1;
    }
    const owner = new InetDevice(device, conf, this.confAll, neighbourConf);
    this.#inet[device.index] = owner;
    this.neighbours.drawReachableTime(owner);
    this.#sysctlSetup.addDevice(owner);
    this.deviceChanged(device);
    return null;
  }

  /** Takes a device away, with its addresses, routes and neighbours. */
  removeDevice(device: NetDevice): Refusal | null {
    if (device.kind === "loopback") return refuse(EBUSY);
    device.setUp(false);
    this.addresses.flush(device);
    this.fib.devices.down(device, true);
    this.neighbours.deviceDown(device);
    this.#sysctlSetup.removeDevice(device.name);
    this.#byName.delete(device.name);
    this.#byIndex[device.index] = null;
    this.#inet[device.index] = null;
    return null;
  }

  /** `ip link set dev X name Y`, the device being down. */
  renameDevice(device: NetDevice, name: string): Refusal | null {
    if (this.#byName.has(name)) return refuse(EEXIST);
    const owner = this.inet(device);
    this.#sysctlSetup.removeDevice(device.name);
    this.#byName.delete(device.name);
    device.name = name;
    this.#byName.set(name, device);
    this.#sysctlSetup.addDevice(owner);
    return null;
  }

  /** The protocol on top of IPv4 with that number, or null. @hot */
  transport(protocol: number): TransportProtocol | null {
    if (protocol === IPPROTO_ICMP) return this.icmp;
    return this.transports.find(protocol) ?? silentProtocol(protocol);
  }

  /** The device with that index, or null. @hot */
  deviceByIndex(index: number): NetDevice | null {
    return this.#byIndex[index] ?? null;
  }

  /** What IPv4 keeps about a device of this host. @hot */
  inet(device: NetDevice): InetDevice {
    const owner = this.#inet[device.index] ?? null;
    if (owner === null) throw new Error(`device ${device.name} is not one of ${this.name}`);
    return owner;
  }

  /** IPv4 of all devices, by index. */
  inetDevices(): InetDevice[] {
    return this.#inet.filter((owner): owner is InetDevice => owner instanceof InetDevice);
  }

  /** The first device that has this address, or null. */
  deviceWithAddress(address: number): NetDevice | null {
    return this.inetDevices().find((owner) => owner.addressOf(address) !== null)?.device ?? null;
  }

  /** Whether packets to the address are for this host (`__ip_dev_find`). */
  hasLocalAddress(address: number): boolean {
    return this.addresses.has(address) || this.fib.addressType(address) === AddressType.LOCAL;
  }

  /** Takes a frame whose Ethernet header has been read (`__netif_receive_skb_core`). @hot */
  receive(frame: Frame, device: NetDevice): void {
    frame.inputIndex = device.index;
    if (frame.protocol === ETHERTYPE_IPV4) this.ipInput.receive(frame, device);
    else if (frame.protocol === ETHERTYPE_ARP) this.arp.receive(frame, device);
    else frame.drop(DropReason.UNHANDLED_PROTO, this.drops);
  }

  /** A device's flags, carrier, address or MTU have changed. */
  deviceChanged(device: NetDevice): void {
    const owner = this.#inet[device.index] ?? null;
    if (owner?.device !== device) return;
    if (device.up && !owner.wasUp) this.#deviceUp(owner);
    else if (!device.up && owner.wasUp) this.#deviceDown(owner);
    else if (device.up && device.carrier !== owner.hadCarrier) this.#carrierChanged(owner);
    if (device.mac !== owner.lastMac && owner.lastMac !== 0) {
      this.neighbours.flush(device, false);
      if (owner.arpNotify) this.#announce(owner);
    }
    owner.wasUp = device.up;
    owner.hadCarrier = device.carrier;
    owner.lastMac = device.mac;
    owner.lastMtu = device.mtu;
    this.epoch.bump();
    const master = device.rxHandler?.master ?? null;
    if (master instanceof Bridge) master.portChanged(device);
  }

  /** The last address of a device went: its routes go with it (`fib_disable_ip`). */
  lastAddressGone(device: NetDevice): void {
    this.fib.devices.down(device, true);
    this.neighbours.deviceDown(device);
  }

  /** A device that has an address no longer follows the defaults (`ipv4_devconf_setall`). */
  markConfSet(owner: InetDevice): void {
    owner.isConfSet = true;
  }

  #deviceUp(owner: InetDevice): void {
    const { device } = owner;
    if (device.kind === "loopback" && owner.addresses.length === 0) {
      const spec = { local: LOOPBACK_ADDRESS, prefixLength: 8, scope: Scope.HOST };
      this.addresses.add(device, spec);
    } else {
      for (const entry of owner.addresses) addAddressRoutes(this.fib, owner, entry);
    }
    this.fib.devices.up(device);
    if (owner.arpNotify) this.#announce(owner);
  }

  #deviceDown(owner: InetDevice): void {
    this.fib.devices.down(owner.device, false);
    this.neighbours.deviceDown(owner.device);
    this.netfilter.deviceDown(owner.device);
  }

  #carrierChanged(owner: InetDevice): void {
    const { device } = owner;
    this.fib.devices.carrierChanged(device);
    if (!device.carrier && owner.arpEvictNocarrier) this.neighbours.flush(device, true);
  }

  #announce(owner: InetDevice): void {
    for (const entry of owner.addresses) this.arp.announce(owner.device, entry.local as Ipv4);
  }

  #receiveLoopedBack(frame: Frame): void {
    const device = this.deviceByIndex(frame.inputIndex);
    if (device === null) frame.drop(DropReason.DEV_READY, this.drops);
    else this.receive(frame, device);
  }
}
