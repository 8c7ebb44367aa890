/**
 * The `redis` image and what is made from it: a server, a replica of another one, a sentinel.
 *
 * Spec: Redis 7.0 (networking.c, replication.c: PING, REPLCONF, PSYNC, then a dump and the stream of
 * commands).
 * Not modelled: persistence, AUTH, most of the configuration, cluster mode, partial
 * resynchronisation, REPLCONF ACK; a sentinel knows its masters and does not watch them.
 */
import { fromUtf8, utf8 } from "../../../base/bytes.ts";
import { errnoMessage } from "../../../base/errno.ts";
import { ANY_ADDRESS } from "../../../base/inet.ts";
import { NS_PER_S } from "../../../base/units.ts";
import { appHost } from "../../../shell/app.ts";
import type { CommandContext } from "../../../shell/command.ts";
import { absolutePath } from "../../../shell/files.ts";
import { type Program, sleep } from "../../../sim/process.ts";
import { TcpListener } from "../../../socket/tcp-listener.ts";
import { TcpSocket } from "../../../socket/tcp-socket.ts";
import { transportsOf } from "../../../transport/stack.ts";
import { endAtSignal } from "../signals.ts";
import { type RedisAddress, type RedisConfig, readRedisConfig } from "./redis-config.ts";
import { bulk, formatRequest, formatResp, RespReader, type RespValue } from "./resp.ts";
import { RedisData, unknownCommand } from "./store.ts";

const BACKLOG = 511;
const READ_SIZE = 16384;
const KEEP_ALIVE_SECONDS = 300;
const READ_ONLY = "READONLY You can't write against a read only replica.";

/** `redis-server [FILE] [--port PORT] [--replicaof HOST PORT] [--sentinel]`. */
export function* redisServer(context: CommandContext, args: readonly string[]): Program<number> {
  const config = readRedisConfig(args, (path) => {
    const bytes = context.host.files.read(path);
    return bytes === null ? null : fromUtf8(bytes);
  });
  if (typeof config === "string") {
    const why = "No such file or directory";
    context.io.stdout(`# Fatal error, can't open config file '${absolutePath(config)}': ${why}\n`);
    return 1;
  }
  const { port, master } = config;
  const { processes, namespace } = context.host;
  const listener = new TcpListener(transportsOf(namespace));
  listener.setOption("SO_REUSEADDR", 1);
  const bound = listener.bind(ANY_ADDRESS, port);
  const error = bound < 0 ? bound : listener.listen(BACKLOG);
  if (error < 0) {
    context.io.stdout(
      `Warning: Could not create server TCP listening socket *:${port}: bind: ${errnoMessage(error)}\n`,
    );
    return 1;
  }
  const server = new RedisServer(context, config);
  processes.spawn("redis-server", server.accept(listener));
  if (master !== null) processes.spawn("redis-server", server.follow(master.host, master.port));
  context.io.stdout("* Ready to accept connections\n");
  return yield* endAtSignal(context.signal, 0);
}

/** What a sentinel says of the masters that it was told of. */
function askSentinel(
  watched: ReadonlyMap<string, RedisAddress>,
  [name = "", ...args]: readonly string[],
): RespValue {
  if (name.toUpperCase() !== "SENTINEL") return unknownCommand(name, args);
  const [subcommand = "", master = ""] = args;
  if (subcommand.toLowerCase() !== "get-master-addr-by-name") {
    const text = `ERR unknown subcommand '${subcommand}'. Try SENTINEL HELP.`;
    return { kind: "error", text };
  }
  const found = watched.get(master);
  if (found === undefined) return bulk(null);
  return { kind: "array", items: [bulk(found.host), bulk(String(found.port))] };
}

class RedisServer {
  readonly #context: CommandContext;
  readonly #config: RedisConfig;
  readonly #data = new RedisData();
  readonly #replicas = new Set<TcpSocket>();
  /** Bytes of commands that replicas have been sent. */
  #offset = 0;

  constructor(context: CommandContext, config: RedisConfig) {
    this.#context = context;
    this.#config = config;
  }

