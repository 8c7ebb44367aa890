/**
 * -m recent: remembers addresses and asks how long ago and how often they were seen.
 *
 * Kernel: net/netfilter/xt_recent.c (recent_mt), 6.18; iptables 1.8.9, extensions/libxt_recent.c.
 */
import { formatIpv4 } from "../../base/inet.ts";
import * as ipv4 from "../../wire/ipv4.ts";
import { defineMatch, type OptionSpec, refuseInKernel } from "../extension.ts";
import type { Packet } from "../packet.ts";
import type { RecentEntry, RecentList, RecentLists } from "../recent.ts";
import { Match } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import { numberOption, tryAddress } from "../text/values.ts";

type Action = "set" | "rcheck" | "update" | "remove";

interface RecentState {
  action: Action | "";
  inverted: boolean;
  seconds: number;
  hitcount: number;
  rttl: boolean;
  reap: boolean;
  list: string;
  mask: number;
  destination: boolean;
}

class RecentMatch extends Match {
  override get name(): string {
    return "recent";
  }

  override get pure(): boolean {
    return false;
  }

  readonly #test: RecentState;
  readonly #lists: RecentLists;
  #list: RecentList | null = null;

  constructor(test: RecentState, lists: RecentLists) {
    super();
    this.#test = test;
    this.#lists = lists;
  }

  override attach(): void {
    this.#list = this.#lists.open(this.#test.list, this.#test.mask, this.#test.hitcount);
  }

  override detach(): void {
    if (this.#list !== null) this.#lists.close(this.#list);
    this.#list = null;
  }

  override matches(packet: Packet): boolean {
    const list = this.#list;
    if (list === null) return false;
    const test = this.#test;
    // The mask of the rule that made the list.
    const address = (test.destination ? packet.destination : packet.source) & list.mask;
    let ttl = ipv4.ttl(packet.view, packet.l3);
    // Of a packet that is on its way through, the TTL as it was before it was forwarded.
    if (packet.outDevice !== null && packet.frame.socket === null) ttl = (ttl + 1) & 0xff;
    const tick = this.#lists.tick;
    const entry = this.#lookUp(list, address, ttl);
    if (entry === null) {
      if (test.action !== "set") return test.inverted;
      list.add(address, ttl, tick);
      return !test.inverted;
    }
    return this.#known(list, entry, tick, ttl);
  }

  #lookUp(list: RecentList, address: number, ttl: number): RecentEntry | null {
    const entry = list.entries.get(address);
    if (entry === undefined) return null;
    return this.#test.rttl && entry.ttl !== ttl ? null : entry;
  }

  #known(list: RecentList, entry: RecentEntry, tick: number, ttl: number): boolean {
    const test = this.#test;
    let found = test.inverted;
    let hits = false;
    if (test.action === "set") {
      found = !found;
      hits = true;
    } else if (test.action === "remove") {
      list.entries.delete(entry.address);
      return !found;
    } else {
      const since = tick - this.#lists.ticks(test.seconds);
      let count = 0;
      for (const stamp of entry.stamps) {
        if (test.seconds > 0 && stamp < since) continue;
        count += 1;
        if (test.hitcount === 0 || count >= test.hitcount) {
          found = !found;
          hits = true;
          break;
        }
      }
      if (test.reap) list.reap(since);
    }
    if (test.action === "set" || (test.action === "update" && hits)) {
      list.touch(entry, tick);
      entry.ttl = ttl;
    }
    return found;
  }

  override save(): string {
    const test = this.#test;
    let text = `${test.inverted ? " !" : ""} --${test.action}`;
    if (test.seconds > 0) text += ` --seconds ${test.seconds}`;
    if (test.reap) text += " --reap";
    if (test.hitcount > 0) text += ` --hitcount ${test.hitcount}`;
    if (test.rttl) text += " --rttl";
    text += ` --name ${test.list} --mask ${formatIpv4(test.mask)}`;
    return `${text} --${test.destination ? "rdest" : "rsource"}`;
  }

  override list(): string {
    const test = this.#test;
    const action = { set: "SET", rcheck: "CHECK", update: "UPDATE", remove: "REMOVE", "": "" };
    let text = `${test.inverted ? " !" : ""} recent: ${action[test.action]}`;
    if (test.seconds > 0) text += ` seconds: ${test.seconds}`;
    if (test.reap) text += " reap";
    if (test.hitcount > 0) text += ` hit_count: ${test.hitcount}`;
    if (test.rttl) text += " TTL-Match";
    text += ` name: ${test.list} side: ${test.destination ? "dest" : "source"}`;
    return `${text} mask: ${formatIpv4(test.mask)}`;
  }
}

function action(name: Action): OptionSpec<RecentState> {
  const others = ["set", "rcheck", "update", "remove"].filter((other) => other !== name);
  return {
    name,
    argument: false,
    inverts: true,
    excludes: others,
    read: (state, _value, inverted) => {
      state.action = name;
      state.inverted = inverted;
    },
  };
}

/** The module. */
export const RECENT_MATCH = defineMatch<RecentState>({
  name: "recent",
  options: [
    action("set"),
    action("rcheck"),
    action("update"),
    action("remove"),
    {
      name: "seconds",
      read: (state, value) => {
        state.seconds = numberOption("recent", "seconds", value, 1);
      },
    },
    {
      name: "reap",
      argument: false,
      needs: "seconds",
      read: (state) => {
        state.reap = true;
      },
    },
    {
      name: "hitcount",
      read: (state, value) => {
        state.hitcount = numberOption("recent", "hitcount", value, 1);
      },
    },
    {
      name: "rttl",
      argument: false,
      excludes: ["set", "remove"],
      read: (state) => {
        state.rttl = true;
      },
    },
    {
      name: "name",
      read: (state, value) => {
        if (value.length === 0 || value.length > 199) refuse(`recent: Bad list name "${value}"`);
        state.list = value;
      },
    },
    {
      name: "mask",
      read: (state, value) => {
        const mask = tryAddress(value);
        if (mask === undefined) refuse(`recent: Bad value for "--mask" option: "${value}"`);
        state.mask = mask;
      },
    },
    {
      name: "rsource",
      argument: false,
      excludes: ["rdest"],
      read: (state) => {
        state.destination = false;
      },
    },
    {
      name: "rdest",
      argument: false,
      read: (state) => {
        state.destination = true;
      },
    },
  ],
  start: () => ({
    action: "",
    inverted: false,
    seconds: 0,
    hitcount: 0,
    rttl: false,
    reap: false,
    list: "DEFAULT",
    mask: -1,
    destination: false,
  }),
  finish: (state, context) => {
    const { action: chosen } = state;
    if (chosen === "") {
      refuse("recent: you must specify one of --set, --rcheck, --update or --remove");
    }
    if (chosen === "set" || chosen === "remove") {
      if (state.seconds > 0 || state.hitcount > 0) {
        refuseInKernel(context, `--${chosen} cannot be used with --seconds or --hitcount`);
      }
    }
    return new RecentMatch(state, context.engine.recent);
  },
});
