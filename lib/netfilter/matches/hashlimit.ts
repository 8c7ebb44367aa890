/**
 * -m hashlimit: a token bucket for each address, port, or pair of them.
 *
 * Kernel: net/netfilter/xt_hashlimit.c, 6.18; iptables 1.8.9, extensions/libxt_hashlimit.c.
 * Not modelled: --hashlimit-rate-match, --hashlimit-rate-interval.
 */
import { defineMatch, type OptionSpec, refuseInKernel } from "../extension.ts";
import {
  HASHLIMIT_SCALE,
  type HashlimitConfig,
  type HashlimitTable,
  type HashlimitTables,
} from "../hashlimit.ts";
import type { Packet } from "../packet.ts";
import { Match } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import { parseRate } from "../text/rate.ts";
import { numberOption } from "../text/values.ts";
import {
  burstOf,
  burstText,
  costOfByteRate,
  defaultExpireMs,
  MAX_BURST,
  overflows,
  rateText,
} from "./hashlimit-rate.ts";

/** As they are printed. */
const MODES = ["srcip", "srcport", "dstip", "dstport"] as const;
interface HashlimitState {
  list: string;
  above: boolean;
  given: boolean;
  /** As in the table; 0: not given. */
  average: number;
  countsBytes: boolean;
  /** As it was written; "": not at all. */
  burst: string;
  modes: Set<string>;
  sourcePrefix: number;
  destinationPrefix: number;
  tableSize: number;
  tableMax: number;
  gcInterval: number;
  expire: number;
}

class HashlimitMatch extends Match {
  override get name(): string {
    return "hashlimit";
  }

  override get pure(): boolean {
    return false;
  }

  readonly #test: HashlimitState;
  readonly #config: HashlimitConfig;
  readonly #tables: HashlimitTables;
  #table: HashlimitTable | null = null;

  constructor(test: HashlimitState, config: HashlimitConfig, tables: HashlimitTables) {
    super();
    this.#test = test;
    this.#config = config;
    this.#tables = tables;
  }

  override attach(): void {
    this.#table = this.#tables.acquire(this.#test.list, this.#config);
  }

  override detach(): void {
    this.#tables.release(this.#test.list);
  }

  override matches(packet: Packet): boolean {
    const isBelow = this.#table?.takes(packet) ?? null;
    if (isBelow === null) {
      packet.hotDrop = true;
      return false;
    }
    return isBelow !== this.#test.above;
  }

  override save(): string {
    const test = this.#test;
    let text = ` --hashlimit-${test.above ? "above" : "upto"} ${rateText(this.#config)}`;
    text += burstText(this.#config, "--hashlimit-");
    const modes = MODES.filter((mode) => test.modes.has(mode));
    if (modes.length > 0) text += ` --hashlimit-mode ${modes.join(",")}`;
    text += ` --hashlimit-name ${test.list}`;
    return text + this.#rest("--hashlimit-");
  }

  override list(): string {
    const test = this.#test;
    let text = ` limit: ${test.above ? "above" : "up to"} ${rateText(this.#config)}${burstText(this.#config, "")}`;
    const modes = MODES.filter((mode) => test.modes.has(mode));
    if (modes.length > 0) text += ` mode ${modes.join("-")}`;
    return text + this.#rest("");
  }

  /** What is not at its default. */
  #rest(dash: string): string {
    const test = this.#test;
    let text = "";
    if (test.tableSize > 0) text += ` ${dash}htable-size ${test.tableSize}`;
    if (test.tableMax > 0) text += ` ${dash}htable-max ${test.tableMax}`;
    if (test.gcInterval !== 1000) text += ` ${dash}htable-gcinterval ${test.gcInterval}`;
    if (this.#config.expireMs !== defaultExpireMs(this.#config)) {
      text += ` ${dash}htable-expire ${this.#config.expireMs}`;
    }
    if (test.sourcePrefix !== 32) text += ` ${dash}srcmask ${test.sourcePrefix}`;
    if (test.destinationPrefix !== 32) text += ` ${dash}dstmask ${test.destinationPrefix}`;
    return text;
  }
}

function rateOption(name: string, above: boolean): OptionSpec<HashlimitState> {
  return {
    name,
    inverts: true,
    read: (state, value, inverted) => {
      if (state.given) refuse("hashlimit: only one of the rate options may be given");
      state.countsBytes = value.includes("b/s");
      const average = state.countsBytes ? costOfByteRate(value) : parseRate(value, HASHLIMIT_SCALE);
      if (average === undefined || average === 0 || Number.parseInt(value, 10) === 0) {
        refuse(`hashlimit: Bad value for "--${name}" option: "${value}"`, "for example 5/min");
      }
      state.average = average;
      state.above = above !== inverted;
      state.given = true;
    },
  };
}

type NumberField =
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

/** The module. */
export const HASHLIMIT_MATCH = defineMatch<HashlimitState>({
  name: "hashlimit",
  options: [
    rateOption("hashlimit-upto", false),
    rateOption("hashlimit-above", true),
    rateOption("hashlimit", false),
    {
      name: "hashlimit-burst",
      read: (state, value) => {
        state.burst = value;
        if (!value.endsWith("b")) {
          numberOption("hashlimit", "hashlimit-burst", value, 1, MAX_BURST);
        }
      },
    },
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
    countsBytes: false,
    burst: "",
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
    const { average, countsBytes, sourcePrefix, destinationPrefix, expire } = state;
    const burst = burstOf(state.burst, state);
    if (!countsBytes && overflows(average, burst)) {
      refuseInKernel(context, "hashlimit: rate times burst is too large");
    }
    const config: HashlimitConfig = {
      average,
      countsBytes,
      burst,
      modes: new Set(state.modes),
      sourcePrefix,
      destinationPrefix,
      expireMs: expire === 0 ? defaultExpireMs({ average, burst, countsBytes }) : expire,
    };
    return new HashlimitMatch(
      { ...state, modes: new Set(state.modes) },
      config,
      context.engine.hashlimits,
    );
  },
});
