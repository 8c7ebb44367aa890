/**
 * The loop that copies between a connection and the standard streams.
 *
 * Spec: netcat-openbsd 1.219 (Debian), netcat.c (readwrite), which is followed step by step.
 */
import { concatBytes } from "../../base/bytes.ts";
import type { Ns } from "../../base/units.ts";
import { type Program, sleep, WaitQueue } from "../../sim/process.ts";
import { POLLERR, POLLHUP, POLLIN, POLLOUT, type Pollable, poll } from "../../socket/poll.ts";
import { TcpSocket } from "../../socket/tcp-socket.ts";
import { UdpSocket } from "../../socket/udp-socket.ts";
import type { AppHost } from "../app-host.ts";
import type { NcOptions } from "./options.ts";

/** Bytes that each direction holds at most. */
export const BUFFER = 16384;

/** What nc copies from and to. */
export type Socket = TcpSocket | UdpSocket;

/** Standard output, which always takes what it is given. */
const ALWAYS_WRITABLE: Pollable = { readiness: () => POLLOUT, waitQueue: new WaitQueue() };

/** One of the four things that the loop polls; `on` is null once it is gone. */
interface Side {
  on: Pollable | null;
  events: number;
  ready: number;
}

/** The copying loop of one connection. */
export class Copier {
  readonly #host: AppHost;
  readonly #options: NcOptions;
  readonly #socket: Socket;
  readonly #input: Side;
  readonly #netOut: Side;
  readonly #netIn: Side;
  readonly #output: Side;
  #toNet: Uint8Array = new Uint8Array(0);
  #toOutput: Uint8Array = new Uint8Array(0);
  /** `-q`: when it is over, once the input has ended and is sent. */
  #quitAt: Ns = Number.POSITIVE_INFINITY;

  constructor(host: AppHost, options: NcOptions, socket: Socket, input: Pollable | null) {
    this.#host = host;
    this.#options = options;
    this.#socket = socket;
    this.#input = { on: input, events: POLLIN, ready: 0 };
    this.#netOut = { on: socket, events: 0, ready: 0 };
    this.#netIn = { on: socket, events: POLLIN, ready: 0 };
    this.#output = { on: ALWAYS_WRITABLE, events: 0, ready: 0 };
  }

  /** Bytes that were read before the loop. */
  received(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#toOutput = bytes;
    this.#output.events = POLLOUT;
  }

