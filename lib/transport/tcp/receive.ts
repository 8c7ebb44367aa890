/**
 * For whom a segment is that came in: a connection, a TIME_WAIT record, a half-open request, a
 * listener, or nobody.
 *
 * Spec: RFC 9293 §3.10.7. Kernel: net/ipv4/tcp_ipv4.c (tcp_v4_rcv, tcp_v4_do_rcv), 6.18.
 */
import type { Ipv4 } from "../../base/inet.ts";
import { DropReason } from "../../sim/drop-reason.ts";
import type { Frame } from "../../wire/frame.ts";
import * as ipv4 from "../../wire/ipv4.ts";
import * as tcp from "../../wire/tcp.ts";
import { FLAG_ACK, FLAG_FIN, FLAG_RST, FLAG_SYN } from "../../wire/tcp.ts";
import { addToBacklog } from "./backlog.ts";
import { receiveSynSent } from "./connect.ts";
import { TcpState } from "./constants.ts";
import { receiveEstablished } from "./input.ts";
import { InputResult, receiveInState } from "./input-in-state.ts";
import { sendReset } from "./reply.ts";
import { type ConnectionRequest, RequestVerdict } from "./request.ts";
import { readOptions, rxOptions } from "./rx-options.ts";
import type { Segment } from "./segment.ts";
import { Tcb } from "./tcb.ts";
import type { Tcp } from "./tcp.ts";
import { TimeWaitSock, TimeWaitVerdict } from "./time-wait.ts";

/** Takes a packet for this host; see `TransportProtocol`. @hot */
export function receiveFrame(stack: Tcp, frame: Frame): void {
  if (!tcp.isValid(frame.view, frame.start, frame.end)) {
    frame.drop(DropReason.PKT_TOO_SMALL, stack.env.drops);
    return;
  }
  if (!frame.checksumVerified && !frame.checksumPending && !checksumIsRight(frame)) {
    frame.drop(DropReason.TCP_CSUM, stack.env.drops);
    return;
  }
  const segment = stack.segments.take(frame);
  const entry = stack.connections.find(
    segment.destination,
    segment.destinationPort,
    segment.source,
    segment.sourcePort,
  );
  if (entry instanceof Tcb) {
    if (entry.owned) addToBacklog(entry, segment, stack.segments);
    else receiveSegment(stack, entry, segment);
  } else if (entry instanceof TimeWaitSock) {
    receiveTimeWait(stack, entry, segment);
  } else if (entry !== null) {
    receiveRequest(stack, entry, segment);
  } else {
    receiveListener(stack, segment, 0);
  }
}

function checksumIsRight({ view, l3, start, end }: Frame): boolean {
  return tcp.checksumIsRight(view, start, end, ipv4.source(view, l3), ipv4.destination(view, l3));
}

/** A segment for a socket that nobody owns (`tcp_v4_do_rcv`). @hot */
export function receiveSegment(stack: Tcp, tp: Tcb, segment: Segment): void {
  const { segments } = stack;
  let result: InputResult = InputResult.TAKEN;
  if (tp.state === TcpState.ESTABLISHED) {
    receiveEstablished(tp, segment, segments);
  } else if (tp.state === TcpState.SYN_SENT) {
    result = receiveSynSent(tp, segment, segments);
  } else if (tp.state === TcpState.CLOSE) {
    // Closed while the segment waited in the backlog.
    segments.drop(segment, DropReason.TCP_CLOSE);
  } else {
    const child = tp.state === TcpState.SYN_RECV && tp.parent !== null;
    result = receiveInState(tp, segment, segments);
    if (child && (tp.state as TcpState) !== TcpState.SYN_RECV) tp.parent?.wait.wake();
  }
  if (result === InputResult.RESET) refuse(stack, segment, DropReason.TCP_RESET);
}

function receiveTimeWait(stack: Tcp, record: TimeWaitSock, segment: Segment): void {
  readOptions(segment);
  if (rxOptions.hasTimestamps && rxOptions.timestampEcho !== 0) {
    rxOptions.timestampEcho = (rxOptions.timestampEcho - record.tsOffset) | 0;
  }
  switch (record.receive(segment, rxOptions)) {
    case TimeWaitVerdict.SYN:
      if (findListener(stack, segment) !== null) {
        stack.expired(record);
        receiveListener(stack, segment, record.newIsn);
        return;
      }
      record.sendAck(segment);
      break;
    case TimeWaitVerdict.ACK:
      record.sendAck(segment);
      break;
    case TimeWaitVerdict.RST:
      sendReset(stack.env, segment);
      stack.expired(record);
      break;
    default:
      break;
  }
  stack.segments.consume(segment);
}

function receiveRequest(stack: Tcp, request: ConnectionRequest, segment: Segment): void {
  readOptions(segment);
  const verdict = request.check(segment, rxOptions);
  if (verdict === RequestVerdict.TAKEN) stack.segments.consume(segment);
  else if (verdict === RequestVerdict.TO_LISTENER) {
    refuse(stack, segment, DropReason.TCP_INVALID_ACK_SEQUENCE);
  } else {
    stack.listening.createChild(request, segment, rxOptions);
  }
}

/** `isn`: the sequence number that a new connection begins with, 0 for one of its own. */
function receiveListener(stack: Tcp, segment: Segment, isn: number): void {
  const { listening, segments } = stack;
  const { flags } = segment;
  const listener = findListener(stack, segment);
  if (listener === null) {
    refuse(stack, segment, DropReason.NO_SOCKET);
  } else if ((flags & FLAG_RST) !== 0) {
    segments.drop(segment, DropReason.TCP_RESET);
  } else if ((flags & FLAG_ACK) !== 0) {
    readOptions(segment);
    if (listening.acceptCookie(listener, segment, rxOptions)) return;
    refuse(stack, segment, DropReason.TCP_FLAGS);
  } else if ((flags & (FLAG_SYN | FLAG_FIN)) === FLAG_SYN) {
    readOptions(segment);
    listening.receiveSyn(listener, segment, rxOptions, isn);
  } else {
    segments.drop(segment, DropReason.TCP_FLAGS);
  }
}

function findListener(stack: Tcp, segment: Segment): Tcb | null {
  return stack.listening.find(segment.destination as Ipv4, segment.destinationPort, segment);
}

/** Answers with RST. Takes the segment. */
function refuse(stack: Tcp, segment: Segment, reason: DropReason): void {
  sendReset(stack.env, segment);
  stack.segments.drop(segment, reason);
}
