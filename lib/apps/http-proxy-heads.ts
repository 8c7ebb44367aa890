/**
 * What a reverse proxy makes of the heads of requests and answers: fields of one hop go, fields that
 * tell who asked come.
 *
 * Spec: RFC 9110 §7.6; ingress-nginx 1.11, rootfs/etc/nginx/template/nginx.tmpl (proxy_set_header).
 */
import { formatIpv4 } from "../base/inet.ts";
import type { TcpSocket } from "../socket/tcp-socket.ts";
import { type Field, field, formatHead, type MessageHead } from "./http-message.ts";
import type { ReceivedRequest } from "./http-receive.ts";

/** Fields of one hop, and those that nginx writes itself. */
const NOT_FORWARDED = [
  "connection",
  "keep-alive",
  "upgrade",
  "expect",
  "transfer-encoding",
  "content-length",
  "te",
  "proxy",
];
const NOT_RETURNED = new Set([
  "date",
  "server",
  "content-type",
  "content-length",
  "connection",
  "keep-alive",
  "transfer-encoding",
]);

/** What a request's head for the backend is made of beside the request. */
export interface Forwarding {
  /** The client's. */
  readonly connection: TcpSocket;
  /** Used if the request has none. */
  readonly requestId: () => string;
  /** In place of the request's path; null: the same. */
  readonly path: string | null;
}

/** The request's head as the backend sees it. */
export function upstreamHead(
  { head, body }: ReceivedRequest,
  { connection, requestId, path }: Forwarding,
): string {
  const { startLine, fields } = head;
  const client = formatIpv4(connection.remote.address);
  const host = field(fields, "Host") ?? "";
  const forwarded = field(fields, "X-Forwarded-For");
  const list: Field[] = [
    ["Host", host],
    ["X-Request-ID", field(fields, "X-Request-ID") ?? requestId()],
    ["X-Real-IP", client],
    ["X-Forwarded-For", client],
    ["X-Forwarded-Host", host],
    ["X-Forwarded-Port", String(connection.local.port)],
    ["X-Forwarded-Proto", "http"],
    ["X-Forwarded-Scheme", "http"],
    ["X-Scheme", "http"],
  ];
  if (forwarded !== null) list.push(["X-Original-Forwarded-For", forwarded]);
  if (body.length > 0) list.push(["Content-Length", String(body.length)]);
  const own = new Set([...list.map(([name]) => name.toLowerCase()), ...NOT_FORWARDED]);
  const passed = fields.filter(([name]) => !own.has(name.toLowerCase()));
  const target = path === null ? startLine[1] : withQuery(path, startLine[1]);
  return formatHead(`${startLine[0]} ${target} HTTP/1.1`, [...list, ...passed]);
}

/** A new path with the query of the old target; a `?` at its end keeps the query away. */
function withQuery(path: string, target: string): string {
  if (path.endsWith("?")) return path.slice(0, -1);
  const query = /\?([^#]*)/.exec(target)?.[1] ?? "";
  return query === "" ? path : `${path}${path.includes("?") ? "&" : "?"}${query}`;
}

/** The answer's head as the client sees it; `date` is used if it has none. */
export function clientHead(
  { startLine, fields }: MessageHead,
  chunked: boolean,
  stays: boolean,
  date: string,
): string {
  const first: Field[] = [["Date", field(fields, "Date") ?? date]];
  const type = field(fields, "Content-Type");
  const length = field(fields, "Content-Length");
  if (type !== null) first.push(["Content-Type", type]);
  if (length !== null && !chunked) first.push(["Content-Length", length]);
  if (chunked) first.push(["Transfer-Encoding", "chunked"]);
  first.push(["Connection", stays ? "keep-alive" : "close"]);
  const passed = fields.filter(([name]) => !NOT_RETURNED.has(name.toLowerCase()));
  return formatHead(`HTTP/1.1 ${startLine[1]} ${startLine[2]}`, [...first, ...passed]);
}
