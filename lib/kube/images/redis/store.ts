/**
 * The data of a Redis server and the commands on it.
 *
 * Spec: Redis 7.0 (t_string.c, t_list.c, db.c); answers compared with those of 7.0.15.
 * Not modelled: hashes, sets, sorted sets, streams, expiry, transactions, scripts, pub/sub.
 */
import { concatBytes, fromUtf8, utf8 } from "../../../base/bytes.ts";
import { bulk, type RespValue } from "./resp.ts";

type Value = string | string[];
type Action = (store: Store, args: readonly string[]) => RespValue;

/** A command: the least and the greatest number of its arguments, and whether it changes data. */
interface Entry {
  readonly least: number;
  readonly most: number;
  readonly writes: boolean;
  readonly act: Action;
}

const OK: RespValue = { kind: "simple", text: "OK" };
const WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value";
const NO_INTEGER = "ERR value is not an integer or out of range";
const MANY = Number.POSITIVE_INFINITY;

class Store {
  readonly values = new Map<string, Value>();

  text(key: string): string | null {
    const value = this.values.get(key);
    if (value === undefined) return null;
    if (typeof value !== "string") throw new RedisError(WRONG_TYPE);
    return value;
  }

  list(key: string): string[] {
    const value = this.values.get(key) ?? [];
    if (typeof value === "string") throw new RedisError(WRONG_TYPE);
    return value;
  }
}

class RedisError extends Error {}

/** One database. */
export class RedisData {
  readonly #store = new Store();

