/**
 * The chunks of an SCTP packet.
 *
 *     +---------------+---------------+-------------------------------+
 *     |          Source Port          |       Destination Port        |
 *     +---------------+---------------+-------------------------------+
 *     |                       Verification Tag                        |
 *     +---------------------------------------------------------------+
 *     |                           Checksum                            |
 *     +---------------+---------------+-------------------------------+
 *     |  Chunk Type   |     Flags     |         Chunk Length          |  …
 *
 * Spec: RFC 9260 §3, §6.10. Kernel: net/netfilter/nf_conntrack_proto_sctp.c (for_each_sctp_chunk,
 * do_basic_checks), 6.18.
 */
import type { Packet } from "../packet.ts";

export const HEADER_SIZE = 12;
/** Where the verification tag and the checksum stand. */
export const TAG = 4;
export const CHECKSUM = 8;
/** Where the initiate tag stands in an INIT or INIT ACK chunk. */
export const INITIATE_TAG = 4;
/** The tag is the other side's, reflected. */
export const FLAG_T = 1;

export const DATA = 0;
export const INIT = 1;
export const INIT_ACK = 2;
export const HEARTBEAT = 4;
export const HEARTBEAT_ACK = 5;
export const ABORT = 6;
export const SHUTDOWN_ACK = 8;
export const COOKIE_ECHO = 10;
export const COOKIE_ACK = 11;
export const SHUTDOWN_COMPLETE = 14;

/** A type of chunk in a set of types; types of extensions are in none. */
export function bit(type: number): number {
  return type < 31 ? 1 << type : 0;
}

/** Where the chunks begin, or null if a packet must not look like this. */
export function chunksOf(packet: Packet): number[] | null {
  const { view, end } = packet;
  const chunks: number[] = [];
  let alone = false;
  for (let at = packet.l4 + HEADER_SIZE; at + 4 <= end; ) {
    const type = view.getUint8(at);
    const length = view.getUint16(at + 2);
    if (type === INIT || type === INIT_ACK || type === SHUTDOWN_COMPLETE) alone = true;
    const mustBeFirst = type === COOKIE_ACK || type === COOKIE_ECHO || alone;
    if ((mustBeFirst && chunks.length > 0) || length === 0) return null;
    chunks.push(at);
    at += (length + 3) & ~3;
  }
  return chunks.length === 0 ? null : chunks;
}
