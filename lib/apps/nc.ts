/**
 * `nc`: copies between a connection and the standard streams.
 *
 * Spec: netcat-openbsd 1.219 (Debian), netcat.c; the copying is in nc/copier.ts.
 * Not modelled: proxies, TLS, UNIX sockets, telnet negotiation, -i, -M, -F.
 */
import { EINPROGRESS, errnoMessage } from "../base/errno.ts";
import { ANY_ADDRESS, formatIpv4, type Ipv4 } from "../base/inet.ts";
import { NS_PER_S } from "../base/units.ts";
import { serviceName } from "../netfilter/text/names.ts";
import { type Program, sleep } from "../sim/process.ts";
import { POLLOUT, poll } from "../socket/poll.ts";
import { TcpListener } from "../socket/tcp-listener.ts";
import { TcpSocket } from "../socket/tcp-socket.ts";
import { UdpSocket } from "../socket/udp-socket.ts";
import { transportsOf } from "../transport/stack.ts";
import type { AppHost } from "./app-host.ts";
import { BUFFER, Copier, type Socket } from "./nc/copier.ts";
import type { NcOptions } from "./nc/options.ts";
import { resolveErrorText } from "./resolver.ts";

/** How many seconds `-z` and `-v` wait over UDP for somebody to object, without `-w`. */
const UDP_SCAN_SECONDS = 3;

/** Runs nc; status 0 if it could connect or was connected to, else 1. */
export function* nc(host: AppHost, options: NcOptions): Program<number> {
  const stdin = host.stdin;
  if (options.listen)
    return yield* options.udp ? listenUdp(host, options) : listenTcp(host, options);
  const address = yield* host.resolve(options.host, options.families);
  if (typeof address === "string") {
    const why = resolveErrorText(address);
    host.stderr(`nc: getaddrinfo for host "${options.host}" port ${options.ports[0]}: ${why}\n`);
    return 1;
  }
  let status = 1;
  for (const port of options.ports) {
    const socket = yield* connect(host, options, address, port);
    if (socket === null) continue;
    status = 0;
    try {
      if (options.verbose) {
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
  const address =
    options.host === "" ? ANY_ADDRESS : yield* host.resolve(options.host, options.families);
  return typeof address === "string" ? ANY_ADDRESS : address;
}

function closeSocket(socket: Socket): void {
  if (socket instanceof TcpSocket) socket.closeNow();
  else socket.close();
}
