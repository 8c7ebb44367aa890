/**
 * A DNS server over UDP and TCP, as CoreDNS is one: a backend answers for the zones that it has,
 * everything else is forwarded, or refused with SERVFAIL where there is nobody to forward to.
 * Several addresses may come in an order that changes from answer to answer.
 *
 * Spec: RFC 1035, RFC 7766; CoreDNS 1.11, core/dnsserver/server.go, plugin/forward,
 * plugin/loadbalance (round_robin).
 * Not modelled: caching, zone transfers, DNSSEC, DNS over TLS.
 */
import { errnoMessage } from "../base/errno.ts";
import { ANY_ADDRESS, type Ipv4 } from "../base/inet.ts";
import { NS_PER_S } from "../base/units.ts";
import type { Program } from "../sim/process.ts";
import type { RandomStream } from "../sim/random.ts";
import { TcpListener } from "../socket/tcp-listener.ts";
import type { TcpSocket } from "../socket/tcp-socket.ts";
import { UdpSocket } from "../socket/udp-socket.ts";
import { transportsOf } from "../transport/stack.ts";
import type { AppHost } from "./app-host.ts";
import { exchange } from "./dns-exchange.ts";
import {
  type DnsQuery,
  type DnsRecord,
  type DnsReply,
  decodeQuery,
  emptyReply,
  encodeReply,
  Rcode,
  sizeLimit,
} from "./dns-message.ts";
import type { DnsBackend } from "./dns-records.ts";
import { readDnsStream, streamMessage } from "./dns-stream.ts";

const BACKLOG = 128;
/** A connection without a question is closed (RFC 7766 §6.2.3). */
const IDLE_TIMEOUT = 10 * NS_PER_S;
/** How long CoreDNS waits for one upstream's answer, and for how many it tries. */
const UPSTREAM_TIMEOUT = 2 * NS_PER_S;

/** What the server is asked to do. */
export interface DnsServerOptions {
  readonly port: number;
  readonly backend: DnsBackend;
  /** Servers that are asked for what the backend does not know. */
  readonly upstreams: readonly Ipv4[];
  /** What is said of such names if there are no upstreams; SERVFAIL unless given. */
  readonly unknown?: DnsReply;
  /** Whether several addresses come in a random order. */
  readonly shuffles: boolean;
  /** Starts a program beside this one: the TCP side, a forwarded question. */
  readonly spawn: (name: string, program: Program<number>) => { kill(signal: number): void };
}

const SIGTERM = 15;

/** The program: ends only with an error or a signal. */
export function* dnsServer(host: AppHost, options: DnsServerOptions): Program<number> {
  const stack = transportsOf(host.namespace);
  const socket = new UdpSocket(stack);
  const listener = new TcpListener(stack);
  listener.setOption("SO_REUSEADDR", 1);
  const bound = socket.bind(ANY_ADDRESS, options.port) || listener.bind(ANY_ADDRESS, options.port);
  const ready = bound < 0 ? bound : listener.listen(BACKLOG);
  const service = new DnsService(host, options);
  const side = ready < 0 ? null : options.spawn("dns-server", service.accept(listener));
  try {
    if (ready < 0) {
      host.stderr(`dns-server: port ${options.port}: ${errnoMessage(ready)}\n`);
      return 1;
    }
    for (;;) {
      const datagram = yield* socket.receive();
      if (typeof datagram === "number") continue;
      service.serve(datagram.bytes, (reply) => socket.reply(reply, datagram));
    }
  } finally {
    side?.kill(SIGTERM);
    listener.close();
    socket.close();
  }
}

/** What both transports share. */
class DnsService {
  readonly #host: AppHost;
  readonly #options: DnsServerOptions;
  readonly #random: RandomStream;

  constructor(host: AppHost, options: DnsServerOptions) {
    this.#host = host;
    this.#options = options;
    this.#random = host.namespace.random.stream(`${host.namespace.name}:dns-server`);
  }

