/**
 * A veth pair: what one end sends, the other receives. Between two namespaces it is the cable of
 * a Pod; a line with faults can be put between the ends.
 *
 * Kernel: drivers/net/veth.c (veth_xmit), net/core/dev.c (__dev_forward_skb), 6.18.
 */
import { type DropCounters, DropReason } from "../sim/drop-reason.ts";
import type { Frame } from "../wire/frame.ts";
import { NetDevice, readEthernet } from "./device.ts";
import type { Impairment, LineEnd } from "./impairment.ts";

/** net.core.netdev_max_backlog: frames that may wait for the processor. */
const MAX_BACKLOG = 1000;

/** One end of a pair. */
export class Veth extends NetDevice implements LineEnd {
  override readonly kind: string = "veth";
  /** The first loss is that of its making, when there is no other end yet (`veth_newlink`). */
  override carrierChanges = 1;
  /** The other end, or null before `connectVeth` and after it was deleted. */
  peer: Veth | null = null;
  /** The line to the peer, or null if it is perfect. */
  line: Impairment | null = null;

  override get carrier(): boolean {
    return this.up && this.peer?.up === true;
  }

  override setUp(up: boolean): void {
    const { peer } = this;
    if (this.up === up) return;
    if (peer?.up === true) {
      this.carrierChanges += 1;
      peer.carrierChanges += 1;
    }
    super.setUp(up);
    peer?.host.deviceChanged(peer);
  }

  /** A frame comes off the line: `start` is at its Ethernet header. */
  arrive(frame: Frame): void {
    const { cpu, drops } = this.host;
    if (!this.up) {
      this.#lose(frame, DropReason.DEV_READY, drops);
      return;
    }
    if (cpu.inputQueueLength >= MAX_BACKLOG) {
      this.#lose(frame, DropReason.CPU_BACKLOG, drops);
      return;
    }
    readEthernet(frame, this);
    frame.receiver = this;
    cpu.raise(frame);
  }

  /** @hot */
  protected override hardStartXmit(frame: Frame): void {
    const peer = this.peer;
    if (peer === null || !peer.up) {
      this.refused = true;
      this.counters.txDropped += 1;
      frame.drop(DropReason.DEV_READY, this.host.drops);
      return;
    }
    if (frame.end - frame.start > peer.mtu + 14 + 4) {
      // is_skb_forwardable: one VLAN tag more than the receiver's MTU is let through.
      this.refused = true;
      this.counters.txDropped += 1;
      frame.drop(DropReason.PKT_TOO_BIG, this.host.drops);
      return;
    }
    this.counters.txPackets += 1;
    this.counters.txBytes += frame.end - frame.start;
    frame.scrub();
    if (this.line !== null) this.line.send(frame);
    else peer.arrive(frame);
  }

  #lose(frame: Frame, reason: DropReason, drops: DropCounters): void {
    this.counters.rxDropped += 1;
    frame.drop(reason, drops);
  }
}

/** Makes the two devices ends of one pair. */
export function connectVeth(a: Veth, b: Veth): void {
  a.peer = b;
  b.peer = a;
}
