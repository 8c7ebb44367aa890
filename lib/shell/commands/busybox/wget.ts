/**
 * `wget` of busybox: one connection per request, closed behind it.
 *
 * Spec: busybox 1.35, networking/wget.c; requests and texts compared with 1.35.0 on Linux.
 * Not modelled: FTP, TLS, -c, -P, proxies.
 */
import {
  BodyReader,
  type Field,
  field,
  formatHead,
  type MessageHead,
  MessageReader,
  responseBody,
} from "../../../apps/http-message.ts";
import { type HttpUrl, hostField, parseUrl, resolveReference } from "../../../apps/url.ts";
import { concatBytes, utf8 } from "../../../base/bytes.ts";
import { errnoMessage } from "../../../base/errno.ts";
import { formatIpv4 } from "../../../base/inet.ts";
import { NS_PER_S, type Ns } from "../../../base/units.ts";
import type { Program } from "../../../sim/process.ts";
import { POLLIN, POLLOUT, poll } from "../../../socket/poll.ts";
import { TcpSocket } from "../../../socket/tcp-socket.ts";
import { transportsOf } from "../../../transport/stack.ts";
import { appHost } from "../../app.ts";
import { type Command, type CommandContext, notModelled, ToolError } from "../../command.ts";
import { readOptions } from "../../options.ts";

const READ_SIZE = 65536;
const MAX_REDIRECTS = 5;
const DEFAULT_TIMEOUT_S = 900;

interface WgetOptions {
  readonly quiet: boolean;
  readonly showHead: boolean;
  readonly spider: boolean;
  /** `-` is standard output; null: the URL's last part. */
  readonly output: string | null;
  readonly post: string | null;
  readonly agent: string;
  readonly headers: readonly Field[];
  readonly timeoutNs: Ns;
}

/** `wget [-qS] [-O FILE] [-T SECONDS] [--header STR] [--post-data STR] [--spider] URL…`. */
export const busyboxWget: Command = {
  name: "wget",
  parse(args) {
    const given = readOptions(args, {
      command: "wget",
      letters: "qSO:T:U:Y:t:",
      long: {
        quiet: "q",
        "server-response": "S",
        "output-document": "O",
        timeout: "T",
        "user-agent": "U",
        tries: "t",
        header: "header",
        "post-data": "post-data",
        spider: "spider",
        "no-check-certificate": "no-check-certificate",
      },
      longWithValue: ["header", "post-data"],
      allowed: "wget [-qS] [-O FILE] [-T SECONDS] [-U AGENT] [--header STR] [--post-data STR] URL",
    });
    const headers = given.all("header").map((text): Field => {
      const colon = text.indexOf(":");
      return [text.slice(0, colon), text.slice(colon + 1).trim()];
    });
    const wanted: WgetOptions = {
      quiet: given.has("q"),
      showHead: given.has("S"),
      spider: given.has("spider"),
      output: given.last("O") ?? null,
      post: given.last("post-data") ?? null,
      agent: given.last("U") ?? "Wget",
      headers,
      timeoutNs: Number(given.last("T") ?? DEFAULT_TIMEOUT_S) * NS_PER_S,
    };
    if (given.words.length === 0) throw new ToolError("wget: missing URL", 1);
    const urls = given.words.map((word) => {
      const url = parseUrl(word);
      if (url === null) throw notModelled("wget", word, "an http URL");
      return url;
    });
    return function* (context) {
      try {
        for (const url of urls) yield* new Wget(context, wanted).get(url);
        return 0;
      } catch (error) {
        if (!(error instanceof ToolError)) throw error;
        context.io.stderr(error.text);
        return error.status;
      }
    };
  },
};

class Wget {
  readonly #context: CommandContext;
  readonly #options: WgetOptions;

  constructor(context: CommandContext, options: WgetOptions) {
    this.#context = context;
    this.#options = options;
  }

