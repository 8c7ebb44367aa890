/**
 * Asking a name server over TCP: all questions at once on one connection.
 *
 * Spec: glibc 2.36, resolv/res_send.c (send_vc); RFC 7766.
 */
import { ECONNREFUSED, ECONNRESET } from "../base/errno.ts";
import type { Ipv4 } from "../base/inet.ts";
import type { Namespace } from "../net/namespace.ts";
import type { Program } from "../sim/process.ts";
import { TcpSocket } from "../socket/tcp-socket.ts";
import { transportsOf } from "../transport/stack.ts";
import { DNS_PORT } from "../wire/protocol-numbers.ts";
import { type DnsQuery, type DnsResponse, decodeResponse, encodeQuery } from "./dns-message.ts";
import { readDnsStream, streamMessage } from "./dns-stream.ts";
import { belongs, type Round } from "./dns-turn.ts";

/** Answers over TCP count whatever they say. There is no timeout but the connection's own. */
export function* askOverTcp(
  namespace: Namespace,
  server: Ipv4,
  queries: readonly DnsQuery[],
): Program<Round> {
  for (let resets = 0; ; resets += 1) {
    const socket = new TcpSocket(transportsOf(namespace));
    try {
      const failed = yield* socket.connect(server, DNS_PORT);
      if (failed < 0) return failed === -ECONNREFUSED ? "refused" : "silent";
      const questions = Buffer.concat(queries.map((query) => streamMessage(encodeQuery(query))));
      const written = yield* socket.write(questions);
      const answers = written < 0 ? null : yield* readAnswers(socket, queries);
      if (answers !== null) return answers;
      if (socket.takeError() !== ECONNRESET || resets > 0) return "silent";
    } finally {
      socket.closeNow();
    }
  }
}

/** The answers on a connection, in the order of the questions; null if it ends before. */
function* readAnswers(
  socket: TcpSocket,
  queries: readonly DnsQuery[],
): Program<readonly DnsResponse[] | null> {
  const answers = new Map<number, DnsResponse>();
  while (answers.size < queries.length) {
    const bytes = yield* readDnsStream(socket);
    if (bytes === null) return null;
    const answer = decodeResponse(bytes);
    const asked = queries.find((query) => answer !== null && belongs(answer, query));
    if (answer !== null && asked !== undefined) answers.set(asked.id, answer);
  }
  return queries.flatMap(({ id }) => answers.get(id) ?? []);
}
