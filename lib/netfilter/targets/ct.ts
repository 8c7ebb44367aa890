/**
 * -j CT and NOTRACK: how a packet will be tracked, decided before it is.
 *
 * Not modelled: --helper, --timeout.
 * Kernel: net/netfilter/xt_CT.c, 6.18; iptables 1.8.9, extensions/libxt_CT.c.
 */
import { Connection, Info, Status } from "../conntrack/connection.ts";
import type { Conntrack } from "../conntrack/conntrack.ts";
import { defineTarget, type OptionSpec, type RuleContext, refuseInKernel } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { Target, Verdict } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import { parseNumber } from "../text/values.ts";

const EVENTS = [
  "new",
  "related",
  "destroy",
  "reply",
  "assured",
  "protoinfo",
  "helper",
  "mark",
  "natseqinfo",
  "secmark",
];
/** Bits of `zoneDirections`. */
const ORIGINAL = 1;
const REPLY = 2;

interface CtState {
  notrack: boolean;
  events: number;
  /** -1: the packet's mark; -2: no zone asked for. */
  zone: number;
  directions: number;
}

class CtTarget extends Target {
  readonly #name: string;
  readonly #state: CtState;
  readonly #conntrack: Conntrack;
  readonly #template: Connection;

  constructor(name: string, state: CtState, conntrack: Conntrack) {
    super();
    this.#name = name;
    this.#state = state;
    this.#conntrack = conntrack;
    this.#template = template(conntrack, Math.max(state.zone, 0), state.directions);
  }

  // What is not to be tracked does not turn tracking on.
  override get tracks(): boolean {
    return !this.#state.notrack;
  }

  override get name(): string {
    return this.#name;
  }

  override get listedName(): string {
    return "CT";
  }

  override apply(packet: Packet): Verdict {
    const { frame } = packet;
    // What is tracked already stays as it is.
    if (frame.conntrack !== null || frame.conntrackInfo === Info.UNTRACKED) return Verdict.CONTINUE;
    if (this.#state.notrack) {
      frame.conntrackInfo = Info.UNTRACKED;
      return Verdict.CONTINUE;
    }
    const fromMark = this.#state.zone === -1;
    frame.attach(
      fromMark
        ? template(this.#conntrack, frame.mark & 0xffff, this.#state.directions)
        : this.#template,
      Info.NEW,
    );
    return Verdict.CONTINUE;
  }

  override save(): string {
    return this.#dump("--");
  }

  override list(): string {
    return this.#name === "NOTRACK" ? " NOTRACK" : ` CT${this.#dump("")}`;
  }

  #dump(dash: string): string {
    if (this.#name === "NOTRACK") return "";
    const { notrack, events, zone, directions } = this.#state;
    let text = notrack ? ` ${dash}notrack` : "";
    if (events !== 0) {
      const names = EVENTS.filter((_name, bit) => (events & (1 << bit)) !== 0);
      text += ` ${dash}ctevents ${names.join(",")}`;
    }
    if (zone !== -2) {
      const side = directions === ORIGINAL ? "-orig" : directions === REPLY ? "-reply" : "";
      text += ` ${dash}zone${side} ${zone === -1 ? "mark" : zone}`;
    }
    return text;
  }
}

function template(conntrack: Conntrack, zone: number, directions: number): Connection {
  const connection = new Connection(conntrack);
  connection.status = Status.TEMPLATE | Status.CONFIRMED;
  connection.setZone(zone, directions);
  return connection;
}

function zoneOption(name: string, directions: number): OptionSpec<CtState> {
  return {
    name,
    read: (state, value) => {
      if (state.zone !== -2) refuse("CT: only one zone may be given");
      const zone = value === "mark" ? -1 : parseNumber(value, 0, 0xffff);
      if (zone === undefined) refuse(`Cannot parse ${value} as a zone ID`);
      state.zone = zone;
      state.directions = directions;
    },
  };
}

/** CT. */
export const CT_TARGET = defineTarget<CtState>({
  name: "CT",
  options: [
    {
      name: "notrack",
      argument: false,
      read: (state) => {
        state.notrack = true;
      },
    },
    { name: "helper", read: () => refuse("CT: --helper is not modelled") },
    { name: "timeout", read: () => refuse("CT: --timeout is not modelled") },
    {
      name: "ctevents",
      read: (state, value) => {
        state.events = parseEvents(value);
      },
    },
    { name: "expevents", read: () => refuse("CT: --expevents is not modelled") },
    zoneOption("zone", ORIGINAL | REPLY),
    zoneOption("zone-orig", ORIGINAL),
    zoneOption("zone-reply", REPLY),
  ],
  start,
  finish: (state, context) => {
    requireRaw("CT", context);
    return new CtTarget("CT", state, context.engine.conntrack);
  },
});

/** NOTRACK. */
export const NOTRACK_TARGET = defineTarget<CtState>({
  name: "NOTRACK",
  options: [],
  start,
  finish: (state, context) => {
    requireRaw("NOTRACK", context);
    state.notrack = true;
    return new CtTarget("NOTRACK", state, context.engine.conntrack);
  },
});

function start(): CtState {
  return { notrack: false, events: 0, zone: -2, directions: ORIGINAL | REPLY };
}

function requireRaw(name: string, context: RuleContext): void {
  if (context.table !== "raw") refuseInKernel(context, `${name}: only valid in the raw table`);
}

function parseEvents(text: string): number {
  let events = 0;
  for (const word of text.split(",")) {
    const bit = EVENTS.indexOf(word.toLowerCase());
    if (bit === -1) refuse(`Unknown event type "${word}"`, `events are ${EVENTS.join(", ")}`);
    events |= 1 << bit;
  }
  return events;
}
