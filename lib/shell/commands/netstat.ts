/**
 * `netstat` of net-tools: sockets, the routing table (`-r`) and the devices' counters (`-i`).
 *
 * Spec: net-tools 2.10, netstat.c.
 * Differs: `-p` knows no programs and prints what somebody without rights sees.
 * Not modelled: -s, -g, -M, UNIX sockets (there are none), IPv6.
 */
import { formatIpv4 } from "../../base/inet.ts";
import { NS_PER_MS, type Ns } from "../../base/units.ts";
import { serviceName } from "../../netfilter/text/names.ts";
import { type Command, type CommandContext, immediate } from "../command.ts";
import { readOptions } from "../options.ts";
import { type SocketRow, socketRows } from "../socket-list.ts";
import { interfaceTable } from "./ifconfig.ts";
import { routingTable } from "./route.ts";

const ALLOWED = "options are -t -u -a -l -n -o -p -r -i -e -W";
const LETTERS = "tualnoprieWc46x";
const LONG: Readonly<Record<string, string>> = {
  tcp: "t",
  udp: "u",
  all: "a",
  listening: "l",
  numeric: "n",
  timers: "o",
  programs: "p",
  route: "r",
  interfaces: "i",
  wide: "W",
  unix: "x",
};
/** The states as netstat names them, by ss's names. */
const STATES: ReadonlyMap<string, string> = new Map([
  ["ESTAB", "ESTABLISHED"],
  ["SYN-SENT", "SYN_SENT"],
  ["SYN-RECV", "SYN_RECV"],
  ["FIN-WAIT-1", "FIN_WAIT1"],
  ["FIN-WAIT-2", "FIN_WAIT2"],
  ["TIME-WAIT", "TIME_WAIT"],
  ["UNCONN", ""],
  ["CLOSE-WAIT", "CLOSE_WAIT"],
  ["LAST-ACK", "LAST_ACK"],
]);
const COLUMNS = "Proto Recv-Q Send-Q Local Address           Foreign Address         State      ";
const UNIX_COLUMNS = "Proto RefCnt Flags       Type       State         I-Node   Path\n";

/** The command. */
export const netstat: Command = {
  name: "netstat",
  parse(args) {
    const { options } = readOptions(args, {
      command: "netstat",
      letters: LETTERS,
      long: LONG,
      allowed: ALLOWED,
    });
    const count = (letter: string): number => options.filter(([known]) => known === letter).length;
    const has = (letter: string): boolean => count(letter) > 0;
    return immediate((context) => {
      if (has("r")) {
        context.io.stdout(routingTable(context.host, has("n"), count("e") > 0 ? 0 : 1));
      } else if (has("i")) {
        context.io.stdout(`Kernel Interface table\n${interfaceTable(context.host, has("a"))}`);
      } else printSockets(context, has);
      return 0;
    });
  },
};

function printSockets({ host, io }: CommandContext, has: (letter: string) => boolean): void {
  const kinds = (["tcp", "udp"] as const).filter((kind) => has(kind[0] ?? ""));
  const onlyUnix = has("x") && kinds.length === 0;
  const isWanted = ({ kind, state }: SocketRow): boolean => {
    if (kinds.length > 0 && !kinds.includes(kind)) return false;
    const listens = state === "LISTEN" || state === "UNCONN";
    return has("a") || listens === has("l");
  };
  const which = has("a") ? "servers and established" : has("l") ? "only servers" : "w/o servers";
  if (!onlyUnix) {
    const timer = has("o") ? " Timer" : "";
    const program = has("p") ? " PID/Program name    " : "";
    io.stdout(`Active Internet connections (${which})\n${COLUMNS}${program}${timer}\n`);
    const { now } = host.namespace.cpu;
    for (const row of socketRows(host.namespace).filter(isWanted)) {
      io.stdout(socketLine(row, { numeric: has("n"), program: has("p"), timer: has("o"), now }));
    }
  }
  if (kinds.length > 0) return;
  io.stdout(`Active UNIX domain sockets (${which})\n${UNIX_COLUMNS}`);
}

interface LineView {
  readonly numeric: boolean;
  readonly program: boolean;
  readonly timer: boolean;
  readonly now: Ns;
}

function socketLine(row: SocketRow, view: LineView): string {
  const sendQueue = row.state === "LISTEN" ? 0 : row.sendQueue;
  const local = endText(row, row.localAddress, row.localPort, view);
  const remote = endText(row, row.remoteAddress, row.remotePort, view);
  let text = `${row.kind}   ${String(row.receiveQueue).padStart(6)} `;
  text += `${String(sendQueue).padStart(6)} ${local.padEnd(23)} ${remote.padEnd(23)} `;
  text += (STATES.get(row.state) ?? row.state).padEnd(11);
  if (view.program) text += ` ${"-".padEnd(20)}`;
  if (view.timer) text += ` ${timerText(row, view.now)}`;
  return `${text}\n`;
}

function endText(
  { kind }: SocketRow,
  address: number,
  port: number,
  { numeric }: LineView,
): string {
  if (port === 0) return `${formatIpv4(address)}:*`;
  const name = numeric ? null : serviceName(port, kind);
  return `${formatIpv4(address)}:${name ?? port}`;
}

/** The timer that runs, its rest in seconds, and how often it went off. */
function timerText({ tcb, timeWait }: SocketRow, now: Ns): string {
  const seconds = (at: Ns): string => (Math.max(at - now, 0) / NS_PER_MS / 1000).toFixed(2);
  if (timeWait !== null) return `timewait (${seconds(timeWait.expiresAt)}/0/0)`;
  if (tcb?.writeTimer.armed === true) {
    return `on (${seconds(tcb.writeTimer.expiresAt)}/${tcb.retransmits}/0)`;
  }
  if (tcb?.keepaliveTimer.armed === true && tcb.keepopen) {
    return `keepalive (${seconds(tcb.keepaliveTimer.expiresAt)}/0/0)`;
  }
  return "off (0.00/0/0)";
}
