/**
 * The `httpd` image: Apache with the files below `htdocs`.
 *
 * Spec: Apache httpd 2.4 (server/protocol.c, modules/http/http_protocol.c); bytes compared with
 * those of 2.4.71 on Linux; the image's STOPSIGNAL is SIGWINCH.
 * Differs: every answer has a field `Hostname` with the Pod's name, as nginx here.
 * Not modelled: configuration, ranges, conditional requests, logs of requests.
 */
import { formatHttpDate } from "../../apps/http-date.ts";
import { type Field, formatHead } from "../../apps/http-message.ts";
import { reasonPhrase } from "../../apps/http-reason.ts";
import {
  type HttpManners,
  type HttpReply,
  type HttpRequest,
  HttpService,
} from "../../apps/http-service.ts";
import { concatBytes, utf8 } from "../../base/bytes.ts";
import { errnoMessage } from "../../base/errno.ts";
import { NS_PER_S } from "../../base/units.ts";
import { appHost } from "../../shell/app.ts";
import type { CommandContext } from "../../shell/command.ts";
import type { Program } from "../../sim/process.ts";
import type { Container } from "./container.ts";
import { parseImageName } from "./image-name.ts";
import { IT_WORKS_PAGE } from "./pages.ts";
import { untilSignal } from "./signals.ts";

const HTDOCS = "/usr/local/apache2/htdocs";
/** 2007-06-11 18:53:14 UTC: the age of the start page, in seconds since 1970. */
const FILE_AGE = 1_181_587_994;
const ETAG_TIME = "432a5e4a73a80";
const HTML: Field = ["Content-Type", "text/html; charset=iso-8859-1"];
const ALLOWED = "GET,POST,OPTIONS,HEAD,TRACE";

/** `Apache/2.4.62 (Unix)` with keep-alive of 5 s. */
export function apacheManners(server: string): HttpManners {
  const compose = (reply: HttpReply, stays: boolean, date: string, version: string) => {
    const type = reply.fields.filter(([name]) => name === "Content-Type");
    const rest = reply.fields.filter(([name]) => name !== "Content-Type");
    const fields: Field[] = [["Date", date], ["Server", server], ...rest];
    fields.push(["Content-Length", String(reply.body.length)]);
    if (!stays) fields.push(["Connection", "close"]);
    else if (version === "HTTP/1.0") fields.push(["Connection", "Keep-Alive"]);
    return utf8(
      formatHead(`HTTP/1.1 ${reply.status} ${reasonPhrase(reply.status)}`, [...fields, ...type]),
    );
  };
  return {
    name: "httpd",
    backlog: 511,
    idleTimeoutNs: 5 * NS_PER_S,
    lingers: true,
    accepted(client) {
      client.setOption("TCP_NODELAY", 1);
    },
    kept() {},
    compose({ method, head }, reply, stays, date) {
      const bytes = compose(reply, stays, date, head.startLine[2]);
      return [method === "HEAD" ? bytes : concatBytes([bytes, reply.body])];
    },
    refuse(_reason, date) {
      const reply = errorReply(
        400,
        "Your browser sent a request that this server could not understand.<br />\n",
      );
      return [concatBytes([compose(reply, false, date, "HTTP/1.1"), reply.body])];
    },
  };
}

function errorReply(status: number, text: string, fields: readonly Field[] = []): HttpReply {
  const reason = reasonPhrase(status);
  const page =
    `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">\n` +
    `<html><head>\n<title>${status} ${reason}</title>\n</head><body>\n<h1>${reason}</h1>\n` +
    `<p>${text}</p>\n</body></html>\n`;
  return { status, fields: [...fields, HTML], body: utf8(page) };
}

/** The program `httpd-foreground`. */
export function* httpd({ pod, image }: Container, context: CommandContext): Program<number> {
  const { files, processes } = context.host;
  if (!files.isDirectory(HTDOCS)) files.write(`${HTDOCS}/index.html`, utf8(IT_WORKS_PAGE));
  const { tag } = parseImageName(image);
  const version = /^2\.4\.[0-9]+/.exec(tag)?.[0] ?? "2.4.62";
  const hostname: Field = ["Hostname", pod.hostname];
  const handler = (request: HttpRequest): HttpReply => {
    const reply = fileReply(request, (path) => files.read(path));
    return { ...reply, fields: [hostname, ...reply.fields] };
  };
  const service = new HttpService(
    appHost(context),
    apacheManners(`Apache/${version} (Unix)`),
    handler,
    (name, program) => processes.spawn(name, program),
  );
  const error = service.listen(80);
  if (error < 0) {
    const text = errnoMessage(error);
    context.io.stderr(
      `(${-error})${text}: AH00072: make_sock: could not bind to address 0.0.0.0:80\n`,
    );
    return 1;
  }
  yield* untilSignal(context.signal);
  service.stop();
  yield* service.drained();
  return 0;
}

function fileReply(
  { method, target }: HttpRequest,
  read: (path: string) => Uint8Array | null,
): HttpReply {
  if (method !== "GET" && method !== "HEAD" && method !== "POST") {
    const text = `The requested method ${method} is not allowed for this URL.`;
    return errorReply(405, text, [["Allow", ALLOWED]]);
  }
  const path = target.split("?", 1)[0] ?? "/";
  const bytes = read(`${HTDOCS}${path.endsWith("/") ? `${path}index.html` : path}`);
  if (bytes === null) return errorReply(404, "The requested URL was not found on this server.");
  const type = path.endsWith(".txt") ? "text/plain" : "text/html";
  const fields: Field[] = [
    ["Last-Modified", formatHttpDate(FILE_AGE)],
    ["ETag", `"${bytes.length.toString(16)}-${ETAG_TIME}"`],
    ["Accept-Ranges", "bytes"],
    ["Content-Type", type],
  ];
  return { status: 200, fields, body: bytes, fromFile: true };
}
