/**
 * How the userspace proxy finds an endpoint that answers: up to four dials, each with more patience
 * than the one before.
 *
 * Spec: Kubernetes v1.20 pkg/proxy/userspace/proxysocket.go (tryConnect, EndpointDialTimeouts).
 */
import { parseIpv4 } from "../../base/inet.ts";
import { NS_PER_MS, type Ns } from "../../base/units.ts";
import type { Program } from "../../sim/process.ts";
import { TcpSocket } from "../../socket/tcp-socket.ts";
import { UdpSocket } from "../../socket/udp-socket.ts";
import type { Transports } from "../../transport/stack.ts";
import type { Backends } from "../proxy/node.ts";
import type { RelayCounters } from "./relay-counters.ts";

/** How long each dial may take. */
const DIAL_TIMEOUTS: readonly Ns[] = [
  250 * NS_PER_MS,
  500 * NS_PER_MS,
  1000 * NS_PER_MS,
  2000 * NS_PER_MS,
];

/** Seconds of silence before a connection of Go's net package is probed, and between probes. */
const KEEPALIVE_S = 15;

/** A TCP connection to an endpoint for the client, or null if none answers. */
export function* dialTcp(
  stack: Transports,
  backends: Backends,
  client: string,
  counters: RelayCounters,
): Program<TcpSocket | null> {
  let afresh = false;
  for (const timeout of DIAL_TIMEOUTS) {
    const endpoint = backends.next(client, afresh);
    if (endpoint === null) return null;
    const { address, port } = parseEndpoint(endpoint);
    const socket = new TcpSocket(stack);
    socket.sendTimeoutNs = timeout;
    counters.dials += 1;
    counters.systemCalls += 2; // socket, connect
    const result = yield* socket.connect(address, port);
    if (result === 0) {
      socket.sendTimeoutNs = Number.POSITIVE_INFINITY;
      setGoOptions(socket, counters);
      return socket;
    }
    socket.closeNow();
    counters.systemCalls += 1;
    counters.failedDials += 1;
    afresh = true;
  }
  return null;
}

/** A UDP socket connected to an endpoint for the client, or null; dialling sends nothing. */
export function dialUdp(
  stack: Transports,
  backends: Backends,
  client: string,
  counters: RelayCounters,
): UdpSocket | null {
  for (let dial = 0; dial < DIAL_TIMEOUTS.length; dial += 1) {
    const endpoint = backends.next(client, dial > 0);
    if (endpoint === null) return null;
    const { address, port } = parseEndpoint(endpoint);
    const socket = new UdpSocket(stack);
    counters.dials += 1;
    counters.systemCalls += 2;
    if (socket.connect(address, port) === 0) return socket;
    socket.close();
    counters.failedDials += 1;
  }
  return null;
}

/** What Go's net package sets on every TCP connection, accepted or dialled. */
export function setGoOptions(socket: TcpSocket, counters: RelayCounters): void {
  socket.setOption("TCP_NODELAY", 1);
  socket.setOption("SO_KEEPALIVE", 1);
  socket.setOption("TCP_KEEPINTVL", KEEPALIVE_S);
  socket.setOption("TCP_KEEPIDLE", KEEPALIVE_S);
  counters.systemCalls += 4;
}

function parseEndpoint(text: string): { address: ReturnType<typeof parseIpv4>; port: number } {
  const colon = text.lastIndexOf(":");
  return { address: parseIpv4(text.slice(0, colon)), port: Number(text.slice(colon + 1)) };
}
