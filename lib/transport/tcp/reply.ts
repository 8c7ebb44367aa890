/**
 * Segments that are sent without a connection: RST for a stray segment, ACKs of TIME_WAIT and of
 * half-open requests, SYN-ACKs.
 *
 * Spec: RFC 9293 §3.10.7.1. Kernel: net/ipv4/tcp_ipv4.c (tcp_v4_send_reset, tcp_v4_send_ack),
 * net/ipv4/ip_output.c (ip_send_unicast_reply), 6.18.
 */

import type { Ipv4 } from "../../base/inet.ts";
import { PacketFields } from "../../net/inet.ts";
import { KERNEL_SOCKET } from "../../netfilter/socket-owner.ts";
import { IPPROTO_TCP } from "../../wire/protocol-numbers.ts";
import { FLAG_ACK, FLAG_RST, TCP_SIZE, write } from "../../wire/tcp.ts";
import * as options from "../../wire/tcp-options.ts";
import { type TransportEnvironment, TransportFlow, type TransportRoute } from "../environment.ts";
import { ECN_MASK } from "./constants.ts";
import type { Segment } from "./segment.ts";

const flow = new TransportFlow();
const fields = new PacketFields();

/** What a reply says beside what it takes from the segment that it answers. */
export interface ReplyFields {
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  readonly window: number;
  /** Timestamps, or no option if `timestamps` is false. */
  readonly timestamps: boolean;
  readonly tsval: number;
  readonly tsecr: number;
  readonly tos: number;
  readonly mark: number;
  readonly boundDevice: number;
}

/** Answers a segment with RST as RFC 9293 says; the segment stays the caller's. */
export function sendReset(env: TransportEnvironment, segment: Segment): void {
  if ((segment.flags & FLAG_RST) !== 0) return;
  if (env.isMulticast(segment.destination) || env.isBroadcast(segment.destination)) return;
  const hasAck = (segment.flags & FLAG_ACK) !== 0;
  sendReply(env, segment, {
    seq: hasAck ? segment.ack : 0,
    ack: hasAck ? 0 : segment.endSeq,
    flags: hasAck ? FLAG_RST : FLAG_RST | FLAG_ACK,
    window: 0,
    timestamps: false,
    tsval: 0,
    tsecr: 0,
    tos: segment.tos,
    mark: 0,
    boundDevice: 0,
  });
}

/**
 * Sends a segment without data back to where `segment` came from: by the route for its TOS, and with
 * its mark if `fwmark_reflect` says so.
 */
export function sendReply(env: TransportEnvironment, segment: Segment, reply: ReplyFields): void {
  const mark = (env.ip.fwmarkReflect === 0 ? 0 : (segment.frame?.mark ?? 0)) || reply.mark;
  const route = lookUp(
    env,
    segment.source,
    segment.destination,
    segment.sourcePort,
    segment.destinationPort,
    reply.tos,
    mark,
    reply.boundDevice,
  );
  if (route === null) return;
  const size = TCP_SIZE + (reply.timestamps ? options.TIMESTAMPS_ALIGNED_SIZE : 0);
  const frame = env.pool.takeForPayload(0);
  frame.l4 = frame.push(size);
  write(
    frame.view,
    frame.l4,
    segment.destinationPort,
    segment.sourcePort,
    reply.seq,
    reply.ack,
    size,
    reply.flags,
    reply.window,
  );
  if (reply.timestamps) {
    const at = options.writeNops(frame.view, frame.l4 + TCP_SIZE, 2);
    options.writeTimestamps(frame.view, at, reply.tsval, reply.tsecr);
  }
  frame.checksumPending = true;
  frame.mark = mark;
  frame.socket = KERNEL_SOCKET;
  setFields(segment.destination as Ipv4, segment.source as Ipv4, reply.tos & ~ECN_MASK, 0);
  env.output(frame, route, fields);
}

/** The route from a local to a remote address, or null. */
export function lookUp(
  env: TransportEnvironment,
  remote: number,
  local: number,
  remotePort: number,
  localPort: number,
  tos: number,
  mark: number,
  device: number,
): TransportRoute | null {
  flow.destination = remote as Ipv4;
  flow.source = local as Ipv4;
  flow.destinationPort = remotePort;
  flow.sourcePort = localPort;
  flow.protocol = IPPROTO_TCP;
  flow.tos = tos & ~ECN_MASK;
  flow.mark = mark;
  flow.outputIndex = device;
  const route = env.routeOutput(flow);
  return typeof route === "number" ? null : route;
}

/** IP fields of a segment outside a connection: DF with identification 0. */
export function setFields(source: Ipv4, destination: Ipv4, tos: number, ttl: number): PacketFields {
  fields.source = source;
  fields.destination = destination;
  fields.protocol = IPPROTO_TCP;
  fields.tos = tos;
  fields.ttl = ttl;
  fields.df = true;
  fields.id = 0;
  fields.ignoreDf = false;
  return fields;
}
