/**
 * The pages that nginx makes itself, for requests that reach no backend.
 *
 * Spec: nginx 1.25, src/http/ngx_http_special_response.c, with `server_tokens off`.
 */
import { utf8 } from "../base/bytes.ts";

const REASONS: ReadonlyMap<number, string> = new Map([
  [301, "Moved Permanently"],
  [302, "Found"],
  [307, "Temporary Redirect"],
  [308, "Permanent Redirect"],
  [400, "Bad Request"],
  [403, "Forbidden"],
  [404, "Not Found"],
  [502, "Bad Gateway"],
  [503, "Service Temporarily Unavailable"],
  [504, "Gateway Time-out"],
]);

/**
 * Status line and body of an error that the proxy reports; `why` is a sentence that some pages have
 * and that stands for the reason in their title.
 */
export function errorPage(status: number, why = ""): { startLine: string; body: Uint8Array } {
  const title = `${status} ${REASONS.get(status) ?? "Error"}`;
  const lines = [
    "<html>",
    `<head><title>${why === "" ? title : `${status} ${why}`}</title></head>`,
    "<body>",
    `<center><h1>${title}</h1></center>`,
    ...(why === "" ? [] : [`<center>${why}</center>`]),
    "<hr><center>nginx</center>",
    "</body>",
    "</html>",
    "",
  ];
  return { startLine: `HTTP/1.1 ${title}`, body: utf8(lines.join("\r\n")) };
}
