/**
 * How many connections there are of each key: lists of tuples, looked over for connections that have
 * ended when something is added, but at most once in a tick.
 *
 * Kernel: net/netfilter/nf_conncount.c (__nf_conncount_add, nf_conncount_gc_list, count_tree), 6.18.
 */
import { IPPROTO_TCP } from "../../wire/protocol-numbers.ts";
import type { Connection } from "./connection.ts";
import type { Conntrack } from "./conntrack.ts";
import { TcpState } from "./tcp-state.ts";
import { Tuple } from "./tuple.ts";

/** Ended connections that are taken off the list in one go (CONNCOUNT_GC_MAX_NODES). */
const MOST_COLLECTED = 64;

/** The connections of one key. */
interface CountedList {
  readonly tuples: Tuple[];
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

  /**
   * The number of connections of a key after that of `tuple` has been added, unless it is confirmed:
   * then it was counted when it was new. 0: the kernel drops the packet.
   */
  count(address: number, zone: number, tuple: Tuple, connection: Connection | null): number {
    const key = (address >>> 0) * 0x10000 + zone;
    const list = this.#lists.get(key);
    const { tick } = this.#conntrack;
    if (list === undefined) {
      const made = { tuples: [copyOf(tuple)], lookedOver: tick };
      this.#lists.set(key, made);
      return 1;
    }
    if (connection?.confirmed) {
      if (list.tuples.length > 0 && list.lookedOver !== tick) this.#lookOver(list, zone, null);
    } else if (list.lookedOver === tick || !this.#lookOver(list, zone, tuple)) {
      list.tuples.push(copyOf(tuple));
      list.lookedOver = tick;
    }
    return list.tuples.length;
  }

  /** Takes off what has ended, up to `wanted` if that is there; returns whether it is. */
  #lookOver(list: CountedList, zone: number, wanted: Tuple | null): boolean {
    const { tuples } = list;
    let collected = 0;
    for (let index = 0; index < tuples.length && collected <= MOST_COLLECTED; index += 1) {
      const tuple = tuples[index];
      if (tuple === undefined) break;
      const connection = this.#conntrack.findIn(tuple, zone);
      const isWanted = connection !== null && wanted !== null && tuple.equals(wanted);
      if (isWanted) return true;
      if (connection !== null && !isClosed(connection)) continue;
      tuples.splice(index, 1);
      index -= 1;
      collected += 1;
    }
    list.lookedOver = this.#conntrack.tick;
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
