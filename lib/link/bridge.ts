/**
 * A learning bridge: ports, flooding, hairpin, and the bridge device itself, by which the host
 * takes part.
 *
 * Kernel: net/bridge/br_input.c (br_handle_frame, br_handle_frame_finish), br_forward.c
 * (br_flood, should_deliver), br_device.c (br_dev_xmit), br_if.c, 6.18.
 * Not modelled: spanning tree (ports forward at once, as with `stp_state 0`), VLAN filtering and
 * multicast snooping (groups are flooded, as with no querier).
 */
import { assert } from "../base/assert.ts";
import { isGroupMac, type Mac, ZERO_MAC } from "../base/mac.ts";
import { NS_PER_S, type Ns } from "../base/units.ts";
import { DropReason } from "../sim/drop-reason.ts";
import * as ethernet from "../wire/ethernet.ts";
import { type Frame, PacketType } from "../wire/frame.ts";
import type { BridgeNetfilter } from "./bridge-hooks.ts";
import { BridgePort } from "./bridge-port.ts";
import { type DeviceHost, NetDevice } from "./device.ts";
import { Fdb } from "./fdb.ts";
import { LinkWatch } from "./link-watch.ts";

/** The first address of the group that 802.1D keeps for itself: 01:80:c2:00:00:00 … 0f. */
const LINK_LOCAL_GROUP = 0x0180c2000000;

/** `ip link add br0 type bridge`. */
export class Bridge extends NetDevice {
  override readonly kind: string = "bridge";
  readonly fdb = new Fdb();
  /** `ageing_time`. */
  ageingNs: Ns = 300 * NS_PER_S;
  netfilter: BridgeNetfilter | null = null;
  /** Newest first: the order in which Linux floods. */
  readonly ports: BridgePort[] = [];
  #macIsFixed: boolean;
  #mtuIsFixed = false;
  readonly #linkWatch: LinkWatch;

  /** Without an address the bridge takes the lowest of its ports'. */
  constructor(host: DeviceHost, options: { name: string; mac?: Mac; mtu?: number }) {
    super(host, { mtu: 1500, ...options, mac: options.mac ?? ZERO_MAC });
    this.#macIsFixed = options.mac !== undefined;
    this.#linkWatch = new LinkWatch(host.cpu, () => this.host.deviceChanged(this));
    if (this.#macIsFixed) this.#setOwnAddress(this.mac);
  }

  override get carrier(): boolean {
    return this.up && this.#linkWatch.seen;
  }

  override get lowerUp(): boolean {
    return this.up && this.#linkWatch.present;
  }

  /** Large frames are cut by the port that they leave through. */
  override get takesLargeFrames(): boolean {
    return false;
  }

  /** `ip link set DEV master BR`. */
  addPort(device: NetDevice): BridgePort {
    assert(device.rxHandler === null, `${device.name} is a port already`);
    let number = 1;
    while (this.ports.some((port) => port.number === number)) number += 1;
    const port = new BridgePort(this, device, number);
    this.ports.unshift(port);
    device.rxHandler = port;
    device.promiscuity += 1;
    this.fdb.set(device.mac, port, "permanent", this.host.cpu.now);
    this.#follow();
    return port;
  }

  /** `ip link set DEV nomaster`. */
  removePort(device: NetDevice): void {
    const index = this.ports.findIndex((port) => port.device === device);
    const port = this.ports[index];
    if (port === undefined) return;
    this.ports.splice(index, 1);
    device.rxHandler = null;
    device.promiscuity -= 1;
    this.fdb.deletePort(port, "all");
    this.#follow();
  }

  portOf(device: NetDevice): BridgePort | null {
    return this.ports.find((port) => port.device === device) ?? null;
  }

  /** The MTU follows the ports' until it is set by hand. */
  setMtu(mtu: number): void {
    this.mtu = mtu;
    this.#mtuIsFixed = true;
  }

  /** `ip link set BR address MAC`: the address no longer follows the ports'. */
  setMac(mac: Mac): void {
    this.#macIsFixed = true;
    this.#setOwnAddress(mac);
    this.host.deviceChanged(this);
  }

  /** A port got another address (`br_fdb_changeaddr`). */
  portMacChanged(device: NetDevice, old: Mac): void {
    const port = this.portOf(device);
    if (port === null) return;
    if (this.fdb.find(old, 0, this.ageingNs)?.port === port) this.fdb.delete(old);
    this.fdb.set(device.mac, port, "permanent", this.host.cpu.now);
    this.#follow();
  }

  /** A port got another MTU (`br_mtu_auto_adjust`). */
  portMtuChanged(): void {
    this.#follow();
  }

  /** A port's link went down: what was learned there is forgotten. */
  portChanged(device: NetDevice): void {
    const port = this.portOf(device);
    if (port !== null && !device.running) this.fdb.deletePort(port, "learned");
    if (port !== null && device.running && !port.wasRunning) {
      port.disabled = false;
      port.forwardingSince = this.host.cpu.now;
    }
    if (port !== null) port.wasRunning = device.running;
    this.#portsChanged();
  }

  override setUp(up: boolean): void {
    this.#linkWatch.forget();
    for (const port of this.ports) {
      port.disabled = false;
      port.forwardingSince = this.host.cpu.now;
    }
    super.setUp(up);
  }

  /** A frame came in by a port (br_handle_frame). @hot */
  handle(frame: Frame, port: BridgePort): void {
    const from = ethernet.source(frame.view, frame.l2);
    const to = ethernet.destination(frame.view, frame.l2);
    if (frame.protocol === 0 || isGroupMac(from) || from === ZERO_MAC) {
      frame.drop(DropReason.MAC_INVALID_SOURCE, this.host.drops);
    } else if (
      !this.up ||
      port.disabled ||
      (to >= LINK_LOCAL_GROUP && to < LINK_LOCAL_GROUP + 16)
    ) {
      frame.drop(DropReason.BRIDGE_INGRESS_STP_STATE, this.host.drops);
    } else {
      if (to === this.mac) frame.packetType = PacketType.HOST;
      if (this.netfilter === null || this.netfilter.preRouting(this, frame, port)) {
        this.handleFinish(frame, port);
      }
    }
  }

  /** After the PRE_ROUTING hook: learn, forward, pass up (br_handle_frame_finish). @hot */
  handleFinish(frame: Frame, port: BridgePort): void {
    const now = this.host.cpu.now;
    const to = ethernet.destination(frame.view, frame.l2);
    if (port.learning) this.fdb.learn(ethernet.source(frame.view, frame.l2), port, now);
    if (isGroupMac(to)) {
      this.counters.multicast += 1;
      this.#flood(frame, port, true);
      this.#passUp(frame);
      return;
    }
    const entry = this.fdb.find(to, now, this.ageingNs);
    if (entry === null) {
      this.#flood(frame, port, false);
    } else if (entry.kind === "permanent") {
      this.#passUp(frame);
    } else {
      entry.usedAt = now;
      this.#forward(frame, port, entry.port);
    }
  }

  /** Sends a frame out by a port, through the POST_ROUTING hook (br_forward_finish). @hot */
  deliver(frame: Frame, to: BridgePort): void {
    if (this.netfilter !== null && !this.netfilter.postRouting(this, frame, to)) return;
    this.pushOut(frame, to);
  }

  /** Puts a frame on a port's line: the Ethernet header is at `l2` (br_dev_queue_push_xmit). @hot */
  pushOut(frame: Frame, to: BridgePort): void {
    frame.start = frame.l2;
    if (
      frame.gsoSize === 0 &&
      frame.end - frame.start > to.device.mtu + ethernet.ETHERNET_SIZE + 4
    ) {
      frame.drop(DropReason.PKT_TOO_BIG, this.host.drops);
      return;
    }
    to.device.queueXmit(frame);
  }

  /** The host sends through the bridge (br_dev_xmit). @hot */
  protected override hardStartXmit(frame: Frame): void {
    frame.l2 = frame.start;
    if (this.netfilter !== null && !this.netfilter.transmit(this, frame)) return;
    this.counters.txPackets += 1;
    this.counters.txBytes += frame.end - frame.start;
    const to = ethernet.destination(frame.view, frame.start);
    if (isGroupMac(to)) {
      this.#flood(frame, null, false);
      return;
    }
    const entry = this.fdb.find(to, this.host.cpu.now, this.ageingNs);
    if (entry === null || entry.port === null) this.#flood(frame, null, false);
    else this.#forward(frame, null, entry.port);
  }

  #forward(frame: Frame, from: BridgePort | null, to: BridgePort | null): void {
    if (to === null || !to.takesFrom(from)) {
      frame.drop(DropReason.BRIDGE_NO_EGRESS_PORT, this.host.drops);
      return;
    }
    this.#send(frame, from, to);
  }

