/**
 * `ss`: the TCP and UDP sockets of a host.
 *
 * Spec: iproute2 6.1, misc/ss.c; columns are as wide as their widest cell, as on a pipe.
 * Not modelled: processes (-p adds nothing), inode numbers, UNIX and netlink sockets.
 */
import { formatIpv4 } from "../../base/inet.ts";
import { NS_PER_MS, NS_PER_S } from "../../base/units.ts";
import { serviceName } from "../../netfilter/text/names.ts";
import type { Tcb } from "../../transport/tcp/tcb.ts";
import { type Command, type CommandContext, immediate } from "../command.ts";
import { type OptionTable, readOptions } from "../options.ts";
import { type SocketRow, socketRows } from "../socket-list.ts";
import { readSocketFilter, type SocketTest } from "./ss-filter.ts";

const TABLE: OptionTable = {
  command: "ss",
  letters: "4taulnpioeHm",
  long: {
    tcp: "t",
    udp: "u",
    all: "a",
    listening: "l",
    numeric: "n",
    processes: "p",
    info: "i",
    options: "o",
    extended: "e",
    "no-header": "H",
    ipv4: "4",
  },
  allowed: "options are -t -u -a -l -n -o -i -p -e -H, then state NAME, sport = :N, dport = :N",
};

/** What is left out without `-a`: listeners, and what is not or no longer connected. */
const UNCONNECTED = ["LISTEN", "UNCONN", "TIME-WAIT", "SYN-RECV"];
const LISTENING = ["LISTEN", "UNCONN"];

/** The command. */
export const ss: Command = {
  name: "ss",
  parse(args) {
    const given = readOptions(args, TABLE);
    const filter = readSocketFilter(given.words);
    const kinds = (["tcp", "udp"] as const).filter((kind) => given.has(kind[0] ?? ""));
    return immediate((context) => {
      const wanted: SocketTest = (row) =>
        (kinds.length === 0 || kinds.includes(row.kind)) &&
        (filter.states !== null
          ? filter.states.includes(row.state)
          : given.has("a") || LISTENING.includes(row.state) === given.has("l")) &&
        (filter.states !== null ||
          given.has("a") ||
          given.has("l") ||
          !UNCONNECTED.includes(row.state)) &&
        filter.test(row);
      const rows = socketRows(context.host.namespace).filter(wanted);
      print(context, rows, {
        showKind: kinds.length !== 1,
        showState: filter.states === null || filter.states.length > 1,
        header: !given.has("H"),
        numeric: given.has("n"),
        timers: given.has("o"),
        info: given.has("i"),
      });
      return 0;
    });
  },
};

interface View {
  readonly showKind: boolean;
  readonly showState: boolean;
  readonly header: boolean;
  readonly numeric: boolean;
  readonly timers: boolean;
  readonly info: boolean;
}

/** How the columns stand: addresses to the right, so that the colons are in line. */
const RIGHT = [false, false, false, false, true, false, true, false];
const HEAD = [
  "Netid",
  "State",
  "Recv-Q",
  "Send-Q",
  "Local Address",
  "Port",
  "Peer Address",
  "Port",
];
/** What stands behind each column. */
const BEHIND = [" ", " ", " ", " ", ":", " ", ":", ""];

function print({ host, io }: CommandContext, rows: readonly SocketRow[], view: View): void {
  const cells = rows.map((row) => cellsOf(row, view));
  const shown = [view.showKind, view.showState, true, true, true, true, true, true];
  const all = view.header ? [HEAD, ...cells] : cells;
  const widths = HEAD.map((name, column) => {
    const queue = column === 2 || column === 3 ? name.length : 0;
    return Math.max(queue, ...all.map((line) => (line[column] ?? "").length));
  });
  const lineOf = (line: readonly string[]): string =>
    line
      .map((cell, column) => {
        if (shown[column] !== true) return "";
        const width = widths[column] ?? 0;
        const padded = RIGHT[column] === true ? cell.padStart(width) : cell.padEnd(width);
        return padded + (BEHIND[column] ?? "");
      })
      .join("");
  const { now } = host.namespace.cpu;
  const details = rows.map((row) => (view.timers ? timerText(row, now) : ""));
  const process = view.header ? Math.max(7, ...details.map((text) => text.length)) : 0;
  if (view.header) io.stdout(`${lineOf(HEAD)}${"Process".padEnd(process)}\n`);
  for (const [index, row] of rows.entries()) {
    const info =
      view.info && row.tcb !== null && row.state !== "LISTEN" ? `\n${infoText(row.tcb)}` : "";
    const tail = info === "" ? (details[index] ?? "").padEnd(process) : (details[index] ?? "");
    io.stdout(`${lineOf(cells[index] ?? [])}${tail}${info}\n`);
  }
}

function cellsOf(row: SocketRow, { numeric }: View): string[] {
  const port = (number: number): string =>
    number === 0
      ? "*"
      : numeric
        ? String(number)
        : (serviceName(number, row.kind) ?? String(number));
  return [
    row.kind,
    row.state,
    String(row.receiveQueue),
    String(row.sendQueue),
    formatIpv4(row.localAddress),
    port(row.localPort),
    formatIpv4(row.remoteAddress),
    port(row.remotePort),
  ];
}

function timerText({ tcb, timeWait }: SocketRow, now: number): string {
  if (timeWait !== null) return `timer:(timewait,${timeLeft(timeWait.expiresAt - now)},0)`;
  if (tcb === null) return "";
  if (tcb.writeTimer.armed) {
    return `timer:(on,${timeLeft(tcb.writeTimer.expiresAt - now)},${tcb.retransmits})`;
  }
  if (!tcb.keepaliveTimer.armed || !tcb.keepopen) return "";
  return `timer:(keepalive,${timeLeft(tcb.keepaliveTimer.expiresAt - now)},0)`;
}

/** `1min30sec`, `59sec`, `204ms`, as `ss` prints times. */
function timeLeft(ns: number): string {
  const ms = Math.max(0, Math.floor(ns / NS_PER_MS));
  const seconds = Math.floor((ms * NS_PER_MS) / NS_PER_S);
  const minutes = Math.floor(seconds / 60);
  let text = minutes > 0 ? `${minutes}min` : "";
  if (seconds % 60 > 0)
    text += `${seconds % 60}${ms % 1000 > 0 && minutes === 0 && seconds < 10 ? "." : "sec"}`;
  if (ms % 1000 > 0 && minutes === 0 && seconds < 10) {
    text += seconds > 0 ? `${String(ms % 1000).padStart(3, "0")}ms` : `${ms}ms`;
  }
  return text === "" ? "0ms" : text;
}

/** The internals that the emulated stack has in common with the kernel's. */
function infoText(tcb: Tcb): string {
  const words = ["\t", tcb.ca.name];
  if (tcb.wscaleOk) words.push(`wscale:${tcb.sndWscale},${tcb.rcvWscale}`);
  words.push(`rto:${tcb.rto * 4}`);
  if (tcb.srttUs > 0) {
    const ms = (us: number): string => String(Number((us / 1000).toPrecision(6)));
    words.push(`rtt:${ms(tcb.srttUs / 8)}/${ms(tcb.mdevUs / 4)}`);
  }
  words.push(`mss:${tcb.mssCache}`, `rcvmss:${tcb.ack.rcvMss}`, `cwnd:${tcb.sndCwnd}`);
  if (tcb.sndSsthresh < 0x7fffffff) words.push(`ssthresh:${tcb.sndSsthresh}`);
  return words.join(" ").replace("\t ", "\t ");
}
