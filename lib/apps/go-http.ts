/**
 * The manners of Go's net/http server.
 *
 * Spec: Go 1.22, net/http/server.go (writeHeader, extraHeader), sniff.go, net/tcpsock.go.
 * Differs: types are sniffed for HTML and text alone; a body goes out as one chunk.
 */
import { concatBytes, fromUtf8, utf8 } from "../base/bytes.ts";
import { type Field, formatHead } from "./http-message.ts";
import { reasonPhrase } from "./http-reason.ts";
import { type HttpManners, type HttpReply, type RefusalReason, textReply } from "./http-service.ts";

const KEEP_ALIVE_SECONDS = 15;
/** Bodies up to this many bytes get a Content-Length by themselves. */
const BUFFERED = 2048;
const LAST_CHUNK = utf8("0\r\n\r\n");
const PLAIN: Field = ["Content-Type", "text/plain; charset=utf-8"];

export const GO_MANNERS: HttpManners = {
  name: "http",
  backlog: 4096,
  idleTimeoutNs: Number.POSITIVE_INFINITY,
  lingers: false,
  accepted(client) {
    client.setOption("TCP_NODELAY", 1);
    client.setOption("SO_KEEPALIVE", 1);
    client.setOption("TCP_KEEPIDLE", KEEP_ALIVE_SECONDS);
    client.setOption("TCP_KEEPINTVL", KEEP_ALIVE_SECONDS);
  },
  kept() {},
  compose({ method, head }, reply, stays, date) {
    const { status, body } = reply;
    const version = head.startLine[2];
    const hasBody = status !== 304 && status !== 204 && status >= 200;
    const isChunked = hasBody && body.length > BUFFERED;
    const fields: Field[] = [...reply.fields].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    fields.push(["Date", date]);
    if (hasBody && !isChunked) fields.push(["Content-Length", String(body.length)]);
    const isTyped = fields.some(([name]) => name === "Content-Type");
    if (!isTyped && body.length > 0) fields.push(["Content-Type", sniff(body)]);
    if (!stays && version === "HTTP/1.1") fields.push(["Connection", "close"]);
    if (stays && version === "HTTP/1.0") fields.push(["Connection", "keep-alive"]);
    if (isChunked && version === "HTTP/1.1") fields.push(["Transfer-Encoding", "chunked"]);
    const bytes = utf8(formatHead(`${version} ${status} ${reasonPhrase(status)}`, fields));
    if (method === "HEAD" || !hasBody) return [bytes];
    if (!isChunked || version === "HTTP/1.0") return [concatBytes([bytes, body])];
    const size = utf8(`${body.length.toString(16)}\r\n`);
    return [concatBytes([bytes, size, body, utf8("\r\n"), LAST_CHUNK])];
  },
  refuse(reason: RefusalReason) {
    const text =
      reason === "no-host" ? "400 Bad Request: missing required Host header" : "400 Bad Request";
    const fields: Field[] = [PLAIN, ["Connection", "close"]];
    return [utf8(`${formatHead("HTTP/1.1 400 Bad Request", fields)}${text}`)];
  },
};

/** `http.Error`. */
export function goError(text: string, status: number): HttpReply {
  return textReply(`${text}\n`, [PLAIN, ["X-Content-Type-Options", "nosniff"]], status);
}

/** `http.NotFound`. */
export function goNotFound(): HttpReply {
  return goError("404 page not found", 404);
}

/** `DetectContentType`, as far as texts go. */
function sniff(body: Uint8Array): string {
  const start = fromUtf8(body.subarray(0, 512)).trimStart();
  if (/^(<!DOCTYPE HTML|<HTML|<HEAD|<SCRIPT|<BODY|<H1|<DIV|<P|<A|<!--)[ >]/i.test(start)) {
    return "text/html; charset=utf-8";
  }
  return "text/plain; charset=utf-8";
}