  /** Carries a command out; `changed` says that replicas have to hear of it. */
  run(words: readonly string[]): { reply: RespValue; changed: boolean } {
    const [name = "", ...args] = words;
    const entry = COMMANDS.get(name.toUpperCase());
    if (entry === undefined) return { reply: unknownCommand(name, args), changed: false };
    if (args.length < entry.least || args.length > entry.most) {
      const text = `ERR wrong number of arguments for '${name.toLowerCase()}' command`;
      return { reply: { kind: "error", text }, changed: false };
    }
    try {
      return { reply: entry.act(this.#store, args), changed: entry.writes };
    } catch (error) {
      if (!(error instanceof RedisError)) throw error;
      return { reply: { kind: "error", text: error.message }, changed: false };
    }
  }

  /** Whether a command changes data, which a replica refuses to its clients. */
  writes(name: string): boolean {
    return COMMANDS.get(name.toUpperCase())?.writes === true;
  }

  /** The dump that a replica is sent first: RDB version 9 without a checksum. */
  dump(): Uint8Array {
    const { values } = this.#store;
    const parts = [utf8("REDIS0009")];
    if (values.size > 0) parts.push(new Uint8Array([0xfe, 0]));
    for (const [key, value] of values) {
      const items = typeof value === "string" ? [value] : value;
      parts.push(new Uint8Array([typeof value === "string" ? 0 : 1]), dumpText(key));
      if (typeof value !== "string") parts.push(dumpLength(value.length));
      parts.push(...items.map(dumpText));
    }
    return concatBytes([...parts, new Uint8Array([0xff]), new Uint8Array(8)]);
  }

  /** Replaces the data by those of a dump that `dump` made. */
  load(dump: Uint8Array): void {
    const { values } = this.#store;
    values.clear();
    let at = "REDIS0009".length;
    const length = (): number => {
      const first = dump[at] ?? 0;
      at += 1;
      if (first < 0x40) return first;
      if (first < 0x80) {
        at += 1;
        return ((first & 0x3f) << 8) | (dump[at - 1] ?? 0);
      }
      at += 4;
      return new DataView(dump.buffer, dump.byteOffset).getUint32(at - 4);
    };
    const text = (): string => {
      const size = length();
      at += size;
      return fromUtf8(dump.subarray(at - size, at));
    };
    while (at < dump.length && dump[at] !== 0xff) {
      const type = dump[at];
      at += 1;
      if (type === 0xfe) length();
      else {
        const key = text();
        values.set(key, type === 0 ? text() : Array.from({ length: length() }, text));
      }
    }
  }
}

function dumpText(text: string): Uint8Array {
  const bytes = utf8(text);
  return concatBytes([dumpLength(bytes.length), bytes]);
}

function dumpLength(length: number): Uint8Array {
  if (length < 0x40) return new Uint8Array([length]);
  if (length < 0x4000) return new Uint8Array([0x40 | (length >> 8), length & 0xff]);
  const bytes = new Uint8Array([0x80, 0, 0, 0, 0]);
  new DataView(bytes.buffer).setUint32(1, length);
  return bytes;
}

/** What a server says of a command that it has not. */
export function unknownCommand(name: string, args: readonly string[]): RespValue {
  const shown = args.map((word) => `'${word}' `).join("");
  return {
    kind: "error",
    text: `ERR unknown command '${name}', with args beginning with: ${shown}`,
  };
}

function count(value: number): RespValue {
  return { kind: "integer", value };
}

function add(store: Store, key: string, by: number): RespValue {
  const before = store.text(key) ?? "0";
  if (!/^-?[0-9]+$/.test(before) || !Number.isInteger(by)) throw new RedisError(NO_INTEGER);
  store.values.set(key, String(Number(before) + by));
  return count(Number(before) + by);
}

function push(store: Store, [key = "", ...items]: readonly string[], left: boolean): RespValue {
  const list = store.list(key);
  const next = left ? [...items.toReversed(), ...list] : [...list, ...items];
  store.values.set(key, next);
  return count(next.length);
}

function range(store: Store, [key = "", first, last]: readonly string[]): RespValue {
  const list = store.list(key);
  const index = (text: string | undefined): number => {
    const value = Number(text);
    if (!Number.isInteger(value)) throw new RedisError(NO_INTEGER);
    return value < 0 ? Math.max(0, list.length + value) : value;
  };
  return { kind: "array", items: list.slice(index(first), index(last) + 1).map(bulk) };
}

function set(store: Store, [key = "", value = ""]: readonly string[]): RespValue {
  store.values.set(key, value);
  return OK;
}

function flush(store: Store): RespValue {
  store.values.clear();
  return OK;
}

function read(least: number, most: number, act: Action): Entry {
  return { least, most, writes: false, act };
}

function write(least: number, most: number, act: Action): Entry {
  return { least, most, writes: true, act };
}

const COMMANDS: ReadonlyMap<string, Entry> = new Map<string, Entry>([
  [
    "PING",
    read(0, 1, (_, [text]) => (text === undefined ? { kind: "simple", text: "PONG" } : bulk(text))),
  ],
  ["ECHO", read(1, 1, (_, [text = ""]) => bulk(text))],
  ["GET", read(1, 1, (store, [key = ""]) => bulk(store.text(key)))],
  [
    "MGET",
    read(1, MANY, (store, keys) => ({
      kind: "array",
      items: keys.map((key) => bulk(plain(store, key))),
    })),
  ],
  [
    "EXISTS",
    read(1, MANY, (store, keys) => count(keys.filter((key) => store.values.has(key)).length)),
  ],
  ["STRLEN", read(1, 1, (store, [key = ""]) => count(utf8(store.text(key) ?? "").length))],
  [
    "TYPE",
    read(1, 1, (store, [key = ""]) => ({ kind: "simple", text: typeName(store.values.get(key)) })),
  ],
  ["DBSIZE", read(0, 0, (store) => count(store.values.size))],
  ["KEYS", read(1, 1, (store) => ({ kind: "array", items: [...store.values.keys()].map(bulk) }))],
  ["LLEN", read(1, 1, (store, [key = ""]) => count(store.list(key).length))],
  ["LRANGE", read(3, 3, range)],
  [
    "SELECT",
    read(1, 1, (_, [index]) =>
      Number(index) < 16 ? OK : { kind: "error", text: "ERR DB index is out of range" },
    ),
  ],
  ["CLIENT", read(1, MANY, () => OK)],
  ["SET", write(2, 2, set)],
  [
    "SETNX",
    write(2, 2, (store, [key = "", value = ""]) => {
      if (store.values.has(key)) return count(0);
      store.values.set(key, value);
      return count(1);
    }),
  ],
  [
    "APPEND",
    write(2, 2, (store, [key = "", more = ""]) => {
      const text = (store.text(key) ?? "") + more;
      store.values.set(key, text);
      return count(utf8(text).length);
    }),
  ],
  ["INCR", write(1, 1, (store, [key = ""]) => add(store, key, 1))],
  ["DECR", write(1, 1, (store, [key = ""]) => add(store, key, -1))],
  ["INCRBY", write(2, 2, (store, [key = "", by]) => add(store, key, Number(by)))],
  ["DECRBY", write(2, 2, (store, [key = "", by]) => add(store, key, -Number(by)))],
  [
    "DEL",
    write(1, MANY, (store, keys) => count(keys.filter((key) => store.values.delete(key)).length)),
  ],
  ["LPUSH", write(2, MANY, (store, args) => push(store, args, true))],
  ["RPUSH", write(2, MANY, (store, args) => push(store, args, false))],
  ["FLUSHALL", write(0, 1, flush)],
  ["FLUSHDB", write(0, 1, flush)],
]);

/** A text, or null for what is none: MGET never refuses. */
function plain(store: Store, key: string): string | null {
  const value = store.values.get(key);
  return typeof value === "string" ? value : null;
}

function typeName(value: Value | undefined): string {
  if (value === undefined) return "none";
  return typeof value === "string" ? "string" : "list";
}
