/**
 * -m hashlimit: a token bucket for each address, port, or pair of them.
 *
 * Kernel: net/netfilter/xt_hashlimit.c, 6.18; iptables 1.8.9, extensions/libxt_hashlimit.c.
 */
import { maskOf } from "../../base/inet.ts";
import type { Cpu } from "../../sim/cpu.ts";
import { HZ, JIFFY_NS } from "../../sim/timer.ts";
import { hasPorts } from "../conntrack/tuple.ts";
import { defineMatch, type OptionSpec, refuseInKernel } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { Match } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import { formatRate, parseRate } from "../text/rate.ts";
import { numberOption } from "../text/values.ts";

/** Units of a period in a second (XT_HASHLIMIT_SCALE_v2). */
const IPPROTO_ESP = 50;
const SCALE = 1_000_000;
const UNITS_PER_TICK = SCALE / HZ;
const DEFAULT_BURST = 5;
/** Bytes are counted in chunks of 16 (XT_HASHLIMIT_BYTE_SHIFT). */
const CHUNK = 16;

/** As they are printed. */
const MODES = ["srcip", "srcport", "dstip", "dstport"] as const;

interface HashlimitState {
  list: string;
  above: boolean;
  given: boolean;
  /** Packets: the period between two; bytes: what a chunk costs. */
  average: number;
  bytes: boolean;
  burst: number;
  modes: Set<string>;
  sourcePrefix: number;
  destinationPrefix: number;
  tableSize: number;
  tableMax: number;
  gcInterval: number;
  expire: number;
}

interface Bucket {
  tokens: number;
  last: number;
  expires: number;
}

class HashlimitMatch extends Match {
  override get name(): string {
    return "hashlimit";
  }

  override get pure(): boolean {
    return false;
  }

  readonly #test: HashlimitState;
  readonly #cpu: Cpu;
  readonly #buckets = new Map<string, Bucket>();
  readonly #expire: number;

  constructor(test: HashlimitState, cpu: Cpu) {
    super();
    this.#test = test;
    this.#cpu = cpu;
    this.#expire = test.expire === 0 ? formatRate(test.average, SCALE).seconds * 1000 : test.expire;
  }

