/**
 * DNS messages on a TCP connection: each with its length in front.
 *
 * Spec: RFC 1035 §4.2.2, RFC 7766 §8.
 */
import type { Program } from "../sim/process.ts";
import { MSG_WAITALL, type TcpSocket } from "../socket/tcp-socket.ts";

const LENGTH_SIZE = 2;

/** A message with its length in front of it. Copies. */
export function streamMessage(message: Uint8Array): Buffer {
  const bytes = Buffer.alloc(LENGTH_SIZE + message.length);
  bytes.writeUInt16BE(message.length, 0);
  bytes.set(message, LENGTH_SIZE);
  return bytes;
}

/** The next message of a connection; null at its end, after an error, or when time is up. */
export function* readDnsStream(socket: TcpSocket): Program<Buffer | null> {
  const length = yield* socket.read(LENGTH_SIZE, MSG_WAITALL);
  if (typeof length === "number" || length.length < LENGTH_SIZE) return null;
  const size = length.readUInt16BE(0);
  const message = yield* socket.read(size, MSG_WAITALL);
  return typeof message === "number" || message.length < size ? null : message;
}
