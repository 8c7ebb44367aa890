/**
 * One transfer: a URL's request and answer, and those of the places that it is redirected to.
 *
 * Spec: curl 7.88.1, lib/multi.c, lib/transfer.c (Curl_follow).
 */
import type { Program } from "../../sim/process.ts";
import { field } from "../http-message.ts";
import { type HttpUrl, hostField, parseUrl } from "../url.ts";
import { connectTo } from "./connect.ts";
import { Code, CurlError } from "./error.ts";
import { Exchange } from "./exchange.ts";
import { TransferProgress } from "./progress.ts";
import { dropsBody, redirection } from "./redirect.ts";
import type { TransferReport } from "./report.ts";
import { requestMethod } from "./request.ts";
import type { CurlSession } from "./session.ts";

const MAX_REDIRECTS = 50;

/** A transfer that runs once. */
export class Transfer {
  readonly #session: CurlSession;
  readonly #progress: TransferProgress;
  readonly #index: number;
  readonly #retries: number;
  #url: HttpUrl = { scheme: "http", host: "", port: 80, portGiven: false, target: "/" };
  #urlText: string;
  #body: Uint8Array | null;
  #filename = "";
  /** Why it failed, or "". */
  error = "";

  /** `index` says which URL of the command line; `retries`, how often it was tried before. */
  constructor(session: CurlSession, index: number, retries: number) {
    const { host, options } = session;
    this.#session = session;
    this.#progress = new TransferProgress(host.namespace.cpu, options.maxTimeNs);
    this.#index = index;
    this.#retries = retries;
    this.#urlText = options.urls[index] ?? "";
    this.#body = options.get ? null : options.body;
  }

  /** The status code of the answer, or 0. */
  get status(): number {
    return this.#progress.status;
  }

  /** Runs the transfer; its exit code. */
  *run(): Program<number> {
    try {
      for (;;) {
        yield* this.#request();
        const target = this.#followed();
        if (target === null) break;
        this.#redirect(target);
      }
      if (this.#session.options.fail && this.status >= 400) {
        throw new CurlError(Code.HTTP_ERROR, `The requested URL returned error: ${this.status}`);
      }
      return Code.OK;
    } catch (error) {
      if (!(error instanceof CurlError)) throw error;
      this.error = error.message;
      return error.code;
    } finally {
      this.#progress.totalNs = this.#progress.since();
    }
  }

  /** What `-w` may ask for. */
  report(exitCode: number): TransferReport {
    const progress = this.#progress;
    const { head, local, remote } = progress;
    const { location } = this.#session.options;
    return {
      url: this.#fullUrl(),
      method: requestMethod(this.#session.options, this.#body),
      scheme: this.#url.scheme,
      httpVersion: head === null ? "0" : head.startLine[0].replace("HTTP/", ""),
      status: this.status,
      contentType: head === null ? "" : (field(head.fields, "Content-Type") ?? ""),
      redirectUrl: location ? "" : (redirection(head, this.#url) ?? ""),
      filename: this.#filename,
      downloaded: progress.downloaded,
      uploaded: progress.uploaded,
      headerSize: progress.headerSize,
      requestSize: progress.requestSize,
      connects: progress.connects,
      retries: this.#retries,
      redirects: progress.redirects,
      localAddress: local.address,
      localPort: local.port,
      remoteAddress: remote.address,
      remotePort: remote.port,
      resolvedNs: progress.resolvedNs,
      connectedNs: progress.connectedNs,
      preTransferNs: progress.connectedNs,
      firstByteNs: progress.firstByteNs,
      totalNs: progress.totalNs,
      exitCode,
      error: this.error,
      urlNumber: this.#index,
    };
  }

  /** One request: connects, asks, reads the answer, keeps or closes the connection. */
  *#request(): Program<void> {
    const session = this.#session;
    const progress = this.#progress;
    const url = this.#parseUrl();
    this.#url = url;
    const connection = yield* connectTo(session, progress, url);
    progress.connectedNs = progress.since();
    progress.local = connection.socket.local;
    progress.remote = connection.socket.remote;
    const exchange = new Exchange(session, progress, connection, url, (bytes) => {
      if (this.#followed() === null) this.#filename = session.output(this.#index, url, bytes);
    });
    let keeps = false;
    try {
      keeps = yield* exchange.run(this.#body);
    } finally {
      if (!keeps) session.discard(connection);
    }
    if (!keeps) return;
    session.info(`Connection #${connection.number} to host ${url.host} left intact`);
    session.keep(connection);
  }

  #parseUrl(): HttpUrl {
    const url = parseUrl(this.#urlText);
    if (url === null) {
      throw new CurlError(Code.BAD_URL, "URL using bad/illegal format or missing URL");
    }
    if (url.scheme === "http") return url;
    const why =
      url.scheme === "https"
        ? "https is not modelled: there is no TLS here"
        : `Protocol "${url.scheme}" not supported or disabled in libcurl`;
    throw new CurlError(Code.UNSUPPORTED_PROTOCOL, why);
  }

  /** Where the next request goes, or null if this one was the last. */
  #followed(): string | null {
    const { location } = this.#session.options;
    return location ? redirection(this.#progress.head, this.#url) : null;
  }

  #redirect(target: string): void {
    const session = this.#session;
    const progress = this.#progress;
    if (progress.redirects === MAX_REDIRECTS) {
      const text = `Maximum (${MAX_REDIRECTS}) redirects followed`;
      session.info(text);
      throw new CurlError(Code.TOO_MANY_REDIRECTS, text);
    }
    progress.redirects += 1;
    const port = parseUrl(target)?.port ?? 0;
    if (port !== this.#url.port) {
      session.info(`Clear auth, redirects to port from ${this.#url.port} to ${port}`);
    }
    session.info(`Issue another request to this URL: '${target}'`);
    const change = dropsBody(this.status);
    if (this.#body !== null && change !== null) {
      session.info(change);
      this.#body = null;
    }
    this.#urlText = target;
  }

  #fullUrl(): string {
    return /^[a-z]+:\/\//i.test(this.#urlText)
      ? this.#urlText
      : `http://${hostField(this.#url)}${this.#url.target}`;
  }
}
