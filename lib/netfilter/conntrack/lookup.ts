/**
 * Which connection has a tuple: in the zone that is asked for, and still alive. One whose time is
 * over is ended by the look-up that finds it.
 *
 * Kernel: net/netfilter/nf_conntrack_core.c (__nf_conntrack_find_get, nf_conntrack_tuple_taken), 6.18.
 */
import { type Connection, Direction } from "./connection.ts";
import type { Conntrack } from "./conntrack.ts";
import type { Tuple } from "./tuple.ts";

/** Look-ups among the connections of a host. */
export class Lookup {
  readonly #conntrack: Conntrack;

  constructor(conntrack: Conntrack) {
    this.#conntrack = conntrack;
  }

  /** The living connection to which a tuple belongs, in the zone of a template or in zone 0. @hot */
  find(tuple: Tuple, template: Connection | null): Connection | null {
    if (template === null) return this.#living(tuple, 0, 3, null);
    const first = template.zoneOf(Direction.ORIGINAL);
    const found = this.#living(tuple, first, directionsIn(template, first), null);
    const second = template.zoneOf(Direction.REPLY);
    if (found !== null || second === first) return found;
    return this.#living(tuple, second, directionsIn(template, second), null);
  }

  /** The living connection of a tuple in a zone, or null. */
  findIn(tuple: Tuple, zone: number): Connection | null {
    return this.#living(tuple, zone, 3, null);
  }

  /** Whether a connection other than `except` has that tuple, living in the same zone. */
  isTaken(tuple: Tuple, except: Connection): boolean {
    return this.holder(tuple, except) !== null;
  }

  /** The connection other than `except` that has the tuple, living in the same zone, or null. */
  holder(tuple: Tuple, except: Connection): Connection | null {
    const zone = except.zoneOf(Direction.REPLY);
    return this.#living(tuple, zone, directionsIn(except, zone), except);
  }

  /** What the table has, unless its time is over. @hot */
  #living(
    tuple: Tuple,
    zone: number,
    directions: number,
    except: Connection | null,
  ): Connection | null {
    for (;;) {
      const found = this.#conntrack.table.find(tuple, zone, directions);
      if (found === null || found === except) return null;
      if (!this.#conntrack.isExpired(found)) return found;
      this.#conntrack.kill(found);
    }
  }

  /** A connection that already has one of the tuples of a new one, or null. */
  clash(connection: Connection): Connection | null {
    for (const direction of [Direction.ORIGINAL, Direction.REPLY] as const) {
      const zone = connection.zoneOf(direction);
      const directions = directionsIn(connection, zone);
      const found = this.#living(connection.tuple(direction), zone, directions, null);
      if (found !== null) return found;
    }
    return null;
  }
}

/** The directions in which `zone` is the connection's zone, as bits. @hot */
function directionsIn(connection: Connection, zone: number): number {
  const original = connection.zoneOf(Direction.ORIGINAL) === zone ? 1 : 0;
  return connection.zoneOf(Direction.REPLY) === zone ? original | 2 : original;
}
