/**
 * Identifications for packets that no socket counts: buckets chosen by a keyed hash of source,
 * destination and protocol, each counting up, plus a random step that grows with the time since
 * the bucket was last used.
 *
 * Spec: RFC 7739 §5.3. Kernel: net/ipv4/route.c (ip_idents_reserve, __ip_select_ident), 6.18.
 */

import type { Cpu } from "../sim/cpu.ts";
import type { RandomStream } from "../sim/random.ts";

const BUCKETS = 2048;

/** The identification generator of one host. */
export class IpIdents {
  readonly #cpu: Cpu;
  readonly #random: RandomStream;
  readonly #ids = new Uint16Array(BUCKETS);
  readonly #ticks = new Float64Array(BUCKETS);
  readonly #key: number;

  /** Draws a key and where the buckets begin. */
  constructor(cpu: Cpu, random: RandomStream) {
    this.#cpu = cpu;
    this.#random = random;
    this.#key = random.int32() | 1;
    for (let index = 0; index < BUCKETS; index += 1) {
      this.#ids[index] = random.int32() & 0xffff;
    }
  }

  /** Reserves `count` identifications in a row and returns the first one. @hot */
  reserve(source: number, destination: number, protocol: number, count: number): number {
    let hash = Math.imul(destination ^ this.#key, 0x9e3779b1);
    hash = Math.imul(hash ^ (hash >>> 15) ^ source, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13) ^ protocol, 0xc2b2ae35);
    const bucket = (hash ^ (hash >>> 16)) & (BUCKETS - 1);
    const tick = this.#cpu.jiffies;
    const last = this.#ticks[bucket] ?? 0;
    const step = tick === last ? 0 : this.#random.below(tick - last);
    this.#ticks[bucket] = tick;
    const first = ((this.#ids[bucket] ?? 0) + step + count) & 0xffff;
    this.#ids[bucket] = first;
    return (first - count) & 0xffff;
  }
}
