/**
 * RESP2, the protocol of Redis: requests read from a stream, values printed.
 *
 * Spec: redis.io, "Redis serialization protocol specification"; inline commands of telnet.
 */
import { concatBytes, fromUtf8, utf8 } from "../../../base/bytes.ts";

/** A value as a server answers it. */
export type RespValue =
  | { readonly kind: "simple" | "error"; readonly text: string }
  | { readonly kind: "bulk"; readonly text: string | null }
  | { readonly kind: "integer"; readonly value: number }
  | { readonly kind: "array"; readonly items: readonly RespValue[] };

const LF = 10;

/** A text as a bulk string. */
export function bulk(text: string | null): RespValue {
  return { kind: "bulk", text };
}

/** A value as it stands on the wire. */
export function formatResp(value: RespValue): string {
  switch (value.kind) {
    case "simple":
      return `+${value.text}\r\n`;
    case "error":
      return `-${value.text}\r\n`;
    case "integer":
      return `:${value.value}\r\n`;
    case "bulk":
      if (value.text === null) return "$-1\r\n";
      return `$${utf8(value.text).length}\r\n${value.text}\r\n`;
    default:
      return `*${value.items.length}\r\n${value.items.map(formatResp).join("")}`;
  }
}

/** A request as clients send it. */
export function formatRequest(words: readonly string[]): string {
  return formatResp({ kind: "array", items: words.map(bulk) });
}

/** Takes lines, requests and counted bytes out of what has been read. */
export class RespReader {
  #bytes: Uint8Array = new Uint8Array(0);

  /** Copies. */
  push(bytes: Uint8Array): void {
    this.#bytes = concatBytes([this.#bytes, bytes]);
  }

  /** A line without its end, or null. */
  line(): string | null {
    const end = this.#bytes.indexOf(LF);
    if (end === -1) return null;
    const text = fromUtf8(this.#bytes.subarray(0, end)).replace(/\r$/, "");
    this.#bytes = this.#bytes.slice(end + 1);
    return text;
  }

  /** So many bytes, or null if they are not all there. */
  take(count: number): Uint8Array | null {
    if (this.#bytes.length < count) return null;
    const taken = this.#bytes.slice(0, count);
    this.#bytes = this.#bytes.slice(count);
    return taken;
  }

  /** The words of the next request; null if not all of it is there. */
  request(): readonly string[] | null {
    const before = this.#bytes;
    const words = this.#request();
    if (words === null) this.#bytes = before;
    return words;
  }

  #request(): readonly string[] | null {
    const first = this.line();
    if (first === null) return null;
    if (!first.startsWith("*")) return first.split(/\s+/).filter((word) => word !== "");
    const words: string[] = [];
    for (let left = Number(first.slice(1)); left > 0; left -= 1) {
      const word = this.bulk();
      if (word === undefined) return null;
      words.push(word ?? "");
    }
    return words;
  }

  /** A value as servers send it, or null if not all of it is there. */
  value(): RespValue | null {
    const before = this.#bytes;
    const value = this.#value();
    if (value === null) this.#bytes = before;
    return value;
  }

  #value(): RespValue | null {
    const rest = this.#bytes;
    const head = this.line();
    if (head === null) return null;
    const text = head.slice(1);
    switch (head.charAt(0)) {
      case "+":
        return { kind: "simple", text };
      case "-":
        return { kind: "error", text };
      case ":":
        return { kind: "integer", value: Number(text) };
      case "$": {
        this.#bytes = rest;
        const read = this.bulk();
        return read === undefined ? null : bulk(read);
      }
      default: {
        const items: RespValue[] = [];
        for (let left = Number(text); left > 0; left -= 1) {
          const item = this.#value();
          if (item === null) return null;
          items.push(item);
        }
        return { kind: "array", items };
      }
    }
  }

  /** A bulk string, null for none; undefined if not all of it is there. */
  bulk(): string | null | undefined {
    const before = this.#bytes;
    const head = this.line();
    const length = Number(head?.slice(1));
    if (head !== null && length < 0) return null;
    const bytes = head === null ? null : this.take(length + 2);
    if (bytes !== null) return fromUtf8(bytes.subarray(0, length));
    this.#bytes = before;
    return undefined;
  }
}
