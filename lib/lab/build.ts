/**
 * The composition root: the only place where the rooms are wired together. A machine has one
 * clock, one processor and one pool of frames, which all hosts of a run share, as network
 * namespaces share a real machine; a host is a namespace with netfilter, transports, files and a
 * shell.
 */
import { assert, present } from "../base/assert.ts";
import { type Mac, macFromName } from "../base/mac.ts";
import { Bridge } from "../link/bridge.ts";
import type { NetDevice } from "../link/device.ts";
import {
  Impairment,
  type ImpairmentOptions,
  type LineEnd,
  PERFECT_LINE,
} from "../link/impairment.ts";
import { connectCable, Nic } from "../link/nic.ts";
import { connectVeth, Veth } from "../link/veth.ts";
import { BridgedIpv4 } from "../net/bridge-netfilter.ts";
import { Namespace } from "../net/namespace.ts";
import { NamespaceNetfilterHost } from "../net/netfilter-host.ts";
import { defineConntrackSysctls } from "../netfilter/conntrack/sysctls.ts";
import { Netfilter } from "../netfilter/netfilter.ts";
import { FileSystem } from "../shell/files.ts";
import type { ShellHost } from "../shell/host.ts";
import { ProcessTable } from "../shell/process-table.ts";
import { Cpu } from "../sim/cpu.ts";
import { DropCounters } from "../sim/drop-reason.ts";
import { Random } from "../sim/random.ts";
import { Scheduler } from "../sim/scheduler.ts";
import { installTransports } from "../transport/stack.ts";
import { FramePool } from "../wire/frame-pool.ts";
import type { LabCosts } from "./lab.ts";
import type { Link, LinkEnd } from "./schema/link.ts";

const SECONDS_PER_DAY = 86_400;
const MS_PER_SECOND = 1000;

/** What a machine is made with. */
export interface MachineOptions {
  readonly seed: number;
  readonly epochSeconds: number;
  readonly costs: LabCosts;
  /** Overwrites released frames, so that use after release shows; for specs. */
  readonly poison?: boolean;
}

/** Who is told when devices come and go. */
export interface DeviceListener {
  deviceAdded(host: Host, device: NetDevice): void;
  deviceRemoved(host: Host, device: NetDevice): void;
}

/** Everything that the hosts of a run share. */
export class Machine {
  readonly scheduler = new Scheduler();
  readonly epochSeconds: number;
  readonly costs: LabCosts;
  readonly cpu: Cpu;
  readonly random: Random;
  readonly pool: FramePool;
  readonly processes: ProcessTable;
  /** Frames that were lost between hosts. */
  readonly lineDrops = new DropCounters();
  /** Frames that were lost on hosts that are gone. */
  readonly goneDrops: { readonly name: string; readonly drops: DropCounters }[] = [];
  readonly #hosts = new Map<string, Host>();
  /** Told of devices that come and go. */
  readonly listeners: DeviceListener[] = [];

  constructor(options: MachineOptions) {
    this.epochSeconds = options.epochSeconds;
    this.costs = options.costs;
    this.cpu = new Cpu(this.scheduler, options.costs);
    this.random = new Random(options.seed);
    this.pool = new FramePool({ poison: options.poison === true });
    this.processes = new ProcessTable(this.cpu);
  }

