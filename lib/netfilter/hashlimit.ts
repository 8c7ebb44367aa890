/**
 * The tables of -m hashlimit: a bucket for each address, port, or pair of them. Rules that name the
 * same table share it; how it works is said by the rule that came first.
 *
 * Kernel: net/netfilter/xt_hashlimit.c, 6.18.
 */
import { maskOf } from "../base/inet.ts";
import type { Cpu } from "../sim/cpu.ts";
import { HZ, msToJiffies } from "../sim/jiffies.ts";
import { hasPorts } from "./conntrack/tuple.ts";
import type { Packet } from "./packet.ts";

const IPPROTO_ESP = 50;
/** Units of a period in a second (XT_HASHLIMIT_SCALE_v2). */
export const HASHLIMIT_SCALE = 1_000_000;
const UNITS_PER_TICK = HASHLIMIT_SCALE / HZ;
/** Bytes are counted in chunks of 16 (XT_HASHLIMIT_BYTE_SHIFT). */
export const CHUNK_SHIFT = 4;
/** Credit for a tick when bytes are counted: the largest power of two of which a second's fits. */
const BYTE_CREDIT_PER_TICK = 2 ** 24;
const BYTE_CREDIT_CAP = BYTE_CREDIT_PER_TICK * HZ;

/** What a table was made with. */
export interface HashlimitConfig {
  /** Packets: the period between two; bytes: what a chunk costs, in parts of 2^32 of a second. */
  readonly average: number;
  readonly countsBytes: boolean;
  readonly burst: number;
  readonly modes: ReadonlySet<string>;
  readonly sourcePrefix: number;
  readonly destinationPrefix: number;
  /** Milliseconds after the last packet; then a bucket is full again. */
  readonly expireMs: number;
}

interface Bucket {
  credit: number;
  /** Bytes: how often an empty bucket is filled again at once. */
  refills: number;
  last: number;
  expires: number;
}

/** One table. */
export class HashlimitTable {
  readonly #config: HashlimitConfig;
  readonly #cpu: Cpu;
  readonly #buckets = new Map<string, Bucket>();
  /** Rules that name it. */
  references = 0;

  constructor(config: HashlimitConfig, cpu: Cpu) {
    this.#config = config;
    this.#cpu = cpu;
  }

  /** Whether the packet's bucket has enough for it, which is then taken; null: it has no ports. */
  takes(packet: Packet): boolean | null {
    const key = this.#keyOf(packet);
    if (key === null) return null;
    const bucket = this.#bucketOf(key);
    const cost = this.#costOf(packet, bucket);
    if (bucket.credit < cost) return false;
    bucket.credit -= cost;
    return true;
  }

  #bucketOf(key: string): Bucket {
    const { average, burst, countsBytes, expireMs } = this.#config;
    const now = this.#cpu.jiffies;
    const cap = countsBytes ? BYTE_CREDIT_CAP : average * burst;
    let bucket = this.#buckets.get(key);
    if (bucket === undefined || bucket.expires < now) {
      bucket = { credit: cap, refills: burst, last: now, expires: 0 };
      this.#buckets.set(key, bucket);
    }
    bucket.expires = now + msToJiffies(expireMs);
    const perTick = countsBytes ? BYTE_CREDIT_PER_TICK : UNITS_PER_TICK;
    bucket.credit = Math.min(bucket.credit + (now - bucket.last) * perTick, cap);
    bucket.last = now;
    return bucket;
  }

  #costOf(packet: Packet, bucket: Bucket): number {
    const { average, countsBytes } = this.#config;
    if (!countsBytes) return average;
    const chunks = (packet.length >>> CHUNK_SHIFT) + 1;
    const each = Math.floor((average * BYTE_CREDIT_CAP) / 2 ** 32);
    const cost = Math.min(chunks * each, BYTE_CREDIT_CAP);
    if (bucket.credit < cost && bucket.refills > 0) {
      bucket.refills -= 1;
      bucket.credit = BYTE_CREDIT_CAP;
    }
    return cost;
  }

  #keyOf(packet: Packet): string | null {
    const { modes, sourcePrefix, destinationPrefix } = this.#config;
    let key = "";
    if (modes.has("srcip")) key += packet.source & maskOf(sourcePrefix);
    if (modes.has("dstip")) key += `>${packet.destination & maskOf(destinationPrefix)}`;
    if (!modes.has("srcport") && !modes.has("dstport")) return key;
    // The kernel takes the SPI of ESP for ports as well (proto_ports_offset).
    const portsAreThere = hasPorts(packet.protocol) || packet.protocol === IPPROTO_ESP;
    if (!portsAreThere || packet.fragmentOffset !== 0) return key;
    if (packet.transportLength < 4) return null;
    const ports = packet.view.getInt32(packet.l4);
    if (modes.has("srcport")) key += `:${ports >>> 16}`;
    if (modes.has("dstport")) key += `>:${ports & 0xffff}`;
    return key;
  }
}

/** The tables of a host by name. */
export class HashlimitTables {
  readonly #tables = new Map<string, HashlimitTable>();
  readonly #cpu: Cpu;

  constructor(cpu: Cpu) {
    this.#cpu = cpu;
  }

  /** A rule uses the table of that name from now on, which it makes if there is none. */
  acquire(name: string, config: HashlimitConfig): HashlimitTable {
    let table = this.#tables.get(name);
    if (table === undefined) {
      table = new HashlimitTable(config, this.#cpu);
      this.#tables.set(name, table);
    }
    table.references += 1;
    return table;
  }

  /** A rule no longer uses it; the last one takes it away. */
  release(name: string): void {
    const table = this.#tables.get(name);
    if (table === undefined) return;
    table.references -= 1;
    if (table.references === 0) this.#tables.delete(name);
  }
}
