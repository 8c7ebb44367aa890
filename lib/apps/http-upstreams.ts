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
import type { Endpoint } from "../socket/endpoint.ts";
import { POLLIN, POLLOUT, poll } from "../socket/poll.ts";
import type { TcpSocket } from "../socket/tcp-socket.ts";
import type { MessageHead, MessageReader } from "./http-message.ts";
import { readMore } from "./http-receive.ts";

/** upstream-keepalive-timeout, upstream-keepalive-connections. */
const UPSTREAM_IDLE = 60 * NS_PER_S;
const UPSTREAM_CONNECTIONS = 320;

/** Where a request goes: a backend's name and its endpoints, none for a Service without any. */
export interface ProxyRoute {
  readonly backend: string;
  readonly endpoints: readonly Endpoint[];
  /** What the backend is asked for in place of the request's path; null: the same. */
  readonly path: string | null;
  /** What the client is told instead; null: nothing. */
  readonly refusal: Refusal | null;
}

/** An answer without a backend; `location` is where the client should go. */
export interface Refusal {
  readonly status: number;
  readonly location: string | null;
}

/** Starts a program beside the proxy. */
type Spawn = (name: string, program: Program<number>) => void;

/** A connection to a backend that is kept. */
interface IdleConnection {
  readonly socket: TcpSocket;
  readonly endpoint: Endpoint;
}

/** Connections to backends, and whose turn it is among the endpoints of each. */
export class Upstreams {
  readonly #spawn: Spawn;
  readonly #idle: IdleConnection[] = [];
  readonly #turns = new Map<string, number>();

  constructor(spawn: Spawn) {
    this.#spawn = spawn;
  }

  /** The endpoint that is next (round robin). */
  next({ backend, endpoints }: ProxyRoute): Endpoint | null {
    const turn = this.#turns.get(backend) ?? 0;
    this.#turns.set(backend, turn + 1);
    return endpoints[turn % Math.max(endpoints.length, 1)] ?? null;
  }

  /** A kept connection, or null. The last one kept is taken first. */
  take({ address, port }: Endpoint): TcpSocket | null {
    const index = this.#idle.findLastIndex(
      ({ endpoint }) => endpoint.address === address && endpoint.port === port,
    );
    if (index === -1) return null;
    const [kept] = this.#idle.splice(index, 1);
    return kept?.socket ?? null;
  }

  /**
   * Keeps a connection until somebody takes it, its time is over, or the backend closes it. Takes
   * the socket.
   */
  keep(socket: TcpSocket, endpoint: Endpoint): void {
    const kept = { socket, endpoint };
    this.#idle.push(kept);
    if (this.#idle.length > UPSTREAM_CONNECTIONS) this.#idle.shift()?.socket.closeNow();
    this.#spawn("http-proxy", this.#watch(kept));
  }

  *#watch(kept: IdleConnection): Program<number> {
    yield* poll([{ on: kept.socket, events: POLLIN }], UPSTREAM_IDLE);
    const index = this.#idle.indexOf(kept);
    if (index === -1) return 0;
    this.#idle.splice(index, 1);
    kept.socket.closeNow();
    return 0;
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
