/**
 * A port of a bridge: the device that is enslaved, and what may go in and out by it.
 *
 * Kernel: net/bridge/br_private.h (struct net_bridge_port), br_forward.c (should_deliver), 6.18.
 */
import { BROADCAST_MAC, isGroupMac, type Mac } from "../base/mac.ts";
import type { Ns } from "../base/units.ts";
import type { Frame } from "../wire/frame.ts";
import type { Bridge } from "./bridge.ts";
import type { NetDevice, RxHandler } from "./device.ts";

/** A port and its flags, as `bridge -d link` shows them. */
export class BridgePort implements RxHandler {
  readonly master: Bridge;
  readonly device: NetDevice;
  /** Port number, from 1. */
  readonly number: number;
  hairpin = false;
  learning = true;
  /** Unknown unicast, multicast and broadcast go out here. */
  flood = true;
  multicastFlood = true;
  broadcastFlood = true;
  isolated = false;
  /** Without spanning tree these are only shown. */
  cost = 2;
  priority = 32;
  /** Set by hand (`bridge link set … state disabled`), until the device is up again. */
  disabled = false;
  /** When it began to forward. */
  forwardingSince: Ns;
  /** Whether frames could pass when the device was last looked at. */
  wasRunning: boolean;

  constructor(master: Bridge, device: NetDevice, number: number) {
    this.master = master;
    this.device = device;
    this.number = number;
    this.forwardingSince = master.host.cpu.now;
    this.wasRunning = device.running;
  }

  /** Whether frames come in and go out here. @hot */
  get forwards(): boolean {
    return !this.disabled && this.device.running;
  }

  /** Whether a frame to an address that is not known here, or to a group, goes out by it. @hot */
  floods(to: Mac): boolean {
    if (to === BROADCAST_MAC) return this.broadcastFlood;
    return isGroupMac(to) ? this.multicastFlood : this.flood;
  }

  /** Whether a frame that came in by `from`, or from the host, may leave by it. @hot */
  takesFrom(from: BridgePort | null): boolean {
    if (!this.forwards) return false;
    if (from === this) return this.hairpin;
    return !(from?.isolated === true && this.isolated);
  }

  handle(frame: Frame): void {
    this.master.handle(frame, this);
  }
}
