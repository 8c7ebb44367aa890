/** The sockets of a host as `ss` counts them: one row for each. */
import type { Namespace } from "../net/namespace.ts";
import { transportsOf } from "../transport/stack.ts";
import { TCP_STATE_NAMES, TcpState } from "../transport/tcp/constants.ts";
import { Tcb } from "../transport/tcp/tcb.ts";
import { TimeWaitSock } from "../transport/tcp/time-wait.ts";

/** One socket. */
export interface SocketRow {
  readonly kind: "tcp" | "udp";
  /** As `ss` names it: ESTAB, LISTEN, UNCONN … */
  readonly state: string;
  readonly receiveQueue: number;
  readonly sendQueue: number;
  readonly localAddress: number;
  readonly localPort: number;
  readonly remoteAddress: number;
  /** 0 if there is no peer. */
  readonly remotePort: number;
  /** The connection behind it, for `-i` and `-o`. */
  readonly tcb: Tcb | null;
  readonly timeWait: TimeWaitSock | null;
}

/** Listeners first, then connections by their ports, then UDP. */
export function socketRows(namespace: Namespace): SocketRow[] {
  const { tcp, udp } = transportsOf(namespace);
  const listeners = tcp.listening.all().map(listenerRow);
  const connections = tcp.connections
    .entries()
    .map((entry): SocketRow => {
      if (entry instanceof Tcb) return connectionRow(entry);
      const timeWait = entry instanceof TimeWaitSock ? entry : null;
      const state = timeWait === null ? TcpState.SYN_RECV : timeWait.substate;
      return {
        ...endsOf(entry),
        kind: "tcp",
        state: nameOf(state),
        receiveQueue: 0,
        sendQueue: 0,
        tcb: null,
        timeWait,
      };
    })
    .sort((a, b) => a.localPort - b.localPort || a.remotePort - b.remotePort);
  const datagrams = udp.sockets.map((sock): SocketRow => {
    return {
      ...endsOf(sock),
      kind: "udp",
      state: sock.connected ? "ESTAB" : "UNCONN",
      receiveQueue: 0,
      sendQueue: 0,
      tcb: null,
      timeWait: null,
    };
  });
  return [...listeners, ...connections, ...datagrams];
}

function listenerRow(tcb: Tcb): SocketRow {
  const { listen } = tcb;
  return {
    ...endsOf(tcb),
    kind: "tcp",
    state: "LISTEN",
    receiveQueue: listen?.acceptQueue.length ?? 0,
    sendQueue: listen?.backlog ?? 0,
    tcb,
    timeWait: null,
  };
}

function connectionRow(tcb: Tcb): SocketRow {
  const received = (tcb.rcvNxt - tcb.copiedSeq) | 0;
  const finRead = tcb.done && received > 0 ? 1 : 0;
  return {
    ...endsOf(tcb),
    kind: "tcp",
    state: nameOf(tcb.state),
    receiveQueue: Math.max(received - finRead, 0),
    sendQueue: (tcb.writeSeq - tcb.sndUna) | 0,
    tcb,
    timeWait: null,
  };
}

function nameOf(state: number): string {
  return TCP_STATE_NAMES[state] ?? "UNKNOWN";
}

interface Ends {
  readonly localAddress: number;
  readonly localPort: number;
  readonly remoteAddress: number;
  readonly remotePort: number;
}

function endsOf({ localAddress, localPort, remoteAddress, remotePort }: Ends): Ends {
  return { localAddress, localPort, remoteAddress, remotePort };
}
