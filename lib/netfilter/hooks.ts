/**
 * The five hooks through which every IPv4 packet of a host passes, and the two interfaces that join
 * netfilter and the host: what the host calls (`NetfilterHooks`), and what netfilter asks of the
 * host (`NetfilterHost`), which stands to its right.
 *
 *     in ──▶ PREROUTING ──▶ route ──▶ FORWARD ──▶ POSTROUTING ──▶ out
 *                             │                        ▲
 *                             ▼                        │
 *                           INPUT ──▶ process ──▶ OUTPUT
 *
 * Kernel: include/uapi/linux/netfilter.h, include/uapi/linux/netfilter_ipv4.h, 6.18.
 */

import type { NetDevice } from "../link/device.ts";
import type { Cpu } from "../sim/cpu.ts";
import type { DropCounters } from "../sim/drop-reason.ts";
import type { Random } from "../sim/random.ts";
import type { Frame } from "../wire/frame.ts";
import type { FramePool } from "../wire/frame-pool.ts";

/** The hooks, in the kernel's numbering. */
export const Hook = {
  PREROUTING: 0,
  INPUT: 1,
  FORWARD: 2,
  OUTPUT: 3,
  POSTROUTING: 4,
} as const;
export type Hook = (typeof Hook)[keyof typeof Hook];

/** Their names, which are those of the built-in chains as well. */
export const HOOK_NAMES = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"] as const;

/** What an address is to a host's routing (`RTN_*`), in the kernel's numbering. */
export const AddressType = {
  UNSPEC: 0,
  UNICAST: 1,
  LOCAL: 2,
  BROADCAST: 3,
  ANYCAST: 4,
  MULTICAST: 5,
  BLACKHOLE: 6,
  UNREACHABLE: 7,
  PROHIBIT: 8,
  THROW: 9,
  NAT: 10,
  XRESOLVE: 11,
} as const;
export type AddressType = (typeof AddressType)[keyof typeof AddressType];

/** Why fragments are put together: each user has queues of its own (`ip_defrag_users`). */
export const DefragUser = { CONNTRACK_IN: 0, CONNTRACK_OUT: 1, CONNTRACK_BRIDGE_IN: 2 } as const;
export type DefragUser = (typeof DefragUser)[keyof typeof DefragUser];

/** What netfilter asks of its host. Frames are borrowed unless it says otherwise. */
export interface NetfilterHost {
  /** Names the host's random streams. */
  readonly name: string;
  readonly cpu: Cpu;
  readonly random: Random;
  readonly pool: FramePool;
  readonly drops: DropCounters;
  /** TTL of what the host sends (`net.ipv4.ip_default_ttl`). */
  readonly defaultTtl: number;

  /**
   * What `address` is by the routing tables (`inet_addr_type`), or, with a device, by that device
   * alone (`inet_dev_addr_type`).
   */
  addressType(address: number, device: NetDevice | null): AddressType;

  /** The first address of a device, or 0 (what REDIRECT sends to). */
  primaryAddress(device: NetDevice): number;

  /**
   * The source address for leaving by `device` towards the next hop of the frame's route
   * (`inet_select_addr(out, rt_nexthop(rt, daddr), RT_SCOPE_UNIVERSE)`), or 0.
   */
  masqueradeAddress(frame: Frame, device: NetDevice): number;

  /**
   * Routes a locally made frame again after its addresses, mark or TOS changed in OUTPUT
   * (`ip_route_me_harder` with RTN_UNSPEC); its `start` is at the IPv4 header. Sets `frame.route`.
   * False: there is no route, and the frame must be dropped.
   */
  rerouteOutput(frame: Frame): boolean;

  /** Forgets the route of a frame whose destination changed in PREROUTING (`skb_dst_drop`). */
  dropRoute(frame: Frame): void;

  /** Whether an input route lets answers to the frame leave; REJECT needs one in PREROUTING. */
  hasRoute(frame: Frame): boolean;

  /** Sends an ICMP error about a frame whose `l3` is set (`icmp_send`). */
  sendIcmpError(frame: Frame, type: number, code: number, info: number): void;

  /**
   * Takes a packet that netfilter made in answer to `cause`: `start` and `l3` at a finished IPv4
   * header, `l4` behind it. It is routed and passes OUTPUT and POSTROUTING (`ip_local_out`); if
   * `cause` came in by a bridge, it goes back by the same port, in the name of whom it was sent to.
   */
  answer(frame: Frame, cause: Frame): void;

  /**
   * Takes a fragment. Returns null while pieces are missing (the frame is then the host's), and a
   * frame that holds the whole packet, with `start`, `l3` and `l4` set, once all are there.
   */
  defragment(frame: Frame, user: DefragUser): Frame | null;

  /**
   * Whether a packet back to the frame's source would leave by `device` (`fib_validate_source` as
   * rpfilter asks it). `loose`: by any device; `useMark`: with the frame's mark.
   */
  reversePathIsGood(frame: Frame, device: NetDevice, loose: boolean, useMark: boolean): boolean;
}

/** What a host calls at its hooks. */
export interface NetfilterHooks {
  /**
   * Whether the last `run` that kept its frame dropped it, which the sender of a local packet is
   * told (EPERM); else the frame is a piece that waits for others.
   */
  readonly refused: boolean;

  /** Whether anything is registered at the hook; the caller skips `run` if not. @hot */
  active(hook: Hook): boolean;

  /**
   * Takes the frame through all that is registered at `hook`; `start` and `l3` are at its IPv4
   * header (which has been validated), `l4` behind it. Returns the frame to go on with: the same one,
   * or a whole one for its fragments; null when netfilter has kept it (dropped with a counted
   * reason, or queued for reassembly). In OUTPUT the frame's route may have changed: read
   * it and its device again. @hot
   */
  run(
    hook: Hook,
    frame: Frame,
    inDevice: NetDevice | null,
    outDevice: NetDevice | null,
  ): Frame | null;

  /** A device lost its addresses or went down: masqueraded connections through it end. */
  deviceDown(device: NetDevice): void;

  /** An address was taken off a device: connections that are masqueraded to it end. */
  addressRemoved(device: NetDevice, address: number): void;
}

/** The hooks of a host on which netfilter has nothing to do. */
export const NO_NETFILTER: NetfilterHooks = {
  refused: false,
  active: () => false,
  run: (_hook, frame) => frame,
  deviceDown: () => undefined,
  addressRemoved: () => undefined,
};
