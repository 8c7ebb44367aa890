/**
 * An HTTP/1.x server whose manners are those of the program that it stands for: what its heads look
 * like, how it writes and closes, how long it waits for a next request.
 *
 * Spec: RFC 9112 §9 (connection management).
 * Not modelled: TLS, limits on the size of heads and bodies.
 */
import { utf8 } from "../base/bytes.ts";
import { ANY_ADDRESS, type Ipv4 } from "../base/inet.ts";
import { NS_PER_S, type Ns } from "../base/units.ts";
import { type Process, type Program, waitFor } from "../sim/process.ts";
import { POLLIN, poll } from "../socket/poll.ts";
import { TcpListener } from "../socket/tcp-listener.ts";
import type { TcpSocket } from "../socket/tcp-socket.ts";
import { transportsOf } from "../transport/stack.ts";
import type { AppHost } from "./app-host.ts";
import { formatHttpDate } from "./http-date.ts";
import { type Field, keepsAlive, type MessageHead, MessageReader } from "./http-message.ts";
import { READ_SIZE, readBody, readMore } from "./http-receive.ts";

const SIGTERM = 15;

/** A request with the connection that it came on. */
export interface HttpRequest {
  readonly method: string;
  /** As the request line has it: path and query. */
  readonly target: string;
  readonly head: MessageHead;
  readonly body: Uint8Array;
  readonly client: TcpSocket;
}

/** What a handler answers; the server adds the fields that it always writes. */
export interface HttpReply {
  readonly status: number;
  readonly fields: readonly Field[];
  readonly body: Uint8Array;
  /** The handler wants the connection closed behind it. */
  readonly close?: boolean;
  /** The body is a file's, which some servers send by a system call of its own. */
  readonly fromFile?: boolean;
}

/** Makes the answer to a request, at once or as a program that waits for something. */
export type HttpHandler = (request: HttpRequest) => HttpReply | Program<HttpReply>;

/** The manners of one server program. */
export interface HttpManners {
  readonly name: string;
  readonly backlog: number;
  /** How long it waits for the next request of a connection; Infinity for no limit. */
  readonly idleTimeoutNs: Ns;
  /** Called once for a new connection: its socket options. */
  accepted(client: TcpSocket): void;
  /** Called when an answer has been written and the connection stays. */
  kept(client: TcpSocket): void;
  /** The answer, cut as the program writes it: one piece per system call. */
  compose(request: HttpRequest, reply: HttpReply, stays: boolean, date: string): Uint8Array[];
  /** What a request that is none is answered with; the connection is closed then. */
  refuse(reason: RefusalReason, date: string): Uint8Array[];
  /** It shuts its side first and waits for the client's end. */
  readonly lingers: boolean;
}

/** Why a request is refused: it is no HTTP, or HTTP/1.1 without a Host field. */
export type RefusalReason = "malformed" | "no-host";

/** Serves a connection on which HTTP/2's `PRI` has come; `bytes` are what follows that head. */
export type Http2Handler = (client: TcpSocket, bytes: Uint8Array) => Program<void>;

/** Starts a program beside this one. */
export type Spawn = (name: string, program: Program<number>) => Process;

/** One server on one port. */
export class HttpService {
  readonly #host: AppHost;
  readonly #manners: HttpManners;
  readonly #handler: HttpHandler;
  readonly #spawn: Spawn;
  readonly #http2: Http2Handler | null;
  #listener: TcpListener | null = null;
  #acceptor: Process | null = null;
  /** Connections that are served, and those of them that wait for a request. */
  readonly #connections = new Set<Process>();
  readonly #idle = new Set<Process>();
  /** No further requests are read. */
  #stopping = false;

  /** Without `http2`, HTTP/2 is refused as no HTTP. */
  constructor(
    host: AppHost,
    manners: HttpManners,
    handler: HttpHandler,
    spawn: Spawn,
    http2: Http2Handler | null = null,
  ) {
    this.#http2 = http2;
    this.#host = host;
    this.#manners = manners;
    this.#handler = handler;
    this.#spawn = spawn;
  }

