/**
 * One request on a connection, and its answer.
 *
 * Spec: curl 7.88.1, lib/http.c (Curl_http_readwrite_headers), lib/transfer.c (readwrite_data).
 */
import { concatBytes, utf8 } from "../../base/bytes.ts";
import { errnoMessage } from "../../base/errno.ts";
import { NS_PER_S, type Ns } from "../../base/units.ts";
import type { Program } from "../../sim/process.ts";
import {
  type BodyKind,
  BodyReader,
  keepsAlive,
  type MessageHead,
  MessageReader,
  responseBody,
} from "../http-message.ts";
import type { HttpUrl } from "../url.ts";
import { type HttpConnection, TIMED_OUT } from "./connection.ts";
import { Code, CurlError } from "./error.ts";
import type { TransferProgress } from "./progress.ts";
import { redirection } from "./redirect.ts";
import { type RequestPlan, requestHead, requestMethod } from "./request.ts";
import type { CurlSession } from "./session.ts";

/** Bodies below this size leave in the same write as the head. */
const MAX_INITIAL_BODY = 64 * 1024;
/** A larger body waits a second for `100 Continue`. */
const EXPECT_THRESHOLD = 1024 * 1024;
const EXPECT_WAIT: Ns = NS_PER_S;
const UPLOAD_BUFFER = 64 * 1024;

/** A request and its answer on a connection that it borrows. */
export class Exchange {
  readonly #session: CurlSession;
  readonly #progress: TransferProgress;
  readonly #connection: HttpConnection;
  readonly #url: HttpUrl;
  readonly #write: (bytes: Uint8Array) => void;
  readonly #reader = new MessageReader();
  #expected = -1;

  /** `write` takes what is to be printed or saved, in pieces. */
  constructor(
    session: CurlSession,
    progress: TransferProgress,
    connection: HttpConnection,
    url: HttpUrl,
    write: (bytes: Uint8Array) => void,
  ) {
    this.#session = session;
    this.#progress = progress;
    this.#connection = connection;
    this.#url = url;
    this.#write = write;
  }

  /** Returns whether the connection may be kept. Throws `CurlError`. */
  *run(body: Uint8Array | null): Program<boolean> {
    const { options } = this.#session;
    const expects = body !== null && body.length > EXPECT_THRESHOLD && !options.http10;
    yield* this.#request({ url: this.#url, body, expects });
    const head = yield* this.#readHead(requestMethod(options, body));
    if (head === null) return true;
    return yield* this.#readBody(head, responseBody(head, requestMethod(options, body)));
  }

  *#request(plan: RequestPlan): Program<void> {
    const { body, expects } = plan;
    const head = requestHead(this.#session.options, plan);
    for (const line of linesOf(head)) this.#session.headLine(">", line);
    this.#progress.requestSize += head.length;
    if (body === null) {
      yield* this.#send(utf8(head));
      return;
    }
    if (body.length < MAX_INITIAL_BODY) {
      yield* this.#send(concatBytes([utf8(head), body]));
      if (body.length > 0) this.#session.dataLine("}", body.length);
    } else {
      yield* this.#send(utf8(head));
      if (expects && !(yield* this.#mayContinue())) return;
      yield* this.#upload(body);
    }
    this.#progress.uploaded += body.length;
  }

  /** Waits for `100 Continue`, a second at most; false if the server answered something else. */
  *#mayContinue(): Program<boolean> {
    const until = this.#session.host.namespace.cpu.now + EXPECT_WAIT;
    const bytes = yield* this.#connection.receive(Math.min(until, this.#progress.deadline));
    if (bytes === TIMED_OUT) this.#session.info("Done waiting for 100-continue");
    if (typeof bytes === "number" || bytes.length === 0) return true;
    const reader = this.#reader;
    reader.push(bytes);
    if (!reader.preview(12).includes(" 100")) return false;
    const interim = reader.takeHead();
    if (interim !== null) this.#showHead(interim.text, false);
    return true;
  }

  *#upload(body: Uint8Array): Program<void> {
    for (let at = 0; at < body.length; at += UPLOAD_BUFFER) {
      const piece = body.subarray(at, at + UPLOAD_BUFFER);
      this.#session.dataLine("}", piece.length);
      yield* this.#send(piece);
    }
    this.#session.info("We are completely uploaded and fine");
  }

