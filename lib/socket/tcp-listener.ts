/**
 * A listening TCP socket.
 *
 * Kernel: net/ipv4/inet_connection_sock.c (inet_csk_listen_start, inet_csk_accept), 6.18.
 */
import { EADDRINUSE, EAGAIN, EINVAL } from "../base/errno.ts";
import { ANY_ADDRESS, type Ipv4 } from "../base/inet.ts";
import type { Ns } from "../base/units.ts";
import { type Program, type WaitQueue, waitFor } from "../sim/process.ts";
import type { Transports } from "../transport/stack.ts";
import { TcpState } from "../transport/tcp/constants.ts";
import { lockSock, releaseSock } from "../transport/tcp/sock-lock.ts";
import type { Tcb } from "../transport/tcp/tcb.ts";
import { bindTcp } from "./bind.ts";
import type { Endpoint } from "./endpoint.ts";
import { type SocketOption, setTcpOption } from "./options.ts";
import { POLLHUP, POLLIN, type Pollable } from "./poll.ts";
import { TcpSocket } from "./tcp-socket.ts";

/** Listens on one address and port. */
export class TcpListener implements Pollable {
  readonly stack: Transports;
  /** The socket's state, for `ss` and specs. */
  readonly tcb: Tcb;
  nonBlocking = false;
  receiveTimeoutNs: Ns = Number.POSITIVE_INFINITY;

  /** A new socket, or one that was given options before (`tcb` of a `TcpSocket`). */
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

  /** Binds; 0 or a negative errno. */
  bind(address: Ipv4, port: number): number {
    this.#spend();
    return bindTcp(this.stack.tcp, this.tcb, address, port);
  }

  /** Listens, with room for `backlog` + 1 connections that wait for `accept`. 0 or negative errno. */
  listen(backlog = 4096): number {
    this.#spend();
    const tp = this.tcb;
    if (tp.state !== TcpState.CLOSE && tp.state !== TcpState.LISTEN) return -EINVAL;
    if (tp.localPort === 0) {
      const bound = bindTcp(this.stack.tcp, tp, ANY_ADDRESS, 0);
      if (bound < 0) return bound;
    }
    const rivals = this.stack.tcp.listening
      .all()
      .filter((other) => other !== tp && other.localPort === tp.localPort);
    const taken = rivals.some(
      (other) =>
        !(other.reusePort && tp.reusePort) &&
        (other.localAddress === 0 ||
          tp.localAddress === 0 ||
          other.localAddress === tp.localAddress),
    );
    if (taken) return -EADDRINUSE;
    this.stack.tcp.listening.add(tp, backlog);
    return 0;
  }

  /** The next connection, waiting for it; or a negative errno. */
  *accept(): Program<TcpSocket | number> {
    this.#spend();
    const tp = this.tcb;
    let woken = true;
    for (;;) {
      if (tp.listen === null) return -EINVAL;
      const child = this.stack.tcp.listening.accept(tp);
      if (child !== null) return new TcpSocket(this.stack, child);
      if (this.nonBlocking || !woken) return -EAGAIN;
      woken = yield waitFor([tp.wait], this.receiveTimeoutNs);
    }
  }

  /** Sets an option, which connections inherit. 0 or a negative errno. */
  setOption(name: SocketOption, value: number): number {
    const tp = this.tcb;
    lockSock(tp);
    const result = setTcpOption(tp, name, value);
    releaseSock(tp, this.stack.tcp);
    return result;
  }

  /** POLLIN while a connection waits. */
  readiness(): number {
    const { listen } = this.tcb;
    if (listen === null) return POLLHUP;
    return listen.acceptQueue.length > 0 ? POLLIN : 0;
  }

  /** Stops to listen; connections that were not accepted are reset. */
  close(): void {
    this.#spend();
    if (this.tcb.listen !== null) this.stack.tcp.stopListening(this.tcb);
    else this.stack.tcp.ports.release(this.tcb);
  }

  #spend(): void {
    const { cpu } = this.stack.env;
    cpu.spend(cpu.costs.syscallNs);
  }
}
