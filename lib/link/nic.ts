/**
 * A NIC at one end of a cable. Unlike a veth, a cable belongs to two machines: a frame takes the
 * cable's time, and its arrival is an interrupt of its own.
 *
 * Spec: IEEE 802.3 for what a cable is; faults are those of `impairment.ts`.
 */
import { DropReason } from "../sim/drop-reason.ts";
import type { Frame } from "../wire/frame.ts";
import { NetDevice, readEthernet } from "./device.ts";
import type { Impairment, LineEnd } from "./impairment.ts";

/** A NIC; `line` leads to the other end of its cable. */
export class Nic extends NetDevice implements LineEnd {
  override readonly kind: string = "";
  peer: Nic | null = null;
  /** The cable's direction away from here; set by `connectCable`. */
  line: Impairment | null = null;

  override get carrier(): boolean {
    return this.peer?.up === true;
  }

  override setUp(up: boolean): void {
    const changes = this.up !== up;
    super.setUp(up);
    if (changes) this.peer?.host.deviceChanged(this.peer);
  }

  /** A frame comes off the cable, in the softirq of its interrupt. */
  arrive(frame: Frame): void {
    const { cpu } = this.host;
    cpu.spend(cpu.costs.hopNs);
    readEthernet(frame, this);
    this.receive(frame);
  }

  protected override hardStartXmit(frame: Frame): void {
    if (this.line === null || this.peer === null || !this.peer.up) {
      this.counters.txDropped += 1;
      frame.drop(DropReason.LINK_DOWN, this.host.drops);
      return;
    }
    this.counters.txPackets += 1;
    this.counters.txBytes += frame.end - frame.start;
    frame.scrub();
    this.line.send(frame);
  }
}

/** Puts a cable between two NICs: one line each way, whose ends must be the other NIC. */
export function connectCable(a: Nic, toB: Impairment, b: Nic, toA: Impairment): void {
  a.peer = b;
  b.peer = a;
  a.line = toB;
  b.line = toA;
}
