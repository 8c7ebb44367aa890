/**
 * Asking name servers as glibc's `res_send` does it: the questions of a look-up leave from one
 * connected UDP socket, answers are taken in any order, silence is answered by asking the next
 * server, and a truncated answer is asked for again over TCP.
 *
 * Spec: glibc 2.36, resolv/res_send.c (__res_context_send, send_dg); RFC 1035 §4.2.
 */
import { EAGAIN } from "../base/errno.ts";
import type { Ipv4 } from "../base/inet.ts";
import { NS_PER_S, type Ns } from "../base/units.ts";
import type { Namespace } from "../net/namespace.ts";
import type { Program } from "../sim/process.ts";
import { UdpSocket } from "../socket/udp-socket.ts";
import { transportsOf } from "../transport/stack.ts";
import { DNS_PORT } from "../wire/protocol-numbers.ts";
import { type DnsQuery, type DnsResponse, encodeQuery, Rcode } from "./dns-message.ts";
import { askOverTcp } from "./dns-over-tcp.ts";
import { isFailure, type Round, UdpTurn } from "./dns-turn.ts";
import type { ResolvConf } from "./resolv-conf.ts";

/**
 * Why there is no answer: nobody said anything, no server could even be asked, or the last one that
 * spoke had failed (SERVFAIL).
 */
export type ExchangeFailure = "timeout" | "refused" | "server-failure";

/** Asks the questions once, for whoever keeps nothing between look-ups. */
export function exchange(
  namespace: Namespace,
  conf: ResolvConf,
  queries: readonly DnsQuery[],
): Program<readonly DnsResponse[] | ExchangeFailure> {
  return new NameServers(namespace, conf).ask(queries);
}

/** The servers of a resolv.conf, and what was learnt about them: a `res_state`. */
export class NameServers {
  readonly #namespace: Namespace;
  readonly #conf: ResolvConf;
  /** A question waits for the answer to the one before; `#reopens`: and has a socket of its own. */
  #oneByOne: boolean;
  #reopens: boolean;
  #sockets: (UdpSocket | null)[] = [];
  /** Of the first answer that the last round has read. */
  #lastRcode: Rcode = Rcode.NOERROR;

  constructor(namespace: Namespace, conf: ResolvConf) {
    this.#namespace = namespace;
    this.#conf = conf;
    this.#oneByOne = conf.singleRequest || conf.singleRequestReopen;
    this.#reopens = conf.singleRequestReopen;
  }

  /** Asks until a server says something. Returns answers in the order of the questions. */
  *ask(queries: readonly DnsQuery[]): Program<readonly DnsResponse[] | ExchangeFailure> {
    let overTcp = this.#conf.useTcp;
    let failure: ExchangeFailure = "refused";
    try {
      for (let attempt = 0; attempt < this.#conf.attempts; attempt += 1) {
        for (const index of this.#order()) {
          let round: Round = overTcp ? "truncated" : yield* this.#askOverUdp(index, queries);
          if (round === "truncated") {
            overTcp = true;
            round = yield* askOverTcp(this.#namespace, this.#server(index), queries);
          }
          if (typeof round !== "string") return round;
          if (round === "silent") failure = "timeout";
          if (round === "failed") {
            failure = this.#lastRcode === Rcode.SERVFAIL ? "server-failure" : "timeout";
          }
        }
        // Over TCP each server is asked once.
        if (overTcp) break;
      }
      return failure;
    } finally {
      this.#closeSockets();
    }
  }

  /** The servers in the order in which they are asked. */
  #order(): number[] {
    const { nameservers, rotate } = this.#conf;
    const { name, random } = this.#namespace;
    const first = rotate ? random.stream(`${name}:dns:rotate`).below(nameservers.length) : 0;
    return nameservers.map((_, index) => (first + index) % nameservers.length);
  }

  #server(index: number): Ipv4 {
    return this.#conf.nameservers[index] ?? (0 as Ipv4);
  }

  /** Later servers are waited for longer, but share what they have. */
  #timeout(index: number): Ns {
    const { timeoutNs, nameservers } = this.#conf;
    const seconds = Math.floor(timeoutNs / NS_PER_S) * 2 ** index;
    return Math.max(index > 0 ? Math.floor(seconds / nameservers.length) : seconds, 1) * NS_PER_S;
  }

  /**
   * One server's turn. If one answer of two stays away, the server may be one that cannot have two
   * questions at a time: it is asked again for one after the other, then from two sockets.
   */
  *#askOverUdp(index: number, queries: readonly DnsQuery[]): Program<Round> {
    for (;;) {
      const turn = new UdpTurn(queries);
      const result = yield* this.#takeTurn(index, turn);
      if (result !== "silent") return result;
      if (turn.answers.size === 0 && turn.failed === 0) return "silent";
      if (!this.#oneByOne) this.#oneByOne = true;
      else if (this.#reopens) return turn.found();
      else {
        this.#reopens = true;
        this.#closeSockets();
      }
    }
  }

  *#takeTurn(index: number, turn: UdpTurn): Program<Round> {
    const { cpu } = this.#namespace;
    let socket = this.#open(index);
    if (socket === null) return "refused";
    const deadline = cpu.now + this.#timeout(index);
    const together = this.#oneByOne ? 1 : turn.queries.length;
    if (!sendAll(socket, turn.queries.slice(0, together))) return this.#refused();
    while (!turn.done) {
      socket.receiveTimeoutNs = Math.max(deadline - cpu.now, 0);
      const datagram = yield* socket.receive();
      if (datagram === -EAGAIN) return "silent";
      if (typeof datagram === "number") return this.#refused();
      const answer = turn.take(datagram.bytes);
      if (answer === null) continue;
      if (turn.answers.size + turn.failed === 1) this.#lastRcode = answer.rcode;
      if (answer.truncated && !isFailure(answer)) {
        this.#closeSockets();
        return "truncated";
      }
      if (turn.done || together > 1) continue;
      if (turn.failed > 0) break;
      if (this.#reopens) {
        this.#closeSockets();
        socket = this.#open(index);
        if (socket === null) return "refused";
      }
      if (!sendAll(socket, turn.queries.slice(1))) return this.#refused();
    }
    if (turn.answers.size > 0) return turn.found();
    // The socket is kept for another round only after two failures side by side.
    if (together === 1) this.#closeSockets();
    return "failed";
  }

  /** The socket for a server; another round comes from the same port, so late answers count. */
  #open(index: number): UdpSocket | null {
    const known = this.#sockets[index] ?? null;
    if (known !== null) return known;
    const socket = new UdpSocket(transportsOf(this.#namespace));
    socket.setOption("IP_RECVERR", 1);
    this.#sockets[index] = socket;
    if (socket.connect(this.#server(index), DNS_PORT) >= 0) return socket;
    this.#closeSockets();
    return null;
  }

  /** After an error of a socket all are closed; the next round comes from others. */
  #refused(): Round {
    this.#closeSockets();
    return "refused";
  }

  #closeSockets(): void {
    for (const socket of this.#sockets) socket?.close();
    this.#sockets = [];
  }
}

/** Sends questions one after the other; false if the socket refuses. */
function sendAll(socket: UdpSocket, queries: readonly DnsQuery[]): boolean {
  for (const query of queries) {
    const bytes = encodeQuery(query);
    // The first failure may tell of the question before (`sendmmsg` stops there, and goes on).
    if (socket.send(bytes) < 0 && socket.send(bytes) < 0) return false;
  }
  return true;
}
