/**
 * gRPC health checks over HTTP/2 in clear text: one Check, and a server that answers each request
 * with SERVING.
 *
 * Spec: RFC 9113 §3.4 (preface), §4.1 (frames), §6; RFC 7541 §6 (HPACK); gRPC over HTTP/2;
 * grpc.health.v1.
 * Differs: header blocks are written without Huffman codes and are not read; every stream is taken
 * for a Check.
 * Not modelled: flow control, the dynamic table's size, PING, GOAWAY.
 */
import { concatBytes, utf8 } from "../base/bytes.ts";
import { NS_PER_MS, type Ns } from "../base/units.ts";
import type { Program } from "../sim/process.ts";
import type { TcpSocket } from "../socket/tcp-socket.ts";

/** What a client says first. */
const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/** Its part that does not read like the head of a request. */
const PREFACE_END = "SM\r\n\r\n";

/** The answer of a health service, as grpc.health.v1 numbers it. */
export const SERVING = 1;

const FRAME_HEAD = 9;
const READ_SIZE = 16384;
const DATA = 0;
const HEADERS = 1;
const SETTINGS = 4;
const ACK = 1;
const END_STREAM = 1;
const END_HEADERS = 4;

/** Entries of HPACK's static table (RFC 7541, appendix A). */
const AUTHORITY = 1;
const METHOD_POST = 3;
const PATH = 4;
const SCHEME_HTTP = 6;
const STATUS_200 = 8;
const CONTENT_TYPE = 31;
const USER_AGENT = 58;

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Uint8Array;
}

/** Frames of a connection, cut from what it brings. */
class FrameReader {
  readonly #socket: TcpSocket;
  #bytes: Uint8Array;

  #skip: number;

  /** `bytes` have been read already; the first `skip` bytes are no frames. */
  constructor(socket: TcpSocket, bytes: Uint8Array, skip: number) {
    this.#socket = socket;
    this.#bytes = bytes;
    this.#skip = skip;
  }

  /** The next frame; null at the connection's end, or a negative errno. */
  *next(): Program<Frame | number | null> {
    for (;;) {
      const skipped = Math.min(this.#skip, this.#bytes.length);
      this.#skip -= skipped;
      const bytes = this.#bytes.subarray(skipped);
      const length = bytes.length < FRAME_HEAD ? null : uint24(bytes, 0);
      if (length !== null && bytes.length >= FRAME_HEAD + length) {
        this.#bytes = bytes.slice(FRAME_HEAD + length);
        const [type = 0, flags = 0] = bytes.subarray(3, 5);
        const stream = uint24(bytes, 6);
        return { type, flags, stream, payload: bytes.slice(FRAME_HEAD, FRAME_HEAD + length) };
      }
      const more = yield* this.#socket.read(READ_SIZE);
      if (typeof more === "number") return more;
      if (more.length === 0) return null;
      this.#bytes = concatBytes([bytes, more]);
    }
  }
}

/** Serves a connection of which the preface's first lines and then `bytes` have been read. */
export function* serveGrpcHealth(client: TcpSocket, bytes: Uint8Array): Program<void> {
  const frames = new FrameReader(client, bytes, PREFACE_END.length);
  if ((yield* client.write(frame(SETTINGS, 0, 0, []))) < 0) return;
  for (;;) {
    const next = yield* frames.next();
    if (next === null || typeof next === "number") return;
    const answer = answerTo(next);
    if (answer !== null && (yield* client.write(answer)) < 0) return;
  }
}

function answerTo({ type, flags, stream }: Frame): Uint8Array | null {
  if (type === SETTINGS && (flags & ACK) === 0) return frame(SETTINGS, ACK, 0, []);
  const isRequestEnd = (type === DATA || type === HEADERS) && (flags & END_STREAM) !== 0;
  if (!isRequestEnd) return null;
  const head = [indexed(STATUS_200), field(CONTENT_TYPE, "application/grpc")];
  const trailers = [field("grpc-status", "0"), field("grpc-message", "")];
  return concatBytes([
    frame(HEADERS, END_HEADERS, stream, head),
    frame(DATA, 0, stream, [message(Uint8Array.of(0x08, SERVING))]),
    frame(HEADERS, END_HEADERS | END_STREAM, stream, trailers),
  ]);
}

/** What a Check asks. */
export interface HealthCheck {
  /** `10.244.0.5:8080`. */
  readonly authority: string;
  readonly userAgent: string;
  /** The service that is asked for; "" for the server. */
  readonly service: string;
  readonly timeout: Ns;
}

/** Asks over a connection; the status, null if there was none, or a negative errno. */
export function* checkGrpcHealth(
  socket: TcpSocket,
  { authority, userAgent, service, timeout }: HealthCheck,
): Program<number | null> {
  const hello = concatBytes([utf8(PREFACE), frame(SETTINGS, 0, 0, [])]);
  const head = [
    indexed(METHOD_POST),
    indexed(SCHEME_HTTP),
    field(PATH, "/grpc.health.v1.Health/Check"),
    field(AUTHORITY, authority),
    field(CONTENT_TYPE, "application/grpc"),
    field(USER_AGENT, userAgent),
    field("te", "trailers"),
    field("grpc-timeout", `${Math.round(timeout / NS_PER_MS)}m`),
  ];
  const name = utf8(service);
  const body = service === "" ? name : concatBytes([Uint8Array.of(0x0a, name.length), name]);
  const request = [
    frame(HEADERS, END_HEADERS, 1, head),
    frame(DATA, END_STREAM, 1, [message(body)]),
  ];
  for (const bytes of [hello, concatBytes(request)]) {
    const written = yield* socket.write(bytes);
    if (written < 0) return written;
  }
  const frames = new FrameReader(socket, new Uint8Array(0), 0);
  for (;;) {
    const next = yield* frames.next();
    if (next === null || typeof next === "number") return next;
    if (next.type === SETTINGS && (next.flags & ACK) === 0) {
      yield* socket.write(frame(SETTINGS, ACK, 0, []));
    } else if (next.type === DATA && next.stream === 1) return next.payload[6] ?? 0;
    else if ((next.flags & END_STREAM) !== 0 && next.stream === 1) return null;
  }
}

/** A message as gRPC frames it: not compressed, its length, its bytes. */
function message(bytes: Uint8Array): Uint8Array {
  return concatBytes([Uint8Array.of(0, 0, 0, 0, bytes.length), bytes]);
}

function frame(
  type: number,
  flags: number,
  stream: number,
  payload: readonly Uint8Array[],
): Uint8Array {
  const body = concatBytes([...payload]);
  const { length } = body;
  const head = [
    length >> 16,
    length >> 8,
    length,
    type,
    flags,
    0,
    stream >> 16,
    stream >> 8,
    stream,
  ];
  return concatBytes([Uint8Array.from(head), body]);
}

function indexed(index: number): Uint8Array {
  return Uint8Array.of(0x80 | index);
}

/** A field with incremental indexing, its name from the static table or literal. */
function field(name: number | string, value: string): Uint8Array {
  const key = typeof name === "number" ? Uint8Array.of(0x40 | name) : literal(0x40, name);
  return concatBytes([key, literal(null, value)]);
}

/** A string of fewer than 127 bytes, behind `prefix`. */
function literal(prefix: number | null, text: string): Uint8Array {
  const bytes = utf8(text);
  return concatBytes([
    Uint8Array.from(prefix === null ? [bytes.length] : [prefix, bytes.length]),
    bytes,
  ]);
}

function uint24(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
}
