/**
 * A dummy device: up, with addresses, and everything that is sent through it is gone.
 *
 * Kernel: drivers/net/dummy.c, 6.18.
 */
import type { Frame } from "../wire/frame.ts";
import { NetDevice } from "./device.ts";

/** `ip link add dummy0 type dummy`. */
export class Dummy extends NetDevice {
  override readonly kind: string = "dummy";

  protected override hardStartXmit(frame: Frame): void {
    this.counters.txPackets += 1;
    this.counters.txBytes += frame.end - frame.start;
    frame.deliver();
  }
}
