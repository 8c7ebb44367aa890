/**
 * -j LOG, NFLOG and TRACE: the packet is told about and goes on.
 *
 * Kernel: net/netfilter/xt_LOG.c, xt_NFLOG.c, xt_TRACE.c, 6.18; iptables 1.8.9,
 * extensions/libxt_LOG.c, libxt_NFLOG.c.
 */
import { defineTarget, type OptionSpec } from "../extension.ts";
import type { LogRequest, PacketLog } from "../log.ts";
import type { Packet } from "../packet.ts";
import { Target, Verdict } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import { numberOption, parseNumber, quote } from "../text/values.ts";

/** Listings spell two of them shorter. */
const LISTED_LEVELS = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"];
const LEVELS = ["emerg", "alert", "crit", "error", "warning", "notice", "info", "debug"];
const LEVEL_ALIASES: ReadonlyMap<string, number> = new Map([["panic", 0]]);
const DEFAULT_LEVEL = 4;

const FLAGS: readonly (readonly [string, number])[] = [
  ["log-tcp-sequence", 1],
  ["log-tcp-options", 2],
  ["log-ip-options", 4],
  ["log-uid", 8],
  ["log-macdecode", 32],
];

interface LogState {
  prefix: string;
  level: number;
  flags: number;
}

class LogTarget extends Target {
  override get name(): string {
    return "LOG";
  }

  readonly #request: LogRequest;
  readonly #log: PacketLog;

  constructor(state: LogState, log: PacketLog) {
    super();
    this.#request = { target: "LOG", ...state };
    this.#log = log;
  }

  override apply(packet: Packet): Verdict {
    this.#log.write(this.#request, packet);
    return Verdict.CONTINUE;
  }

  override save(): string {
    const { prefix, level, flags } = this.#request;
    let text = prefix === "" ? "" : ` --log-prefix ${quote(prefix)}`;
    if (level !== DEFAULT_LEVEL) text += ` --log-level ${level}`;
    for (const [name, bit] of FLAGS) if ((flags & bit) !== 0) text += ` --${name}`;
    return text;
  }

  override list(numeric: boolean): string {
    const { prefix, level, flags } = this.#request;
    let text = ` LOG flags ${flags} level ${level}`;
    if (!numeric) {
      text = " LOG";
      text += ` level ${LISTED_LEVELS[level] ?? level}`;
      const names = FLAGS.filter(([, bit]) => (flags & bit) !== 0);
      for (const [name] of names) text += ` ${name.slice(4)}`;
    }
    return prefix === "" ? text : `${text} prefix "${prefix}"`;
  }
}

/** LOG. */
export const LOG_TARGET = defineTarget<LogState>({
  name: "LOG",
  options: [
    {
      name: "log-level",
      read: (state, value) => {
        state.level = parseLevel(value);
      },
    },
    {
      name: "log-prefix",
      read: (state, value) => {
        if (value === "") refuse("No prefix specified for --log-prefix");
        if (value.includes("\n")) refuse("Newlines not allowed in --log-prefix");
        state.prefix = value.slice(0, 29);
      },
    },
    ...FLAGS.map(
      ([name, bit]): OptionSpec<LogState> => ({
        name,
        argument: false,
        read: (state) => {
          state.flags |= bit;
        },
      }),
    ),
  ],
  start: () => ({ prefix: "", level: DEFAULT_LEVEL, flags: 0 }),
  finish: (state, { engine }) => new LogTarget(state, engine.log),
});

function parseLevel(text: string): number {
  const number = parseNumber(text, 0, 7);
  if (number !== undefined) return number;
  const lower = text.toLowerCase();
  const alias = LEVEL_ALIASES.get(lower);
  if (alias !== undefined) return alias;
  const level = LEVELS.indexOf(lower);
  if (level === -1) refuse(`log level "${text}" unknown\n`, `levels are ${LEVELS.join(", ")}`);
  return level;
}

interface NflogState {
  group: number;
  prefix: string;
  range: number;
  size: number;
  threshold: number;
}

class NflogTarget extends Target {
  override get name(): string {
    return "NFLOG";
  }

  readonly #state: NflogState;
  readonly #request: LogRequest;
  readonly #log: PacketLog;

  constructor(state: NflogState, log: PacketLog) {
    super();
    this.#state = state;
    this.#request = { target: "NFLOG", prefix: state.prefix, level: state.group, flags: 0 };
    this.#log = log;
  }

  override apply(packet: Packet): Verdict {
    this.#log.write(this.#request, packet);
    return Verdict.CONTINUE;
  }

  override save(): string {
    return this.#dump("--", quote);
  }

  override list(): string {
    return this.#dump("", quote);
  }

  #dump(dash: string, show: (text: string) => string): string {
    const { prefix, group, range, size, threshold } = this.#state;
    let text = prefix === "" ? "" : ` ${dash}nflog-prefix ${show(prefix)}`;
    if (group !== 0) text += ` ${dash}nflog-group ${group}`;
    if (size >= 0) text += ` ${dash}nflog-size ${size}`;
    else if (range > 0) text += ` ${dash}nflog-range ${range}`;
    if (threshold !== 0) text += ` ${dash}nflog-threshold ${threshold}`;
    return text;
  }
}

/** NFLOG. */
export const NFLOG_TARGET = defineTarget<NflogState>({
  name: "NFLOG",
  options: [
    {
      name: "nflog-group",
      read: (state, value) => {
        state.group = numberOption("NFLOG", "nflog-group", value, 0, 0xffff);
      },
    },
    {
      name: "nflog-prefix",
      read: (state, value) => {
        if (value === "") refuse("Argument must have a minimum length of 1 characters\n");
        if (value.includes("\n")) refuse("Newlines not allowed in --nflog-prefix");
        state.prefix = value.slice(0, 63);
      },
    },
    {
      name: "nflog-range",
      excludes: ["nflog-size"],
      read: (state, value) => {
        state.range = numberOption("NFLOG", "nflog-range", value);
      },
    },
    {
      name: "nflog-size",
      read: (state, value) => {
        state.size = numberOption("NFLOG", "nflog-size", value);
      },
    },
    {
      name: "nflog-threshold",
      read: (state, value) => {
        state.threshold = numberOption("NFLOG", "nflog-threshold", value, 0, 0xffff);
      },
    },
  ],
  start: () => ({ group: 0, prefix: "", range: 0, size: -1, threshold: 0 }),
  finish: (state, { engine }) => new NflogTarget(state, engine.log),
});

class TraceTarget extends Target {
  override get name(): string {
    return "TRACE";
  }

  override apply(packet: Packet): Verdict {
    packet.frame.traced = true;
    return Verdict.CONTINUE;
  }

  override save(): string {
    return "";
  }

  override list(): string {
    return "";
  }
}

/** TRACE. */
export const TRACE_TARGET = defineTarget<null>({
  name: "TRACE",
  options: [],
  start: () => null,
  finish: () => new TraceTarget(),
});