  override matches(packet: Packet): boolean {
    const key = this.#keyOf(packet);
    if (key === null) {
      packet.hotDrop = true;
      return false;
    }
    const test = this.#test;
    const now = Math.floor(this.#cpu.now / JIFFY_NS);
    const full = test.average * test.burst;
    let bucket = this.#buckets.get(key);
    if (bucket === undefined || bucket.expires < now) {
      bucket = { tokens: full, last: now, expires: 0 };
      this.#buckets.set(key, bucket);
    }
    bucket.expires = now + Math.ceil((this.#expire * HZ) / 1000);
    bucket.tokens = Math.min(bucket.tokens + (now - bucket.last) * UNITS_PER_TICK, full);
    bucket.last = now;
    const cost = test.bytes ? test.average * Math.ceil(packet.length / CHUNK) : test.average;
    if (bucket.tokens < cost) return test.above;
    bucket.tokens -= cost;
    return !test.above;
  }

  #keyOf(packet: Packet): string | null {
    const { modes, sourcePrefix, destinationPrefix } = this.#test;
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

  override save(): string {
    const test = this.#test;
    let text = ` --hashlimit-${test.above ? "above" : "upto"} ${this.#rate()}`;
    text += ` --hashlimit-burst ${test.burst}`;
    const modes = MODES.filter((mode) => test.modes.has(mode));
    if (modes.length > 0) text += ` --hashlimit-mode ${modes.join(",")}`;
    text += ` --hashlimit-name ${test.list}`;
    return text + this.#rest("--hashlimit-", true);
  }

  override list(): string {
    const test = this.#test;
    let text = ` limit: ${test.above ? "above" : "up to"} ${this.#rate()} burst ${test.burst}`;
    const modes = MODES.filter((mode) => test.modes.has(mode));
    if (modes.length > 0) text += ` mode ${modes.join("-")}`;
    return text + this.#rest("", false);
  }

  /** What is not at its default; the masks come last in a save and before the table in a listing. */
  #rest(dash: string, masksLast: boolean): string {
    const test = this.#test;
    let table = "";
    if (test.tableSize > 0) table += ` ${dash}htable-size ${test.tableSize}`;
    if (test.tableMax > 0) table += ` ${dash}htable-max ${test.tableMax}`;
    if (test.gcInterval !== 1000) table += ` ${dash}htable-gcinterval ${test.gcInterval}`;
    if (this.#expire !== formatRate(test.average, SCALE).seconds * 1000) {
      table += ` ${dash}htable-expire ${this.#expire}`;
    }
    let masks = "";
    if (test.sourcePrefix !== 32) masks += ` ${dash}srcmask ${test.sourcePrefix}`;
    if (test.destinationPrefix !== 32) masks += ` ${dash}dstmask ${test.destinationPrefix}`;
    return masksLast ? table + masks : table + masks;
  }

  #rate(): string {
    return formatRate(this.#test.average, SCALE).text;
  }
}

/** Credits for each unit of a period: what 64 bits hold of a day's, as the kernel computes it. */
const CREDITS_PER_UNIT = BigInt(Math.floor((HZ * 2 ** 39) / SCALE));

/** Whether the kernel's 64-bit arithmetic wraps around. */
function overflows(state: HashlimitState): boolean {
  const credits = (units: number): bigint => BigInt.asUintN(64, BigInt(units) * CREDITS_PER_UNIT);
  return credits(state.average * state.burst) < credits(state.average);
}

function rateOption(name: string, above: boolean): OptionSpec<HashlimitState> {
  return {
    name,
    inverts: true,
    read: (state, value, inverted) => {
      if (state.given) refuse("hashlimit: only one of the rate options may be given");
      if (/b\/s$/.test(value)) refuse("hashlimit: rates in bytes are not modelled");
      const average = parseRate(value, SCALE);
      if (average === undefined) {
        refuse(`hashlimit: Bad value for "--${name}" option: "${value}"`, "for example 5/min");
      }
      state.average = average;
      state.above = above !== inverted;
      state.given = true;
    },
  };
}

type NumberField =
  | "burst"
  | "sourcePrefix"
  | "destinationPrefix"
  | "tableSize"
  | "tableMax"
  | "gcInterval"
  | "expire";

function number(name: string, field: NumberField, max?: number): OptionSpec<HashlimitState> {
  return {
    name: `hashlimit-${name}`,
    read: (state, value) => {
      const min = field === "sourcePrefix" || field === "destinationPrefix" ? 0 : 1;
      state[field] = numberOption("hashlimit", `hashlimit-${name}`, value, min, max);
    },
  };
}

// Not modelled: --hashlimit-rate-match, --hashlimit-rate-interval, and rates in bytes.
/** The module. */
export const HASHLIMIT_MATCH = defineMatch<HashlimitState>({
  name: "hashlimit",
  options: [
    rateOption("hashlimit-upto", false),
    rateOption("hashlimit-above", true),
    rateOption("hashlimit", false),
    number("burst", "burst", 1_000_000),
    number("srcmask", "sourcePrefix", 32),
    number("dstmask", "destinationPrefix", 32),
    number("htable-size", "tableSize"),
    number("htable-max", "tableMax"),
    number("htable-gcinterval", "gcInterval"),
    number("htable-expire", "expire"),
    {
      name: "hashlimit-mode",
      read: (state, value) => {
        for (const word of value.split(",")) {
          if (!(MODES as readonly string[]).includes(word)) {
            refuse(`hashlimit: Bad value for "--hashlimit-mode" option: "${value}"`);
          }
          state.modes.add(word);
        }
      },
    },
    {
      name: "hashlimit-name",
      required: true,
      read: (state, value) => {
        if (value === "" || value.length > 254 || value.includes("/")) {
          refuse(`hashlimit: bad name "${value}"`);
        }
        state.list = value;
      },
    },
  ],
  start: () => ({
    list: "",
    above: false,
    given: false,
    average: 0,
    bytes: false,
    burst: DEFAULT_BURST,
    modes: new Set<string>(),
    sourcePrefix: 32,
    destinationPrefix: 32,
    tableSize: 0,
    tableMax: 0,
    gcInterval: 1000,
    expire: 0,
  }),
  finish: (state, context) => {
    if (!state.given) {
      refuse("hashlimit: You have to specify --hashlimit-upto or --hashlimit-above");
    }
    if (overflows(state)) refuseInKernel(context, "hashlimit: rate times burst is too large");
    return new HashlimitMatch({ ...state, modes: new Set(state.modes) }, context.engine.host.cpu);
  },
});
