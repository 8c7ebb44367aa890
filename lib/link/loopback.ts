/**
 * The loopback device: what is sent comes back in. Frames pass it uncut, up to 64 KiB.
 *
 * Kernel: drivers/net/loopback.c, 6.18.
 * Differs: transport checksums are complete, where Linux leaves them partial on this device and
 * its captures show them as wrong.
 */
import { ZERO_MAC } from "../base/mac.ts";
import type { Frame } from "../wire/frame.ts";
import { type DeviceHost, NetDevice, readEthernet } from "./device.ts";

/** `lo`. It exists, down, in each namespace from the beginning. */
export class Loopback extends NetDevice {
  override readonly kind: string = "loopback";

  constructor(host: DeviceHost) {
    super(host, { name: "lo", mac: ZERO_MAC, mtu: 65536 });
  }

  override get takesLargeFrames(): boolean {
    return true;
  }

  /** @hot */
  protected override hardStartXmit(frame: Frame): void {
    this.counters.txPackets += 1;
    this.counters.txBytes += frame.end - frame.start;
    const { conntrack, conntrackInfo, route } = frame;
    readEthernet(frame, this);
    // The packet stays on its host, so it keeps its route and its connection (skb_dst_force).
    frame.conntrack = conntrack;
    frame.conntrackInfo = conntrackInfo;
    frame.route = route;
    frame.receiver = this;
    this.host.cpu.raise(frame);
  }
}
