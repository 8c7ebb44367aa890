/**
 * A reverse proxy as ingress-nginx configures nginx: each request is routed by host and path, sent
 * to a backend on the proxy's own connection, which is kept for later requests, with the fields
 * that tell the backend who asked.
 *
 * Spec: RFC 9110 §7.6 (forwarding); ingress-nginx 1.11, rootfs/etc/nginx/template/nginx.tmpl
 * (proxy_set_header, proxy_next_upstream), docs/user-guide/nginx-configuration/configmap.md;
 * nginx 1.25, ngx_http_proxy_module.
 * Not modelled: TLS, HTTP/2, WebSocket, session affinity, caching.
 */
import { concatBytes, utf8 } from "../base/bytes.ts";
import { errnoMessage } from "../base/errno.ts";
import { ANY_ADDRESS, type Ipv4 } from "../base/inet.ts";
import { NS_PER_S, type Ns } from "../base/units.ts";
import type { Program } from "../sim/process.ts";
import type { Endpoint } from "../socket/endpoint.ts";
import { TcpListener } from "../socket/tcp-listener.ts";
import { TcpSocket } from "../socket/tcp-socket.ts";
import { transportsOf } from "../transport/stack.ts";
import type { AppHost } from "./app-host.ts";
import { formatHttpDate } from "./http-date.ts";
import { errorPage } from "./http-error-page.ts";
import {
  BodyReader,
  chunk,
  type Field,
  field,
  formatHead,
  keepsAlive,
  type MessageHead,
  MessageReader,
  responseBody,
} from "./http-message.ts";
import { clientHead, upstreamHead } from "./http-proxy-heads.ts";
import { READ_SIZE, type ReceivedRequest, readRequest } from "./http-receive.ts";
import { connectUpstream, type ProxyRoute, readResponseHead, Upstreams } from "./http-upstreams.ts";

/** nginx's backlog (NGX_LISTEN_BACKLOG). */
const BACKLOG = 511;
/** keep-alive: how long a client's idle connection is kept. */
const CLIENT_IDLE = 75 * NS_PER_S;

/** A request, as far as routes depend on it. */
export interface ProxyRequest {
  /** In small letters and without a port. */
  readonly host: string;
  /** With the query. */
  readonly target: string;
  readonly fields: readonly Field[];
  readonly client: Ipv4;
}

/** What the proxy is asked to do. */
export interface HttpProxyOptions {
  readonly port: number;
  /** Null: no rule matches, which the default backend answers with 404. */
  readonly route: (request: ProxyRequest) => ProxyRoute | null;
  /** proxy-connect-timeout, 5 s. */
  readonly connectTimeoutNs: Ns;
  /** proxy-read-timeout, 60 s. */
  readonly readTimeoutNs: Ns;
  /** proxy-next-upstream-tries, 3. */
  readonly tries: number;
  /** Starts a program for a client's connection. */
  readonly spawn: (name: string, program: Program<number>) => void;
}

/** ingress-nginx's defaults. */
export const PROXY_DEFAULTS = {
  connectTimeoutNs: 5 * NS_PER_S,
  readTimeoutNs: 60 * NS_PER_S,
  tries: 3,
} as const;

/** The program: ends only with an error or a signal. */
export function* httpProxy(host: AppHost, options: HttpProxyOptions): Program<number> {
  const listener = new TcpListener(transportsOf(host.namespace));
  const upstreams = new Upstreams(options.spawn);
  try {
    listener.setOption("SO_REUSEADDR", 1);
    const bound = listener.bind(ANY_ADDRESS, options.port);
    const listens = bound < 0 ? bound : listener.listen(BACKLOG);
    if (listens < 0) {
      host.stderr(`http-proxy: port ${options.port}: ${errnoMessage(listens)}\n`);
      return 1;
    }
    for (;;) {
      const client = yield* listener.accept();
      if (typeof client === "number") return 1;
      const service = new ProxyConnection(host, options, upstreams, client);
      options.spawn("http-proxy", service.serve());
    }
  } finally {
    upstreams.close();
    listener.close();
  }
}

/** One client's connection. */
class ProxyConnection {
  readonly #host: AppHost;
  readonly #options: HttpProxyOptions;
  readonly #upstreams: Upstreams;
  readonly #client: TcpSocket;
  readonly #reader = new MessageReader();
  /** The request at hand has been sent to a backend. */
  #sent = false;

  constructor(host: AppHost, options: HttpProxyOptions, upstreams: Upstreams, client: TcpSocket) {
    this.#host = host;
    this.#options = options;
    this.#upstreams = upstreams;
    this.#client = client;
  }

  /** Serves requests until one side does not want the connection any more. */
  *serve(): Program<number> {
    const client = this.#client;
    client.receiveTimeoutNs = CLIENT_IDLE;
    client.setOption("TCP_NODELAY", 1);
    try {
      for (;;) {
        const request = yield* readRequest(client, this.#reader);
        if (request === null) return 0;
        const stays = yield* this.#answer(request);
        if (!stays) return 0;
      }
    } finally {
      client.closeNow();
    }
  }

  /** Answers one request; whether the connection stays open. */
  *#answer(request: ReceivedRequest): Program<boolean> {
    const { startLine, fields } = request.head;
    const hostName = (field(fields, "Host") ?? "").replace(/:[0-9]*$/, "").toLowerCase();
    if (startLine[2] === "HTTP/1.1" && field(fields, "Host") === null) {
      yield* this.#refuse(request, 400, false);
      return false;
    }
    const stays = keepsAlive(request.head);
    const client = this.#client.remote.address;
    const route = this.#options.route({ host: hostName, target: startLine[1], fields, client });
    if (route === null) return yield* this.#refuse(request, 404, stays);
    const { refusal } = route;
    if (refusal !== null) {
      return yield* this.#refuse(request, refusal.status, stays, refusal.location);
    }
    if (route.endpoints.length === 0) return yield* this.#refuse(request, 503, stays);
    return yield* this.#proxy(request, route, stays);
  }

