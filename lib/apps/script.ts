/**
 * `script`: one socket, used step by step as a text says, so that a lab can make it do what no
 * ordinary program lets one ask for. The language is in script-steps.ts.
 *
 * A step that fails ends the script with `script: STEP: REASON` and status 1; at the end of the
 * script what is open is closed, as at the end of a process.
 */
import { EINVAL, EOPNOTSUPP, errnoMessage } from "../base/errno.ts";
import { ANY_ADDRESS, type Ipv4 } from "../base/inet.ts";
import { type Program, sleep } from "../sim/process.ts";
import { RawSocket } from "../socket/raw-socket.ts";
import { TcpListener } from "../socket/tcp-listener.ts";
import { TcpSocket } from "../socket/tcp-socket.ts";
import { UdpSocket } from "../socket/udp-socket.ts";
import { transportsOf } from "../transport/stack.ts";
import type { AppHost } from "./app-host.ts";
import type { ScriptStep } from "./script-steps.ts";

const BACKLOG = 16;

const LARGEST_READ = 65536;

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
      case "packet":
        return this.#packet(step.protocol, step.address, step.bytes);
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

  #packet(protocol: number, address: Ipv4, bytes: Uint8Array): number {
    const socket = new RawSocket(this.#host.namespace, protocol);
    const error = socket.sendTo(bytes, address);
    socket.close();
    return error;
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
