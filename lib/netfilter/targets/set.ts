/**
 * -j SET: puts the packet into an IP set, or takes it out.
 *
 * Not modelled: --map-set.
 * Kernel: net/netfilter/xt_set.c (set_target), 6.18; iptables 1.8.9, extensions/libxt_SET.c.
 */
import { defineTarget } from "../extension.ts";
import type { IpSet, SetElement } from "../ipset.ts";
import { type SetUse, setAndSides } from "../matches/set.ts";
import type { Packet } from "../packet.ts";
import { Target, Verdict } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import { numberOption } from "../text/values.ts";

interface SetState {
  add: SetUse | null;
  del: SetUse | null;
  exist: boolean;
  timeout: number;
}

class SetTarget extends Target {
  override get name(): string {
    return "SET";
  }

  readonly #state: SetState;
  readonly #add: SetUse | null;
  readonly #del: SetUse | null;

  constructor(state: SetState) {
    super();
    this.#state = state;
    this.#add = state.add;
    this.#del = state.del;
  }

  override attach(): void {
    if (this.#add !== null) this.#add.set.references += 1;
    if (this.#del !== null) this.#del.set.references += 1;
  }

  override detach(): void {
    if (this.#add !== null) this.#add.set.references -= 1;
    if (this.#del !== null) this.#del.set.references -= 1;
  }

  override apply(packet: Packet): Verdict {
    if (this.#add !== null) {
      const element = this.#add.set.elementOf(packet, this.#add.sources);
      if (element !== null) this.#put(this.#add.set, element, packet.length);
    }
    if (this.#del !== null) {
      const element = this.#del.set.elementOf(packet, this.#del.sources);
      if (element !== null) this.#del.set.delete(element);
    }
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

  override save(): string {
    return this.#dump("--");
  }

  override list(): string {
    return this.#dump("");
  }

  #dump(dash: string): string {
    const { add, del, exist, timeout } = this.#state;
    let text = "";
    if (add !== null) {
      text += ` ${dash}add-set ${add.text}`;
      if (exist) text += ` ${dash}exist`;
      if (timeout >= 0) text += ` ${dash}timeout ${timeout}`;
    }
    if (del !== null) text += ` ${dash}del-set ${del.text}`;
    return text;
  }
}

/** The module. */
export const SET_TARGET = defineTarget<SetState>({
  name: "SET",
  options: [
    {
      name: "add-set",
      second: true,
      read: (state, value, _inverted, { engine }) => {
        state.add = setAndSides(value, engine.sets);
      },
    },
    {
      name: "del-set",
      second: true,
      read: (state, value, _inverted, { engine }) => {
        state.del = setAndSides(value, engine.sets);
      },
    },
    {
      name: "exist",
      argument: false,
      read: (state) => {
        state.exist = true;
      },
    },
    {
      name: "timeout",
      read: (state, value) => {
        state.timeout = numberOption("SET", "timeout", value, 0, 0xfffffffe);
      },
    },
    {
      name: "map-set",
      second: true,
      read: () => refuse("SET: --map-set is not modelled"),
    },
  ],
  start: () => ({ add: null, del: null, exist: false, timeout: -1 }),
  finish: (state) => {
    const { add, del } = state;
    if (add === null && del === null) refuse("You must specify either `--add-set' or `--del-set'");
    if (add === null && (state.exist || state.timeout >= 0)) {
      refuse("Flags `--exist' and `--timeout' can be used with `--add-set' only");
    }
    return new SetTarget(state);
  },
});