  *get(first: HttpUrl): Program<void> {
    let url = first;
    for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
      const next = yield* this.#fetch(url, first);
      if (next === null) return;
      url = next;
    }
    throw fail("too many redirections");
  }

  /** One request; the URL that it was redirected to, or null when all is done. */
  *#fetch(url: HttpUrl, first: HttpUrl): Program<HttpUrl | null> {
    const socket = yield* this.#connect(url);
    try {
      const options = this.#options;
      yield* socket.write(utf8(this.#request(url)));
      const reader = new MessageReader();
      const head = yield* this.#head(socket, reader);
      const status = Number(head.startLine[1]);
      if (options.showHead) this.#say(head.text.replace(/\r/g, "").replace(/^/gm, "  ").trimEnd());
      const location = field(head.fields, "Location");
      if (status >= 300 && status < 400 && location !== null) {
        const target = parseUrl(resolveReference(url, location));
        if (target !== null) return target;
      }
      if (status < 200 || status >= 300) {
        const line = head.text.split(/\r?\n/, 1)[0] ?? "";
        throw fail(`server returned error: ${line}`);
      }
      if (options.spider) {
        this.#say("remote file exists");
        return null;
      }
      yield* this.#save(socket, reader, head, first);
      return null;
    } finally {
      socket.closeNow();
    }
  }

  *#connect(url: HttpUrl): Program<TcpSocket> {
    const address = yield* appHost(this.#context).resolve(url.host);
    if (typeof address === "string") throw fail(`bad address '${hostField(url)}'`);
    const shown = formatIpv4(address);
    this.#say(`Connecting to ${hostField(url)} (${shown}:${url.port})`);
    const socket = new TcpSocket(transportsOf(this.#context.host.namespace));
    socket.nonBlocking = true;
    yield* socket.connect(address, url.port);
    const [ready = 0] = yield* poll([{ on: socket, events: POLLOUT }], this.#options.timeoutNs);
    socket.nonBlocking = false;
    const error = ready === 0 ? -1 : socket.takeError();
    if (error === 0) return socket;
    socket.closeNow();
    if (error === -1) throw fail("download timed out");
    throw fail(`can't connect to remote host (${shown}): ${errnoMessage(error)}`);
  }

  #request(url: HttpUrl): string {
    const { post, agent, headers } = this.#options;
    const own = new Set(headers.map(([name]) => name.toLowerCase()));
    const fields: Field[] = [["Host", hostField(url)]];
    if (!own.has("user-agent")) fields.push(["User-Agent", agent]);
    fields.push(["Connection", "close"], ...headers);
    if (post !== null) {
      if (!own.has("content-type")) {
        fields.push(["Content-Type", "application/x-www-form-urlencoded"]);
      }
      fields.push(["Content-Length", String(utf8(post).length)]);
    }
    const method = post === null ? (this.#options.spider ? "HEAD" : "GET") : "POST";
    return formatHead(`${method} ${url.target} HTTP/1.1`, fields) + (post ?? "");
  }

  *#head(socket: TcpSocket, reader: MessageReader): Program<MessageHead> {
    for (;;) {
      const head = reader.takeHead();
      if (head !== null) return head;
      if ((yield* this.#read(socket, reader)) === 0) throw fail("error getting response");
    }
  }

  *#save(socket: TcpSocket, reader: MessageReader, head: MessageHead, url: HttpUrl): Program<void> {
    const { io, host } = this.#context;
    const last = url.target.split("?", 1)[0]?.split("/").at(-1) ?? "";
    const output = this.#options.output ?? (last === "" ? "index.html" : last);
    const toStdout = output === "-";
    this.#say(toStdout ? "writing to stdout" : `saving to '${output}'`);
    const body = new BodyReader(responseBody(head, "GET"));
    const pieces: Uint8Array[] = [];
    for (;;) {
      const content = body.read(reader);
      if (toStdout) io.write(content);
      else pieces.push(content);
      if (body.done) break;
      if ((yield* this.#read(socket, reader)) > 0) continue;
      if (body.kind.kind !== "close") throw fail("connection closed prematurely");
      break;
    }
    if (!toStdout) host.files.write(output, concatBytes(pieces));
    const name = output.split("/").at(-1) ?? output;
    const size = String(body.received).padStart(6);
    this.#say(`${name.slice(0, 20).padEnd(20)} 100% |${"*".repeat(32)}|${size}  0:00:00 ETA`);
    this.#say(toStdout ? "written to stdout" : `'${output}' saved`);
  }

  /** How many bytes came; 0 at the end. */
  *#read(socket: TcpSocket, reader: MessageReader): Program<number> {
    const [ready = 0] = yield* poll([{ on: socket, events: POLLIN }], this.#options.timeoutNs);
    if (ready === 0) throw fail("download timed out");
    const bytes = yield* socket.read(READ_SIZE);
    if (typeof bytes === "number") throw fail(errnoMessage(bytes));
    reader.push(bytes);
    return bytes.length;
  }

  #say(text: string): void {
    if (!this.#options.quiet) this.#context.io.stderr(`${text}\n`);
  }
}

function fail(text: string): ToolError {
  return new ToolError(`wget: ${text}`, 1);
}