  /** Starts to serve; 0 or a negative errno. */
  listen(port: number, address: Ipv4 = ANY_ADDRESS): number {
    const listener = new TcpListener(transportsOf(this.#host.namespace));
    listener.setOption("SO_REUSEADDR", 1);
    const bound = listener.bind(address, port);
    const error = bound < 0 ? bound : listener.listen(this.#manners.backlog);
    if (error < 0) {
      listener.close();
      return error;
    }
    this.#listener = listener;
    this.#acceptor = this.#spawn(this.#manners.name, this.#accept(listener));
    return 0;
  }

  /** Takes no more connections, closes those that wait for a request; others end by themselves. */
  stop(): void {
    this.#stopping = true;
    this.#acceptor?.kill(SIGTERM);
    this.#listener?.close();
    this.#listener = null;
    for (const connection of [...this.#idle]) connection.kill(SIGTERM);
  }

  /** Waits until the last connection has ended. */
  *drained(): Program<void> {
    for (const connection of this.#connections) {
      while (connection.status === null) yield waitFor([connection.exited]);
    }
  }

  /** A process that is killed leaves no socket behind. */
  *#accept(listener: TcpListener): Program<number> {
    try {
      for (;;) {
        const client = yield* listener.accept();
        if (typeof client === "number") return 1;
        this.#manners.accepted(client);
        const connection = new Connection(client);
        const process = this.#spawn(this.#manners.name, this.#serve(connection));
        connection.process = process;
        this.#connections.add(process);
      }
    } finally {
      listener.close();
    }
  }

  *#serve(connection: Connection): Program<number> {
    const { client } = connection;
    try {
      for (;;) {
        const request = yield* this.#nextRequest(connection);
        if (request === null) return 0;
        if (request === "http2") {
          const { reader } = connection;
          if (this.#http2 !== null) yield* this.#http2(client, reader.take(reader.length));
          return 0;
        }
        const date = this.#date();
        if (typeof request === "string") {
          yield* writeAll(client, this.#manners.refuse(request, date));
          yield* this.#close(client);
          return 0;
        }
        const made = this.#handler(request);
        const reply = "next" in made ? yield* made : made;
        const stays = keepsAlive(request.head) && reply.close !== true && !this.#stopping;
        const pieces = this.#manners.compose(request, reply, stays, date);
        if (!(yield* writeAll(client, pieces))) return 0;
        if (!stays) {
          yield* this.#close(client);
          return 0;
        }
        this.#manners.kept(client);
      }
    } finally {
      client.closeNow();
      if (connection.process !== null) this.#connections.delete(connection.process);
    }
  }

  /** The next request; null when there is none any more. */
  *#nextRequest(connection: Connection): Program<Incoming> {
    const { process } = connection;
    if (process !== null) this.#idle.add(process);
    try {
      return yield* this.#request(connection);
    } finally {
      if (process !== null) this.#idle.delete(process);
    }
  }

  *#request({ client, reader, process }: Connection): Program<Incoming> {
    let head = reader.takeHead();
    while (head === null) {
      const [ready = 0] = yield* poll(
        [{ on: client, events: POLLIN }],
        this.#manners.idleTimeoutNs,
      );
      if (ready === 0) return null;
      if (!(yield* readMore(client, reader))) return null;
      head = reader.takeHead();
    }
    if (process !== null) this.#idle.delete(process);
    const [method, target, version] = head.startLine;
    if (this.#http2 !== null && method === "PRI" && version === "HTTP/2.0") return "http2";
    if (!/^[A-Z]+$/.test(method) || !/^HTTP\/1\.[01]$/.test(version)) return "malformed";
    const hasHost = head.fields.some(([name]) => name.toLowerCase() === "host");
    if (version === "HTTP/1.1" && !hasHost) return "no-host";
    const body = yield* readBody(client, reader, head);
    return body === null ? null : { method, target, head, body, client };
  }

  *#close(client: TcpSocket): Program<void> {
    if (!this.#manners.lingers) return;
    client.shutdown("write");
    const [ready = 0] = yield* poll([{ on: client, events: POLLIN }], LINGER_NS);
    if (ready !== 0) yield* client.read(READ_SIZE);
  }

  #date(): string {
    const { epochSeconds, namespace } = this.#host;
    return formatHttpDate(epochSeconds + Math.floor(namespace.cpu.now / NS_PER_S));
  }
}

/** What a connection brings; null at its end. */
type Incoming = HttpRequest | RefusalReason | "http2" | null;

/** How long a server that lingers waits for the client's end. */
const LINGER_NS = 2 * NS_PER_S;

class Connection {
  readonly client: TcpSocket;
  readonly reader = new MessageReader();
  process: Process | null = null;

  constructor(client: TcpSocket) {
    this.client = client;
  }
}

/** A text as a reply of 200. */
export function textReply(text: string, fields: readonly Field[] = [], status = 200): HttpReply {
  return { status, fields, body: utf8(text) };
}

function* writeAll(client: TcpSocket, pieces: readonly Uint8Array[]): Program<boolean> {
  for (const piece of pieces) {
    if (piece.length > 0 && (yield* client.write(piece)) < 0) return false;
  }
  return true;
}
