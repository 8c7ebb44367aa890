/**
 * How a Redis server is started: its options, and those of a configuration file.
 *
 * Spec: Redis 7.0, config.c: `redis-server [FILE] [--option value …]`, the later counts.
 */

/** What counts of the configuration here. */
export interface RedisConfig {
  readonly port: number;
  /** Whom it is a replica of, or null. */
  readonly master: RedisAddress | null;
  /** Masters that a sentinel is told to watch, by name; null: it is no sentinel. */
  readonly watched: ReadonlyMap<string, RedisAddress> | null;
}

/** A server, by name or address. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

const DEFAULT_PORT = 6379;
const SENTINEL_PORT = 26379;

/**
 * Reads the words after `redis-server`; `read` gives a file's text, or null. The result is a path if
 * there is no such file.
 */
export function readRedisConfig(
  args: readonly string[],
  read: (path: string) => string | null,
): RedisConfig | string {
  const [path = "", ...rest] = args[0]?.startsWith("-") === false ? args : ["", ...args];
  const text = path === "" ? "" : read(path);
  if (text === null) return path;
  const lines = [...text.split(/\r?\n/).map(wordsOf), ...optionsOf(rest)];
  const isSentinel = lines.some(([name]) => name === "sentinel" || name === "--sentinel");
  let port = isSentinel ? SENTINEL_PORT : DEFAULT_PORT;
  let master: RedisAddress | null = null;
  const watched = new Map<string, RedisAddress>();
  for (const [name = "", ...values] of lines) {
    const [first = "", second = "", third = "", fourth = ""] = values;
    if (name === "port") port = Number(first);
    else if (name === "replicaof" || name === "slaveof") {
      master = first === "no" ? null : { host: first, port: Number(second) };
    } else if (name === "sentinel" && first === "monitor") {
      watched.set(second, { host: third, port: Number(fourth) });
    }
  }
  return { port, master, watched: isSentinel ? watched : null };
}

/** The words of a line: `#` begins a comment, quotes keep a word together. */
function wordsOf(line: string): string[] {
  const words = line.match(/"[^"]*"|'[^']*'|\S+/g) ?? [];
  if (words[0]?.startsWith("#") === true) return [];
  const [name = "", ...values] = words.map((word) => word.replace(/^(["'])(.*)\1$/, "$2"));
  return [name.toLowerCase(), ...values];
}

/** `--name value value` as lines. */
function optionsOf(args: readonly string[]): string[][] {
  const lines: string[][] = [];
  for (const word of args) {
    if (word.startsWith("--")) {
      const [name = "", ...values] = word.slice(2).split(/\s+/);
      lines.push([word === "--sentinel" ? word : name.toLowerCase(), ...values]);
    } else lines.at(-1)?.push(...word.split(/\s+/));
  }
  return lines;
}