  *#send(bytes: Uint8Array): Program<void> {
    const error = yield* this.#connection.send(bytes, this.#progress.deadline);
    if (error === TIMED_OUT) throw this.#timeout();
    if (error !== 0) throw this.#fail(Code.SEND, `Send failure: ${errnoMessage(error)}`);
  }

  /** The final head; null if the connection ended in the middle of it. */
  *#readHead(method: string): Program<MessageHead | null> {
    const reader = this.#reader;
    let ended = false;
    for (;;) {
      this.#checkBeginning();
      const head = reader.takeHead(ended);
      if (head !== null) {
        const complete = this.#acceptHead(head, method);
        if (ended && !head.text.endsWith("\n\n") && !head.text.endsWith("\n\r\n")) return null;
        if (complete) return head;
        continue;
      }
      if (ended) throw this.#fail(Code.EMPTY, "Empty reply from server");
      const bytes = yield* this.#receive();
      ended = bytes.length === 0;
      if (this.#progress.firstByteNs === 0) this.#progress.firstByteNs = this.#progress.since();
      reader.push(bytes);
    }
  }

  #checkBeginning(): void {
    const begins = this.#reader.preview(5);
    if (!"HTTP/".startsWith(begins)) {
      throw this.#fail(Code.UNSUPPORTED_PROTOCOL, "Received HTTP/0.9 when not allowed");
    }
  }

  /** Shows and counts a head; false if it is an interim one. */
  #acceptHead(head: MessageHead, method: string): boolean {
    const { options } = this.#session;
    if (head.startLine[0] === "HTTP/1.0" && !keepsAlive(head)) {
      this.#session.info("HTTP 1.0, assume close after body");
    }
    this.#showHead(head.text, responseBody(head, method).kind !== "none");
    this.#progress.headerSize += head.text.length;
    const status = Number(head.startLine[1]);
    if (status < 200 && status !== 101) return false;
    this.#progress.head = head;
    if (options.include || options.head) this.#write(utf8(head.text));
    return true;
  }

  /** Shows the lines of a head up to the first one that curl refuses. */
  #showHead(text: string, hasBody: boolean): void {
    for (const [index, line] of linesOf(text).entries()) {
      if (index > 0 && line !== "") this.#checkField(line, hasBody);
      this.#session.headLine("<", line);
    }
  }

  #checkField(line: string, hasBody: boolean): void {
    if (!line.includes(":")) throw this.#fail(Code.WEIRD_SERVER, "Header without colon");
    if (hasBody && /^content-length:\s*(?![0-9\s])/i.test(line)) {
      throw this.#fail(Code.WEIRD_SERVER, "Invalid Content-Length: value");
    }
  }

  /** Reads a body to its end; whether the connection may be kept. */
  *#readBody(head: MessageHead, kind: BodyKind): Program<boolean> {
    const { options } = this.#session;
    const reader = this.#reader;
    const keeps = kind.kind !== "close" && keepsAlive(head);
    this.#expected = kind.kind === "length" ? kind.length : -1;
    if (kind.kind === "none") {
      this.#excessBehindHead();
      if (!options.head) this.#write(new Uint8Array(0));
      return keeps;
    }
    const ignores = options.location && redirection(head, this.#url) !== null;
    const body = new BodyReader(kind);
    const content: Uint8Array[] = [];
    let raw = reader.length;
    try {
      for (;;) {
        if (raw > 0 && ignores && !keeps) return false;
        if (raw > 0 && ignores && body.received === 0) {
          this.#session.info("Ignoring the response-body");
        }
        const before = body.received;
        content.push(this.#take(body, raw));
        if (body.done) return this.#endsCleanly(body, before) && keeps;
        const bytes = yield* this.#receive();
        if (bytes.length === 0) {
          if (kind.kind === "close") return false;
          throw this.#closedEarly(body);
        }
        reader.push(bytes);
        raw = bytes.length;
      }
    } finally {
      const fails = options.fail && this.#progress.status >= 400;
      this.#write(fails ? new Uint8Array(0) : concatBytes(content));
    }
  }

  /** Takes the content out of what has come. */
  #take(body: BodyReader, raw: number): Uint8Array {
    const bytes = body.read(this.#reader);
    this.#progress.downloaded += bytes.length;
    if (raw > 0) this.#session.dataLine("{", raw);
    return bytes;
  }

  /** What stands behind a whole body, or spoils a chunked one. */
  #endsCleanly(body: BodyReader, before: number): boolean {
    if (body.fault === "size") {
      const text = "Illegal or missing hexadecimal sequence in chunked-encoding";
      throw this.#fail(Code.RECEIVE, text);
    }
    if (body.fault === "end") {
      throw this.#fail(Code.RECEIVE, "Malformed encoding found in chunked-encoding");
    }
    const excess = this.#reader.take(this.#reader.length).length;
    if (excess === 0 || body.kind.kind !== "length") return true;
    const { length } = body.kind;
    this.#session.info(
      `Excess found in a read: excess = ${excess}, size = ${length}, maxdownload = ${length}, bytecount = ${before}`,
    );
    return false;
  }

  #excessBehindHead(): void {
    const excess = this.#reader.take(this.#reader.length).length;
    if (excess === 0) return;
    const { target } = this.#url;
    this.#session.info(`Excess found: excess = ${excess} url = ${target} (zero-length body)`);
  }

  *#receive(): Program<Uint8Array> {
    const bytes = yield* this.#connection.receive(this.#progress.deadline);
    if (bytes === TIMED_OUT) throw this.#timeout();
    if (typeof bytes !== "number") return bytes;
    throw this.#fail(Code.RECEIVE, `Recv failure: ${errnoMessage(bytes)}`);
  }

  #closedEarly(body: BodyReader): CurlError {
    const left = this.#expected - body.received;
    const what = body.kind.kind === "length" ? `${left} bytes remaining to read` : "";
    const text = `transfer closed with ${what === "" ? "outstanding read data remaining" : what}`;
    return this.#fail(Code.PARTIAL, text);
  }

  #timeout(): CurlError {
    const { downloaded, startNs } = this.#progress;
    const ms = this.#progress.ms(startNs);
    const whole = this.#expected === -1 ? "" : ` out of ${this.#expected}`;
    const text = `Operation timed out after ${ms} milliseconds with ${downloaded}${whole} bytes received`;
    return this.#fail(Code.TIMEOUT, text);
  }

  /** An error that `-v` shows as well. */
  #fail(code: number, text: string): CurlError {
    this.#session.info(text);
    return new CurlError(code, text);
  }
}

/** The lines of a head, the empty one at its end included. */
function linesOf(text: string): string[] {
  return text.split(/\r?\n/).slice(0, -1);
}
