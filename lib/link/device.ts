/**
 * A network device: what all of them share. A frame goes out through `queueXmit`, which cuts large
 * frames, completes checksums and passes the taps, and comes in through `receive`, which passes the
 * taps, then the bridge that the device is a port of, then the host's protocols.
 *
 * Kernel: net/core/dev.c (__dev_queue_xmit, __netif_receive_skb_core), net/ethernet/eth.c
 * (eth_type_trans), 6.18.
 */
import { BROADCAST_MAC, isGroupMac, type Mac } from "../base/mac.ts";
import type { Ns } from "../base/units.ts";
import { Direction, type FrameTap } from "../capture/tap.ts";
import type { Cpu } from "../sim/cpu.ts";
import { type DropCounters, DropReason } from "../sim/drop-reason.ts";
import * as ethernet from "../wire/ethernet.ts";
import { type Frame, type FrameReceiver, FrameStorage, PacketType } from "../wire/frame.ts";
import { completeChecksum, Segmenter } from "./segmentation.ts";

/** The host that has a device: its network namespace. */
export interface DeviceHost {
  readonly cpu: Cpu;
  /** Where frames that end on this host are counted. */
  readonly drops: DropCounters;
  /** Takes a frame whose Ethernet header has been read: `start` is at its network header. */
  receive(frame: Frame, device: NetDevice): void;
  /** The device's flags, carrier, address or MTU have changed. */
  deviceChanged(device: NetDevice): void;
}

/** What takes a device's frames before the host does: the port of a bridge. */
export interface RxHandler {
  /** The device that stands for the bridge: `br0`. */
  readonly master: NetDevice;
  /** Takes a frame that came in, its Ethernet header read but still there at `l2`. */
  handle(frame: Frame): void;
}

/** What `ip -s link` counts. */
export class DeviceCounters {
  rxPackets = 0;
  rxBytes = 0;
  rxErrors = 0;
  rxDropped = 0;
  txPackets = 0;
  txBytes = 0;
  txErrors = 0;
  txDropped = 0;
  multicast = 0;
}

/** What a device is made with. */
export interface DeviceOptions {
  readonly name: string;
  readonly mac: Mac;
  readonly mtu?: number;
}

/** A device of any kind, in one namespace. */
export abstract class NetDevice implements FrameReceiver {
  /** As `ip -d link` names the kind: veth, bridge, loopback; "" for a plain NIC. */
  abstract readonly kind: string;
  name: string;
  /** ifindex, given by the namespace; unique within it. */
  index = 0;
  mac: Mac;
  /** Largest network packet in bytes, Ethernet header not counted. */
  mtu: number;
  /** IFF_UP: `ip link set up`. */
  up = false;
  /** `ip link set … arp off`: nobody is asked, and nobody answered. */
  noArp = false;
  /** Flags that change nothing here: every frame on a link is seen and looked at. */
  promiscuous = false;
  allMulticast = false;
  noMulticast = false;
  alias = "";
  /** When it was set up last, and how often carrier has come or gone. */
  upSince: Ns = 0;
  carrierChanges = 0;
  /** Whether the line would not take the last frame (NET_XMIT_DROP): its sender is told. */
  protected refused = false;
  /** Addresses that it was told to listen to (`bridge fdb add … self`). */
  readonly extraAddresses: Mac[] = [];
  txQueueLength = 1000;
  host: DeviceHost;
  /** The bridge that this device is a port of. */
  rxHandler: RxHandler | null = null;
  promiscuity = 0;
  readonly counters = new DeviceCounters();
  /** Listeners; empty when nobody captures here. */
  readonly taps: FrameTap[] = [];
  readonly #segmenter = new Segmenter();

  constructor(host: DeviceHost, options: DeviceOptions) {
    this.host = host;
    this.name = options.name;
    this.mac = options.mac;
    this.mtu = options.mtu ?? 1500;
  }

  /** Whether a signal is on the line (IFF_LOWER_UP): the other end is there and up. */
  get carrier(): boolean {
    return this.up;
  }

  /** Whether frames can pass (IFF_RUNNING). */
  get running(): boolean {
    return this.up && this.carrier;
  }

