/**
 * `redis-cli`: sends commands to a server and prints the answers, as it does when its output is no
 * terminal.
 *
 * Spec: Redis 7.0, redis-cli.c; output and frames compared with those of 7.0.15.
 * Not modelled: TLS, URIs, cluster mode (-c has no effect), latency and scan modes, a terminal.
 */
import { fromUtf8, utf8 } from "../../../base/bytes.ts";
import { errnoMessage } from "../../../base/errno.ts";
import { formatIpv4 } from "../../../base/inet.ts";
import { appHost } from "../../../shell/app.ts";
import { type Command, type CommandContext, notModelled } from "../../../shell/command.ts";
import type { Program } from "../../../sim/process.ts";
import { TcpSocket } from "../../../socket/tcp-socket.ts";
import { transportsOf } from "../../../transport/stack.ts";
import { formatRequest, RespReader, type RespValue } from "./resp.ts";

const READ_SIZE = 16384;
const PASSWORD_WARNING =
  "Warning: Using a password with '-a' or '-u' option on the command line interface may not be safe.\n";

/** What the words of the command line say. */
interface Options {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly password: string | null;
  readonly warns: boolean;
  /** The command to send; empty: lines of the standard input are the commands. */
  readonly words: readonly string[];
}

/** The command. */
export const redisCli: Command = {
  name: "redis-cli",
  parse(args) {
    const options = readOptions(args);
    return (context) => run(context, options);
  },
};

function readOptions(args: readonly string[]): Options {
  const left = [...args];
  let host = "127.0.0.1";
  let port = 6379;
  let database = "0";
  let password: string | null = null;
  let warns = true;
  while (left[0]?.startsWith("-") === true) {
    const option = left.shift() ?? "";
    if (option === "-h") host = left.shift() ?? "";
    else if (option === "-p") port = Number(left.shift());
    else if (option === "-n") database = left.shift() ?? "0";
    else if (option === "-a" || option === "--pass") password = left.shift() ?? "";
    else if (option === "--no-auth-warning") warns = false;
    else if (option === "-t") left.shift();
    else if (!["--raw", "-c", "-e", "-4"].includes(option)) {
      throw notModelled(
        "redis-cli",
        option,
        "options are -h -p -n -a -t -c --raw --no-auth-warning",
      );
    }
  }
  return { host, port, database, password, warns, words: left };
}

function* run(context: CommandContext, options: Options): Program<number> {
  const { io, host } = context;
  const { words, password, database } = options;
  if (password !== null && options.warns) io.stderr(PASSWORD_WARNING);
  const address = yield* appHost(context).resolve(options.host);
  if (typeof address === "string") {
    const target = `${options.host}:${options.port}`;
    io.stderr(`Could not connect to Redis at ${target}: Name or service not known\n`);
    return 1;
  }
  const socket = new TcpSocket(transportsOf(host.namespace));
  try {
    const connected = yield* socket.connect(address, options.port);
    if (connected < 0) {
      const target = `${formatIpv4(address)}:${options.port}`;
      io.stderr(`Could not connect to Redis at ${target}: ${errnoMessage(connected)}\n`);
      return 1;
    }
    const talk = new Talk(socket);
    if (password !== null) {
      const reply = yield* talk.ask(["AUTH", password]);
      if (reply?.kind === "error") io.stderr(`AUTH failed: ${reply.text}\n`);
    }
    if (database !== "0") yield* talk.ask(["SELECT", database]);
    const commands = words.length > 0 ? [words] : linesOf(fromUtf8(yield* io.stdin.readAll()));
    for (const command of commands) {
      const reply = yield* talk.ask(command);
      if (reply === null) {
        io.stderr("Error: Server closed the connection\n");
        return 1;
      }
      io.stdout(`${asText(reply)}\n`);
    }
    return 0;
  } finally {
    socket.closeNow();
  }
}

function linesOf(text: string): string[][] {
  const lines = text.split("\n").map((line) => line.split(/\s+/).filter((word) => word !== ""));
  return lines.filter((words) => words.length > 0);
}

/** Text as it is, lists a line for each item, an error with a line of its own after it. */
function asText(value: RespValue): string {
  switch (value.kind) {
    case "simple":
      return value.text;
    case "error":
      return `${value.text}\n`;
    case "bulk":
      return (value.text ?? "").replace(/\r\n$/, "").replaceAll("\r\n", "\n");
    case "integer":
      return String(value.value);
    default:
      return value.items.map(asText).join("\n");
  }
}

/** A connection on which one asks and waits. */
class Talk {
  readonly #socket: TcpSocket;
  readonly #reader = new RespReader();

  constructor(socket: TcpSocket) {
    this.#socket = socket;
  }

  /** The answer, or null if there will be none. */
  *ask(words: readonly string[]): Program<RespValue | null> {
    if ((yield* this.#socket.write(utf8(formatRequest(words)))) < 0) return null;
    for (;;) {
      const value = this.#reader.value();
      if (value !== null) return value;
      const bytes = yield* this.#socket.read(READ_SIZE);
      if (typeof bytes === "number" || bytes.length === 0) return null;
      this.#reader.push(bytes);
    }
  }
}
