/**
 * ingress-nginx's port 443, as far as it can be served without TLS: connections are accepted, a
 * request that is not encrypted gets nginx's page about that, and a ClientHello the alert with
 * which a server ends a handshake for which it has no parameters.
 *
 * Spec: RFC 8446 §6 (alerts), §5.1 (records); nginx 1.25, src/http/ngx_http_request.c
 * (ngx_http_ssl_handshake), status 497.
 * Not modelled: TLS itself, so that no request ever comes through this port.
 */

import { formatHttpDate } from "../../apps/http-date.ts";
import { errorPage } from "../../apps/http-error-page.ts";
import { formatHead } from "../../apps/http-message.ts";
import { concatBytes, utf8 } from "../../base/bytes.ts";
import { errnoMessage } from "../../base/errno.ts";
import { ANY_ADDRESS } from "../../base/inet.ts";
import { NS_PER_S } from "../../base/units.ts";
import type { CommandContext } from "../../shell/command.ts";
import type { Program } from "../../sim/process.ts";
import { TcpListener } from "../../socket/tcp-listener.ts";
import type { TcpSocket } from "../../socket/tcp-socket.ts";
import { transportsOf } from "../../transport/stack.ts";

const BACKLOG = 511;
const READ_SIZE = 4096;
/** ssl_handshake_timeout and client_header_timeout, both 60 s. */
const TIMEOUT = 60 * NS_PER_S;
/** ContentType handshake. */
const HANDSHAKE = 22;
/** A record of type alert: fatal, handshake_failure. */
const HANDSHAKE_FAILURE = new Uint8Array([21, 3, 1, 0, 2, 2, 40]);

/** The program: ends only with an error or a signal. */
export function* tlsPort(context: CommandContext, port: number): Program<number> {
  const { host, io } = context;
  const listener = new TcpListener(transportsOf(host.namespace));
  try {
    listener.setOption("SO_REUSEADDR", 1);
    const bound = listener.bind(ANY_ADDRESS, port);
    const listens = bound < 0 ? bound : listener.listen(BACKLOG);
    if (listens < 0) {
      io.stderr(`nginx: [emerg] bind() to 0.0.0.0:${port} failed (${errnoMessage(listens)})\n`);
      return 1;
    }
    for (;;) {
      const client = yield* listener.accept();
      if (typeof client === "number") return 1;
      host.processes.spawn("nginx", serve(context, client));
    }
  } finally {
    listener.close();
  }
}

function* serve({ host }: CommandContext, client: TcpSocket): Program<number> {
  client.receiveTimeoutNs = TIMEOUT;
  try {
    const bytes = yield* client.read(READ_SIZE);
    if (typeof bytes === "number" || bytes.length === 0) return 0;
    const seconds = host.epochSeconds + Math.floor(host.namespace.cpu.now / NS_PER_S);
    const isTls = bytes[0] === HANDSHAKE;
    yield* client.write(isTls ? HANDSHAKE_FAILURE : plainRequestPage(formatHttpDate(seconds)));
    return 0;
  } finally {
    client.closeNow();
  }
}

/** The answer to a request without TLS: status 400, whatever was asked for. */
function plainRequestPage(date: string): Uint8Array {
  const { startLine, body } = errorPage(400, "The plain HTTP request was sent to HTTPS port");
  const head = formatHead(startLine, [
    ["Date", date],
    ["Content-Type", "text/html"],
    ["Content-Length", String(body.length)],
    ["Connection", "close"],
  ]);
  return concatBytes([utf8(head), body]);
}
