/**
 * One look-up at the name servers, as glibc's `res_nsend` does it: all questions leave from one
 * connected UDP socket, answers are taken in any order, silence is answered by asking the next
 * server, and a truncated answer is asked for again over TCP.
 *
 * Spec: glibc 2.36, resolv/res_send.c (__res_context_send, send_dg, send_vc); RFC 1035 §4.2.
 */
import { ECONNREFUSED } from "../base/errno.ts";
import type { Ipv4 } from "../base/inet.ts";
import { NS_PER_S, type Ns } from "../base/units.ts";
import type { Namespace } from "../net/namespace.ts";
import type { Program } from "../sim/process.ts";
import { TcpSocket } from "../socket/tcp-socket.ts";
import { UdpSocket } from "../socket/udp-socket.ts";
import { transportsOf } from "../transport/stack.ts";
import {
  type DnsQuery,
  type DnsResponse,
  decodeResponse,
  encodeQuery,
  Rcode,
} from "./dns-message.ts";
import { readDnsStream, streamMessage } from "./dns-stream.ts";
import type { ResolvConf } from "./resolv-conf.ts";

export const DNS_PORT = 53;

/** Why there is no answer: nobody said anything, or every server refused to. */
export type ExchangeFailure = "timeout" | "refused" | "server-failure";

/**
 * Asks all questions until each has an answer that says something. Returns them in the order of
 * the questions.
 */
export function* exchange(
  namespace: Namespace,
  conf: ResolvConf,
  queries: readonly DnsQuery[],
): Program<readonly DnsResponse[] | ExchangeFailure> {
  const sockets = conf.nameservers.map(() => new UdpSocket(transportsOf(namespace)));
  let failure: ExchangeFailure = "timeout";
  try {
    for (let attempt = 0; attempt < conf.attempts; attempt += 1) {
      for (const [index, server] of conf.nameservers.entries()) {
        const timeoutNs = serverTimeout(conf, index);
        const socket = sockets[index];
        const answers =
          socket === undefined || conf.useTcp
            ? yield* askOverTcp(namespace, server, queries, timeoutNs)
            : yield* askOverUdp(namespace, socket, server, queries, timeoutNs);
        if (typeof answers !== "string") return answers;
        failure = answers;
        if (answers !== "refused" || socket === undefined) continue;
        // After an error of the socket itself, the next round comes from another one.
        socket.close();
        sockets[index] = new UdpSocket(transportsOf(namespace));
      }
    }
    return failure;
  } finally {
    for (const socket of sockets) socket.close();
  }
}

/** Later servers are waited for longer, but share what they have. */
function serverTimeout({ timeoutNs, nameservers }: ResolvConf, index: number): Ns {
  const seconds = Math.floor(timeoutNs / NS_PER_S) * 2 ** index;
  return Math.max(index > 0 ? Math.floor(seconds / nameservers.length) : seconds, 1) * NS_PER_S;
}

/** A second round comes from the same port as the first, so late answers are still taken. */
function* askOverUdp(
  namespace: Namespace,
  socket: UdpSocket,
  server: Ipv4,
  queries: readonly DnsQuery[],
  timeoutNs: Ns,
): Program<readonly DnsResponse[] | ExchangeFailure> {
  const { cpu } = namespace;
  const answers = new Map<number, DnsResponse>();
  socket.setOption("IP_RECVERR", 1);
  if (!socket.sock.connected && socket.connect(server, DNS_PORT) < 0) return "refused";
  for (const query of queries) {
    const bytes = encodeQuery(query);
    // The first failure may tell of the question before (`sendmmsg` stops there, and goes on).
    if (socket.send(bytes) < 0 && socket.send(bytes) < 0) return "refused";
  }
  const deadline = cpu.now + timeoutNs;
  while (answers.size < queries.length) {
    socket.receiveTimeoutNs = Math.max(deadline - cpu.now, 0);
    const datagram = yield* socket.receive();
    if (typeof datagram === "number") return datagram === -ECONNREFUSED ? "refused" : "timeout";
    const answer = decodeResponse(datagram.bytes);
    const asked = queries.find((query) => answer !== null && belongs(answer, query));
    if (answer === null || asked === undefined) continue;
    if (answer.truncated) return yield* askOverTcp(namespace, server, queries, timeoutNs);
    answers.set(asked.id, answer);
  }
  return inOrder(queries, answers);
}

/** The answers that say something; a server that has none of them has failed. */
function inOrder(
  queries: readonly DnsQuery[],
  answers: ReadonlyMap<number, DnsResponse>,
): readonly DnsResponse[] | ExchangeFailure {
  const found = queries.flatMap(({ id }) => answers.get(id) ?? []);
  const useful = found.filter((answer) => !isRefusal(answer));
  return useful.length === 0 ? "server-failure" : useful;
}

function* askOverTcp(
  namespace: Namespace,
  server: Ipv4,
  queries: readonly DnsQuery[],
  timeoutNs: Ns,
): Program<readonly DnsResponse[] | ExchangeFailure> {
  const socket = new TcpSocket(transportsOf(namespace));
  socket.receiveTimeoutNs = timeoutNs;
  try {
    if ((yield* socket.connect(server, DNS_PORT)) < 0) return "refused";
    const questions = Buffer.concat(queries.map((query) => streamMessage(encodeQuery(query))));
    if ((yield* socket.write(questions)) < 0) return "refused";
    const answers = new Map<number, DnsResponse>();
    while (answers.size < queries.length) {
      const bytes = yield* readDnsStream(socket);
      if (bytes === null) return "timeout";
      const answer = decodeResponse(bytes);
      const asked = queries.find((query) => answer !== null && belongs(answer, query));
      if (answer === null || asked === undefined) continue;
      answers.set(asked.id, answer);
    }
    return inOrder(queries, answers);
  } finally {
    socket.closeNow();
  }
}

/** The answer repeats the id and the question (`__libc_res_queriesmatch`). */
function belongs(answer: DnsResponse, query: DnsQuery): boolean {
  const { question } = answer;
  if (answer.id !== query.id || question === null) return false;
  return (
    question.type === query.question.type &&
    question.name.toLowerCase() === query.question.name.toLowerCase()
  );
}

function isRefusal({ rcode }: DnsResponse): boolean {
  return rcode === Rcode.SERVFAIL || rcode === Rcode.NOTIMP || rcode === Rcode.REFUSED;
}