  get #isReplica(): boolean {
    return this.#config.master !== null;
  }

  *accept(listener: TcpListener): Program<number> {
    try {
      for (;;) {
        const client = yield* listener.accept();
        if (typeof client === "number") return 1;
        client.setOption("TCP_NODELAY", 1);
        client.setOption("SO_KEEPALIVE", 1);
        client.setOption("TCP_KEEPIDLE", KEEP_ALIVE_SECONDS);
        this.#context.host.processes.spawn("redis-client", this.#serve(client));
      }
    } finally {
      listener.close();
    }
  }

  *#serve(client: TcpSocket): Program<number> {
    const reader = new RespReader();
    try {
      for (;;) {
        const bytes = yield* client.read(READ_SIZE);
        if (typeof bytes === "number" || bytes.length === 0) return 0;
        reader.push(bytes);
        let replies = "";
        for (let words = reader.request(); words !== null; words = reader.request()) {
          const [name = ""] = words;
          if (name.toUpperCase() === "PSYNC") {
            yield* client.write(utf8(replies));
            replies = "";
            yield* this.#synchronise(client);
            continue;
          }
          if (words.length > 0) replies += formatResp(yield* this.#answer(words));
          if (name.toUpperCase() === "QUIT") {
            yield* client.write(utf8(replies));
            return 0;
          }
        }
        if (replies !== "" && (yield* client.write(utf8(replies))) < 0) return 0;
      }
    } finally {
      this.#replicas.delete(client);
      client.closeNow();
    }
  }

  *#answer(words: readonly string[]): Program<RespValue> {
    const [name = ""] = words;
    const command = name.toUpperCase();
    if (command === "QUIT" || command === "REPLCONF") return { kind: "simple", text: "OK" };
    if (command === "INFO") return bulk(this.#info());
    const { watched } = this.#config;
    if (watched !== null && command !== "PING") return askSentinel(watched, words);
    if (this.#isReplica && this.#data.writes(name)) return { kind: "error", text: READ_ONLY };
    const { reply, changed } = this.#data.run(words);
    if (changed) yield* this.#propagate(words);
    return reply;
  }

  *#propagate(words: readonly string[]): Program<void> {
    if (this.#replicas.size === 0) return;
    const bytes = utf8(formatRequest(words));
    this.#offset += bytes.length;
    for (const replica of [...this.#replicas]) yield* replica.write(bytes);
  }

  /** FULLRESYNC: the id and offset, then a dump, counted. */
  *#synchronise(client: TcpSocket): Program<void> {
    const dump = this.#data.dump();
    yield* client.write(utf8(`+FULLRESYNC ${this.#replicationId()} ${this.#offset}\r\n`));
    yield* client.write(utf8(`$${dump.length}\r\n`));
    yield* client.write(dump);
    this.#replicas.add(client);
  }

  #replicationId(): string {
    const { namespace } = this.#context.host;
    const random = namespace.random.stream(`${namespace.name}:redis:replid`);
    const words = Array.from({ length: 5 }, () => random.uint32());
    return words.map((word) => word.toString(16).padStart(8, "0")).join("");
  }

  #info(): string {
    const role = this.#isReplica ? "slave" : "master";
    return `# Replication\r\nrole:${role}\r\nconnected_slaves:${this.#replicas.size}\r\n`;
  }

  /** Stays a replica of a master: connects again a second after a failure. */
  *follow(host: string, port: number): Program<number> {
    for (;;) {
      const address = yield* appHost(this.#context).resolve(host);
      if (typeof address !== "string") {
        const socket = new TcpSocket(transportsOf(this.#context.host.namespace));
        try {
          if ((yield* socket.connect(address, port)) === 0) yield* this.#replicate(socket);
        } finally {
          socket.closeNow();
        }
      }
      yield sleep(NS_PER_S);
    }
  }

  *#replicate(master: TcpSocket): Program<void> {
    const reader = new RespReader();
    const read = function* (): Program<boolean> {
      const bytes = yield* master.read(READ_SIZE);
      if (typeof bytes === "number" || bytes.length === 0) return false;
      reader.push(bytes);
      return true;
    };
    const requests = [
      ["PING"],
      ["REPLCONF", "listening-port", String(this.#config.port)],
      ["REPLCONF", "capa", "eof", "capa", "psync2"],
      ["PSYNC", "?", "-1"],
    ];
    for (const words of requests) {
      yield* master.write(utf8(formatRequest(words)));
      while (reader.line() === null) if (!(yield* read())) return;
    }
    let size = reader.line();
    for (; size === null || size === ""; size = reader.line()) if (!(yield* read())) return;
    const length = Number(size.slice(1));
    let dump = reader.take(length);
    for (; dump === null; dump = reader.take(length)) if (!(yield* read())) return;
    this.#data.load(dump);
    for (;;) {
      for (let words = reader.request(); words !== null; words = reader.request()) {
        this.#data.run(words);
      }
      if (!(yield* read())) return;
    }
  }
}
