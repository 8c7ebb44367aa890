/**
 * `curl` for HTTP: the request that curl 7.88.1 sends, its socket calls, its messages, its exit
 * codes, and connections that are kept for the next URL.
 *
 * Spec: curl 7.88.1, lib/http.c (Curl_http), lib/multi.c, src/tool_operate.c.
 * Not modelled: TLS, HTTP/2, cookies, proxies, authentication, multipart forms, the progress meter.
 */
import { concatBytes, fromUtf8, utf8 } from "../base/bytes.ts";
import { EINPROGRESS, errnoMessage } from "../base/errno.ts";
import { ANY_ADDRESS, formatIpv4, type Ipv4, isIpv4, parseIpv4 } from "../base/inet.ts";
import { NS_PER_MS, NS_PER_S, type Ns } from "../base/units.ts";
import { type Program, sleep } from "../sim/process.ts";
import type { AppHost } from "./app-host.ts";
import type { CurlOptions } from "./curl-options.ts";
import { formatWriteOut, type TransferReport } from "./curl-report.ts";
import { HttpConnection, TIMED_OUT } from "./http-connection.ts";
import {
  BodyReader,
  type Field,
  field,
  formatHead,
  keepsAlive,
  type MessageHead,
  MessageReader,
  responseBody,
} from "./http-message.ts";
import { type HttpUrl, hostField, parseUrl } from "./url.ts";

/** curl's exit codes, as far as they occur here. */
const Code = {
  OK: 0,
  UNSUPPORTED_PROTOCOL: 1,
  BAD_URL: 3,
  RESOLVE: 6,
  CONNECT: 7,
  PARTIAL: 18,
  HTTP_ERROR: 22,
  TIMEOUT: 28,
  INTERFACE: 45,
  TOO_MANY_REDIRECTS: 47,
  EMPTY: 52,
  SEND: 55,
  RECEIVE: 56,
} as const;

/** Bodies up to this size leave in the same write as the head. */
const MAX_INITIAL_BODY = 64 * 1024;
/** A larger body waits a second for `100 Continue`. */
const EXPECT_THRESHOLD = 1024 * 1024;
const EXPECT_WAIT: Ns = NS_PER_S;
const UPLOAD_BUFFER = 64 * 1024;
const MAX_REDIRECTS = 50;
const RETRY_STATUS: readonly number[] = [408, 429, 500, 502, 503, 504];

/** A transfer that failed: exit code and message. */
class CurlError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = "CurlError";
    this.code = code;
  }
}

/** Hands a program a body for a file. */
export type SaveFile = (name: string, bytes: Uint8Array) => void;

/** Runs curl for all URLs, one after the other; returns the last transfer's exit code. */
export function* curl(host: AppHost, options: CurlOptions, save: SaveFile): Program<number> {
  const session = new CurlSession(host, options, save);
  try {
    let code: number = Code.OK;
    for (const index of options.urls.keys()) code = yield* session.operate(index);
    return code;
  } finally {
    session.close();
  }
}

/** What all transfers of one run share: options and connections. */
class CurlSession {
  readonly #host: AppHost;
  readonly #options: CurlOptions;
  readonly #save: SaveFile;
  readonly #idle: HttpConnection[] = [];
  #connections = 0;

  constructor(host: AppHost, options: CurlOptions, save: SaveFile) {
    this.#host = host;
    this.#options = options;
    this.#save = save;
  }