  *run(): Program<void> {
    const { cpu } = this.#host.namespace;
    const limit = this.#options.timeoutNs ?? Number.POSITIVE_INFINITY;
    while (!this.#isDone()) {
      cpu.spend(cpu.costs.syscallNs);
      if (!(yield* this.#poll(Math.min(limit, this.#quitAt - cpu.now)))) return;
      this.#hangUps();
      if ((this.#input.ready & POLLIN) !== 0 && this.#toNet.length < BUFFER) this.#readInput();
      if ((this.#netOut.ready & POLLOUT) !== 0 && this.#toNet.length > 0) yield* this.#writeNet();
      if ((this.#netIn.ready & POLLIN) !== 0 && this.#toOutput.length < BUFFER)
        yield* this.#readNet();
      if ((this.#output.ready & POLLOUT) !== 0 && this.#toOutput.length > 0) this.#writeOutput();
      if (this.#input.on === null && this.#toNet.length === 0) this.#inputGone();
      if (this.#netIn.on === null && this.#toOutput.length === 0) this.#output.on = null;
    }
    const { quitAfterNs } = this.#options;
    if (quitAfterNs !== null && this.#bothInputsGone()) yield sleep(quitAfterNs);
  }

  #bothInputsGone(): boolean {
    const empty = this.#toNet.length === 0 && this.#toOutput.length === 0;
    return this.#input.on === null && this.#netIn.on === null && empty;
  }

  #isDone(): boolean {
    const empty = this.#toNet.length === 0 && this.#toOutput.length === 0;
    if (this.#bothInputsGone()) return true;
    if (this.#netOut.on === null && this.#output.on === null) return true;
    return this.#options.listen && this.#netIn.on === null && empty;
  }

  /** False when the time was up. */
  *#poll(timeoutNs: Ns): Program<boolean> {
    const sides = [this.#input, this.#netOut, this.#netIn, this.#output];
    // A full buffer hides the end of the input, at which the real program spins.
    const live = sides.filter(
      (side) => side.on !== null && (side !== this.#input || side.events !== 0),
    );
    const requests = live.map((side) => ({ on: side.on ?? ALWAYS_WRITABLE, events: side.events }));
    const found = yield* poll(requests, Math.max(timeoutNs, 0));
    for (const side of sides) side.ready = 0;
    for (const [index, side] of live.entries()) side.ready = found[index] ?? 0;
    return found.some((bits) => bits !== 0);
  }

  #hangUps(): void {
    const { shutdownAtEnd } = this.#options;
    for (const side of [this.#input, this.#netOut, this.#netIn, this.#output]) {
      if ((side.ready & POLLERR) !== 0) side.on = null;
    }
    const endsAt = (side: Side): boolean =>
      (side.events & POLLIN) !== 0 && (side.ready & POLLHUP) !== 0 && (side.ready & POLLIN) === 0;
    if (endsAt(this.#input)) this.#input.on = null;
    if (endsAt(this.#netIn)) this.#netIn.on = null;
    if ((this.#netOut.ready & POLLHUP) !== 0) {
      if (shutdownAtEnd) this.#socket.shutdown("write");
      this.#netOut.on = null;
    }
    if (this.#netOut.on === null) this.#input.on = null;
  }

  #readInput(): void {
    const bytes = this.#host.stdin.take(BUFFER - this.#toNet.length);
    if (bytes.length === 0) this.#input.on = null;
    this.#toNet = concatBytes([this.#toNet, bytes]);
    if (this.#toNet.length > 0) this.#netOut.events = POLLOUT;
    if (this.#toNet.length === BUFFER) this.#input.events = 0;
  }

  *#writeNet(): Program<void> {
    const socket = this.#socket;
    const written =
      socket instanceof UdpSocket ? socket.send(this.#toNet) : yield* socket.write(this.#toNet);
    if (written < 0) {
      this.#netOut.on = null;
      return;
    }
    this.#toNet = this.#toNet.subarray(written);
    if (this.#toNet.length === 0) this.#netOut.events = 0;
    if (this.#toNet.length < BUFFER) this.#input.events = POLLIN;
  }

  *#readNet(): Program<void> {
    const socket = this.#socket;
    const max = BUFFER - this.#toOutput.length;
    let bytes: Uint8Array | number;
    if (socket instanceof UdpSocket) {
      const datagram = yield* socket.receive(max);
      bytes = typeof datagram === "number" ? datagram : datagram.bytes;
    } else {
      bytes = yield* socket.read(max);
    }
    if (typeof bytes === "number") {
      this.#netIn.on = null;
      return;
    }
    if (bytes.length === 0 && socket instanceof TcpSocket) {
      socket.shutdown("read");
      this.#netIn.on = null;
    }
    this.#toOutput = concatBytes([this.#toOutput, bytes]);
    if (this.#toOutput.length > 0) this.#output.events = POLLOUT;
    if (this.#toOutput.length === BUFFER) this.#netIn.events = 0;
  }

  #writeOutput(): void {
    this.#host.stdout(this.#toOutput);
    this.#toOutput = new Uint8Array(0);
    this.#output.events = 0;
    this.#netIn.events = POLLIN;
  }

  #inputGone(): void {
    const { quitAfterNs } = this.#options;
    if (quitAfterNs !== null && this.#quitAt === Number.POSITIVE_INFINITY) {
      this.#quitAt = this.#host.namespace.cpu.now + quitAfterNs;
    }
    if (this.#netOut.on !== null && this.#options.shutdownAtEnd) this.#socket.shutdown("write");
    this.#netOut.on = null;
  }
}
