/**
 * `script`: one socket, used step by step as a text says, so that a lab can make it do what no
 * ordinary program lets one ask for. The language, whose statements end with `;` or a line:
 *
 *     udp                         the next socket is a UDP one
 *     bind ADDRESS PORT
 *     listen PORT                 with SO_REUSEADDR, on all addresses, backlog 16
 *     accept                      waits for a connection and closes the listener
 *     connect ADDRESS PORT
 *     send N | send TEXT          N zero bytes, or the text; waits until all is taken
 *     read N                      one read of at most N bytes
 *     recv [N]                    reads N bytes, or to the end
 *     print [N]                   the same, and prints them
 *     echo                        sends back what comes, to the end
 *     answer TEXT                 answers every datagram with the text, to whoever sent it
 *     sleep DURATION              such as 10ms, 1.5s, 200us
 *     set OPTION VALUE            nodelay cork quickack keepalive keepidle keepintvl keepcnt
 *                                 user_timeout maxseg rcvbuf sndbuf reuseaddr broadcast linger
 *     shutdown read|write|both
 *     close
 *
 * Words may be quoted. A step that fails ends the script with `script: STEP: REASON` and status 1;
 * at the end of the script what is open is closed, as at the end of a process.
 */

import { utf8 } from "../base/bytes.ts";
import { EINVAL, EOPNOTSUPP, errnoMessage } from "../base/errno.ts";
import { VethworkError } from "../base/errors.ts";
import { ANY_ADDRESS, type Ipv4, parseIpv4 } from "../base/inet.ts";
import { parseDuration } from "../base/units.ts";
import { type Program, sleep } from "../sim/process.ts";
import type { SocketOption } from "../socket/options.ts";
import { TcpListener } from "../socket/tcp-listener.ts";
import { TcpSocket } from "../socket/tcp-socket.ts";
import { UdpSocket } from "../socket/udp-socket.ts";
import { transportsOf } from "../transport/stack.ts";
import type { AppHost } from "./app-host.ts";

const BACKLOG = 16;
const LARGEST_READ = 65536;
const OPTIONS: Readonly<Record<string, SocketOption>> = {
  nodelay: "TCP_NODELAY",
  cork: "TCP_CORK",
  quickack: "TCP_QUICKACK",
  keepalive: "SO_KEEPALIVE",
  keepidle: "TCP_KEEPIDLE",
  keepintvl: "TCP_KEEPINTVL",
  keepcnt: "TCP_KEEPCNT",
  user_timeout: "TCP_USER_TIMEOUT",
  maxseg: "TCP_MAXSEG",
  rcvbuf: "SO_RCVBUF",
  sndbuf: "SO_SNDBUF",
  reuseaddr: "SO_REUSEADDR",
  broadcast: "SO_BROADCAST",
};

type ShutdownHow = "read" | "write" | "both";

/** One step, its words read. */
export type ScriptStep =
  | { readonly verb: "udp" | "accept" | "echo" | "close" }
  | { readonly verb: "bind" | "connect"; readonly address: Ipv4; readonly port: number }
  | { readonly verb: "listen"; readonly port: number }
  | { readonly verb: "send" | "answer"; readonly bytes: Uint8Array }
  | { readonly verb: "read" | "recv" | "print"; readonly count: number }
  | { readonly verb: "sleep"; readonly durationNs: number }
  | { readonly verb: "linger"; readonly value: number }
  | { readonly verb: "set"; readonly option: SocketOption; readonly value: number }
  | { readonly verb: "shutdown"; readonly how: ShutdownHow };

/**
 * Reads a script. `split` splits a statement into words as the shell does. Throws `VW_COMMAND`.
 */
export function parseScript(text: string, split: (text: string) => string[]): ScriptStep[] {
  const steps: ScriptStep[] = [];
  for (const statement of text.split(/[;\n]/)) {
    const [verb, ...args] = split(statement);
    if (verb !== undefined) steps.push(readStep(verb, args));
  }
  return steps;
}

