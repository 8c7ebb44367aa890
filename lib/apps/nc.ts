/**
 * `nc`: copies between a connection and the standard streams.
 *
 * Spec: netcat-openbsd 1.219 (Debian), netcat.c, whose loop (`readwrite`) is followed step by step.
 * Not modelled: proxies, TLS, UNIX sockets, telnet negotiation, -i, -M, -F.
 */
import { concatBytes } from "../base/bytes.ts";
import { EINPROGRESS, errnoMessage } from "../base/errno.ts";
import { ANY_ADDRESS, formatIpv4, type Ipv4 } from "../base/inet.ts";
import { NS_PER_S, type Ns } from "../base/units.ts";
import { serviceName } from "../netfilter/text/names.ts";
import { type Program, sleep, WaitQueue } from "../sim/process.ts";
import { POLLERR, POLLHUP, POLLIN, POLLOUT, type Pollable, poll } from "../socket/poll.ts";
import { TcpListener } from "../socket/tcp-listener.ts";
import { TcpSocket } from "../socket/tcp-socket.ts";
import { UdpSocket } from "../socket/udp-socket.ts";
import { transportsOf } from "../transport/stack.ts";
import type { AppHost } from "./app-host.ts";

const BUFFER = 16384;
/** How many seconds `-z` and `-v` wait over UDP for somebody to object, without `-w`. */
const UDP_SCAN_SECONDS = 3;

/** What the command line says. */
export interface NcOptions {
  readonly listen: boolean;
  readonly keepListening: boolean;
  readonly udp: boolean;
  /** Host to connect to; when listening, the address to listen on or "". */
  readonly host: string;
  readonly ports: readonly number[];
  readonly verbose: boolean;
  readonly numeric: boolean;
  readonly scan: boolean;
  /** `-d`: standard input is not read. */
  readonly detach: boolean;
  /** `-N`: shut the connection's sending half down at the end of input. */
  readonly shutdownAtEnd: boolean;
  /** `-q`: stay so long after both sides have ended; null for not at all. */
  readonly quitAfterNs: Ns | null;
  /** `-w`; null for no limit. */
  readonly timeoutNs: Ns | null;
  readonly source: Ipv4;
  readonly sourcePort: number;
  readonly tos: number;
  readonly ttl: number;
  readonly receiveBuffer: number;
  readonly sendBuffer: number;
}

type Socket = TcpSocket | UdpSocket;

/** Runs nc; status 0 if it could connect or was connected to, else 1. */
export function* nc(host: AppHost, options: NcOptions): Program<number> {
  const stdin = host.stdin;
  if (options.listen)
    return yield* options.udp ? listenUdp(host, options) : listenTcp(host, options);
  const address = yield* host.resolve(options.host);
  if (address === null) {
    host.stderr(
      `nc: getaddrinfo for host "${options.host}" port ${options.ports[0]}: Name or service not known\n`,
    );
    return 1;
  }
  let status = 1;
  for (const port of options.ports) {
    const socket = yield* connect(host, options, address, port);
    if (socket === null) continue;
    status = 0;
    try {
      if (options.verbose || options.scan) {
        if (socket instanceof UdpSocket && !(yield* probe(socket, options))) {
          status = 1;
          continue;
        }
        announce(host, options, port);
      }
      if (!options.scan)
        yield* new Copier(host, options, socket, options.detach ? null : stdin).run();
    } finally {
      closeSocket(socket);
    }
  }
  return status;
}

/** A socket that is connected, or null; whatever ends the program while it waits closes it. */
function* connect(
  host: AppHost,
  options: NcOptions,
  address: Ipv4,
  port: number,
): Program<Socket | null> {
  const stack = transportsOf(host.namespace);
  const socket = options.udp ? new UdpSocket(stack) : new TcpSocket(stack);
  let isOpen = false;
  try {
    isOpen = yield* open(host, options, socket, address, port);
    return isOpen ? socket : null;
  } finally {
    if (!isOpen) closeSocket(socket);
  }
}

/** Connects a new socket; false if that failed. */
function* open(
  host: AppHost,
  options: NcOptions,
  socket: Socket,
  address: Ipv4,
  port: number,
): Program<boolean> {
  prepare(socket, options);
  socket.nonBlocking = true;
  const complain = (what: string): boolean => {
    if (options.verbose) {
      const kind = options.udp ? "udp" : "tcp";
      host.stderr(`nc: connect to ${options.host} port ${port} (${kind}) ${what}\n`);
    }
    return false;
  };
  if (options.source !== 0 || options.sourcePort !== 0) {
    socket.setOption("SO_REUSEADDR", 1);
    const bound = socket.bind(options.source, options.sourcePort);
    if (bound < 0) {
      host.stderr(`nc: bind failed: ${errnoMessage(bound)}\n`);
      return false;
    }
  }
  if (socket instanceof UdpSocket) {
    const error = socket.connect(address, port);
    return error < 0 ? complain(`failed: ${errnoMessage(error)}`) : true;
  }
  let error = yield* socket.connect(address, port);
  if (error === -EINPROGRESS) {
    const timeout = options.timeoutNs ?? Number.POSITIVE_INFINITY;
    const [ready = 0] = yield* poll([{ on: socket, events: POLLOUT }], timeout);
    if (ready === 0) return complain("timed out: Operation now in progress");
    error = -socket.takeError();
  }
  return error < 0 ? complain(`failed: ${errnoMessage(error)}`) : true;
}

