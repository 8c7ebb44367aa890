/**
 * A TCP socket as a program holds it. Methods that may block are generators, called with
 * `yield*`; results are those of the system calls: a count or 0, or a negative errno.
 *
 *     const socket = new TcpSocket(transportsOf(namespace));
 *     if ((yield* socket.connect(address, 80)) < 0) …
 *     yield* socket.write(request);
 *     const answer = yield* socket.read(4096);
 *     if (typeof answer === "number") … // negative errno; an empty buffer is the end
 *     yield* socket.close();
 *
 * Kernel: net/ipv4/af_inet.c, net/ipv4/tcp.c, 6.18.
 */
import { EAGAIN, EALREADY, EINPROGRESS, EISCONN, ENOTCONN } from "../base/errno.ts";
import type { Ipv4 } from "../base/inet.ts";
import type { Ns } from "../base/units.ts";
import { type Program, type WaitQueue, waitFor } from "../sim/process.ts";
import type { Transports } from "../transport/stack.ts";
import { closeConnection, disconnect, orphan, shutdownSend } from "../transport/tcp/close.ts";
import { RCV_SHUTDOWN, SEND_SHUTDOWN, TcpState } from "../transport/tcp/constants.ts";
import { MSG_DONTWAIT, MSG_PEEK, MSG_TRUNC, MSG_WAITALL } from "../transport/tcp/msg-flags.ts";
import { consumeFin, discardBytes, readable, readBytes } from "../transport/tcp/recvmsg.ts";
import { queueBytes } from "../transport/tcp/sendmsg.ts";
import { lockSock, releaseSock } from "../transport/tcp/sock-lock.ts";
import type { Tcb } from "../transport/tcp/tcb.ts";
import { isConnecting, streamMemoryFree } from "../transport/tcp/tcb-queries.ts";
import { bindTcp } from "./bind.ts";
import type { Endpoint } from "./endpoint.ts";
import { getTcpOption, type SocketOption, setTcpOption } from "./options.ts";
import type { Pollable } from "./poll.ts";
import { startConnect } from "./tcp-connect.ts";
import { connectResult, sendError, takeHardError } from "./tcp-errors.ts";
import { tcpReadiness, waitClosed, waitReadable } from "./tcp-wait.ts";

/** Flags of `write` and `read`. */
export {
  MSG_DONTWAIT,
  MSG_EOR,
  MSG_MORE,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
} from "../transport/tcp/msg-flags.ts";

/** A TCP socket: not connected, connected, or what `TcpListener.accept` returned. */
export class TcpSocket implements Pollable {
  readonly stack: Transports;
  /** The connection, for `ss` and specs; nobody else changes it. */
  readonly tcb: Tcb;
  nonBlocking = false;
  /** SO_RCVTIMEO and SO_SNDTIMEO, in ns. */
  receiveTimeoutNs: Ns = Number.POSITIVE_INFINITY;
  sendTimeoutNs: Ns = Number.POSITIVE_INFINITY;
  #closed = false;
  /** The result of an active open has not been told yet. */
  #connecting = false;

  /** A new socket; `tcb` is given by `accept` alone. */
  constructor(stack: Transports, tcb: Tcb = stack.tcp.create()) {
    this.stack = stack;
    this.tcb = tcb;
  }

  get waitQueue(): WaitQueue {
    return this.tcb.wait;
  }

  get local(): Endpoint {
    return { address: this.tcb.localAddress, port: this.tcb.localPort };
  }

  get remote(): Endpoint {
    return { address: this.tcb.remoteAddress, port: this.tcb.remotePort };
  }

  /** Binds to a local address (0: any) and port (0: chosen by the host). 0 or a negative errno. */
  bind(address: Ipv4, port: number): number {
    this.#spend();
    return bindTcp(this.stack.tcp, this.tcb, address, port);
  }

  /** Connects; waits until the handshake is over unless `nonBlocking`. 0 or a negative errno. */
  *connect(address: Ipv4, port: number): Program<number> {
    this.#spend();
    const tp = this.tcb;
    if (this.#connecting) {
      if (isConnecting(tp)) return -EALREADY;
      return this.#endConnect();
    }
    if (tp.state !== TcpState.CLOSE) return -EISCONN;
    lockSock(tp);
    const error = startConnect(this.stack, tp, address, port);
    releaseSock(tp, this.stack.tcp);
    if (error < 0) return error;
    this.#connecting = true;
    // Answers that came meanwhile were handled when the socket was released: too late to be told.
    if (this.nonBlocking) return -EINPROGRESS;
    let woken = true;
    while (isConnecting(tp)) {
      if (!woken) return -EINPROGRESS;
      woken = yield waitFor([tp.wait], this.sendTimeoutNs);
    }
    return this.#endConnect();
  }

  /**
   * Writes all of `bytes`, waiting for room. Copies. Returns how many bytes were taken: fewer than
   * all only if it failed after some, or would block; a negative errno if none was.
   */
  *write(bytes: Uint8Array, flags = 0): Program<number> {
    this.#spend();
    const tp = this.tcb;
    let written = 0;
    let woken = true;
    for (;;) {
      const error = sendError(tp);
      if (error !== 0) return written > 0 ? written : error;
      if (!isConnecting(tp)) {
        lockSock(tp);
        written += queueBytes(tp, bytes, written, flags);
        releaseSock(tp, this.stack.tcp);
        if (written === bytes.length) return written;
        // Handling the backlog may have made room.
        if (streamMemoryFree(tp, 0) && sendError(tp) === 0) continue;
      }
      if (this.nonBlocking || (flags & MSG_DONTWAIT) !== 0 || !woken) {
        return written > 0 ? written : -EAGAIN;
      }
      tp.noSpace = true;
      woken = yield waitFor([tp.wait], this.sendTimeoutNs);
    }
  }

