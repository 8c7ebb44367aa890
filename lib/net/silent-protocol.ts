/**
 * IGMP and PIM: the kernel has a use for both, so that nobody is told that they are unreachable.
 *
 * Kernel: net/ipv4/igmp.c (igmp_rcv), net/ipv4/ipmr.c (pim_rcv), 6.18.
 * Not modelled: membership reports, and multicast routing.
 */
import type { Frame } from "../wire/frame.ts";
import { IPPROTO_IGMP, IPPROTO_PIM } from "../wire/protocol-numbers.ts";
import type { TransportProtocol } from "./inet.ts";

/** Takes packets up, and answers none. */
const SILENT: TransportProtocol = {
  receive(frame: Frame): void {
    frame.deliver();
  },

  icmpError(): void {},
};

/** The protocol of that number if it is one of them, or null. */
export function silentProtocol(protocol: number): TransportProtocol | null {
  return protocol === IPPROTO_IGMP || protocol === IPPROTO_PIM ? SILENT : null;
}
