/**
 * `httpd`, busybox's own: the files below a directory.
 *
 * Spec: busybox 1.35, networking/httpd.c; heads and pages compared with those of 1.35.0.
 * Differs: files have the age of the machine's clock at the start of the run.
 * Not modelled: CGI, access control, the configuration file, ranges, compression.
 */
import { formatHttpDate } from "../../../apps/http-date.ts";
import { type Field, formatHead } from "../../../apps/http-message.ts";
import { reasonPhrase } from "../../../apps/http-reason.ts";
import {
  type HttpManners,
  type HttpReply,
  type HttpRequest,
  HttpService,
} from "../../../apps/http-service.ts";
import { concatBytes, utf8 } from "../../../base/bytes.ts";
import { errnoMessage } from "../../../base/errno.ts";
import { waitFor } from "../../../sim/process.ts";
import { appHost } from "../../app.ts";
import type { Command } from "../../command.ts";
import { absolutePath } from "../../files.ts";
import { readOptions } from "../../options.ts";

const DEFAULT_PORT = 80;
const TYPES: Readonly<Record<string, string>> = {
  css: "text/css",
  gif: "image/gif",
  htm: "text/html",
  html: "text/html",
  jpg: "image/jpeg",
  js: "application/javascript",
  png: "image/png",
  svg: "image/svg+xml",
  txt: "text/plain",
  xml: "text/xml",
};
const ERRORS: ReadonlyMap<number, string> = new Map([
  [400, "Unsupported method"],
  [404, "The requested URL was not found"],
  [501, "The requested method is not recognized"],
]);

/** Answers as busybox's server writes them: one request for a connection. */
const MANNERS: HttpManners = {
  name: "httpd",
  backlog: 9,
  idleTimeoutNs: Number.POSITIVE_INFINITY,
  lingers: false,
  accepted: (client) => client.setOption("SO_KEEPALIVE", 1),
  kept() {},
  compose: (_request, reply, _stays, date) => written(reply, date),
  refuse: (_reason, date) => written(errorPage(400), date),
};

/** One write for what the program says itself; a file goes out by a system call of its own. */
function written({ status, fields, body, fromFile }: HttpReply, date: string): Uint8Array[] {
  const always: Field[] = [
    ["Date", date],
    ["Connection", "close"],
  ];
  const line = `HTTP/1.1 ${status} ${reasonPhrase(status)}`;
  const head = utf8(formatHead(line, [...always, ...fields]));
  return fromFile === true && body.length > 0 ? [head, body] : [concatBytes([head, body])];
}

/** `httpd [-f] [-p [ADDRESS:]PORT] [-h HOME]`. */
export const busyboxHttpd: Command = {
  name: "httpd",
  parse(args) {
    const { options } = readOptions(args, {
      command: "httpd",
      letters: "fvip:u:h:c:r:",
      allowed: "options are -f -v -p -h",
    });
    const given = new Map(options);
    const port = Number(given.get("p")?.replace(/^.*:/, "") ?? DEFAULT_PORT);
    return function* (context) {
      const { host, io } = context;
      const home = given.get("h") ?? ".";
      const seconds = host.epochSeconds;
      const handler = (request: HttpRequest): HttpReply => {
        const path = absolutePath(`/${request.target.replace(/[?#].*/, "")}`);
        const isDirectory = request.target.endsWith("/");
        if (request.method !== "GET" && request.method !== "HEAD") return errorPage(501);
        const file = `${home}${path}${isDirectory ? "/index.html" : ""}`;
        const bytes = host.files.read(file);
        if (bytes !== null) return fileReply(file, bytes, seconds);
        if (isDirectory || !host.files.isDirectory(file)) return errorPage(404);
        return reply(302, [["Location", `${path}/`]]);
      };
      const service = new HttpService(appHost(context), MANNERS, handler, (name, program) =>
        host.processes.spawn(name, program),
      );
      const error = service.listen(port);
      if (error < 0) {
        io.stderr(`httpd: bind: ${errnoMessage(error)}\n`);
        return 1;
      }
      if (given.has("f")) for (;;) yield waitFor([]);
      return 0;
    };
  },
};

function fileReply(path: string, body: Uint8Array, seconds: number): HttpReply {
  const type = TYPES[/\.([a-z]+)$/.exec(path)?.[1] ?? ""] ?? "application/octet-stream";
  const fields: Field[] = [
    ["Content-type", type],
    ["Accept-Ranges", "bytes"],
    ["Last-Modified", formatHttpDate(seconds)],
    ["ETag", `"${seconds.toString(16)}-${body.length.toString(16)}"`],
    ["Content-Length", String(body.length)],
  ];
  return { status: 200, fields, body, close: true, fromFile: true };
}

function reply(status: number, fields: readonly Field[], body = ""): HttpReply {
  return {
    status,
    fields: [["Content-type", "text/html"], ...fields],
    body: utf8(body),
    close: true,
  };
}

function errorPage(status: number): HttpReply {
  const title = `${status} ${reasonPhrase(status)}`;
  return reply(
    status,
    [],
    `<HTML><HEAD><TITLE>${title}</TITLE></HEAD>\n<BODY><H1>${title}</H1>\n${ERRORS.get(status) ?? ""}\n</BODY></HTML>\n`,
  );
}
