/**
 * A host without devices, for work on rule text alone.
 */
import { AddressType, type NetfilterHost } from "../lib/netfilter/hooks.ts";
import { Cpu } from "../lib/sim/cpu.ts";
import { DropCounters } from "../lib/sim/drop-reason.ts";
import { Random } from "../lib/sim/random.ts";
import { Scheduler } from "../lib/sim/scheduler.ts";
import { FramePool } from "../lib/wire/frame-pool.ts";

/** A new one. */
export function emptyHost(seed = 1): NetfilterHost {
  return {
    name: "host",
    cpu: new Cpu(new Scheduler()),
    random: new Random(seed),
    pool: new FramePool(),
    drops: new DropCounters(),
    defaultTtl: 64,
    addressType: () => AddressType.UNICAST,
    primaryAddress: () => 0,
    masqueradeAddress: () => 0,
    rerouteOutput: () => true,
    dropRoute: () => undefined,
    hasRoute: () => false,
    sendIcmpError: () => undefined,
    answer: (frame) => frame.deliver(),
    defragment: (frame) => frame,
    reversePathIsGood: () => true,
  };
}