  /** Answers without a backend; `location` is where the client should go. */
  *#refuse(
    request: ReceivedRequest,
    status: number,
    stays: boolean,
    location: string | null = null,
  ): Program<boolean> {
    const { startLine, body } = errorPage(status);
    const fields: Field[] = [
      ["Date", this.#date()],
      ["Content-Type", "text/html"],
      ["Content-Length", String(body.length)],
      ...(location === null ? [] : [["Location", location] as const]),
      ["Connection", stays ? "keep-alive" : "close"],
    ];
    const head = utf8(formatHead(startLine, fields));
    const isHead = request.head.startLine[0] === "HEAD";
    const written = yield* this.#client.write(isHead ? head : concatBytes([head, body]));
    return stays && written >= 0;
  }

  *#proxy(request: ReceivedRequest, route: ProxyRoute, stays: boolean): Program<boolean> {
    const requestId = () => this.#requestId();
    const forwarding = { connection: this.#client, requestId, path: route.path };
    const bytes = concatBytes([utf8(upstreamHead(request, forwarding)), request.body]);
    let status = 502;
    this.#sent = false;
    for (let left = this.#options.tries; left > 0; left -= 1) {
      const endpoint = this.#upstreams.next(route);
      if (endpoint === null) break;
      const result = yield* this.#exchange(request, endpoint, bytes, stays);
      if (typeof result === "boolean") return result;
      status = result;
      // What may have been carried out is not asked for twice.
      if (this.#sent && NOT_IDEMPOTENT.has(request.head.startLine[0])) break;
    }
    return yield* this.#refuse(request, status, stays);
  }

  /** Sends a request and passes the answer on; or the status of what went wrong before that. */
  *#exchange(
    request: ReceivedRequest,
    endpoint: Endpoint,
    bytes: Uint8Array,
    stays: boolean,
  ): Program<boolean | number> {
    const kept = this.#upstreams.take(endpoint);
    const socket = kept ?? new TcpSocket(transportsOf(this.#host.namespace));
    let reusable = false;
    try {
      if (kept === null) {
        const failed = yield* connectUpstream(socket, endpoint, this.#options.connectTimeoutNs);
        if (failed !== 0) return failed;
      }
      socket.nonBlocking = false;
      socket.sendTimeoutNs = this.#options.readTimeoutNs;
      socket.receiveTimeoutNs = this.#options.readTimeoutNs;
      this.#sent = true;
      if ((yield* socket.write(bytes)) < bytes.length) return 502;
      const reader = new MessageReader();
      const head = yield* readResponseHead(socket, reader);
      if (typeof head === "number") return head;
      const body = new BodyReader(responseBody(head, request.head.startLine[0]));
      const done = yield* this.#passOn(socket, reader, head, body, request, stays);
      reusable = done && body.kind.kind !== "close" && keepsAlive(head);
      return done && stays;
    } finally {
      if (reusable) this.#upstreams.keep(socket, endpoint);
      else socket.closeNow();
    }
  }

  /** Passes head and body on as they come (proxy-buffering off); false if it broke off. */
  *#passOn(
    upstream: TcpSocket,
    reader: MessageReader,
    head: MessageHead,
    body: BodyReader,
    request: ReceivedRequest,
    stays: boolean,
  ): Program<boolean> {
    // A body whose end is not known beforehand is sent in chunks.
    const chunked =
      (body.kind.kind === "close" || body.kind.kind === "chunked") &&
      request.head.startLine[2] === "HTTP/1.1";
    let pending: Uint8Array = utf8(clientHead(head, chunked, stays, this.#date()));
    for (;;) {
      const content = body.read(reader);
      const piece = chunked && content.length > 0 ? chunk(content) : content;
      pending = concatBytes([pending, piece, ...(body.done && chunked ? [LAST_CHUNK] : [])]);
      if (pending.length > 0 && (yield* this.#client.write(pending)) < 0) return false;
      if (body.done) return true;
      pending = new Uint8Array(0);
      const bytes = yield* upstream.read(READ_SIZE);
      if (typeof bytes === "number") return false;
      reader.push(bytes);
      if (bytes.length > 0) continue;
      if (body.kind.kind !== "close") return false;
      return !chunked || (yield* this.#client.write(LAST_CHUNK)) >= 0;
    }
  }

  /** `$request_id`: 16 random bytes. */
  #requestId(): string {
    const { namespace } = this.#host;
    const random = namespace.random.stream(`${namespace.name}:http-proxy:request-id`);
    const words = [random.uint32(), random.uint32(), random.uint32(), random.uint32()];
    return words.map((word) => word.toString(16).padStart(8, "0")).join("");
  }

  #date(): string {
    const seconds = this.#host.epochSeconds + this.#host.namespace.cpu.now / NS_PER_S;
    return formatHttpDate(Math.floor(seconds));
  }
}

const NOT_IDEMPOTENT = new Set(["POST", "LOCK", "PATCH"]);
const LAST_CHUNK = utf8("0\r\n\r\n");
