/**
 * Reads requests from a connection, as far as all servers do it alike.
 *
 * Spec: RFC 9112 §2.2, §6.3.
 */
import { concatBytes } from "../base/bytes.ts";
import type { Program } from "../sim/process.ts";
import type { TcpSocket } from "../socket/tcp-socket.ts";
import { BodyReader, type MessageHead, type MessageReader, requestBody } from "./http-message.ts";

/** What servers ask of one read: more than a window of loopback holds. */
export const READ_SIZE = 65536;

/** A request that is whole. */
export interface ReceivedRequest {
  readonly head: MessageHead;
  readonly body: Uint8Array;
}

/** The next request of a connection; null at its end, or after the socket's time-out. */
export function* readRequest(
  client: TcpSocket,
  reader: MessageReader,
): Program<ReceivedRequest | null> {
  let head = reader.takeHead();
  while (head === null) {
    if (!(yield* readMore(client, reader))) return null;
    head = reader.takeHead();
  }
  const body = yield* readBody(client, reader, head);
  return body === null ? null : { head, body };
}

/** The body that belongs to a head; null if the connection ends before it. */
export function* readBody(
  client: TcpSocket,
  reader: MessageReader,
  head: MessageHead,
): Program<Uint8Array | null> {
  const body = new BodyReader(requestBody(head));
  const pieces: Uint8Array[] = [body.read(reader)];
  while (!body.done) {
    if (!(yield* readMore(client, reader))) return null;
    pieces.push(body.read(reader));
  }
  return concatBytes(pieces);
}

/** Waits for bytes and gives them to the reader; false at the end of the connection. */
export function* readMore(client: TcpSocket, reader: MessageReader): Program<boolean> {
  const bytes = yield* client.read(READ_SIZE);
  if (typeof bytes === "number" || bytes.length === 0) return false;
  reader.push(bytes);
  return true;
}