  close(): void {
    for (const connection of this.#idle.splice(0)) connection.close();
  }

  /** One URL with its retries: the exit code. */
  *operate(index: number): Program<number> {
    const { retries, retryDelayNs, silent, showError, writeOut } = this.#options;
    let delay = retryDelayNs === 0 ? NS_PER_S : retryDelayNs;
    for (let left = retries; ; left -= 1) {
      const transfer = new Transfer(this.#host, this.#options, this, index, retries - left);
      const code = yield* transfer.run();
      const cause = left > 0 ? this.#retryCause(code, transfer.status) : "";
      if (cause === "") {
        if (code !== Code.OK && (!silent || showError)) {
          this.#host.stderr(`curl: (${code}) ${transfer.error}\n`);
        }
        if (writeOut !== "") {
          this.#host.stdout(utf8(formatWriteOut(writeOut, transfer.report(code))));
        }
        return code;
      }
      if (!silent) {
        const seconds = Math.floor(delay / NS_PER_S);
        const plural = left === 1 ? "retry" : "retries";
        this.#host.stderr(
          `Warning: Problem: ${cause}. Will retry in ${seconds} seconds. ${left} ${plural} left.\n`,
        );
      }
      yield sleep(delay);
      if (retryDelayNs === 0) delay = Math.min(2 * delay, 600 * NS_PER_S);
    }
  }

  #retryCause(code: number, status: number): string {
    const { retryConnRefused, retryAllErrors, fail } = this.#options;
    if (code === Code.TIMEOUT || code === Code.RESOLVE) return "timeout";
    if (code === Code.CONNECT && retryConnRefused) return "connection refused";
    if ((code === Code.OK || (fail && code === Code.HTTP_ERROR)) && RETRY_STATUS.includes(status)) {
      return "HTTP error";
    }
    return code !== Code.OK && retryAllErrors ? "(retrying all errors)" : "";
  }