  /** Answers a datagram now, or later if somebody else has to be asked. */
  serve(bytes: Uint8Array, send: (reply: Uint8Array) => unknown): void {
    const query = decodeQuery(bytes);
    if (query === null) return;
    const limit = sizeLimit(query, "udp");
    const known = this.#known(query);
    if (known !== null) {
      send(encodeReply(query, known, limit));
      return;
    }
    const forwarded = this.#forward(query);
    this.#options.spawn("dns-forward", answerLater(forwarded, query, limit, send));
  }

  /** The TCP side: one program per connection. */
  *accept(listener: TcpListener): Program<number> {
    for (;;) {
      const client = yield* listener.accept();
      if (typeof client === "number") return 1;
      this.#options.spawn("dns-server", this.#serveStream(client));
    }
  }

  *#serveStream(client: TcpSocket): Program<number> {
    client.receiveTimeoutNs = IDLE_TIMEOUT;
    try {
      for (;;) {
        const bytes = yield* readDnsStream(client);
        const query = bytes === null ? null : decodeQuery(bytes);
        if (query === null) return 0;
        const reply = this.#known(query) ?? (yield* this.#forward(query));
        const message = encodeReply(query, reply, sizeLimit(query, "tcp"));
        if ((yield* client.write(streamMessage(message))) < 0) return 1;
      }
    } finally {
      client.closeNow();
    }
  }

  #known(query: DnsQuery): DnsReply | null {
    const reply = this.#options.backend.answer(query.question);
    if (reply === null) {
      const { upstreams, unknown = emptyReply(Rcode.SERVFAIL) } = this.#options;
      return upstreams.length === 0 ? unknown : null;
    }
    if (!this.#options.shuffles || reply.rcode !== Rcode.NOERROR) return reply;
    const answers = roundRobin(reply.answers, this.#random);
    return { ...reply, answers, additionals: roundRobin(reply.additionals, this.#random) };
  }

  /** Asks the upstreams, beginning with any of them. */
  *#forward(query: DnsQuery): Program<DnsReply> {
    const { upstreams } = this.#options;
    const first = this.#random.below(upstreams.length);
    const nameservers = [...upstreams.slice(first), ...upstreams.slice(0, first)];
    const conf = {
      nameservers,
      search: [],
      ndots: 1,
      timeoutNs: UPSTREAM_TIMEOUT,
      attempts: 1,
      rotate: false,
      singleRequest: false,
      singleRequestReopen: false,
      useTcp: false,
    };
    const id = this.#random.below(0x10000);
    const answers = yield* exchange(this.#host.namespace, conf, [{ ...query, id }]);
    const [answer] = typeof answers === "string" ? [] : answers;
    return answer ?? emptyReply(Rcode.SERVFAIL);
  }
}

function* answerLater(
  forwarded: Program<DnsReply>,
  query: DnsQuery,
  limit: number,
  send: (reply: Uint8Array) => unknown,
): Program<number> {
  send(encodeReply(query, yield* forwarded, limit));
  return 0;
}

/** Aliases first, then what is no address, then the addresses in a random order. */
function roundRobin(records: readonly DnsRecord[], random: RandomStream): readonly DnsRecord[] {
  const isAddress = ({ type }: DnsRecord): boolean => type === "A" || type === "AAAA";
  const addresses = records.filter(isAddress);
  if (addresses.length < 2) return records;
  for (let index = 0; index < addresses.length - 1; index += 1) {
    const other = index + random.below(addresses.length - index);
    const [one, two] = [addresses[index], addresses[other]];
    if (one === undefined || two === undefined) continue;
    addresses[index] = two;
    addresses[other] = one;
  }
  const aliases = records.filter(({ type }) => type === "CNAME");
  const rest = records.filter((record) => !isAddress(record) && record.type !== "CNAME");
  return [...aliases, ...rest, ...addresses];
}
