/**
 * A UDP port of the userspace proxy: each client gets a socket of its own to an endpoint, which lives
 * until nothing has gone either way for the idle timeout.
 *
 * Spec: Kubernetes v1.20 pkg/proxy/userspace/proxysocket.go (udpProxySocket).
 */
import { EAGAIN } from "../../base/errno.ts";
import { formatIpv4, type Ipv4 } from "../../base/inet.ts";
import type { Ns } from "../../base/units.ts";
import { type Program, waitFor } from "../../sim/process.ts";
import { type Datagram, UdpSocket } from "../../socket/udp-socket.ts";
import type { ProxySocket } from "../proxy/node.ts";
import { dialUdp } from "./dial.ts";
import type { RelayContext } from "./relay-context.ts";

/** Longer datagrams are cut. */
const BUFFER_SIZE = 4096;

/** A client and its socket to an endpoint. */
interface Client {
  readonly address: Ipv4;
  readonly port: number;
  readonly endpoint: UdpSocket;
  /** When the socket is closed if nothing more comes. */
  deadline: Ns;
}

/** One UDP port that kube-proxy serves in user space. */
export class UdpRelay implements ProxySocket {
  readonly #socket: UdpSocket;
  readonly #context: RelayContext;
  readonly #idleNs: Ns;
  /** By `address:port`. */
  readonly #clients = new Map<string, Client>();
  #closed = false;

  private constructor(socket: UdpSocket, context: RelayContext, idleNs: Ns) {
    this.#socket = socket;
    this.#context = context;
    this.#idleNs = idleNs;
  }

  /** Binds and begins to read; null: the port is taken. `idleNs`: how long silent clients last. */
  static open(context: RelayContext, address: Ipv4, port: number, idleNs: Ns): UdpRelay | null {
    const socket = new UdpSocket(context.stack);
    socket.nonBlocking = true;
    if (socket.bind(address, port) !== 0) return null;
    const relay = new UdpRelay(socket, context, idleNs);
    context.spawn("kube-proxy", relay.#readLoop());
    return relay;
  }

  get port(): number {
    return this.#socket.local.port;
  }

  /** Reads no more; the sockets of clients end with their timeouts. */
  close(): void {
    this.#closed = true;
    this.#socket.close();
  }

  *#readLoop(): Program<number> {
    const { cpu } = this.#context.stack.env;
    for (;;) {
      const datagram = yield* this.#receive(this.#socket, Number.POSITIVE_INFINITY);
      if (this.#closed) return 0;
      if (typeof datagram === "number") continue;
      const client = this.#clientOf(datagram);
      if (client === null) continue;
      this.#context.counters.systemCalls += 1;
      if (client.endpoint.send(datagram.bytes) < 0) continue;
      this.#moved(datagram);
      client.deadline = cpu.now + this.#idleNs;
    }
  }

  /** The client that sent a datagram, new or known; null if no endpoint can be had. */
  #clientOf({ source }: Datagram): Client | null {
    const from = formatIpv4(source.address);
    const key = `${from}:${source.port}`;
    const known = this.#clients.get(key);
    if (known !== undefined) return known;
    const { stack, backends, spawn, counters } = this.#context;
    const endpoint = dialUdp(stack, backends, from, counters);
    if (endpoint === null) return null;
    endpoint.nonBlocking = true;
    const deadline = stack.env.cpu.now + this.#idleNs;
    const client = { ...source, endpoint, deadline };
    this.#clients.set(key, client);
    counters.clients += 1;
    spawn("kube-proxy", this.#answerLoop(key, client));
    return client;
  }

  /** Takes an endpoint's answers back to its client until it has been idle or has refused. */
  *#answerLoop(key: string, client: Client): Program<number> {
    const { cpu } = this.#context.stack.env;
    for (;;) {
      const answer = yield* this.#receive(client.endpoint, client.deadline - cpu.now);
      if (typeof answer === "number") {
        // What the client has sent meanwhile has moved the deadline.
        if (answer === -EAGAIN && client.deadline > cpu.now) continue;
        break;
      }
      client.deadline = cpu.now + this.#idleNs;
      this.#context.counters.systemCalls += 1;
      if (this.#closed) break;
      if (this.#socket.sendTo(answer.bytes, client.address, client.port) < 0) break;
      this.#moved(answer);
    }
    this.#clients.delete(key);
    client.endpoint.close();
    this.#context.counters.systemCalls += 1;
    return 0;
  }

  /** The next datagram, or a negative errno: EAGAIN after `timeout` or when the relay is closed. */
  *#receive(socket: UdpSocket, timeout: Ns): Program<Datagram | number> {
    let woken = timeout > 0;
    for (;;) {
      const datagram = yield* socket.receive(BUFFER_SIZE);
      this.#context.counters.systemCalls += 1;
      if (datagram !== -EAGAIN || !woken) return datagram;
      if (this.#closed && socket === this.#socket) return -EAGAIN;
      woken = yield waitFor([socket.waitQueue], timeout);
    }
  }

  #moved({ bytes }: Datagram): void {
    const { counters } = this.#context;
    counters.relayedBytes += bytes.length;
    counters.copiedBytes += 2 * bytes.length;
  }
}