function readStep(verb: string, args: readonly string[]): ScriptStep {
  const [first = "", second = ""] = args;
  switch (verb) {
    case "udp":
    case "accept":
    case "echo":
    case "close":
      return { verb };
    case "bind":
    case "connect":
      return {
        verb,
        address: first === "" ? ANY_ADDRESS : parseIpv4(first),
        port: number(verb, second),
      };
    case "listen":
      return { verb, port: number(verb, first) };
    case "send":
      return { verb, bytes: /^[0-9]+$/.test(first) ? new Uint8Array(Number(first)) : utf8(first) };
    case "answer":
      return { verb, bytes: utf8(first) };
    case "read":
      return { verb, count: number(verb, first) };
    case "recv":
    case "print":
      return { verb, count: first === "" ? Number.POSITIVE_INFINITY : number(verb, first) };
    case "sleep":
      return { verb, durationNs: parseDuration(first) };
    case "set":
      return readSet(first, second);
    case "shutdown":
      if (first === "read" || first === "write" || first === "both") return { verb, how: first };
      throw wrong(`shutdown "${first}"`, "shutdown read, write or both");
    default:
      throw wrong(
        `"${verb}"`,
        "steps are udp bind listen accept connect send read recv print echo answer sleep set " +
          "shutdown close",
      );
  }
}

function readSet(name: string, text: string): ScriptStep {
  const value = number("set", text);
  if (name === "linger") return { verb: "linger", value };
  const option = OPTIONS[name];
  if (option !== undefined) return { verb: "set", option, value };
  throw wrong(`set "${name}"`, `options are ${Object.keys(OPTIONS).join(" ")} linger`);
}

function number(verb: string, text: string): number {
  if (/^[0-9]+$/.test(text)) return Number(text);
  throw wrong(`${verb} "${text}"`, `${verb} needs a number there`);
}

function wrong(what: string, allowed: string): VethworkError {
  return new VethworkError("VW_COMMAND", `script: ${what}`, allowed);
}

/** Carries a script out; ends with status 0, or 1 after the first step that failed. */
export function* runScript(host: AppHost, steps: readonly ScriptStep[]): Program<number> {
  const actor = new ScriptSocket(host);
  try {
    for (const step of steps) {
      const error = yield* actor.act(step);
      if (error < 0) {
        host.stderr(`script: ${step.verb}: ${errnoMessage(error)}\n`);
        return 1;
      }
    }
    return 0;
  } finally {
    actor.closeNow();
  }
}

class ScriptSocket {
  readonly #host: AppHost;
  #socket: TcpSocket | UdpSocket | null = null;
  #listener: TcpListener | null = null;

  constructor(host: AppHost) {
    this.#host = host;
  }

  /** Carries one step out; 0 or more, or a negative errno. */
  *act(step: ScriptStep): Program<number> {
    switch (step.verb) {
      case "udp":
        this.closeNow();
        this.#socket = new UdpSocket(transportsOf(this.#host.namespace));
        return 0;
      case "listen":
        return this.#listen(step.port);
      case "accept":
        return yield* this.#accept();
      case "bind":
        return this.#sock().bind(step.address, step.port);
      case "connect":
        return yield* this.#connect(step.address, step.port);
      case "send":
        return yield* this.#send(step.bytes);
      case "read":
        return yield* this.#read(step.count, null);
      case "recv":
        return yield* this.#receive(step.count, null);
      case "print":
        return yield* this.#receive(step.count, (bytes) => this.#print(bytes));
      case "echo":
        return yield* this.#receive(Number.POSITIVE_INFINITY, (bytes) => this.#send(bytes));
      case "answer":
        return yield* this.#answer(step.bytes);
      case "sleep":
        yield sleep(step.durationNs);
        return 0;
      case "set":
        return (this.#listener ?? this.#sock()).setOption(step.option, step.value);
      case "linger":
        this.#tcp()?.setLinger(step.value);
        return 0;
      case "shutdown":
        return this.#sock().shutdown(step.how);
      default:
        return yield* this.#close();
    }
  }

  /** What the end of a process does. */
  closeNow(): void {
    this.#listener?.close();
    this.#listener = null;
    if (this.#socket instanceof TcpSocket) this.#socket.closeNow();
    else this.#socket?.close();
    this.#socket = null;
  }

  #sock(): TcpSocket | UdpSocket {
    this.#socket ??= new TcpSocket(transportsOf(this.#host.namespace));
    return this.#socket;
  }

  #tcp(): TcpSocket | null {
    const socket = this.#sock();
    return socket instanceof TcpSocket ? socket : null;
  }

