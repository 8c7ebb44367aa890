/**
 * A client's HTTP connection: the socket calls that curl makes, each with a deadline.
 *
 * Spec: curl 7.88.1, lib/connect.c, lib/cf-socket.c: TCP_NODELAY, keepalive 60 s, a non-blocking
 * connect that is waited for with poll.
 */
import { EAGAIN, EINPROGRESS } from "../../base/errno.ts";
import type { Ipv4 } from "../../base/inet.ts";
import type { Ns } from "../../base/units.ts";
import type { Namespace } from "../../net/namespace.ts";
import type { Program } from "../../sim/process.ts";
import { POLLIN, POLLOUT, poll } from "../../socket/poll.ts";
import { MSG_PEEK, TcpSocket } from "../../socket/tcp-socket.ts";
import { transportsOf } from "../../transport/stack.ts";
import type { CurlOptions } from "./options.ts";

/** What an operation answers with when its time is up. */
export const TIMED_OUT = -EAGAIN;
/** curl's receive buffer (READBUFFER_SIZE of the tool). */
const READ_SIZE = 102_400;

/** One connection to one address and port. */
export class HttpConnection {
  readonly address: Ipv4;
  readonly port: number;
  /** As curl numbers them. */
  readonly number: number;
  readonly socket: TcpSocket;
  readonly #namespace: Namespace;

  constructor(namespace: Namespace, address: Ipv4, port: number, number: number) {
    this.#namespace = namespace;
    this.address = address;
    this.port = port;
    this.number = number;
    this.socket = new TcpSocket(transportsOf(namespace));
    this.socket.nonBlocking = true;
  }

  /** Sets the options that curl sets, and binds if it was told to; 0 or a negative errno. */
  prepare(options: CurlOptions, source: Ipv4): number {
    const { socket } = this;
    if (options.tcpNodelay) socket.setOption("TCP_NODELAY", 1);
    if (options.keepalive) {
      socket.setOption("SO_KEEPALIVE", 1);
      socket.setOption("TCP_KEEPIDLE", options.keepaliveTimeS);
      socket.setOption("TCP_KEEPINTVL", options.keepaliveTimeS);
    }
    if (source === 0 && options.localPort === 0) return 0;
    return socket.bind(source, options.localPort);
  }

  /** Begins to connect: 0, -EINPROGRESS or what makes it fail at once. */
  *start(): Program<number> {
    return yield* this.socket.connect(this.address, this.port);
  }

  /** Waits until it is connected: 0, a negative errno, or `TIMED_OUT`. */
  *finish(deadline: Ns): Program<number> {
    const ready = yield* this.#wait(POLLOUT, deadline);
    if (ready === TIMED_OUT) return TIMED_OUT;
    return -this.socket.takeError();
  }

  /** Connects; as `start` and `finish` together. */
  *connect(deadline: Ns): Program<number> {
    const started = yield* this.start();
    return started === -EINPROGRESS ? yield* this.finish(deadline) : started;
  }

  /** Sends all; 0, a negative errno or `TIMED_OUT`. */
  *send(bytes: Uint8Array, deadline: Ns): Program<number> {
    let left = bytes;
    while (left.length > 0) {
      const written = yield* this.socket.write(left);
      if (written < 0 && written !== -EAGAIN) return written;
      left = left.subarray(Math.max(written, 0));
      if (left.length > 0 && (yield* this.#wait(POLLOUT, deadline)) === TIMED_OUT) return TIMED_OUT;
    }
    return 0;
  }

  /** What has come; empty at the end; a negative errno or `TIMED_OUT`. */
  *receive(deadline: Ns): Program<Uint8Array | number> {
    for (;;) {
      if ((yield* this.#wait(POLLIN, deadline)) === TIMED_OUT) return TIMED_OUT;
      const bytes = yield* this.socket.read(READ_SIZE);
      if (bytes !== -EAGAIN) return bytes;
    }
  }

  /** Whether the peer has closed it, or sent what nobody asked for, since it was last used. */
  *isDead(): Program<boolean> {
    if ((this.socket.readiness() & ~POLLOUT) === 0) return false;
    const bytes = yield* this.socket.read(1, MSG_PEEK);
    return typeof bytes === "number" ? bytes !== -EAGAIN : bytes.length === 0;
  }

  close(): void {
    this.socket.closeNow();
  }

  *#wait(events: number, deadline: Ns): Program<number> {
    const { cpu } = this.#namespace;
    cpu.spend(cpu.costs.syscallNs);
    const left = Math.max(deadline - cpu.now, 0);
    const [ready = 0] = yield* poll([{ on: this.socket, events }], left);
    return ready === 0 ? TIMED_OUT : ready;
  }
}
