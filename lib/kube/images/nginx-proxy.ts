/**
 * `proxy_pass`: a request passed on over a connection of its own.
 *
 * Spec: nginx 1.22, src/http/modules/ngx_http_proxy_module.c; the bytes of a request compared with
 * those of nginx 1.22.1.
 * Not modelled: keep-alive to upstreams, a next upstream after a failure, streaming of answers.
 */
import type { AppHost } from "../../apps/app-host.ts";
import {
  BodyReader,
  type Field,
  field,
  formatHead,
  MessageReader,
  responseBody,
} from "../../apps/http-message.ts";
import type { HttpReply, HttpRequest } from "../../apps/http-service.ts";
import { concatBytes, utf8 } from "../../base/bytes.ts";
import type { Program } from "../../sim/process.ts";
import type { Endpoint } from "../../socket/endpoint.ts";
import { TcpSocket } from "../../socket/tcp-socket.ts";
import { transportsOf } from "../../transport/stack.ts";
import type { NginxConfig } from "./nginx-config.ts";

const READ_SIZE = 65536;
const BAD_GATEWAY = 502;
const NOT_PASSED = [
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
  "keep-alive",
  "expect",
  "upgrade",
];
const NOT_RETURNED = [
  "date",
  "server",
  "connection",
  "content-length",
  "transfer-encoding",
  "keep-alive",
];

/** The servers behind one `proxy_pass`, in turn. */
export class NginxUpstream {
  readonly #endpoints: readonly Endpoint[];
  /** As the URL names it, for the Host field. */
  readonly #host: string;
  /** What replaces the location's path; null: the request's path is passed as it came. */
  readonly #path: string | null;
  #turn = 0;

  constructor(endpoints: readonly Endpoint[], host: string, path: string | null) {
    this.#endpoints = endpoints;
    this.#host = host;
    this.#path = path;
  }

  /** The answer, or the status that the client is told. */
  *pass(
    host: AppHost,
    location: string,
    request: HttpRequest,
    headers: readonly Field[],
  ): Program<HttpReply | number> {
    const endpoint = this.#endpoints[this.#turn % this.#endpoints.length];
    this.#turn += 1;
    if (endpoint === undefined) return BAD_GATEWAY;
    const socket = new TcpSocket(transportsOf(host.namespace));
    try {
      if ((yield* socket.connect(endpoint.address, endpoint.port)) < 0) return BAD_GATEWAY;
      const head = utf8(this.#head(location, request, headers));
      if ((yield* socket.write(concatBytes([head, request.body]))) < 0) return BAD_GATEWAY;
      return yield* readReply(socket, request.method);
    } finally {
      socket.closeNow();
    }
  }

  #head(location: string, request: HttpRequest, headers: readonly Field[]): string {
    const { method, target, head, body } = request;
    const own = new Map(
      headers.map(([name, value]) => [name.toLowerCase(), [name, value] as Field]),
    );
    const path = this.#path === null ? target : this.#path + target.slice(location.length);
    const list: Field[] = [
      own.get("host") ?? ["Host", this.#host],
      own.get("connection") ?? ["Connection", "close"],
    ];
    own.delete("host");
    own.delete("connection");
    list.push(...own.values());
    if (body.length > 0) list.push(["Content-Length", String(body.length)]);
    const skipped = [...NOT_PASSED, ...own.keys()];
    list.push(...head.fields.filter(([name]) => !skipped.includes(name.toLowerCase())));
    return formatHead(
      `${method} ${path} HTTP/1.0`,
      list.filter(([, value]) => value !== ""),
    );
  }
}

function* readReply(socket: TcpSocket, method: string): Program<HttpReply | number> {
  const reader = new MessageReader();
  let head = reader.takeHead();
  while (head === null) {
    const bytes = yield* socket.read(READ_SIZE);
    if (typeof bytes === "number" || bytes.length === 0) return BAD_GATEWAY;
    reader.push(bytes);
    head = reader.takeHead();
  }
  const body = new BodyReader(responseBody(head, method));
  const pieces = [body.read(reader)];
  while (!body.done) {
    const bytes = yield* socket.read(READ_SIZE);
    if (typeof bytes === "number" || bytes.length === 0) break;
    reader.push(bytes);
    pieces.push(body.read(reader));
  }
  const fields = head.fields.filter(([name]) => !NOT_RETURNED.includes(name.toLowerCase()));
  const length = method === "HEAD" ? Number(field(head.fields, "Content-Length") ?? 0) : 0;
  const content = length > 0 ? new Uint8Array(length) : concatBytes(pieces);
  return { status: Number(head.startLine[1]), fields, body: content };
}

/**
 * Looks up the names in all `proxy_pass` directives, as nginx does before it starts; null if one is
 * not known, which has been printed.
 */
export function* resolveUpstreams(
  host: AppHost,
  { servers, upstreams }: NginxConfig,
  io: { stderr(text: string): void },
): Program<ReadonlyMap<string, NginxUpstream> | null> {
  const found = new Map<string, NginxUpstream>();
  for (const { proxyPass, place } of servers.flatMap(({ locations }) => locations)) {
    if (proxyPass === null || found.has(proxyPass)) continue;
    const [, authority = "", path] = /^https?:\/\/([^/]+)(\/.*)?$/.exec(proxyPass) ?? [];
    const endpoints: Endpoint[] = [];
    for (const member of upstreams.get(authority) ?? [authority]) {
      const [name = "", port = "80"] = member.split(":");
      const address = yield* host.resolve(name);
      if (typeof address === "string") {
        io.stderr(`nginx: [emerg] host not found in upstream "${name}" in ${place}\n`);
        return null;
      }
      endpoints.push({ address, port: Number(port) });
    }
    found.set(proxyPass, new NginxUpstream(endpoints, authority, path ?? null));
  }
  return found;
}
