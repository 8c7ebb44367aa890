/**
 * `http-server`: answers every request with one text. Without keep-alive it reads a request to its
 * empty line, sends head and body in one write, and closes; one client after the other. The servers
 * that stand for other programs are made of `HttpService` (http-service.ts), with their manners.
 *
 * Spec: RFC 9112.
 */
import { concatBytes, utf8 } from "../base/bytes.ts";
import { errnoMessage } from "../base/errno.ts";
import { ANY_ADDRESS } from "../base/inet.ts";
import type { Program } from "../sim/process.ts";
import { TcpListener } from "../socket/tcp-listener.ts";
import type { TcpSocket } from "../socket/tcp-socket.ts";
import { transportsOf } from "../transport/stack.ts";
import type { AppHost } from "./app-host.ts";
import {
  type Field,
  formatHead,
  keepsAlive,
  type MessageHead,
  MessageReader,
} from "./http-message.ts";
import { readRequest } from "./http-receive.ts";

const BACKLOG = 16;

/** What the server is asked to do. */
export interface HttpServerOptions {
  readonly port: number;
  readonly body: string;
  /** Connections stay open for further requests. */
  readonly keepAlive: boolean;
  /** `200 OK` */
  readonly status: string;
  /** Starts a program for a client; null: clients are served one after the other. */
  readonly spawn: ((name: string, program: Program<number>) => void) | null;
}

/** The program: ends only with an error or a signal. */
export function* httpServer(host: AppHost, options: HttpServerOptions): Program<number> {
  const listener = new TcpListener(transportsOf(host.namespace));
  try {
    listener.setOption("SO_REUSEADDR", 1);
    const bound = listener.bind(ANY_ADDRESS, options.port);
    const listens = bound < 0 ? bound : listener.listen(BACKLOG);
    if (listens < 0) {
      host.stderr(`http-server: port ${options.port}: ${errnoMessage(listens)}\n`);
      return 1;
    }
    for (;;) {
      const client = yield* listener.accept();
      if (typeof client === "number") return 1;
      const service = serveClient(client, options);
      if (options.spawn === null) yield* service;
      else options.spawn("http-server", service);
    }
  } finally {
    listener.close();
  }
}

/** Serves one connection to its end; closes it. */
function* serveClient(client: TcpSocket, options: HttpServerOptions): Program<number> {
  const reader = new MessageReader();
  try {
    for (;;) {
      const request = yield* readRequest(client, reader);
      if (request === null) return 0;
      const stays = options.keepAlive && keepsAlive(request.head);
      const written = yield* client.write(answerBytes(request.head, options, stays));
      if (written < 0 || !stays) return 0;
    }
  } finally {
    client.closeNow();
  }
}

function answerBytes(request: MessageHead, options: HttpServerOptions, stays: boolean): Uint8Array {
  const body = utf8(options.body);
  const fields: Field[] = [["Content-Length", String(body.length)]];
  if (!stays) fields.push(["Connection", "close"]);
  const head = utf8(formatHead(`HTTP/1.1 ${options.status}`, fields));
  return request.startLine[0] === "HEAD" ? head : concatBytes([head, body]);
}