  #listen(port: number): number {
    const socket = this.#tcp();
    if (socket === null) return -EOPNOTSUPP;
    const listener = new TcpListener(socket.stack, socket.tcb);
    listener.setOption("SO_REUSEADDR", 1);
    this.#socket = null;
    const bound = listener.bind(ANY_ADDRESS, port);
    if (bound < 0) return bound;
    this.#listener = listener;
    return listener.listen(BACKLOG);
  }

  *#accept(): Program<number> {
    const listener = this.#listener;
    if (listener === null) return -EINVAL;
    const socket = yield* listener.accept();
    if (typeof socket === "number") return socket;
    this.#socket = socket;
    listener.close();
    this.#listener = null;
    return 0;
  }

  *#connect(address: Ipv4, port: number): Program<number> {
    const socket = this.#sock();
    if (socket instanceof UdpSocket) return socket.connect(address, port);
    return yield* socket.connect(address, port);
  }

  *#send(bytes: Uint8Array): Program<number> {
    const socket = this.#sock();
    if (socket instanceof UdpSocket) return socket.send(bytes);
    // A write that an error cut short is told by the next one.
    for (let sent = 0; ; ) {
      const taken = yield* socket.write(sent === 0 ? bytes : bytes.subarray(sent));
      if (taken < 0) return taken;
      sent += taken;
      if (sent === bytes.length) return sent;
    }
  }

  // biome-ignore lint/correctness/useYield: one of the two takers of bytes; the other one waits
  *#print(bytes: Uint8Array): Program<number> {
    this.#host.stdout(bytes);
    return 0;
  }

  /** One read; returns how many bytes came, or a negative errno. */
  *#read(max: number, take: ((bytes: Uint8Array) => Program<number>) | null): Program<number> {
    const socket = this.#sock();
    let bytes: Uint8Array;
    if (socket instanceof UdpSocket) {
      const datagram = yield* socket.receive(max);
      if (typeof datagram === "number") return datagram;
      bytes = datagram.bytes;
    } else {
      const read = yield* socket.read(max);
      if (typeof read === "number") return read;
      bytes = read;
    }
    const taken = take === null || bytes.length === 0 ? 0 : yield* take(bytes);
    return taken < 0 ? taken : bytes.length;
  }

  *#receive(count: number, take: ((bytes: Uint8Array) => Program<number>) | null): Program<number> {
    let left = count;
    while (left > 0) {
      const got = yield* this.#read(Math.min(left, LARGEST_READ), take);
      if (got <= 0) return got;
      left -= got;
    }
    return 0;
  }

  /** Ends only with an error. */
  *#answer(text: Uint8Array): Program<number> {
    const socket = this.#sock();
    if (!(socket instanceof UdpSocket)) return -EOPNOTSUPP;
    for (;;) {
      const datagram = yield* socket.receive(LARGEST_READ);
      if (typeof datagram === "number") return datagram;
      const sent = socket.sendTo(text, datagram.source.address, datagram.source.port);
      if (sent < 0) return sent;
    }
  }

  *#close(): Program<number> {
    const socket = this.#socket;
    this.#socket = null;
    this.#listener?.close();
    this.#listener = null;
    if (socket instanceof TcpSocket) return yield* socket.close();
    socket?.close();
    return 0;
  }
}
