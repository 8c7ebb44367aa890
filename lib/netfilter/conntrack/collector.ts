/**
 * Room for connections: those whose time is over go by and by; when there is no more room, also such
 * as never were assured or are closing.
 *
 * Kernel: net/netfilter/nf_conntrack_core.c (early_drop, gc_worker), 6.18.
 */
import { HZ } from "../../sim/jiffies.ts";
import { type Timer, type TimerOwner, WheelTimer } from "../../sim/timer.ts";
import { IPPROTO_SCTP, IPPROTO_TCP } from "../../wire/protocol-numbers.ts";
import { type Connection, Status } from "./connection.ts";
import type { Conntrack } from "./conntrack.ts";
import { associationMayDropEarly } from "./sctp-state.ts";
import { mayDropEarly } from "./tcp-state.ts";
import type { Tuple } from "./tuple.ts";

/** How often expired connections are looked for, in ticks. */
const COLLECT_INTERVAL = 60 * HZ;
/** Buckets that are looked at when room is needed (NF_CT_EVICTION_RANGE). */
const EVICTION_RANGE = 8;

/** The collector of a host. */
export class Collector implements TimerOwner {
  readonly #conntrack: Conntrack;
  readonly #timer: WheelTimer;
  /** Whether a connection has found no room since it looked last. */
  #isShort = false;

  constructor(conntrack: Conntrack) {
    this.#conntrack = conntrack;
    this.#timer = new WheelTimer(conntrack.host.cpu, this);
  }

  /** There is a connection: it need not sleep any longer. @hot */
  wake(): void {
    if (!this.#timer.armed) this.#timer.armJiffies(COLLECT_INTERVAL);
  }

  /** Makes room for a connection of that tuple; false if there is none to be made. */
  makeRoom(tuple: Tuple): boolean {
    const hasDropped = this.#dropEarly(tuple);
    if (!hasDropped) this.#isShort = true;
    return hasDropped;
  }

  /**
   * Ends the connections without an assured answer that are near where the new one will be. In a
   * table with many more buckets than connections there are hardly ever any.
   */
  #dropEarly(tuple: Tuple): boolean {
    const { table, statistics, settings } = this.#conntrack;
    // The largest power of two that is not more.
    const buckets = 1 << (31 - Math.clz32(settings.nf_conntrack_buckets));
    for (let step = 0; step < EVICTION_RANGE; step += 1) {
      let dropped = false;
      for (const connection of table.inBucket(tuple, step, buckets)) {
        if ((connection.status & Status.ASSURED) !== 0) continue;
        if (!this.#conntrack.kill(connection)) continue;
        statistics.earlyDrop += 1;
        dropped = true;
      }
      if (dropped) return true;
    }
    return false;
  }

  /** Its turn. It sleeps while there are no connections. */
  expired(_timer: Timer): void {
    const { table, settings } = this.#conntrack;
    // 95 %, as the kernel reckons it.
    const limit = this.#isShort ? Math.floor(settings.nf_conntrack_max / 100) * 95 : 0;
    this.#isShort = false;
    for (let index = 0; index < table.places; index += 1) {
      const connection = table.at(index);
      if (connection === null) continue;
      const isNeedless = limit > 0 && this.#conntrack.count >= limit && mayGoEarly(connection);
      if (isNeedless || this.#conntrack.isExpired(connection)) this.#conntrack.kill(connection);
    }
    if (table.size > 0) this.#timer.armJiffies(COLLECT_INTERVAL);
  }
}

function mayGoEarly({ original, state, status }: Connection): boolean {
  if ((status & Status.ASSURED) === 0) return true;
  if (original.protocol === IPPROTO_TCP) return mayDropEarly(state);
  return original.protocol === IPPROTO_SCTP && associationMayDropEarly(state);
}
