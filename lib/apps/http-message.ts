/**
 * HTTP/1.1 messages: heads and bodies, parsed as bytes come in and printed.
 *
 * Spec: RFC 9112 §2 (format), §4 (status line), §6 (body length), §7.1 (chunked).
 * Not modelled: obsolete line folding, trailers (they are read over), content codings.
 */
import { concatBytes, fromUtf8, utf8 } from "../base/bytes.ts";

/** A header field as it came: name and value. */
export type Field = readonly [name: string, value: string];

/** The first lines of a message. */
export interface MessageHead {
  /** A request's `GET / HTTP/1.1` or a response's `HTTP/1.1 200 OK`, split at blanks. */
  readonly startLine: readonly [string, string, string];
  readonly fields: readonly Field[];
  /** The text as it came, with the empty line. */
  readonly text: string;
}

const CR = 13;
const LF = 10;

/** The value of a field, whatever the case of its name; null if there is none. */
export function field(fields: readonly Field[], name: string): string | null {
  const wanted = name.toLowerCase();
  return fields.find(([known]) => known.toLowerCase() === wanted)?.[1] ?? null;
}

/** Whether a comma-separated field holds `token`. */
export function hasToken(fields: readonly Field[], name: string, token: string): boolean {
  const value = field(fields, name) ?? "";
  return value.split(",").some((part) => part.trim().toLowerCase() === token);
}

/** Prints a head: start line, fields, empty line. */
export function formatHead(startLine: string, fields: readonly Field[]): string {
  const lines = fields.map(([name, value]) => `${name}:${value === "" ? "" : ` ${value}`}\r\n`);
  return `${startLine}\r\n${lines.join("")}\r\n`;
}

/** How the end of a body is found. */
export type BodyKind =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly length: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "close" };

/** How a response's body ends (RFC 9112 §6.3). */
export function responseBody(head: MessageHead, method: string): BodyKind {
  const status = Number(head.startLine[1]);
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) {
    return { kind: "none" };
  }
  return bodyByFields(head.fields) ?? { kind: "close" };
}

/** How a request's body ends. */
export function requestBody(head: MessageHead): BodyKind {
  return bodyByFields(head.fields) ?? { kind: "none" };
}

function bodyByFields(fields: readonly Field[]): BodyKind | null {
  if (hasToken(fields, "Transfer-Encoding", "chunked")) return { kind: "chunked" };
  const length = field(fields, "Content-Length");
  if (length === null || !/^[0-9]+$/.test(length)) return null;
  return { kind: "length", length: Number(length) };
}

/** Whether the connection stays open behind this message (RFC 9112 §9.3). */
export function keepsAlive(head: MessageHead): boolean {
  const version = head.startLine[0].startsWith("HTTP/") ? head.startLine[0] : head.startLine[2];
  if (version === "HTTP/1.1") return !hasToken(head.fields, "Connection", "close");
  return hasToken(head.fields, "Connection", "keep-alive");
}

/** Bytes of a connection that have been read but not used. */
export class MessageReader {
  #bytes: Uint8Array = new Uint8Array(0);

  /** Adds what was read; copies. */
  push(bytes: Uint8Array): void {
    this.#bytes = concatBytes([this.#bytes, bytes]);
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** The beginning of what is there, as text. */
  preview(count: number): string {
    return fromUtf8(this.#bytes.subarray(0, count));
  }

  /**
   * Takes a head if all of it is there; null if not. `atEnd` says that no more bytes come: then the
   * whole lines that are there are taken, if any.
   */
  takeHead(atEnd = false): MessageHead | null {
    const found = headEnd(this.#bytes);
    const end = found === -1 && atEnd ? this.#bytes.lastIndexOf(LF) + 1 : found;
    if (end <= 0) return null;
    const text = fromUtf8(this.take(end));
    const [startLine = "", ...lines] = text.split(/\r?\n/);
    const fields: Field[] = [];
    for (const line of lines) {
      const colon = line.indexOf(":");
      if (colon > 0) fields.push([line.slice(0, colon), line.slice(colon + 1).trim()]);
    }
    const [first = "", second = "", ...third] = startLine.split(" ");
    return { startLine: [first, second, third.join(" ")], fields, text };
  }

  /** Takes a line without its end, or null if no whole one is there. */
  takeLine(): string | null {
    const end = this.#bytes.indexOf(LF);
    if (end === -1) return null;
    return fromUtf8(this.take(end + 1)).replace(/\r?\n$/, "");
  }

  /** Takes up to `count` bytes. */
  take(count: number): Uint8Array {
    const taken = this.#bytes.slice(0, count);
    this.#bytes = this.#bytes.slice(taken.length);
    return taken;
  }
}

/** What is wrong with a chunked body: nothing, a size that is no number, data longer than its size. */
export type ChunkFault = "none" | "size" | "end";

/** Takes a body out of a reader, piece by piece. */
export class BodyReader {
  readonly kind: BodyKind;
  /** Content bytes so far. */
  received = 0;
  done: boolean;
  fault: ChunkFault = "none";
  #chunkLeft = 0;
  #state: "size" | "data" | "end" | "trailer" = "size";

  constructor(kind: BodyKind) {
    this.kind = kind;
    this.done = kind.kind === "none" || (kind.kind === "length" && kind.length === 0);
  }

  /** The content that is there now; `done` is set at its end, which a `fault` is as well. */
  read(from: MessageReader): Uint8Array {
    if (this.done) return new Uint8Array(0);
    const content =
      this.kind.kind === "chunked"
        ? this.#readChunks(from)
        : from.take(this.kind.kind === "length" ? this.kind.length - this.received : from.length);
    this.received += content.length;
    if (this.kind.kind === "length" && this.received === this.kind.length) this.done = true;
    return content;
  }

  #readChunks(from: MessageReader): Uint8Array {
    const pieces: Uint8Array[] = [];
    while (!this.done) {
      if (this.#state === "data") {
        const piece = from.take(this.#chunkLeft);
        if (piece.length === 0) break;
        pieces.push(piece);
        this.#chunkLeft -= piece.length;
        if (this.#chunkLeft === 0) this.#state = "end";
        continue;
      }
      const line = from.takeLine();
      if (line === null) break;
      this.#line(line);
    }
    return concatBytes(pieces);
  }

  #line(line: string): void {
    if (this.#state === "end") {
      this.#state = "size";
      if (line !== "") this.#spoil("end");
    } else if (this.#state === "trailer") {
      this.done = line === "";
    } else {
      const size = Number.parseInt(/^[0-9a-fA-F]*/.exec(line)?.[0] ?? "", 16);
      if (Number.isNaN(size)) {
        this.#spoil("size");
        return;
      }
      this.#chunkLeft = size;
      this.#state = size === 0 ? "trailer" : "data";
    }
  }

  #spoil(fault: ChunkFault): void {
    this.fault = fault;
    this.done = true;
  }
}

/** One piece of a chunked body; an empty one ends it. */
export function chunk(bytes: Uint8Array): Uint8Array {
  return concatBytes([utf8(`${bytes.length.toString(16)}\r\n`), bytes, utf8("\r\n")]);
}

/** Where the empty line ends, or -1. */
function headEnd(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2;
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3;
  }
  return -1;
}
