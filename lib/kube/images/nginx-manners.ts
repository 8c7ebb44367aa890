/**
 * How nginx writes answers: the order of its fields, its own pages, its system calls.
 *
 * Spec: nginx 1.22, src/http/ngx_http_header_filter_module.c, ngx_http_special_response.c; bytes
 * compared with those of nginx 1.22.1 on Linux.
 */

import { type Field, field, formatHead } from "../../apps/http-message.ts";
import { reasonPhrase } from "../../apps/http-reason.ts";
import type { HttpManners, HttpReply, RefusalReason } from "../../apps/http-service.ts";
import { concatBytes, utf8 } from "../../base/bytes.ts";
import { remembered } from "../../base/remembered.ts";
import { NS_PER_S } from "../../base/units.ts";

/** nginx's own words where they are not those of RFC 9110. */
const REASONS: ReadonlyMap<number, string> = new Map([
  [302, "Moved Temporarily"],
  [405, "Not Allowed"],
  [408, "Request Time-out"],
  [503, "Service Temporarily Unavailable"],
  [504, "Gateway Time-out"],
]);
/** Fields that have a place of their own in front. */
const PLACED = ["content-type", "last-modified", "location"];

/** `nginx/1.25.5` with keep-alive of 65 s, as the image's configuration has it. */
export const nginxManners = remembered((server: string): HttpManners => {
  const head = (reply: HttpReply, stays: boolean, date: string): string => {
    const { status, fields, body } = reply;
    const list: Field[] = [
      ["Server", server],
      ["Date", date],
    ];
    const place = (name: string): void => {
      const value = field(fields, name);
      if (value !== null) list.push([name, value]);
    };
    place("Content-Type");
    if (status !== 304 && status !== 204) list.push(["Content-Length", String(body.length)]);
    place("Last-Modified");
    place("Location");
    list.push(["Connection", stays ? "keep-alive" : "close"]);
    list.push(...fields.filter(([name]) => !PLACED.includes(name.toLowerCase())));
    return formatHead(`HTTP/1.1 ${status} ${nginxReason(status)}`, list);
  };
  return {
    name: "nginx",
    backlog: 511,
    idleTimeoutNs: 65 * NS_PER_S,
    lingers: false,
    accepted() {},
    kept(client) {
      client.setOption("TCP_NODELAY", 1);
    },
    compose({ method }, reply, stays, date) {
      const bytes = utf8(head(reply, stays, date));
      if (method === "HEAD" || reply.status === 304 || reply.status === 204) return [bytes];
      // writev for the head, then sendfile for the file.
      return reply.fromFile === true ? [bytes, reply.body] : [concatBytes([bytes, reply.body])];
    },
    refuse(_reason: RefusalReason, date) {
      const reply = nginxPage(400, server);
      return [concatBytes([utf8(head(reply, false, date)), reply.body])];
    },
  };
});

/** A page that nginx makes itself. */
export function nginxPage(
  status: number,
  server: string,
  fields: readonly Field[] = [],
): HttpReply {
  const title = `${status} ${nginxReason(status)}`;
  const lines = [
    "<html>",
    `<head><title>${title}</title></head>`,
    "<body>",
    `<center><h1>${title}</h1></center>`,
    `<hr><center>${server}</center>`,
    "</body>",
    "</html>",
    "",
  ];
  const body = utf8(lines.join("\r\n"));
  return { status, fields: [["Content-Type", "text/html"], ...fields], body };
}

function nginxReason(status: number): string {
  return REASONS.get(status) ?? reasonPhrase(status);
}
