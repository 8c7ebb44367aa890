/**
 * A UDP socket as a program holds it. Results are those of the system calls.
 *
 * Kernel: net/ipv4/udp.c (udp_sendmsg, udp_recvmsg), 6.18.
 */
import { EAGAIN, ENOTCONN } from "../base/errno.ts";
import type { Ipv4 } from "../base/inet.ts";
import type { Ns } from "../base/units.ts";
import { type Program, type WaitQueue, waitFor } from "../sim/process.ts";
import type { Transports } from "../transport/stack.ts";
import type { UdpError, UdpSock } from "../transport/udp-sock.ts";
import * as ipv4 from "../wire/ipv4.ts";
import * as udp from "../wire/udp.ts";
import type { Endpoint } from "./endpoint.ts";
import { receiveBuffer, type SocketOption, setCommonOption } from "./options.ts";
import { POLLERR, POLLIN, POLLOUT, type Pollable } from "./poll.ts";

/** A datagram that came in. */
export interface Datagram {
  /** The payload; the reader's. */
  readonly bytes: Buffer;
  readonly source: Endpoint;
  /** The address that it was sent to (IP_PKTINFO). */
  readonly destination: Ipv4;
  /** TTL of the packet (IP_RECVTTL). */
  readonly ttl: number;
  /** It was longer than the reader wanted (MSG_TRUNC). */
  readonly truncated: boolean;
}

/** A UDP socket. */
export class UdpSocket implements Pollable {
  readonly stack: Transports;
  readonly sock: UdpSock;
  nonBlocking = false;
  receiveTimeoutNs: Ns = Number.POSITIVE_INFINITY;

  constructor(stack: Transports) {
    this.stack = stack;
    this.sock = stack.udp.create();
  }

  get waitQueue(): WaitQueue {
    return this.sock.wait;
  }

  get local(): Endpoint {
    return { address: this.sock.localAddress, port: this.sock.localPort };
  }

  get remote(): Endpoint {
    return { address: this.sock.remoteAddress, port: this.sock.remotePort };
  }

  /** Binds; 0 or a negative errno. */
  bind(address: Ipv4, port: number): number {
    this.#spend();
    return this.stack.udp.bind(this.sock, address, port);
  }

  /** Fixes the peer; only its datagrams and errors are seen then. 0 or a negative errno. */
  connect(address: Ipv4, port: number): number {
    this.#spend();
    return this.stack.udp.connect(this.sock, address, port);
  }

  /** Sends to the connected peer. Copies. The length or a negative errno. */
  send(bytes: Uint8Array): number {
    this.#spend();
    return this.stack.udp.send(this.sock, bytes, 0 as Ipv4, 0);
  }

  /** Sends to an address. Copies. The length or a negative errno. */
  sendTo(bytes: Uint8Array, address: Ipv4, port: number): number {
    this.#spend();
    return this.stack.udp.send(this.sock, bytes, address, port);
  }

  /** Answers a datagram from the address that it was sent to (IP_PKTINFO). As `sendTo`. */
  reply(bytes: Uint8Array, { source, destination }: Datagram): number {
    this.#spend();
    return this.stack.udp.send(this.sock, bytes, source.address, source.port, destination);
  }

  /** Waits for a datagram; at most `max` bytes of it are kept. Or a negative errno. */
  *receive(max = 65535): Program<Datagram | number> {
    this.#spend();
    let woken = true;
    for (;;) {
      const error = this.stack.udp.takeError(this.sock);
      if (error !== 0) return -error;
      const datagram = this.#take(max);
      if (datagram !== null) return datagram;
      if (this.nonBlocking || !woken) return -EAGAIN;
      woken = yield waitFor([this.sock.wait], this.receiveTimeoutNs);
    }
  }

  /** The oldest entry of the error queue (MSG_ERRQUEUE), or null. Needs IP_RECVERR. */
  receiveError(): UdpError | null {
    return this.sock.errors.shift();
  }

  /** SO_ERROR as a positive errno; clears it. */
  takeError(): number {
    return this.stack.udp.takeError(this.sock);
  }

  /** Sets an option. 0 or a negative errno. */
  setOption(name: SocketOption, value: number): number {
    const { sock } = this;
    const common = setCommonOption(sock, name, value);
    if (common !== null) return common;
    if (name === "SO_BROADCAST") sock.broadcast = value !== 0;
    else if (name === "SO_RCVBUF")
      sock.rcvbuf = receiveBuffer(value, this.stack.env.sysctls.rmemMax);
    else if (name === "IP_MULTICAST_TTL") sock.multicastTtl = value;
    return 0;
  }

  /** Shuts reading or writing of a connected socket. */
  shutdown(how: "read" | "write" | "both"): number {
    if (!this.sock.connected) return -ENOTCONN;
    this.sock.shutdown |= how === "read" ? 1 : how === "write" ? 2 : 3;
    this.sock.wait.wake();
    return 0;
  }

  readiness(): number {
    const { sock } = this;
    let bits = POLLOUT;
    if (sock.queue.length > 0 || (sock.shutdown & 1) !== 0) bits |= POLLIN;
    if (sock.err !== 0 || sock.errors.length > 0) bits |= POLLERR;
    return bits;
  }

  close(): void {
    this.#spend();
    this.stack.udp.close(this.sock);
  }

  #take(max: number): Datagram | null {
    const frame = this.stack.udp.receiveQueued(this.sock);
    if (frame === null) return null;
    const { view, l3, l4 } = frame;
    const size = udp.length(view, l4) - udp.UDP_SIZE;
    const start = l4 + udp.UDP_SIZE;
    const bytes = Buffer.from(frame.bytes.subarray(start, start + Math.min(size, max)));
    const datagram: Datagram = {
      bytes,
      source: { address: ipv4.source(view, l3), port: udp.sourcePort(view, l4) },
      destination: ipv4.destination(view, l3),
      ttl: ipv4.ttl(view, l3),
      truncated: size > max,
    };
    frame.deliver();
    return datagram;
  }

  #spend(): void {
    const { cpu } = this.stack.env;
    cpu.spend(cpu.costs.syscallNs);
  }
}
