/**
 * A TCP port of the userspace proxy: each client's connection is accepted, an endpoint is dialled,
 * and bytes are moved both ways until one side ends.
 *
 * Spec: Kubernetes v1.20 pkg/proxy/userspace/proxysocket.go (tcpProxySocket, proxyTCP).
 */
import { formatIpv4, type Ipv4 } from "../../base/inet.ts";
import type { Program } from "../../sim/process.ts";
import { TcpListener } from "../../socket/tcp-listener.ts";
import type { TcpSocket } from "../../socket/tcp-socket.ts";
import type { Transports } from "../../transport/stack.ts";
import type { ProxySocket } from "../proxy/node.ts";
import { dialTcp, setGoOptions } from "./dial.ts";
import type { RelayContext } from "./relay-context.ts";
import type { RelayCounters } from "./relay-counters.ts";

/** Room of the pipe through which splice(2) moves bytes. */
const PIPE_SIZE = 65536;

/** One TCP port that kube-proxy serves in user space. */
export class TcpRelay implements ProxySocket {
  readonly #listener: TcpListener;
  readonly #context: RelayContext;

  private constructor(listener: TcpListener, context: RelayContext) {
    this.#listener = listener;
    this.#context = context;
  }

  /** Listens and begins to accept; null: the port is taken. */
  static open(context: RelayContext, address: Ipv4, port: number): TcpRelay | null {
    const listener = listenTcp(context.stack, address, port);
    if (listener === null) return null;
    const relay = new TcpRelay(listener, context);
    context.spawn("kube-proxy", relay.#acceptLoop());
    return relay;
  }

  get port(): number {
    return this.#listener.local.port;
  }

  /** Accepts no more; connections that are open go on. */
  close(): void {
    this.#listener.close();
  }

  /** Dials in the loop itself, so that a silent endpoint holds up the clients behind. */
  *#acceptLoop(): Program<number> {
    const { stack, backends, spawn, counters } = this.#context;
    for (;;) {
      const client = yield* this.#listener.accept();
      counters.systemCalls += 1;
      if (typeof client === "number") return 0;
      counters.clients += 1;
      setGoOptions(client, counters);
      const from = formatIpv4(client.remote.address);
      const endpoint = yield* dialTcp(stack, backends, from, counters);
      if (endpoint === null) {
        client.closeNow();
        counters.systemCalls += 1;
        continue;
      }
      const pair = new RelayedPair(counters);
      spawn("kube-proxy", pair.move(endpoint, client));
      spawn("kube-proxy", pair.move(client, endpoint));
    }
  }
}

/** A listening socket with Go's backlog; null: the port is taken. */
export function listenTcp(stack: Transports, address: Ipv4, port: number): TcpListener | null {
  const listener = new TcpListener(stack);
  listener.setOption("SO_REUSEADDR", 1);
  if (listener.bind(address, port) === 0 && listener.listen() === 0) return listener;
  listener.close();
  return null;
}

/** A client's connection and the one to its endpoint. */
export class RelayedPair {
  readonly #counters: RelayCounters;
  #closed = false;

  constructor(counters: RelayCounters) {
    this.#counters = counters;
  }

  /** Moves bytes one way. At the end of either way both connections are closed, not half of each. */
  *move(from: TcpSocket, to: TcpSocket): Program<number> {
    const counters = this.#counters;
    while (!this.#closed) {
      const bytes = yield* from.read(PIPE_SIZE);
      counters.systemCalls += 1;
      if (typeof bytes === "number" || bytes.length === 0 || this.#closed) break;
      const written = yield* to.write(bytes);
      counters.systemCalls += 1;
      if (written > 0) counters.relayedBytes += written;
      if (written < bytes.length) break;
    }
    this.#close(to, from);
    return 0;
  }

  #close(first: TcpSocket, second: TcpSocket): void {
    if (this.#closed) return;
    this.#closed = true;
    first.closeNow();
    second.closeNow();
    this.#counters.systemCalls += 2;
  }
}
