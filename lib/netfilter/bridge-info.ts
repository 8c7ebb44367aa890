/**
 * What br_netfilter hangs on a bridged frame that passes the IP hooks: by which ports it came and
 * goes.
 *
 * Kernel: include/linux/skbuff.h (struct nf_bridge_info), 6.18.
 */
import type { NetDevice } from "../link/device.ts";
import { type Frame, FrameAttachment } from "../wire/frame.ts";

/** The ports of a bridged frame. */
export class BridgeInfo extends FrameAttachment {
  physIn: NetDevice | null = null;
  physOut: NetDevice | null = null;
  /** The host has taken the packet off the bridge: PREROUTING is not for it a second time. */
  passedPrerouting = false;
}

/** The ports that a frame carries, or null if it is not bridged. */
export function bridgeInfoOf(frame: Frame): BridgeInfo | null {
  return frame.bridge instanceof BridgeInfo ? frame.bridge : null;
}
