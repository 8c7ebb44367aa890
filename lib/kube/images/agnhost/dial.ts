/**
 * `/dial` of netexec: asks others and returns what they said.
 *
 * Spec: Kubernetes, test/images/agnhost/netexec/netexec.go (dialHandler); Go 1.22, net/http client.
 * Differs: errors have the words of the reason, not the whole chain of Go's.
 */
import type { AppHost } from "../../../apps/app-host.ts";
import { goError } from "../../../apps/go-http.ts";
import { BodyReader, formatHead, MessageReader, responseBody } from "../../../apps/http-message.ts";
import { type HttpReply, textReply } from "../../../apps/http-service.ts";
import { concatBytes, fromUtf8, utf8 } from "../../../base/bytes.ts";
import { errnoMessage } from "../../../base/errno.ts";
import { formatIpv4, type Ipv4 } from "../../../base/inet.ts";
import { NS_PER_S } from "../../../base/units.ts";
import type { Program } from "../../../sim/process.ts";
import { POLLIN, poll } from "../../../socket/poll.ts";
import { TcpSocket } from "../../../socket/tcp-socket.ts";
import { UdpSocket } from "../../../socket/udp-socket.ts";
import { transportsOf } from "../../../transport/stack.ts";

const TIMEOUT = 5 * NS_PER_S;
const READ_SIZE = 65536;

/** What came back, or why nothing did. */
export type Dialled = { readonly text: string } | { readonly error: string };

/** The reply to `/dial`. */
export function* dial(host: AppHost, values: ReadonlyMap<string, string>): Program<HttpReply> {
  const value = (name: string): string => values.get(name) ?? "";
  const tries = value("tries") === "" ? 1 : Number(value("tries"));
  if (!Number.isInteger(tries)) return goError("tries parameter is invalid. ", 400);
  if (value("request") === "") return goError("request parameter not specified. <nil>", 400);
  const protocol = value("protocol").toLowerCase();
  if (!["", "http", "udp"].includes(protocol)) {
    return goError(`unsupported protocol. ${value("protocol")}`, 400);
  }
  const address = yield* host.resolve(value("host"));
  if (typeof address === "string") {
    return goError(
      `host and/or port param are invalid. lookup ${value("host")}: no such host`,
      400,
    );
  }
  const responses: string[] = [];
  const errors: string[] = [];
  const port = Number(value("port"));
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const result =
      protocol === "udp"
        ? yield* dialUdp(host, address, port, value("request"))
        : yield* dialHttp(host, address, port, value("request"));
    if ("text" in result) responses.push(result.text);
    else errors.push(result.error);
  }
  const output = {
    ...(errors.length > 0 ? { errors } : {}),
    ...(responses.length > 0 ? { responses } : {}),
  };
  return textReply(JSON.stringify(output));
}

/** A GET as Go's client sends it; the body of the answer. */
function* dialHttp(host: AppHost, address: Ipv4, port: number, request: string): Program<Dialled> {
  const name = `${formatIpv4(address)}:${port}`;
  const failed = (reason: string): Dialled => ({
    error: `Get "http://${name}/${request}": ${reason}`,
  });
  const socket = new TcpSocket(transportsOf(host.namespace));
  socket.sendTimeoutNs = TIMEOUT;
  socket.receiveTimeoutNs = TIMEOUT;
  try {
    const connected = yield* socket.connect(address, port);
    if (connected < 0) {
      return failed(`dial tcp ${name}: connect: ${errnoMessage(connected).toLowerCase()}`);
    }
    socket.setOption("TCP_NODELAY", 1);
    const head = formatHead(`GET /${request} HTTP/1.1`, [
      ["Host", name],
      ["User-Agent", "Go-http-client/1.1"],
      ["Accept-Encoding", "gzip"],
    ]);
    yield* socket.write(utf8(head));
    const reader = new MessageReader();
    const read = function* (): Program<boolean> {
      const bytes = yield* socket.read(READ_SIZE);
      if (typeof bytes === "number" || bytes.length === 0) return false;
      reader.push(bytes);
      return true;
    };
    let reply = reader.takeHead();
    while (reply === null) {
      if (!(yield* read())) return failed("EOF");
      reply = reader.takeHead();
    }
    const body = new BodyReader(responseBody(reply, "GET"));
    const pieces = [body.read(reader)];
    while (!body.done && (yield* read())) pieces.push(body.read(reader));
    return { text: fromUtf8(concatBytes(pieces)) };
  } finally {
    socket.closeNow();
  }
}

function* dialUdp(host: AppHost, address: Ipv4, port: number, text: string): Program<Dialled> {
  const socket = new UdpSocket(transportsOf(host.namespace));
  const failed = (reason: string): Dialled => {
    return { error: `reading from udp connection failed. err:'${reason}'` };
  };
  try {
    socket.connect(address, port);
    socket.send(utf8(text));
    const [ready = 0] = yield* poll([{ on: socket, events: POLLIN }], TIMEOUT);
    if (ready === 0) return failed("i/o timeout");
    const datagram = yield* socket.receive(2048);
    if (typeof datagram === "number") return failed(errnoMessage(datagram).toLowerCase());
    return { text: fromUtf8(datagram.bytes) };
  } finally {
    socket.close();
  }
}
