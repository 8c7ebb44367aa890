/**
 * -m set: whether the packet is in an IP set.
 *
 * Kernel: net/netfilter/xt_set.c, 6.18; iptables 1.8.9, extensions/libxt_set.c.
 */
import { defineMatch, type OptionSpec } from "../extension.ts";
import type { IpSet, IpSets } from "../ipset.ts";
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
  name: string;
  sources: readonly boolean[];
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
  readonly #set: IpSet;

  constructor(test: SetState, set: IpSet) {
    super();
    this.#test = test;
    this.#set = set;
  }

  override attach(): void {
    this.#set.references += 1;
  }

  override detach(): void {
    this.#set.references -= 1;
  }

  override matches(packet: Packet): boolean {
    const test = this.#test;
    const element = this.#set.find(packet, test.sources);
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
    const sides = test.sources.map((source) => (source ? "src" : "dst")).join(",");
    let text = `${test.inverted ? " !" : ""} ${dash}match-set ${test.name} ${sides}`;
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

/** The set of that name, and the sides to look at; shared with the SET target. */
export function setAndSides(
  name: string,
  sides: string,
  sets: IpSets,
): { set: IpSet; sources: boolean[] } {
  const set = sets.get(name);
  if (set === undefined) refuse(`Set ${name} doesn't exist.`);
  return { set, sources: parseSides(sides) };
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
      read: (state, value, inverted) => {
        const space = value.indexOf(" ");
        state.name = value.slice(0, space);
        state.sources = parseSides(value.slice(space + 1));
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
    name: "",
    sources: [],
    inverted: false,
    returnNomatch: false,
    updateCounters: true,
    updateSubcounters: true,
    packets: null,
    bytes: null,
  }),
  finish: (state, { engine }) => {
    if (state.name === "") refuse("You must specify `--match-set' with proper arguments");
    const set = engine.sets.get(state.name);
    if (set === undefined) refuse(`Set ${state.name} doesn't exist.`);
    return new SetMatch(state, set);
  },
});
