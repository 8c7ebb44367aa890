/**
 * How many connections there are of each key: lists of tuples, looked over for connections that have
 * ended when something is added, but at most once in a tick.
 *
 * Kernel: net/netfilter/nf_conncount.c (__nf_conncount_add, find_or_evict), 6.18.
 */
import { IPPROTO_TCP } from "../../wire/protocol-numbers.ts";
import { type Connection, Direction } from "./connection.ts";
import type { Conntrack } from "./conntrack.ts";
import { TcpState } from "./tcp-state.ts";
import { Tuple } from "./tuple.ts";

/** Ended connections that are taken off the list in one go (CONNCOUNT_GC_MAX_NODES). */
const MOST_COLLECTED = 8;

/** The connections of one key. */
interface CountedList {
  readonly tuples: Tuple[];
  /** The zone of each one's original direction. */
  readonly zones: number[];
  /** The tick in which it was last looked over. */
  lookedOver: number;
}

/** Counts by address and zone. */
export class ConnectionCounts {
  readonly #conntrack: Conntrack;
  readonly #lists = new Map<number, CountedList>();

  constructor(conntrack: Conntrack) {
    this.#conntrack = conntrack;
  }

  /** The number of connections of a key after that of `tuple` has been added. */
  count(address: number, tuple: Tuple, connection: Connection | null): number {
    const zone = connection?.zone ?? 0;
    const tupleZone = connection?.zoneOf(Direction.ORIGINAL) ?? 0;
    const key = (address >>> 0) * 0x10000 + zone;
    const list = this.#lists.get(key);
    const { tick } = this.#conntrack;
    if (list === undefined) {
      const made = { tuples: [copyOf(tuple)], zones: [tupleZone], lookedOver: tick };
      this.#lists.set(key, made);
      return 1;
    }
    if (list.lookedOver === tick || !this.#lookOver(list, tupleZone, tuple)) {
      list.tuples.push(copyOf(tuple));
      list.zones.push(tupleZone);
      list.lookedOver = tick;
    }
    return list.tuples.length;
  }

  /** Takes off what has ended, up to `wanted` if that is there; returns whether it is. */
  #lookOver(list: CountedList, zone: number, wanted: Tuple): boolean {
    const { tuples, zones } = list;
    let collected = 0;
    for (let index = 0; index < tuples.length && collected <= MOST_COLLECTED; index += 1) {
      const tuple = tuples[index];
      if (tuple === undefined) break;
      const connection = this.#conntrack.lookup.findIn(tuple, zones[index] ?? 0);
      if (connection !== null && zones[index] === zone && tuple.equals(wanted)) return true;
      if (connection !== null && !isClosed(connection)) continue;
      tuples.splice(index, 1);
      zones.splice(index, 1);
      index -= 1;
      collected += 1;
    }
    return false;
  }
}

function isClosed({ original, state }: Connection): boolean {
  return (
    original.protocol === IPPROTO_TCP && (state === TcpState.TIME_WAIT || state === TcpState.CLOSE)
  );
}

function copyOf(tuple: Tuple): Tuple {
  const copy = new Tuple();
  copy.copy(tuple);
  return copy;
}