  /** A connection that was kept, or a new one that is not connected yet. */
  *connectionTo(
    address: Ipv4,
    port: number,
  ): Program<{ connection: HttpConnection; reused: boolean }> {
    const at = this.#idle.findIndex((known) => known.address === address && known.port === port);
    const [kept] = at === -1 ? [] : this.#idle.splice(at, 1);
    if (kept !== undefined) {
      if (!(yield* kept.isDead())) {
        this.info("Found bundle for host: 0x5581 [serially]");
        this.info("Can not multiplex, even if we wanted to");
        return { connection: kept, reused: true };
      }
      this.info(`Connection ${kept.number} seems to be dead`);
      this.info(`Closing connection ${kept.number}`);
      kept.close();
    }
    const connection = new HttpConnection(this.#host.namespace, address, port, this.#connections);
    this.#connections += 1;
    return { connection, reused: false };
  }

  keep(connection: HttpConnection): void {
    this.#idle.push(connection);
  }

  /** A line of `-v`. */
  info(text: string): void {
    if (this.#options.verbose) this.#host.stderr(`* ${text}\n`);
  }

  /** Where the body of a URL goes. */
  output(index: number, url: HttpUrl, bytes: Uint8Array): string {
    const { outputs, remoteName } = this.#options;
    const named = remoteName ? (url.target.replace(/\?.*/, "").split("/").pop() ?? "") : "";
    const name = outputs[index] ?? named;
    if (name === "" || name === "-") this.#host.stdout(bytes);
    else this.#save(name, bytes);
    return name === "-" ? "" : name;
  }
}

/** One request and its answer, redirections included. */
class Transfer {
  readonly #host: AppHost;
  readonly #options: CurlOptions;
  readonly #session: CurlSession;
  readonly #index: number;
  readonly #retries: number;
  readonly #startNs: Ns;
  readonly #deadline: Ns;
  #url: HttpUrl = { scheme: "http", host: "", port: 80, portGiven: false, target: "/" };
  #urlText: string;
  #connection: HttpConnection | null = null;
  #head: MessageHead | null = null;
  #times = { connected: 0, pre: 0, first: 0, total: 0 };
  #sizes = { request: 0, header: 0, down: 0, up: 0, expected: -1 };
  #connects = 0;
  #redirects = 0;
  #filename = "";
  error = "";

  constructor(
    host: AppHost,
    options: CurlOptions,
    session: CurlSession,
    index: number,
    retries: number,
  ) {
    this.#host = host;
    this.#options = options;
    this.#session = session;
    this.#index = index;
    this.#retries = retries;
    this.#startNs = host.namespace.cpu.now;
    const { maxTimeNs } = options;
    this.#deadline = maxTimeNs === 0 ? Number.POSITIVE_INFINITY : this.#startNs + maxTimeNs;
    this.#urlText = options.urls[index] ?? "";
  }

  /** The status code of the answer, or 0. */
  get status(): number {
    return this.#head === null ? 0 : Number(this.#head.startLine[1]);
  }

  /** Runs the transfer; its exit code. */
  *run(): Program<number> {
    try {
      for (;;) {
        yield* this.#request();
        const target = this.#redirection();
        if (target === null) break;
        this.#redirects += 1;
        if (this.#redirects > MAX_REDIRECTS) {
          throw new CurlError(
            Code.TOO_MANY_REDIRECTS,
            `Maximum (${MAX_REDIRECTS}) redirects followed`,
          );
        }
        this.#urlText = target;
        this.#session.info(`Issue another request to this URL: '${target}'`);
      }
      if (this.#options.fail && this.status >= 400) {
        throw new CurlError(Code.HTTP_ERROR, `The requested URL returned error: ${this.status}`);
      }
      return Code.OK;
    } catch (error) {
      if (!(error instanceof CurlError)) throw error;
      this.error = error.message;
      return error.code;
    } finally {
      this.#times.total = this.#since();
      const connection = this.#connection;
      if (connection !== null) {
        this.#session.info(`Closing connection ${connection.number}`);
        connection.close();
      }
      this.#connection = null;
    }
  }

  /** What `-w` may ask for. */
  report(exitCode: number): TransferReport {
    const head = this.#head;
    const ends = this.#ends;
    return {
      url: this.#fullUrl(),
      method: this.#method(),
      scheme: this.#url.scheme,
      httpVersion: head === null ? "0" : head.startLine[0].replace("HTTP/", ""),
      status: this.status,
      contentType: head === null ? "" : (field(head.fields, "Content-Type") ?? ""),
      redirectUrl: this.#locationOf(head) ?? "",
      filename: this.#filename,
      downloaded: this.#sizes.down,
      uploaded: this.#sizes.up,
      headerSize: this.#sizes.header,
      requestSize: this.#sizes.request,
      connects: this.#connects,
      retries: this.#retries,
      redirects: this.#redirects,
      localAddress: ends.local.address,
      localPort: ends.local.port,
      remoteAddress: ends.remote.address,
      remotePort: ends.remote.port,
      connectedNs: this.#times.connected,
      preTransferNs: this.#times.pre,
      firstByteNs: this.#times.first,
      totalNs: this.#times.total,
      exitCode,
      error: this.error,
      urlNumber: this.#index,
    };
  }

  #ends = { local: { address: 0, port: 0 }, remote: { address: 0, port: 0 } };

  *#request(): Program<void> {
    const url = parseUrl(this.#urlText);
    if (url === null) {
      throw new CurlError(Code.BAD_URL, "URL using bad/illegal format or missing URL");
    }
    this.#url = url;
    if (url.scheme !== "http") {
      const why =
        url.scheme === "https"
          ? "https is not modelled: there is no TLS here"
          : `Protocol "${url.scheme}" not supported or disabled in libcurl`;
      throw new CurlError(Code.UNSUPPORTED_PROTOCOL, why);
    }
    yield* this.#connect(url);
    yield* this.#exchange(url);
  }

  *#connect(url: HttpUrl): Program<void> {
    const [host, port] = this.#target(url);
    const address =
      this.#options.resolved.get(`${host}:${port}`) ?? (yield* this.#host.resolve(host));
    if (address === null) {
      throw new CurlError(Code.RESOLVE, `Could not resolve host: ${host}`);
    }
    const { connection, reused } = yield* this.#session.connectionTo(address, port);
    this.#connection = connection;
    if (reused) {
      this.#session.info(`Re-using existing connection #${connection.number} with host ${host}`);
      this.#connects = 0;
      return;
    }
    this.#session.info(`  Trying ${formatIpv4(address)}:${port}...`);
    this.#connects = 1;
    const began = this.#host.namespace.cpu.now;
    const source = this.#source();
    const bound = connection.prepare(this.#options, source);
    if (bound < 0) {
      throw new CurlError(
        Code.INTERFACE,
        `bind failed with errno ${-bound}: ${errnoMessage(bound)}`,
      );
    }
    const limit = Math.min(began + this.#options.connectTimeoutNs, this.#deadline);
    const started = yield* connection.start();
    const name = formatIpv4(address);
    if (started !== 0 && started !== -EINPROGRESS) {
      this.#session.info(`Immediate connect fail for ${name}: ${errnoMessage(started)}`);
      throw this.#connectError(host, port, began, "Couldn't connect to server", Code.CONNECT);
    }
    const error = started === 0 ? 0 : yield* connection.finish(limit);
    if (error === TIMED_OUT) {
      if (limit === this.#deadline) {
        const text = `Connection timed out after ${this.#ms(this.#startNs)} milliseconds`;
        throw new CurlError(Code.TIMEOUT, text);
      }
      this.#session.info(`After ${this.#ms(began)}ms connect time, move on!`);
      throw this.#connectError(host, port, began, "Timeout was reached", Code.TIMEOUT);
    }
    if (error !== 0) {
      this.#session.info(`connect to ${name} port ${port} failed: ${errnoMessage(error)}`);
      throw this.#connectError(host, port, began, "Couldn't connect to server", Code.CONNECT);
    }
    this.#session.info(`Connected to ${host} (${name}) port ${port} (#${connection.number})`);
  }

  #connectError(host: string, port: number, began: Ns, why: string, code: number): CurlError {
    const text = `Failed to connect to ${host} port ${port} after ${this.#ms(began)} ms: ${why}`;
    this.#session.info(text);
    return new CurlError(code, text);
  }

  /** Host and port to connect to, which `--connect-to` may change. */
  #target(url: HttpUrl): readonly [string, number] {
    for (const [host, port, newHost, newPort] of this.#options.connectTo) {
      if (host !== "" && host !== url.host) continue;
      if (port !== "" && Number(port) !== url.port) continue;
      return [newHost === "" ? url.host : newHost, newPort === "" ? url.port : Number(newPort)];
    }
    return [url.host, url.port];
  }

  #source(): Ipv4 {
    const { from } = this.#options;
    if (from === "") return ANY_ADDRESS;
    if (isIpv4(from)) return parseIpv4(from);
    const { namespace } = this.#host;
    const device = namespace.devices.get(from);
    const address = device === undefined ? 0 : namespace.inet(device).addresses[0]?.local;
    if (address === undefined || address === 0) {
      throw new CurlError(Code.INTERFACE, `Couldn't bind to '${from}'`);
    }
    return address as Ipv4;
  }

