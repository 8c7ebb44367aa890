/**
 * A small HTTP server with the manners of Go's net/http: connections stay open, fields are sorted,
 * the date and the length stand behind them.
 *
 * Spec: RFC 9112; Go net/http server.go.
 * Not modelled: request bodies (the connection is closed behind such a request), pipelining limits.
 */

import { formatHttpDate } from "../../apps/http-date.ts";
import {
  formatHead,
  keepsAlive,
  type MessageHead,
  MessageReader,
  requestBody,
} from "../../apps/http-message.ts";
import { utf8 } from "../../base/bytes.ts";
import { ANY_ADDRESS } from "../../base/inet.ts";
import { NS_PER_S } from "../../base/units.ts";
import type { Program } from "../../sim/process.ts";
import type { TcpListener } from "../../socket/tcp-listener.ts";
import type { TcpSocket } from "../../socket/tcp-socket.ts";
import type { Transports } from "../../transport/stack.ts";
import type { Held } from "../proxy/node.ts";
import type { Spawn } from "./relay-context.ts";
import { listenTcp } from "./tcp-relay.ts";

const READ_SIZE = 4096;

/** What a handler answers; date and length are added. */
export interface HttpAnswer {
  readonly status: 200 | 404 | 503;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

const REASONS: Readonly<Record<HttpAnswer["status"], string>> = {
  200: "OK",
  404: "Not Found",
  503: "Service Unavailable",
};

/** What a port is served with. */
export interface HttpPortOptions {
  readonly stack: Transports;
  readonly port: number;
  /** The answer to a request for a path. */
  readonly handler: (path: string) => HttpAnswer;
  readonly spawn: Spawn;
  /** Wall-clock time at virtual time 0, in seconds since 1970. */
  readonly epochSeconds: number;
}

/** Answers on a port of all addresses until it is closed; null: the port is taken. */
export function openHttpPort(options: HttpPortOptions): Held | null {
  const listener = listenTcp(options.stack, ANY_ADDRESS, options.port);
  if (listener === null) return null;
  options.spawn("kube-proxy", acceptLoop(listener, options));
  return listener;
}

function* acceptLoop(listener: TcpListener, options: HttpPortOptions): Program<number> {
  for (;;) {
    const client = yield* listener.accept();
    if (typeof client === "number") return 0;
    options.spawn("kube-proxy", serve(client, options));
  }
}

function* serve(client: TcpSocket, options: HttpPortOptions): Program<number> {
  const reader = new MessageReader();
  for (;;) {
    let head = reader.takeHead();
    while (head === null) {
      const bytes = yield* client.read(READ_SIZE);
      if (typeof bytes === "number" || bytes.length === 0) {
        client.closeNow();
        return 0;
      }
      reader.push(bytes);
      head = reader.takeHead();
    }
    const stays = keepsAlive(head) && requestBody(head).kind === "none";
    const written = yield* client.write(answerBytes(head, stays, options));
    if (written >= 0 && stays) continue;
    client.closeNow();
    return 0;
  }
}

function answerBytes(
  { startLine: [method, target] }: MessageHead,
  stays: boolean,
  { handler, stack, epochSeconds }: HttpPortOptions,
): Uint8Array {
  const { status, headers, body } = handler(target.replace(/\?.*$/, ""));
  const seconds = epochSeconds + Math.floor(stack.env.cpu.now / NS_PER_S);
  const own = headers.filter(([name]) => name !== "Content-Length");
  const head = formatHead(`HTTP/1.1 ${status} ${REASONS[status]}`, [
    ...[...own].sort(([a], [b]) => (a < b ? -1 : 1)),
    ["Date", formatHttpDate(seconds)],
    ["Content-Length", String(utf8(body).length)],
    ...(stays ? [] : ([["Connection", "close"]] as const)),
  ]);
  return utf8(method === "HEAD" ? head : head + body);
}
