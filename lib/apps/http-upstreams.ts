/**
 * A reverse proxy's connections to its backends: whose turn it is, which are kept, how one is made
 * and what a backend's silence means to the client.
 *
 * Spec: ingress-nginx 1.11, docs/user-guide/nginx-configuration/configmap.md
 * (upstream-keepalive-*); nginx 1.25, ngx_http_upstream_module (round robin, keepalive).
 */
import { EINPROGRESS } from "../base/errno.ts";
import { NS_PER_S, type Ns } from "../base/units.ts";
import type { Program } from "../sim/process.ts";
import { POLLIN, POLLOUT, poll } from "../socket/poll.ts";
import type { Endpoint, TcpSocket } from "../socket/tcp-socket.ts";
import type { AppHost } from "./app-host.ts";
import type { MessageHead, MessageReader } from "./http-message.ts";
import { readMore } from "./http-receive.ts";

/** upstream-keepalive-timeout, upstream-keepalive-connections. */
const UPSTREAM_IDLE = 60 * NS_PER_S;
const UPSTREAM_CONNECTIONS = 320;

/** Where a request goes: a backend's name and its endpoints, none for a Service without any. */
export interface ProxyRoute {
  readonly backend: string;
  readonly endpoints: readonly Endpoint[];
}

/** A connection to a backend that is kept. */
interface IdleConnection {
  readonly socket: TcpSocket;
  readonly endpoint: Endpoint;
  readonly since: Ns;
}

/** Connections to backends, and whose turn it is among the endpoints of each. */
export class Upstreams {
  readonly #host: AppHost;
  readonly #idle: IdleConnection[] = [];
  readonly #turns = new Map<string, number>();

  constructor(host: AppHost) {
    this.#host = host;
  }

  /** The endpoint that is next (round robin). */
  next({ backend, endpoints }: ProxyRoute): Endpoint | null {
    const turn = this.#turns.get(backend) ?? 0;
    this.#turns.set(backend, turn + 1);
    return endpoints[turn % Math.max(endpoints.length, 1)] ?? null;
  }

  /** A kept connection that is still alive, or null. The last one kept is taken first. */
  take({ address, port }: Endpoint): TcpSocket | null {
    const now = this.#host.namespace.cpu.now;
    for (let index = this.#idle.length - 1; index >= 0; index -= 1) {
      const kept = this.#idle[index];
      if (kept === undefined) continue;
      const isOld = now - kept.since > UPSTREAM_IDLE || kept.socket.readiness() !== POLLOUT;
      const fits = kept.endpoint.address === address && kept.endpoint.port === port;
      if (!isOld && !fits) continue;
      this.#idle.splice(index, 1);
      if (!isOld) return kept.socket;
      kept.socket.closeNow();
    }
    return null;
  }

  /** Keeps a connection for later requests; takes the socket. */
  keep(socket: TcpSocket, endpoint: Endpoint): void {
    this.#idle.push({ socket, endpoint, since: this.#host.namespace.cpu.now });
    if (this.#idle.length > UPSTREAM_CONNECTIONS) this.#idle.shift()?.socket.closeNow();
  }

  /** Closes all that are kept. */
  close(): void {
    for (const { socket } of this.#idle.splice(0)) socket.closeNow();
  }
}

/** 0, or the status that the client is told. */
export function* connectUpstream(
  socket: TcpSocket,
  { address, port }: Endpoint,
  timeoutNs: Ns,
): Program<number> {
  socket.nonBlocking = true;
  const started = yield* socket.connect(address, port);
  if (started === 0) return 0;
  if (started !== -EINPROGRESS) return 502;
  const wait = [{ on: socket, events: POLLOUT }];
  const [ready = 0] = yield* poll(wait, timeoutNs);
  if (ready === 0) return 504;
  return socket.takeError() === 0 ? 0 : 502;
}

/** The head of an answer; 502 if the backend closes before it, 504 if it says nothing. */
export function* readResponseHead(
  socket: TcpSocket,
  reader: MessageReader,
): Program<MessageHead | number> {
  for (;;) {
    const head = reader.takeHead();
    if (head !== null) {
      if (!head.startLine[0].startsWith("HTTP/")) return 502;
      if (Number(head.startLine[1]) >= 200) return head;
      continue;
    }
    const [ready = 0] = yield* poll([{ on: socket, events: POLLIN }], socket.receiveTimeoutNs);
    if (ready === 0) return 504;
    if (!(yield* readMore(socket, reader))) return 502;
  }
}