  /** Through the FORWARD or LOCAL_OUT hook to the port (__br_forward). */
  #send(frame: Frame, from: BridgePort | null, to: BridgePort): void {
    if (this.netfilter !== null) {
      const goesOn =
        from === null
          ? this.netfilter.localOut(this, frame, to)
          : this.netfilter.forward(this, frame, from.device, to);
      if (!goesOn) return;
    }
    this.deliver(frame, to);
  }

  /** Sends copies out by all ports but `from`; the frame itself goes last, unless it is kept. */
  #flood(frame: Frame, from: BridgePort | null, keep: boolean): void {
    const to = ethernet.destination(frame.view, frame.l2);
    let previous: BridgePort | null = null;
    for (let index = 0; index < this.ports.length; index += 1) {
      const port = this.ports[index];
      if (port === undefined || !port.takesFrom(from) || !port.floods(to)) continue;
      if (previous !== null) this.#send(frame.copy(), from, previous);
      previous = port;
    }
    if (previous !== null) this.#send(keep ? frame.copy() : frame, from, previous);
    else if (!keep) frame.drop(DropReason.BRIDGE_NO_EGRESS_PORT, this.host.drops);
  }

  #passUp(frame: Frame): void {
    if (this.netfilter !== null && !this.netfilter.localIn(this, frame)) return;
    this.counters.rxPackets += 1;
    this.counters.rxBytes += frame.end - frame.start;
    this.pass(frame);
  }

  #follow(): void {
    if (!this.#macIsFixed) {
      const macs = this.ports.map((port) => port.device.mac);
      this.#setOwnAddress(macs.length === 0 ? ZERO_MAC : (Math.min(...macs) as Mac));
    }
    if (!this.#mtuIsFixed && this.ports.length > 0) {
      this.mtu = Math.min(...this.ports.map((port) => port.device.mtu));
    }
    this.#portsChanged();
  }

  /** The bridge has a signal while one of its ports has. */
  #portsChanged(): void {
    this.#linkWatch.update(this.ports.some((port) => port.device.running));
    this.host.deviceChanged(this);
  }

  #setOwnAddress(mac: Mac): void {
    const old = this.fdb.find(this.mac, 0, this.ageingNs);
    if (old?.port === null) this.fdb.delete(this.mac);
    this.mac = mac;
    if (mac !== ZERO_MAC && this.fdb.find(mac, 0, this.ageingNs)?.kind !== "permanent") {
      this.fdb.set(mac, null, "permanent", this.host.cpu.now);
    }
  }
}
