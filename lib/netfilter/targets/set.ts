/**
 * -j SET: puts the packet into an IP set, takes it out, or gives it what its element says.
 *
 * Kernel: net/netfilter/xt_set.c (set_target_v3), 6.18; iptables 1.8.9, extensions/libxt_SET.c.
 */
import { defineTarget, type OptionSpec, refuseInKernel } from "../extension.ts";
import { Hook } from "../hooks.ts";
import type { SetElement } from "../ipset/element.ts";
import type { IpSet } from "../ipset/set.ts";
import { type SetUse, setAndSides } from "../matches/set.ts";
import type { Packet } from "../packet.ts";
import { ALL_HOOKS, Target, Verdict } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import { numberOption } from "../text/values.ts";

/** Where a packet has a device to leave by, and so a priority and a queue. */
const LEAVING = (1 << Hook.FORWARD) | (1 << Hook.OUTPUT) | (1 << Hook.POSTROUTING);
const MAPPED = ["mark", "prio", "queue"] as const;

interface SetState {
  add: SetUse | null;
  del: SetUse | null;
  map: SetUse | null;
  exist: boolean;
  /** Seconds; -1: as the set has it. */
  timeout: number;
  /** What --map-set takes from the element. */
  mapped: Set<string>;
}

class SetTarget extends Target {
  override get name(): string {
    return "SET";
  }

  readonly #state: SetState;
  readonly #uses: readonly SetUse[];

  constructor(state: SetState) {
    super();
    this.#state = state;
    this.#uses = [state.add, state.del, state.map].filter((use) => use !== null);
  }

  override get validHooks(): number {
    const { mapped } = this.#state;
    return mapped.has("prio") || mapped.has("queue") ? LEAVING : ALL_HOOKS;
  }

  override attach(): void {
    for (const { set } of this.#uses) set.references += 1;
  }

  override detach(): void {
    for (const { set } of this.#uses) set.references -= 1;
  }

  override apply(packet: Packet): Verdict {
    const { add, del, map } = this.#state;
    if (add !== null) {
      const element = add.set.elementOf(packet, add.sources);
      if (element !== null) this.#put(add.set, element, packet.length);
    }
    if (del !== null) {
      const element = del.set.elementOf(packet, del.sources);
      if (element !== null) del.set.delete(element);
    }
    const found = map?.set.find(packet, map.sources) ?? null;
    if (found !== null && !found.nomatch) this.#map(packet, found);
    return Verdict.CONTINUE;
  }

  /** Only --exist gives an element that is there already another timeout. */
  #put(set: IpSet, element: SetElement, length: number): void {
    const { exist, timeout } = this.#state;
    element.packets = 1;
    element.bytes = length;
    element.expires = timeout < 0 ? set.expiry() : set.expiry(timeout);
    if (exist) set.put(element);
    else set.add(element);
  }

  /** A network device has one queue here, so that a queue changes nothing. */
  #map({ frame }: Packet, { mapping }: SetElement): void {
    const { mapped } = this.#state;
    if (mapped.has("mark")) frame.mark = (frame.mark & ~mapping.mask) ^ mapping.mark;
    if (mapped.has("prio")) frame.priority = mapping.priority;
  }

  override save(): string {
    return this.#dump("--");
  }

  override list(): string {
    return this.#dump("");
  }

  #dump(dash: string): string {
    const { add, del, map, exist, timeout, mapped } = this.#state;
    let text = "";
    if (add !== null) {
      text += ` ${dash}add-set ${add.text}`;
      if (exist) text += ` ${dash}exist`;
      if (timeout >= 0) text += ` ${dash}timeout ${timeout}`;
    }
    if (del !== null) text += ` ${dash}del-set ${del.text}`;
    if (map === null) return text;
    text += ` ${dash}map-set ${map.text}`;
    for (const name of MAPPED) if (mapped.has(name)) text += ` ${dash}map-${name}`;
    return text;
  }
}

function useOption(name: string, field: "add" | "del" | "map"): OptionSpec<SetState> {
  return {
    name,
    second: true,
    repeats: true,
    read: (state, value, _inverted, { engine }) => {
      state[field] = setAndSides(value, engine.sets);
    },
  };
}

/** The module. */
export const SET_TARGET = defineTarget<SetState>({
  name: "SET",
  options: [
    useOption("add-set", "add"),
    useOption("del-set", "del"),
    useOption("map-set", "map"),
    {
      name: "exist",
      argument: false,
      repeats: true,
      read: (state) => {
        state.exist = true;
      },
    },
    {
      name: "timeout",
      repeats: true,
      read: (state, value) => {
        state.timeout = numberOption("SET", "timeout", value, 0, 0xfffffffe);
      },
    },
    ...MAPPED.map(
      (name): OptionSpec<SetState> => ({
        name: `map-${name}`,
        argument: false,
        repeats: true,
        read: (state) => {
          state.mapped.add(name);
        },
      }),
    ),
  ],
  start: () => ({
    add: null,
    del: null,
    map: null,
    exist: false,
    timeout: -1,
    mapped: new Set<string>(),
  }),
  finish: (state, context) => {
    const { add, del, map, mapped } = state;
    if (add === null && del === null && map === null) {
      refuse("You must specify either `--add-set' or `--del-set' or `--map-set'");
    }
    if (add === null && state.exist) refuse("Flag `--exist' can be used with `--add-set' only");
    if (add === null && state.timeout >= 0) {
      refuse("Option `--timeout' can be used with `--add-set' only");
    }
    const [first] = mapped;
    if (map === null && first !== undefined) {
      refuse(`Flag \`--map-${first}' can be used with \`--map-set' only`);
    }
    if (map !== null && mapped.size === 0) {
      refuse("You must specify flags `--map-mark' or '--map-prio` or `--map-queue'");
    }
    if (map !== null && context.table !== "mangle") {
      refuseInKernel(context, "--map-set: only valid in the mangle table");
    }
    return new SetTarget({ ...state, mapped: new Set(mapped) });
  },
});
