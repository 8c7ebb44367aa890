/**
 * Where br_netfilter looks at the frames of a bridge. It is plugged in by the host, which knows rules.
 *
 * Kernel: net/bridge/br_netfilter_hooks.c (br_nf_ops), 6.18.
 */
import type { Frame } from "../wire/frame.ts";
import type { Bridge } from "./bridge.ts";
import type { BridgePort } from "./bridge-port.ts";
import type { NetDevice } from "./device.ts";

/**
 * The hooks of br_netfilter, plugged in by the host. Each returns true if the bridge goes on with
 * the frame, false if the frame was taken; then it is dropped, or handed back through
 * `Bridge.handleFinish` or `Bridge.deliver`.
 */
export interface BridgeNetfilter {
  preRouting(bridge: Bridge, frame: Frame, port: BridgePort): boolean;
  localIn(bridge: Bridge, frame: Frame): boolean;
  forward(bridge: Bridge, frame: Frame, from: NetDevice, to: BridgePort): boolean;
  localOut(bridge: Bridge, frame: Frame, to: BridgePort): boolean;
  postRouting(bridge: Bridge, frame: Frame, to: BridgePort): boolean;
  /** The host sends by the bridge itself, the Ethernet header at `l2`. */
  transmit(bridge: Bridge, frame: Frame): boolean;
}
