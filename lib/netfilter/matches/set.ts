/**
 * -m set: whether the packet is in an IP set.
 *
 * Kernel: net/netfilter/xt_set.c, 6.18; iptables 1.8.9, extensions/libxt_set.c.
 */
import { defineMatch, type OptionSpec } from "../extension.ts";
import type { IpSet } from "../ipset/set.ts";
import type { IpSets } from "../ipset/sets.ts";
import type { Packet } from "../packet.ts";
import { Match } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import { parseNumber } from "../text/values.ts";

type Comparison = "eq" | "lt" | "gt";

interface CounterTest {
  readonly comparison: Comparison;
  readonly inverted: boolean;
  readonly value: number;
}

interface SetState {
  set: SetUse | null;
  inverted: boolean;
  returnNomatch: boolean;
  updateCounters: boolean;
  updateSubcounters: boolean;
  packets: CounterTest | null;
  bytes: CounterTest | null;
}

class SetMatch extends Match {
  override get name(): string {
    return "set";
  }

  override get pure(): boolean {
    return false;
  }

  readonly #test: SetState;
  readonly #sources: readonly boolean[];
  readonly #set: IpSet;
  readonly #text: string;

  constructor(test: SetState, { set, sources, text }: SetUse) {
    super();
    this.#test = test;
    this.#sources = sources;
    this.#set = set;
    this.#text = text;
  }

  override attach(): void {
    this.#set.references += 1;
  }

  override detach(): void {
    this.#set.references -= 1;
  }

  override matches(packet: Packet): boolean {
    const test = this.#test;
    const element = this.#set.find(packet, this.#sources);
    const isIn = element !== null && (!element.nomatch || test.returnNomatch);
    if (element === null || !isIn) return test.inverted;
    if (!counterMatches(test.packets, element.packets)) return test.inverted;
    if (!counterMatches(test.bytes, element.bytes)) return test.inverted;
    if (this.#set.counters && test.updateCounters) {
      element.packets += 1;
      element.bytes += packet.length;
    }
    return !test.inverted;
  }

  override save(): string {
    return this.#dump("--");
  }

  override list(): string {
    return this.#dump("");
  }

  #dump(dash: string): string {
    const test = this.#test;
    let text = `${test.inverted ? " !" : ""} ${dash}match-set ${this.#text}`;
    if (test.returnNomatch) text += ` ${dash}return-nomatch`;
    if (!test.updateCounters) text += ` ! ${dash}update-counters`;
    if (!test.updateSubcounters) text += ` ! ${dash}update-subcounters`;
    return text + counter(test.packets, `${dash}packets`) + counter(test.bytes, `${dash}bytes`);
  }
}

function counter(test: CounterTest | null, option: string): string {
  if (test === null) return "";
  return `${test.inverted ? " !" : ""} ${option}-${test.comparison} ${test.value}`;
}

function counterMatches(test: CounterTest | null, value: number): boolean {
  if (test === null) return true;
  const holds =
    test.comparison === "eq"
      ? value === test.value
      : test.comparison === "lt"
        ? value < test.value
        : value > test.value;
  return holds !== test.inverted;
}

function counterOption(field: "packets" | "bytes", comparison: Comparison): OptionSpec<SetState> {
  const name = `${field}-${comparison}`;
  return {
    name,
    inverts: comparison === "eq",
    read: (state, value, inverted) => {
      if (state[field] !== null) refuse(`only one of the --${field}-… options may be given`);
      const number = parseNumber(value, 0, Number.MAX_SAFE_INTEGER);
      if (number === undefined) refuse(`Cannot parse ${value} as a counter value`);
      state[field] = { comparison, inverted, value: number };
    },
  };
}

/** A set, and the sides of a packet to look at. */
export interface SetUse {
  readonly set: IpSet;
  readonly sources: readonly boolean[];
  /** As it was written. */
  readonly text: string;
}

/** Reads `NAME src,dst`; shared with the SET target. */
export function setAndSides(text: string, sets: IpSets): SetUse {
  const space = text.indexOf(" ");
  const name = text.slice(0, space);
  const set = sets.get(name);
  if (set === undefined) refuse(`Set ${name} doesn't exist.\n`);
  return { set, sources: parseSides(text.slice(space + 1)), text };
}

function parseSides(text: string): boolean[] {
  const words = text.split(",");
  if (words.length > 6) refuse("Too many elements in the set specification");
  return words.map((word) => {
    if (word !== "src" && word !== "dst") {
      refuse(`You must spefify (the comma separated list of) 'src' or 'dst'.`);
    }
    return word === "src";
  });
}

/** The module. */
export const SET_MATCH = defineMatch<SetState>({
  name: "set",
  options: [
    {
      name: "match-set",
      second: true,
      inverts: true,
      read: (state, value, inverted, { engine }) => {
        state.set = setAndSides(value, engine.sets);
        state.inverted = inverted;
      },
    },
    {
      name: "return-nomatch",
      argument: false,
      read: (state) => {
        state.returnNomatch = true;
      },
    },
    {
      name: "update-counters",
      argument: false,
      inverts: true,
      read: (state, _value, inverted) => {
        state.updateCounters = !inverted;
      },
    },
    {
      name: "update-subcounters",
      argument: false,
      inverts: true,
      read: (state, _value, inverted) => {
        state.updateSubcounters = !inverted;
      },
    },
    ...(["packets", "bytes"] as const).flatMap((field) =>
      (["eq", "lt", "gt"] as const).map((comparison) => counterOption(field, comparison)),
    ),
  ],
  start: () => ({
    set: null,
    inverted: false,
    returnNomatch: false,
    updateCounters: true,
    updateSubcounters: true,
    packets: null,
    bytes: null,
  }),
  finish: (state) => {
    if (state.set === null) refuse("You must specify `--match-set' with proper arguments");
    return new SetMatch(state, state.set);
  },
});