  /** The same, before the host has heard of a loss (IFF_LOWER_UP). */
  get lowerUp(): boolean {
    return this.running;
  }

  /** Whether large frames may leave uncut and with checksums undone, as on the loopback. */
  get takesLargeFrames(): boolean {
    return false;
  }

  /** `ip link set up` and `down`. */
  setUp(up: boolean): void {
    if (this.up === up) return;
    this.up = up;
    if (up) this.upSince = this.host.cpu.now;
    this.host.deviceChanged(this);
  }

  /**
   * Sends a frame that has its Ethernet header at `start`; takes ownership. Without carrier the
   * frame is lost before any tap sees it (noop_qdisc). In a process the frame
   * has been received at the other end, and perhaps answered, when this returns. False if the line
   * refused the frame, or the last piece of it (dev_hard_start_xmit). @hot
   */
  queueXmit(frame: Frame): boolean {
    const cpu = this.host.cpu;
    cpu.disable();
    frame.l2 = frame.start;
    this.refused = false;
    if (!this.running) {
      this.counters.txDropped += 1;
      frame.drop(DropReason.DEV_READY, this.host.drops);
    } else if (this.takesLargeFrames) {
      this.#transmit(this.#segmenter.linearise(frame));
    } else if (frame.gsoSize > 0) {
      this.#segmenter.begin(frame);
      for (
        let segment = this.#segmenter.next();
        segment !== null;
        segment = this.#segmenter.next()
      ) {
        this.#transmit(segment);
      }
      frame.deliver();
    } else {
      if (frame.checksumPending) completeChecksum(frame);
      if (frame.storage === FrameStorage.PAGED) frame.storage = FrameStorage.PULLED;
      this.#transmit(frame);
    }
    const taken = !this.refused;
    cpu.enable();
    return taken;
  }

  /** A frame has arrived: `start` is at its network header, `l2` at its Ethernet header. @hot */
  receive(frame: Frame): void {
    if (!this.up) {
      frame.drop(DropReason.DEV_READY, this.host.drops);
      return;
    }
    this.counters.rxPackets += 1;
    this.counters.rxBytes += frame.end - frame.l2;
    if (frame.packetType === PacketType.MULTICAST) this.counters.multicast += 1;
    this.pass(frame);
  }

  /** Taps and upper layers of a frame that is already counted (`netif_receive_skb`). @hot */
  pass(frame: Frame): void {
    frame.inputIndex = this.index;
    for (let index = 0; index < this.taps.length; index += 1) {
      this.taps[index]?.frame(frame, Direction.IN, this.host.cpu.now);
    }
    if (this.rxHandler !== null) this.rxHandler.handle(frame);
    else this.host.receive(frame, this);
  }

  /** Puts one frame of at most MTU size on the line; takes ownership. */
  protected abstract hardStartXmit(frame: Frame): void;

  #transmit(frame: Frame): void {
    for (let index = 0; index < this.taps.length; index += 1) {
      this.taps[index]?.frame(frame, Direction.OUT, this.host.cpu.now);
    }
    this.refused = false;
    this.hardStartXmit(frame);
  }
}

/**
 * Reads the Ethernet header at `start` for the device that receives the frame: protocol, packet
 * type, and `start` behind it. A frame too short for one has protocol 0 (`eth_type_trans`). @hot
 */
export function readEthernet(frame: Frame, device: NetDevice): void {
  frame.l2 = frame.start;
  if (frame.end - frame.start < ethernet.ETHERNET_SIZE) {
    frame.protocol = 0;
    frame.packetType = PacketType.HOST;
    return;
  }
  const to = ethernet.destination(frame.view, frame.start);
  frame.protocol = ethernet.type(frame.view, frame.start);
  frame.packetType =
    to === device.mac
      ? PacketType.HOST
      : to === BROADCAST_MAC
        ? PacketType.BROADCAST
        : isGroupMac(to)
          ? PacketType.MULTICAST
          : PacketType.OTHERHOST;
  frame.l3 = frame.pull(ethernet.ETHERNET_SIZE);
}
