/**
 * Jiffies: the ticks in which the emulated kernels count time for nearly all of their timeouts.
 *
 * Kernel: include/linux/jiffies.h, kernel/time/time.c (__msecs_to_jiffies, __usecs_to_jiffies),
 * 6.18.
 */
import { NS_PER_S, type Ns } from "../base/units.ts";

/** Ticks per second of the emulated kernels (CONFIG_HZ). */
export const HZ = 250;
/** Length of a tick. */
export const JIFFY_NS: Ns = NS_PER_S / HZ;

const US_PER_JIFFY = 1_000_000 / HZ;

/** The number of the tick in which a moment lies. @hot */
export function jiffiesAt(moment: Ns): number {
  return Math.floor(moment / JIFFY_NS);
}

/** Ticks that milliseconds fill, rounded up. */
export function msToJiffies(ms: number): number {
  return Math.ceil((ms * HZ) / 1000);
}

/** Ticks that microseconds fill, rounded up. @hot */
export function usToJiffies(us: number): number {
  return Math.ceil(us / US_PER_JIFFY);
}

/** The microseconds of so many ticks. */
export function jiffiesToUs(count: number): number {
  return count * US_PER_JIFFY;
}
