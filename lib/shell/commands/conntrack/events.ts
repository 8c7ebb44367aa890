/**
 * `conntrack -E`: prints what happens to connections until it is ended. As in the kernel it hears
 * only of connections that were made since it began to listen.
 *
 * Kernel: net/netfilter/nf_conntrack_netlink.c (ctnetlink_conntrack_event), 6.18.
 * Not modelled: events that are lost because the socket's buffer is full.
 */
import { NS_PER_S } from "../../../base/units.ts";
import type { Connection } from "../../../netfilter/conntrack/connection.ts";
import type { ConntrackEvent, ConntrackListener } from "../../../netfilter/conntrack/events.ts";
import { EVENT_FORM, formatConnection } from "../../../netfilter/conntrack/print.ts";
import { WaitQueue, waitFor } from "../../../sim/process.ts";
import type { CommandBody, CommandContext } from "../../command.ts";
import { type ConnectionTest, connectionTest } from "./filter.ts";
import { CONNTRACK_TOOL, type ConntrackOption, conntrackProblem } from "./options.ts";

const LABELS: Readonly<Record<ConntrackEvent, string>> = {
  NEW: "    [NEW] ",
  UPDATE: " [UPDATE] ",
  DESTROY: "[DESTROY] ",
};
/** Words of `-e`, which may be cut short. */
const MASKS = ["ALL", "NEW", "UPDATES", "DESTROY", "RELATED"];

/** The program of `conntrack -E`. */
export function watchEvents(
  options: readonly ConntrackOption[],
  output: readonly string[],
): CommandBody {
  const wanted = wantedEvents(options);
  const test = connectionTest(options);
  return function* (context) {
    const { conntrack } = context.host.netfilter;
    const watcher = new Watcher(context, wanted, test, output);
    conntrack.events.listeners.push(watcher);
    try {
      for (;;) {
        while (watcher.lines.length === 0) yield waitFor([watcher.arrived]);
        context.io.stdout(
          watcher.lines
            .splice(0)
            .map((line) => `${watcher.stamp()}${line}`)
            .join(""),
        );
      }
    } finally {
      conntrack.events.listeners.splice(conntrack.events.listeners.indexOf(watcher), 1);
      context.io.stderr(`${CONNTRACK_TOOL}: ${watcher.shown} flow events have been shown.\n`);
    }
  };
}

class Watcher implements ConntrackListener {
  /** What has happened and is not printed. */
  readonly lines: string[] = [];
  readonly arrived = new WaitQueue();
  shown = 0;
  readonly #context: CommandContext;
  readonly #events: ReadonlySet<string>;
  readonly #test: ConnectionTest;
  readonly #output: readonly string[];

  constructor(
    context: CommandContext,
    events: ReadonlySet<string>,
    test: ConnectionTest,
    output: readonly string[],
  ) {
    this.#context = context;
    this.#events = events;
    this.#test = test;
    this.#output = output;
  }

  connectionEvent(event: ConntrackEvent, connection: Connection, portId: number): void {
    if (!this.#events.has(event) || !this.#test(connection)) return;
    const form = {
      ...EVENT_FORM,
      network: this.#output.includes("extended"),
      id: this.#output.includes("id"),
      counters: event === "DESTROY",
    };
    const text = formatConnection(this.#context.host.netfilter.conntrack, connection, form);
    const by = portId === 0 ? "" : ` [USERSPACE] portid=${portId}`;
    this.lines.push(`${LABELS[event]}${text}${by}\n`);
    this.shown += 1;
    this.arrived.wake();
  }

  /** What `-o timestamp` puts in front of a line: the time at which it is printed. */
  stamp(): string {
    if (!this.#output.includes("timestamp")) return "";
    const { epochSeconds, namespace } = this.#context.host;
    const now = namespace.cpu.now;
    const seconds = epochSeconds + Math.floor(now / NS_PER_S);
    const us = Math.floor((now % NS_PER_S) / 1000);
    return `[${seconds}.${String(us).padStart(6, "0")}]\t`;
  }
}

function wantedEvents(options: readonly ConntrackOption[]): ReadonlySet<string> {
  const masks = options.filter(({ name }) => name === "event-mask");
  const words = masks.flatMap(({ value }) => value.split(","));
  const events = new Set<string>();
  for (const word of words.length === 0 ? ["ALL"] : words) {
    const mask = MASKS.find((known) => word !== "" && known.startsWith(word.toUpperCase()));
    if (mask === undefined) throw conntrackProblem(`Bad parameter \`${masks[0]?.value ?? ""}'`);
    if (mask === "ALL" || mask === "NEW") events.add("NEW");
    if (mask === "ALL" || mask === "UPDATES") events.add("UPDATE");
    if (mask === "ALL" || mask === "DESTROY") events.add("DESTROY");
  }
  return events;
}