  *#exchange(url: HttpUrl): Program<void> {
    const connection = this.#connection;
    if (connection === null) return;
    this.#times.connected = this.#since();
    this.#times.pre = this.#times.connected;
    const { local, remote } = connection.socket;
    this.#ends = { local, remote };
    const body = this.#options.get ? null : this.#options.body;
    const expects = body !== null && body.length > EXPECT_THRESHOLD && !this.#options.http10;
    const head = this.#requestHead(url, body, expects);
    this.#verboseHead(">", head);
    this.#sizes.request += head.length;
    const reader = new MessageReader();
    const together = body !== null && body.length < MAX_INITIAL_BODY;
    yield* this.#send(together ? concatBytes([utf8(head), body]) : utf8(head));
    if (body !== null) {
      if (together) this.#verboseBytes("}", body.length);
      else yield* this.#upload(body, reader, expects);
      this.#sizes.up += body.length;
    }
    yield* this.#answer(reader);
  }

  #method(): string {
    const { method, head, body, get } = this.#options;
    return method ?? (head ? "HEAD" : body !== null && !get ? "POST" : "GET");
  }

  #requestHead(url: HttpUrl, body: Uint8Array | null, expects: boolean): string {
    const fields: Field[] = [
      ["Host", hostField(url)],
      ["User-Agent", this.#options.userAgent],
      ["Accept", "*/*"],
    ];
    const own = customFields(this.#options.headers);
    const standard = fields.filter(
      ([name]) => name === "Host" || !own.some(([known]) => same(known, name)),
    );
    const [ownHost] = own.filter(([name]) => same(name, "Host"));
    const list: Field[] = standard
      .map(
        (entry): Field =>
          entry[0] === "Host" && ownHost !== undefined ? ["Host", ownHost[1]] : entry,
      )
      .filter(([name, value]) => !(name === "User-Agent" && value === ""));
    for (const [name, value] of own) {
      if (!same(name, "Host") && value !== "") list.push([name, value]);
    }
    const has = (name: string): boolean => own.some(([known]) => same(known, name));
    if (body !== null) {
      if (!has("Content-Length")) list.push(["Content-Length", String(body.length)]);
      if (!has("Content-Type")) list.push(["Content-Type", "application/x-www-form-urlencoded"]);
      if (expects && !has("Expect")) list.push(["Expect", "100-continue"]);
    }
    const version = this.#options.http10 ? "HTTP/1.0" : "HTTP/1.1";
    return formatHead(`${this.#method()} ${this.#pathWithData(url)} ${version}`, list);
  }

  #pathWithData(url: HttpUrl): string {
    const { get, body } = this.#options;
    if (!get || body === null) return url.target;
    return `${url.target}${url.target.includes("?") ? "&" : "?"}${fromUtf8(body)}`;
  }

  *#upload(body: Uint8Array, reader: MessageReader, expects: boolean): Program<void> {
    if (expects) {
      const until = this.#host.namespace.cpu.now + EXPECT_WAIT;
      const bytes = yield* this.#connection?.receive(Math.min(until, this.#deadline)) ?? noBytes();
      if (typeof bytes !== "number" && bytes.length > 0) {
        reader.push(bytes);
        if (!reader.preview(12).includes(" 100")) return;
        const interim = reader.takeHead();
        if (interim !== null) this.#verboseHead("<", interim.text);
      } else if (bytes === TIMED_OUT) {
        this.#session.info("Done waiting for 100-continue");
      }
    }
    for (let at = 0; at < body.length; at += UPLOAD_BUFFER) {
      const piece = body.subarray(at, at + UPLOAD_BUFFER);
      this.#verboseBytes("}", piece.length);
      yield* this.#send(piece);
    }
    this.#session.info("We are completely uploaded and fine");
  }

  *#send(bytes: Uint8Array): Program<void> {
    const connection = this.#connection;
    if (connection === null) return;
    const error = yield* connection.send(bytes, this.#deadline);
    if (error === TIMED_OUT) throw this.#timeout();
    if (error === 0) return;
    const text = `Send failure: ${errnoMessage(error)}`;
    this.#session.info(text);
    throw new CurlError(Code.SEND, text);
  }

  *#answer(reader: MessageReader): Program<void> {
    const head = yield* this.#readHead(reader);
    this.#head = head;
    const kind = responseBody(head, this.#method());
    this.#sizes.expected = kind.kind === "length" ? kind.length : -1;
    const fails = this.#options.fail && this.status >= 400;
    if ((this.#options.include || this.#options.head) && !fails) this.#write(utf8(head.text));
    const body = new BodyReader(kind);
    const content: Uint8Array[] = [];
    const took = (raw: number): void => {
      const bytes = body.read(reader);
      this.#sizes.down += bytes.length;
      if (bytes.length > 0 && !fails) content.push(bytes);
      if (raw > 0) this.#verboseBytes("{", raw);
    };
    if (reader.length > 0 && kind.kind === "none") this.#excess(reader);
    took(kind.kind === "none" ? 0 : reader.length);
    try {
      while (!body.done) {
        const bytes = yield* this.#receive();
        if (bytes.length === 0) {
          if (kind.kind === "close") break;
          throw this.#closedEarly(body);
        }
        reader.push(bytes);
        took(bytes.length);
      }
    } finally {
      const whole = concatBytes(content);
      if (whole.length > 0 || !this.#options.head) this.#write(whole);
    }
    this.#release(kind.kind === "close" || !keepsAlive(head));
  }

  *#readHead(reader: MessageReader): Program<MessageHead> {
    for (;;) {
      const head = reader.takeHead();
      if (head === null) {
        const begins = reader.preview(5);
        if (reader.length > 0 && !"HTTP/".startsWith(begins)) {
          throw new CurlError(Code.UNSUPPORTED_PROTOCOL, "Received HTTP/0.9 when not allowed");
        }
        const bytes = yield* this.#receive();
        if (bytes.length === 0) throw this.#emptyReply();
        if (this.#times.first === 0) this.#times.first = this.#since();
        reader.push(bytes);
        continue;
      }
      if (!head.startLine[0].startsWith("HTTP/")) {
        throw new CurlError(Code.UNSUPPORTED_PROTOCOL, "Received HTTP/0.9 when not allowed");
      }
      if (head.startLine[0] === "HTTP/1.0" && !keepsAlive(head)) {
        this.#session.info("HTTP 1.0, assume close after body");
      }
      this.#verboseHead("<", head.text);
      this.#sizes.header += head.text.length;
      const status = Number(head.startLine[1]);
      if (status >= 200 || status === 101) return head;
    }
  }

  *#receive(): Program<Uint8Array> {
    const connection = this.#connection;
    if (connection === null) return new Uint8Array(0);
    const bytes = yield* connection.receive(this.#deadline);
    if (bytes === TIMED_OUT) throw this.#timeout();
    if (typeof bytes !== "number") return bytes;
    const text = `Recv failure: ${errnoMessage(bytes)}`;
    this.#session.info(text);
    throw new CurlError(Code.RECEIVE, text);
  }

  #emptyReply(): CurlError {
    this.#session.info("Empty reply from server");
    return new CurlError(Code.EMPTY, "Empty reply from server");
  }

  #closedEarly(body: BodyReader): CurlError {
    const left = this.#sizes.expected - body.received;
    const text =
      body.kind.kind === "length"
        ? `transfer closed with ${left} bytes remaining to read`
        : "transfer closed with outstanding read data remaining";
    this.#session.info(text);
    return new CurlError(Code.PARTIAL, text);
  }

  #timeout(): CurlError {
    const { down, expected } = this.#sizes;
    const ms = this.#ms(this.#startNs);
    const received = expected === -1 ? `${down} bytes` : `${down} out of ${expected} bytes`;
    const text = `Operation timed out after ${ms} milliseconds with ${received} received`;
    this.#session.info(text);
    return new CurlError(Code.TIMEOUT, text);
  }

  #excess(reader: MessageReader): void {
    const excess = reader.take(reader.length).length;
    const url = this.#url.target;
    this.#session.info(`Excess found: excess = ${excess} url = ${url} (zero-length body)`);
  }

  /** The answer is complete: the connection is closed or kept. */
  #release(closes: boolean): void {
    const connection = this.#connection;
    this.#connection = null;
    if (connection === null) return;
    if (closes) {
      this.#session.info(`Closing connection ${connection.number}`);
      connection.close();
    } else {
      this.#session.info(`Connection #${connection.number} to host ${this.#url.host} left intact`);
      this.#session.keep(connection);
    }
  }

  #write(bytes: Uint8Array): void {
    if (this.#redirection() !== null) return;
    this.#filename = this.#session.output(this.#index, this.#url, bytes);
  }

  #redirection(): string | null {
    return this.#options.location ? this.#locationOf(this.#head) : null;
  }

  #locationOf(head: MessageHead | null): string | null {
    if (head === null || !/^30[12378]$/.test(head.startLine[1])) return null;
    const target = field(head.fields, "Location");
    if (target === null) return null;
    if (/^[a-z]+:\/\//i.test(target)) return target;
    return `http://${hostField(this.#url)}${target.startsWith("/") ? "" : "/"}${target}`;
  }

  #fullUrl(): string {
    return /^[a-z]+:\/\//i.test(this.#urlText)
      ? this.#urlText
      : `http://${hostField(this.#url)}${this.#url.target}`;
  }

  #verboseHead(sign: string, text: string): void {
    if (!this.#options.verbose) return;
    for (const line of text.split("\r\n").slice(0, -1)) this.#host.stderr(`${sign} ${line}\n`);
  }

  #verboseBytes(sign: string, count: number): void {
    if (this.#options.verbose) this.#host.stderr(`${sign} [${count} bytes data]\n`);
  }

  #since(): Ns {
    return this.#host.namespace.cpu.now - this.#startNs;
  }

  #ms(from: Ns): number {
    return Math.floor((this.#host.namespace.cpu.now - from) / NS_PER_MS);
  }
}

/** `Name: value` lines of `-H`; `Name:` takes a field away, `Name;` sends it empty. */
function customFields(headers: readonly string[]): Field[] {
  return headers.flatMap((line): Field[] => {
    const colon = line.indexOf(":");
    if (colon > 0) return [[line.slice(0, colon), line.slice(colon + 1).trim()]];
    return line.endsWith(";") ? [[line.slice(0, -1), " "]] : [];
  });
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

// biome-ignore lint/correctness/useYield: stands in for a read where there is no connection
function* noBytes(): Program<Uint8Array | number> {
  return new Uint8Array(0);
}
