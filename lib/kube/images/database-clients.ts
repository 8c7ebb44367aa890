/**
 * Clients of databases, as far as they ask whether a server is there: `pg_isready`, `mysqladmin
 * ping`, and `psql`, `mysql` and `mongosh` with a statement that says no more. The server that they
 * are told of is asked for a connection; one without a name is the container's own, for which a
 * stand-in always answers.
 *
 * Spec: PostgreSQL 17, pg_isready, psql; MySQL 8.4, mysqladmin, mysql; mongosh 2.
 * Not modelled: the protocols, and so any other statement.
 */
import { errnoMessage } from "../../base/errno.ts";
import { appHost } from "../../shell/app.ts";
import { type Command, type CommandContext, notModelled } from "../../shell/command.ts";
import type { Program } from "../../sim/process.ts";
import { TcpSocket } from "../../socket/tcp-socket.ts";
import { transportsOf } from "../../transport/stack.ts";

/** What a client was told on its command line. */
interface Call {
  readonly host: string;
  readonly port: string;
  readonly words: readonly string[];
  readonly flags: ReadonlySet<string>;
  readonly statement: string | null;
}

/** How a client's command line is read. */
interface Grammar {
  /** Options that take a value, apart or behind them. */
  readonly valued: readonly string[];
  /** Options whose value, if any, is behind them in the same word. */
  readonly attached: readonly string[];
  readonly host: readonly string[];
  readonly port: readonly string[];
  readonly statement: readonly string[];
}

const POSTGRES: Grammar = {
  valued: ["-h", "-p", "-U", "-d", "-t", "-c", "-v", "-f"],
  attached: [],
  host: ["-h", "--host"],
  port: ["-p", "--port"],
  statement: ["-c", "--command"],
};
const PSQL: Grammar = { ...POSTGRES, valued: ["-h", "-p", "-U", "-d", "-c", "-v", "-f"] };
const MYSQL: Grammar = {
  valued: ["-h", "-P", "-u", "-e", "-D", "-S"],
  attached: ["-p"],
  host: ["-h", "--host"],
  port: ["-P", "--port"],
  statement: ["-e", "--execute"],
};
const MONGO: Grammar = {
  valued: ["-u", "-p", "--host", "--port", "--eval", "--username", "--password"],
  attached: [],
  host: ["--host"],
  port: ["--port"],
  statement: ["--eval"],
};