  /**
   * Reads what is there, at most `max` bytes, waiting for the first of them. The result is the
   * caller's; it is empty at the end of the stream, or a negative errno.
   */
  *read(max: number, flags = 0): Program<Buffer | number> {
    this.#spend();
    const ready = yield* waitReadable(this.tcb, this, flags, (flags & MSG_WAITALL) !== 0 ? max : 1);
    if (ready < 0) return ready;
    const tp = this.tcb;
    const result = Buffer.allocUnsafe(Math.min(max, Math.max(0, readable(tp))));
    lockSock(tp);
    const peek = (flags & MSG_PEEK) !== 0;
    readBytes(tp, result, this.stack.tcp.segments, peek);
    if (!peek) consumeFin(tp, this.stack.tcp.segments);
    releaseSock(tp, this.stack.tcp);
    return result;
  }

  /** Reads into `target`; returns how many bytes, 0 at the end of the stream, or a negative errno. */
  *readInto(target: Uint8Array, flags = 0): Program<number> {
    this.#spend();
    const ready = yield* waitReadable(this.tcb, this, flags, 1);
    if (ready < 0) return ready;
    const tp = this.tcb;
    const { segments } = this.stack.tcp;
    lockSock(tp);
    const count =
      (flags & MSG_TRUNC) !== 0
        ? discardBytes(tp, target.length, segments)
        : readBytes(tp, target, segments, (flags & MSG_PEEK) !== 0);
    consumeFin(tp, segments);
    releaseSock(tp, this.stack.tcp);
    return count;
  }

  /** Throws away at most `max` bytes that are there, waiting for the first; 0 at the end. */
  *discard(max: number): Program<number> {
    this.#spend();
    const ready = yield* waitReadable(this.tcb, this, 0, 1);
    if (ready < 0) return ready;
    const tp = this.tcb;
    lockSock(tp);
    const count = discardBytes(tp, max, this.stack.tcp.segments);
    consumeFin(tp, this.stack.tcp.segments);
    releaseSock(tp, this.stack.tcp);
    return count;
  }

  /** Shuts reading ("read"), writing ("write": a FIN goes out) or both. 0 or a negative errno. */
  shutdown(how: "read" | "write" | "both"): number {
    this.#spend();
    const tp = this.tcb;
    if (tp.state === TcpState.CLOSE || tp.state === TcpState.LISTEN) return -ENOTCONN;
    lockSock(tp);
    if (tp.state === TcpState.SYN_SENT) {
      disconnect(tp, this.stack.tcp.segments);
    } else {
      if (how !== "write") tp.shutdown |= RCV_SHUTDOWN;
      if (how !== "read") {
        tp.shutdown |= SEND_SHUTDOWN;
        shutdownSend(tp);
      }
    }
    tp.wait.wake();
    releaseSock(tp, this.stack.tcp);
    return 0;
  }

  /** Closes; with SO_LINGER it waits until all is acknowledged. The socket is of no use after. */
  *close(): Program<number> {
    if (this.#closed) return 0;
    this.#spend();
    const tp = this.tcb;
    if (!tp.linger || tp.lingerSeconds === 0) {
      this.closeNow();
      return 0;
    }
    this.#closed = true;
    lockSock(tp);
    closeConnection(tp, this.stack.tcp);
    releaseSock(tp, this.stack.tcp);
    try {
      yield* waitClosed(tp);
    } finally {
      lockSock(tp);
      orphan(tp, this.stack.tcp);
    }
    return 0;
  }

  /** Closes without waiting, as the end of a process does. */
  closeNow(): void {
    if (this.#closed) return;
    this.#closed = true;
    const tp = this.tcb;
    lockSock(tp);
    closeConnection(tp, this.stack.tcp);
    orphan(tp, this.stack.tcp);
    tp.wait.wake();
  }

  /** SO_LINGER: null for off, else seconds; 0 makes `close` send RST. */
  setLinger(seconds: number | null): void {
    this.tcb.linger = seconds !== null;
    this.tcb.lingerSeconds = seconds ?? 0;
  }

  /** Sets an option. 0 or a negative errno. */
  setOption(name: SocketOption, value: number): number {
    const tp = this.tcb;
    lockSock(tp);
    const result = setTcpOption(tp, name, value);
    releaseSock(tp, this.stack.tcp);
    return result;
  }

  /** Reads an option; negative errno if it cannot be. */
  getOption(name: SocketOption): number {
    return getTcpOption(this.tcb, name);
  }

  /** TCP_CONGESTION. */
  setCongestionControl(name: string): void {
    this.tcb.ca = this.stack.tcp.congestionControl(name);
    if (this.tcb.state === TcpState.ESTABLISHED) this.tcb.ca.init(this.tcb);
  }

  /** SO_ERROR: the pending error, else the soft one, as a positive errno, or 0; clears it. */
  takeError(): number {
    const hard = takeHardError(this.tcb);
    if (hard !== 0) return hard;
    const soft = this.tcb.errSoft;
    this.tcb.errSoft = 0;
    return soft;
  }

  /** Bytes that can be read without waiting (FIONREAD). */
  get available(): number {
    return Math.max(0, readable(this.tcb));
  }

  readiness(): number {
    return tcpReadiness(this.tcb);
  }

  #endConnect(): number {
    this.#connecting = false;
    return connectResult(this.tcb);
  }

  #spend(): void {
    const { cpu } = this.stack.env;
    cpu.spend(cpu.costs.syscallNs);
  }
}