function prepare(socket: Socket | TcpListener, options: NcOptions): void {
  if (options.tos !== 0) socket.setOption("IP_TOS", options.tos);
  if (options.ttl !== 0) socket.setOption("IP_TTL", options.ttl);
  if (options.receiveBuffer !== 0) socket.setOption("SO_RCVBUF", options.receiveBuffer);
  if (options.sendBuffer !== 0) socket.setOption("SO_SNDBUF", options.sendBuffer);
}

/** Sends two bytes, and one a second after them; false if an ICMP error came back for one. */
function* probe(socket: UdpSocket, options: NcOptions): Program<boolean> {
  const byte = new Uint8Array([0x58]);
  if (socket.send(byte) < 0 || socket.send(byte) < 0) return false;
  const { timeoutNs } = options;
  const seconds = timeoutNs === null ? UDP_SCAN_SECONDS : Math.floor(timeoutNs / NS_PER_S);
  for (let second = 0; second < seconds; second += 1) {
    yield sleep(NS_PER_S);
    if (socket.send(byte) < 0) return false;
  }
  return true;
}

function announce(host: AppHost, options: NcOptions, port: number): void {
  if (!options.verbose) return;
  const kind = options.udp ? "udp" : "tcp";
  const service = options.numeric ? "*" : (serviceName(port, kind) ?? "*");
  host.stderr(`Connection to ${options.host} ${port} port [${kind}/${service}] succeeded!\n`);
}

function* listenTcp(host: AppHost, options: NcOptions): Program<number> {
  const stack = transportsOf(host.namespace);
  const [port = 0] = options.ports;
  const address = yield* listenAddress(host, options);
  const listener = new TcpListener(stack);
  try {
    listener.setOption("SO_REUSEADDR", 1);
    listener.setOption("SO_REUSEPORT", 1);
    prepare(listener, options);
    const bound = listener.bind(address, port);
    const error = bound < 0 ? bound : listener.listen(1);
    if (error < 0) {
      host.stderr(`nc: ${errnoMessage(error)}\n`);
      return 1;
    }
    if (options.verbose) host.stderr(`Listening on ${formatIpv4(address)} ${port}\n`);
    const input = options.detach ? null : host.stdin;
    do {
      const client = yield* listener.accept();
      if (typeof client === "number") return 1;
      client.nonBlocking = true;
      const { remote } = client;
      if (options.verbose) {
        host.stderr(`Connection received on ${formatIpv4(remote.address)} ${remote.port}\n`);
      }
      try {
        yield* new Copier(host, options, client, input).run();
      } finally {
        client.closeNow();
      }
    } while (options.keepListening);
    return 0;
  } finally {
    listener.close();
  }
}

function* listenUdp(host: AppHost, options: NcOptions): Program<number> {
  const stack = transportsOf(host.namespace);
  const [port = 0] = options.ports;
  const address = yield* listenAddress(host, options);
  const socket = new UdpSocket(stack);
  try {
    socket.setOption("SO_REUSEADDR", 1);
    socket.setOption("SO_REUSEPORT", 1);
    prepare(socket, options);
    const bound = socket.bind(address, port);
    if (bound < 0) {
      host.stderr(`nc: ${errnoMessage(bound)}\n`);
      return 1;
    }
    if (options.verbose) host.stderr(`Bound on ${formatIpv4(address)} ${port}\n`);
    let first: Uint8Array = new Uint8Array(0);
    if (!options.keepListening) {
      const datagram = yield* socket.receive(BUFFER);
      if (typeof datagram === "number") return 1;
      const { source } = datagram;
      first = datagram.bytes;
      const connected = socket.connect(source.address, source.port);
      if (connected < 0) return 1;
      if (options.verbose) {
        host.stderr(`Connection received on ${formatIpv4(source.address)} ${source.port}\n`);
      }
    }
    socket.nonBlocking = true;
    const copier = new Copier(host, options, socket, options.detach ? null : host.stdin);
    copier.received(first);
    yield* copier.run();
    return 0;
  } finally {
    socket.close();
  }
}

function* listenAddress(host: AppHost, options: NcOptions): Program<Ipv4> {
  const address = options.host === "" ? ANY_ADDRESS : yield* host.resolve(options.host);
  return address ?? ANY_ADDRESS;
}

function closeSocket(socket: Socket): void {
  if (socket instanceof TcpSocket) socket.closeNow();
  else socket.close();
}

/** Standard output, which always takes what it is given. */
const ALWAYS_WRITABLE: Pollable = { readiness: () => POLLOUT, waitQueue: new WaitQueue() };

/** One of the four things that the loop polls; `on` is null once it is gone. */
interface Side {
  on: Pollable | null;
  events: number;
  ready: number;
}

/** The copying loop of one connection. */
class Copier {
  readonly #host: AppHost;
  readonly #options: NcOptions;
  readonly #socket: Socket;
  readonly #input: Side;
  readonly #netOut: Side;
  readonly #netIn: Side;
  readonly #output: Side;
  #toNet: Uint8Array = new Uint8Array(0);
  #toOutput: Uint8Array = new Uint8Array(0);

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
      if (!(yield* this.#poll(limit))) return;
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
    if (this.#netOut.on !== null && this.#options.shutdownAtEnd) this.#socket.shutdown("write");
    this.#netOut.on = null;
  }
}