function readCall(args: readonly string[], grammar: Grammar): Call {
  const values = new Map<string, string>();
  const flags = new Set<string>();
  const words: string[] = [];
  const left = [...args];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    const [, name = "", value] = /^(--[^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    const short = word.slice(0, 2);
    if (name !== "" && value !== undefined) values.set(name, value);
    else if (grammar.valued.includes(word)) values.set(word, left.shift() ?? "");
    else if (name !== "") flags.add(name);
    else if (!/^-./.test(word)) words.push(word);
    else if (grammar.attached.includes(short)) flags.add(short);
    else if (grammar.valued.includes(short)) values.set(short, word.slice(2));
    else {
      // Several letters; the last may take the next word.
      for (const letter of word.slice(1)) flags.add(`-${letter}`);
      const last = `-${word.at(-1)}`;
      if (grammar.valued.includes(last)) values.set(last, left.shift() ?? "");
    }
  }
  const pick = (names: readonly string[]) => names.flatMap((each) => values.get(each) ?? [])[0];
  return {
    host: pick(grammar.host) ?? "",
    port: pick(grammar.port) ?? "",
    words,
    flags,
    statement: pick(grammar.statement) ?? null,
  };
}

/** Why a server cannot be reached; null if it can. */
function* unreachable(context: CommandContext, host: string, port: number): Program<string | null> {
  if (host === "" || host === "localhost" || host === "127.0.0.1") return null;
  const address = yield* appHost(context).resolve(host);
  if (typeof address === "string") return "Unknown server host";
  const socket = new TcpSocket(transportsOf(context.host.namespace));
  try {
    const connected = yield* socket.connect(address, port);
    return connected < 0 ? errnoMessage(connected) : null;
  } finally {
    socket.closeNow();
  }
}

const pgIsReady: Command = {
  name: "pg_isready",
  parse(args) {
    const call = readCall(args, POSTGRES);
    return function* (context) {
      const { environment, io } = context;
      const host = call.host || (environment.get("PGHOST") ?? "");
      const port = call.port || (environment.get("PGPORT") ?? "5432");
      const why = yield* unreachable(context, host, Number(port));
      const place = `${host === "" ? "/var/run/postgresql" : host}:${port}`;
      const text = why === null ? "accepting connections" : "no response";
      if (!call.flags.has("-q") && !call.flags.has("--quiet")) io.stdout(`${place} - ${text}\n`);
      return why === null ? 0 : 2;
    };
  },
};

const psql: Command = {
  name: "psql",
  parse(args) {
    const call = readCall(args, PSQL);
    const value = /^\s*select\s+(\d+)\s*;?\s*$/i.exec(call.statement ?? "")?.[1];
    if (value === undefined && !/^\s*\\q\s*$/.test(call.statement ?? "")) {
      throw notModelled("psql", call.statement ?? "no -c", "statements are SELECT NUMBER and \\q");
    }
    return function* (context) {
      const { environment, io } = context;
      const host = call.host || (environment.get("PGHOST") ?? "");
      const port = Number(call.port || (environment.get("PGPORT") ?? "5432"));
      const why = yield* unreachable(context, host, port);
      if (why !== null) {
        const head = `psql: error: connection to server at "${host}", port ${port} failed: ${why}`;
        io.stderr(
          `${head}\n\tIs the server running on that host and accepting TCP/IP connections?\n`,
        );
        return 2;
      }
      if (value === undefined) return 0;
      const isBare = call.flags.has("-t") || call.flags.has("--tuples-only");
      const isPlain = call.flags.has("-A") || call.flags.has("--no-align");
      const row = isPlain ? value : value.padStart(isBare ? value.length + 1 : 9);
      const head = isPlain ? "?column?\n" : " ?column? \n----------\n";
      io.stdout(
        isBare
          ? `${row}\n${isPlain ? "" : "\n"}`
          : `${head}${row}\n(1 row)\n${isPlain ? "" : "\n"}`,
      );
      return 0;
    };
  },
};

const mysqladmin = (name: string): Command => ({
  name,
  parse(args) {
    const call = readCall(args, MYSQL);
    const [word = ""] = call.words;
    if (word !== "ping") throw notModelled(name, word, "the one command is ping");
    return function* (context) {
      const port = Number(call.port || "3306");
      const why = yield* unreachable(context, call.host, port);
      if (why === null) context.io.stdout("mysqld is alive\n");
      else {
        context.io.stderr(
          `${name}: connect to server at '${call.host}' failed\nerror: 'Can't connect to MySQL server on '${call.host}:${port}' (${why})'\n` +
            `Check that mysqld is running on ${call.host} and that the port is ${port}.\n`,
        );
      }
      return why === null ? 0 : 1;
    };
  },
});

const mysql = (name: string): Command => ({
  name,
  parse(args) {
    const call = readCall(args, MYSQL);
    const value = /^\s*select\s+(\d+)\s*;?\s*$/i.exec(call.statement ?? "")?.[1];
    if (value === undefined) {
      throw notModelled(name, call.statement ?? "no -e", "the one statement is SELECT NUMBER");
    }
    return function* (context) {
      const port = Number(call.port || "3306");
      const why = yield* unreachable(context, call.host, port);
      if (why !== null) {
        const text = `Can't connect to MySQL server on '${call.host}:${port}' (${why})`;
        context.io.stderr(`ERROR 2003 (HY000): ${text}\n`);
        return 1;
      }
      const isBare = ["-N", "-s", "--skip-column-names"].some((flag) => call.flags.has(flag));
      context.io.stdout(isBare ? `${value}\n` : `${value}\n${value}\n`);
      return 0;
    };
  },
});

const mongo = (name: string): Command => ({
  name,
  parse(args) {
    const call = readCall(args, MONGO);
    const text = call.statement ?? "";
    const isPing =
      /^\s*(?:print\()?db(?:\.getSiblingDB\([^)]*\))?\.(?:adminCommand|runCommand)\(\s*(?:["']ping["']|\{\s*["']?ping["']?\s*:\s*1\s*\})\s*\)(?:\.ok)?\)?\s*;?\s*$/;
    if (!isPing.test(text))
      throw notModelled(name, text, "the one statement is db.adminCommand('ping')");
    return function* (context) {
      const [address = ""] = call.words;
      const [, host, port] =
        /^(?:mongodb:\/\/(?:[^@]*@)?)?([^:/]*)(?::([0-9]+))?/.exec(address) ?? [];
      const where = call.host || (host ?? "");
      const number = Number(call.port || (port ?? "27017"));
      const why = yield* unreachable(context, where, number);
      if (why !== null) {
        context.io.stderr(`MongoNetworkError: connect ECONNREFUSED ${where}:${number}\n`);
        return 1;
      }
      context.io.stdout(/\.ok\b/.test(text) ? "1\n" : "{ ok: 1 }\n");
      return 0;
    };
  },
});

/** The clients by their names. */
export const DATABASE_CLIENTS: readonly Command[] = [
  pgIsReady,
  psql,
  mysqladmin("mysqladmin"),
  mysqladmin("mariadb-admin"),
  mysql("mysql"),
  mysql("mariadb"),
  mongo("mongosh"),
  mongo("mongo"),
];