  /** In the order in which they were made. */
  get hosts(): readonly Host[] {
    return [...this.#hosts.values()];
  }

  /** The host of that name, or null. */
  find(name: string): Host | null {
    return this.#hosts.get(name) ?? null;
  }

  /** Makes a host; its loopback is up. The name must be free. */
  addHost(name: string): Host {
    assert(!this.#hosts.has(name), `a second host ${name}`);
    const host = new Host(this, name);
    this.#hosts.set(name, host);
    return host;
  }

  /** Takes a host away whose devices are gone but for the loopback: a Pod that has ended. */
  removeHost({ name, namespace }: ShellHost): void {
    if (this.#hosts.get(name)?.namespace !== namespace) return;
    this.#hosts.delete(name);
    const { drops } = namespace;
    if (drops.entries().length > 0) this.goneDrops.push({ name, drops });
  }

  /** Makes the two devices of a link, which are down, and the line between them. */
  addLink(link: Link): void {
    const hosts: Hosts = [this.#hostOf(link.ends[0]), this.#hostOf(link.ends[1])];
    const devices = link.type === "cable" ? this.#cable(link, hosts) : this.#vethPair(link, hosts);
    hosts[0].register(devices[0]);
    hosts[1].register(devices[1]);
  }

  #vethPair({ mtu, ends: [one, other], lines: [there, back] }: Link, [a, b]: Hosts): [Veth, Veth] {
    const veth = new Veth(a.namespace, { name: one.device, mac: macOf(a, one), mtu });
    const peer = new Veth(b.namespace, { name: other.device, mac: macOf(b, other), mtu });
    connectVeth(veth, peer);
    if (there !== null || back !== null) {
      veth.line = this.#line(one, there ?? PERFECT_LINE, peer);
      peer.line = this.#line(other, back ?? PERFECT_LINE, veth);
    }
    return [veth, peer];
  }

  #cable({ mtu, ends: [one, other], lines: [there, back] }: Link, [a, b]: Hosts): [Nic, Nic] {
    const nic = new Nic(a.namespace, { name: one.device, mac: macOf(a, one), mtu });
    const peer = new Nic(b.namespace, { name: other.device, mac: macOf(b, other), mtu });
    const toPeer = this.#line(one, there ?? PERFECT_LINE, peer);
    connectCable(nic, toPeer, peer, this.#line(other, back ?? PERFECT_LINE, nic));
    return [nic, peer];
  }

  #line(from: LinkEnd, options: ImpairmentOptions, to: LineEnd): Impairment {
    const random = this.random.stream(`line:${from.node}:${from.device}`);
    return new Impairment(this.cpu, random, options, to, this.lineDrops);
  }

  #hostOf({ node }: LinkEnd): Host {
    return present(this.find(node), `host ${node}`);
  }
}

/** The hosts at both ends of a link. */
type Hosts = readonly [Host, Host];

/** One host: what its root user works with. */
export class Host implements ShellHost {
  readonly machine: Machine;
  readonly name: string;
  readonly namespace: Namespace;
  readonly files = new FileSystem();
  #netfilter: Netfilter | null = null;
  #bridged: BridgedIpv4 | null = null;

  constructor(machine: Machine, name: string) {
    this.machine = machine;
    this.name = name;
    const { cpu, epochSeconds, random, pool } = machine;
    const epochMs = (epochSeconds % SECONDS_PER_DAY) * MS_PER_SECOND;
    this.namespace = new Namespace({ name, cpu, random, pool, epochMs });
    const { sysctls } = this.namespace;
    sysctls.defineLater(() => defineConntrackSysctls(sysctls, this.netfilter.conntrack));
    sysctls.defineLater(() => this.#bridgeNetfilter());
    installTransports(this.namespace);
    this.namespace.loopback.setUp(true);
  }

  /** Made when somebody asks for it: most Pods never have a rule. */
  get netfilter(): Netfilter {
    if (this.#netfilter === null) {
      this.#netfilter = new Netfilter(new NamespaceNetfilterHost(this.namespace));
      this.namespace.netfilter = this.#netfilter;
    }
    return this.#netfilter;
  }

  get processes(): ProcessTable {
    return this.machine.processes;
  }

  get epochSeconds(): number {
    return this.machine.epochSeconds;
  }

  findHost(name: string): Host | null {
    return this.machine.find(name);
  }

  hosts(): readonly Host[] {
    return this.machine.hosts;
  }

  /** The address of a device without a fixed one: made from the names of host and device. */
  macFor(deviceName: string): Mac {
    return macFromName(`${this.name}/${deviceName}`);
  }

  deviceAdded(device: NetDevice): void {
    if (device instanceof Bridge) device.netfilter = this.#bridgeNetfilter();
    for (const listener of this.machine.listeners) listener.deviceAdded(this, device);
  }

  deviceRemoved(device: NetDevice): void {
    for (const listener of this.machine.listeners) listener.deviceRemoved(this, device);
  }

  /** Puts a new device into the namespace. */
  register(device: NetDevice): void {
    this.namespace.addDevice(device);
    this.deviceAdded(device);
  }

  #bridgeNetfilter(): BridgedIpv4 {
    this.#bridged ??= new BridgedIpv4(this.namespace);
    return this.#bridged;
  }
}

function macOf(host: Host, end: LinkEnd): Mac {
  return end.mac ?? host.macFor(end.device);
}
