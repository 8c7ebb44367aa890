/**
 * Building segments: from a queued piece of data, or an ACK without any, to a frame that goes
 * down to IP.
 *
 * Kernel: net/ipv4/tcp_output.c (__tcp_transmit_skb, tcp_options_write), 6.18.
 */

import { ENOBUFS } from "../../base/errno.ts";
import { PacketFields } from "../../net/inet.ts";
import type { Frame } from "../../wire/frame.ts";
import { HEADROOM } from "../../wire/frame.ts";
import { IPPROTO_TCP } from "../../wire/protocol-numbers.ts";
import { before } from "../../wire/sequence.ts";
import * as tcp from "../../wire/tcp.ts";
import * as options from "../../wire/tcp-options.ts";
import type { TransportRoute } from "../environment.ts";
import { PMTUDISC_DO, PMTUDISC_WANT } from "../inet-sock.ts";
import { jiffies, timestampValue } from "./clock.ts";
import { CaEvent } from "./congestion.ts";
import {
  ATO_MIN,
  ECN_DEMAND_CWR,
  ECN_OK,
  ECN_QUEUE_CWR,
  ECT_0,
  EVER_RETRANS,
} from "./constants.ts";
import { enterCwr } from "./cwnd-reduction.ts";
import { establishedOptionsSize, sackBlocks } from "./mss.ts";
import { rebuildRoute } from "./route.ts";
import { cutTruesize } from "./segment-memory.ts";
import type { SendSkb } from "./send-skb.ts";
import type { Tcb } from "./tcb.ts";
import { packetsInFlight } from "./tcb-queries.ts";
import { MAX_WINDOW, selectWindow } from "./window.ts";

const fields = new PacketFields();
const blocks = new Int32Array(8);

/**
 * Sends one queued segment, or, without one, a segment of only a header. Returns false if this host
 * did not let it out: no route, refused by its own netfilter or by the line, larger than the MTU. @hot
 */
export function transmitSkb(
  tp: Tcb,
  skb: SendSkb | null,
  tcpFlags: number,
  seq: number,
  rcvNxt: number,
): boolean {
  const route = rebuildRoute(tp);
  if (route === null) return false;
  let flags = tcpFlags;
  const length = skb === null ? 0 : skb.length;
  const syn = (flags & tcp.FLAG_SYN) !== 0;
  // The end of a large frame makes the peer's GRO pass it on at once; the queue forgets it.
  if (skb !== null && skb.pcount > 1) flags |= tcp.FLAG_PSH;
  const size = tcp.TCP_SIZE + (syn ? synOptionsSize(tp, flags) : establishedOptionsSize(tp));
  const now = tp.env.cpu.now;
  if (now > tp.tcpWstamp) tp.tcpWstamp = now;
  if (skb !== null) skb.sentAt = tp.tcpWstamp;

  const frame = takeFrame(tp, skb, length);
  frame.l4 = frame.push(size);
  const window = syn ? Math.min(tp.rcvWnd, MAX_WINDOW) : selectWindow(tp);
  const { view } = frame;
  const sent = addEcn(tp, skb, flags, length);
  tcp.write(view, frame.l4, tp.localPort, tp.remotePort, seq, rcvNxt, size, sent, window);
  if (syn) writeSynOptions(tp, frame, frame.l4 + tcp.TCP_SIZE, flags);
  else writeEstablishedOptions(tp, frame, frame.l4 + tcp.TCP_SIZE);
  frame.checksumPending = true;

  if ((flags & tcp.FLAG_ACK) !== 0) eventAckSent(tp, rcvNxt);
  if (length > 0) eventDataSent(tp);
  account(tp, frame, skb);
  setFields(tp, route, ecnTos(tp, skb, flags, length));
  tp.ipId += skb !== null && skb.pcount > 1 ? skb.pcount : 1;
  if (tp.confirmPending) {
    tp.confirmPending = false;
    frame.confirmsNeighbour = true;
  }
  const result = tp.env.output(frame, route, fields);
  tp.lineRefused = result === -ENOBUFS;
  if (tp.lineRefused) enterCwr(tp);
  return result === 0;
}

/** A frame for the segment, its payload copied, or referenced if the device cuts it. @hot */
function takeFrame(tp: Tcb, skb: SendSkb | null, length: number): Frame {
  const large = skb !== null && length > skb.gsoSize && skb.gsoSize > 0;
  const frame = tp.env.pool.takeForPayload(large ? 0 : length);
  if (skb === null || skb.payload === null || length === 0) return frame;
  if (large) {
    frame.gsoSize = skb.gsoSize;
    frame.payload = skb.payload.bytes;
    frame.payloadAt = skb.payloadAt;
    frame.payloadLength = length;
  } else {
    skb.payload.bytes.copy(frame.bytes, HEADROOM, skb.payloadAt, skb.payloadAt + length);
  }
  return frame;
}

/** What IP is to write into the header of the next packet. @hot */
function setFields(tp: Tcb, route: TransportRoute, tos: number): void {
  fields.tos = tos;
  fields.ttl = tp.ttl;
  fields.source = tp.localAddress;
  fields.destination = tp.remoteAddress;
  fields.protocol = IPPROTO_TCP;
  fields.df = wantsDf(tp.pmtuDiscover, route);
  fields.ignoreDf = false;
  fields.id = tp.ipId & 0xffff;
}

/** Whether packets of a socket carry "don't fragment" (`ip_dont_fragment`). @hot */
function wantsDf(pmtuDiscover: number, route: TransportRoute): boolean {
  return pmtuDiscover === PMTUDISC_DO || (pmtuDiscover === PMTUDISC_WANT && !route.mtuLocked);
}

/** An ACK went out, so none is owed any more (`tcp_event_ack_sent`). @hot */
function eventAckSent(tp: Tcb, rcvNxt: number): void {
  if (tp.compressedAck > 0) {
    tp.compressedAck = 0;
    tp.compressedAckTimer.stop();
  }
  if (rcvNxt !== tp.rcvNxt) return;
  if (tp.ack.quick > 0) {
    const packets = (tp.ack.pending & 1) !== 0 ? 1 : 0;
    if (packets >= tp.ack.quick) {
      tp.ack.quick = 0;
      tp.ack.ato = ATO_MIN;
    } else {
      tp.ack.quick -= packets;
    }
  }
  tp.ack.pending = 0;
  tp.delackTimer.stop();
}

/** Data went out: an answer soon after data makes the exchange interactive. @hot */
function eventDataSent(tp: Tcb): void {
  if (packetsInFlight(tp) === 0) tp.ca.event(tp, CaEvent.TX_START);
  const now = jiffies(tp);
  tp.lsndtime = now;
  if (now - tp.ack.lrcvtime < tp.ack.ato && tp.ack.pingpong < 255) tp.ack.pingpong += 1;
}

function account(tp: Tcb, frame: Frame, skb: SendSkb | null): void {
  frame.socket = tp;
  tp.framesOut += 1;
  tp.wmemAlloc += skb === null ? 1 : sentTruesize(tp, skb);
}

/** What a segment takes on its way: a large one is cut by the device, the loopback's excepted. */
function sentTruesize(tp: Tcb, { pcount, length, gsoSize, truesize }: SendSkb): number {
  if (pcount <= 1 || tp.route?.loopback === true) return truesize;
  const full = pcount - 1;
  return full * cutTruesize(gsoSize) + cutTruesize(length - full * gsoSize);
}

function addEcn(tp: Tcb, skb: SendSkb | null, flags: number, length: number): number {
  if ((tp.ecnFlags & ECN_OK) === 0 || (flags & tcp.FLAG_SYN) !== 0) return flags;
  let result = flags;
  if (length > 0 && skb !== null && isFirstSend(tp, skb) && (tp.ecnFlags & ECN_QUEUE_CWR) !== 0) {
    tp.ecnFlags &= ~ECN_QUEUE_CWR;
    result |= tcp.FLAG_CWR;
  }
  if ((tp.ecnFlags & ECN_DEMAND_CWR) !== 0) result |= tcp.FLAG_ECE;
  return result;
}

/** RFC 3168 §6.1.4–5: ECT on new data only, not on ACKs and retransmissions. */
function ecnTos(tp: Tcb, skb: SendSkb | null, flags: number, length: number): number {
  if ((tp.ecnFlags & ECN_OK) === 0 || length === 0 || skb === null) return tp.tos & ~3;
  if ((flags & tcp.FLAG_SYN) !== 0 || !isFirstSend(tp, skb)) return tp.tos & ~3;
  return (tp.tos & ~3) | ECT_0;
}

function isFirstSend(tp: Tcb, skb: SendSkb): boolean {
  return !before(skb.seq, tp.sndNxt) && (skb.sacked & EVER_RETRANS) === 0;
}

/** Size of the options of our SYN, or of a SYN-ACK of simultaneous open. */
function synOptionsSize(tp: Tcb, flags: number): number {
  const mirror = (flags & tcp.FLAG_ACK) !== 0;
  const { sysctls } = tp.env;
  const timestamps = mirror ? tp.tstampOk : sysctls.tcpTimestamps !== 0;
  const sack = mirror ? tp.sackOk !== 0 : sysctls.tcpSack !== 0;
  const scale = mirror ? tp.wscaleOk : sysctls.tcpWindowScaling !== 0;
  return 4 + (timestamps ? 12 : sack ? 4 : 0) + (scale ? 4 : 0);
}

function writeSynOptions(tp: Tcb, frame: Frame, start: number, flags: number): void {
  const mirror = (flags & tcp.FLAG_ACK) !== 0;
  const { sysctls } = tp.env;
  const timestamps = mirror ? tp.tstampOk : sysctls.tcpTimestamps !== 0;
  const sack = mirror ? tp.sackOk !== 0 : sysctls.tcpSack !== 0;
  const scale = mirror ? tp.wscaleOk : sysctls.tcpWindowScaling !== 0;
  writeHandshakeOptions(
    frame.view,
    start,
    tp.advmss,
    timestamps,
    sack,
    scale ? tp.rcvWscale : -1,
    timestampValue(tp),
    mirror ? tp.tsRecent : 0,
  );
}

/** The options of a SYN or SYN-ACK in the kernel's order; `scale` -1 leaves it out. */
export function writeHandshakeOptions(
  view: DataView,
  start: number,
  mss: number,
  timestamps: boolean,
  sack: boolean,
  scale: number,
  value: number,
  echo: number,
): void {
  let at = options.writeMss(view, start, mss);
  if (timestamps) {
    at = sack ? options.writeSackPermitted(view, at) : options.writeNops(view, at, 2);
    at = options.writeTimestamps(view, at, value, echo);
  } else if (sack) {
    at = options.writeSackPermitted(view, options.writeNops(view, at, 2));
  }
  if (scale >= 0) options.writeWindowScale(view, options.writeNops(view, at, 1), scale);
}

/** Timestamps and SACK blocks of an established connection. @hot */
function writeEstablishedOptions(tp: Tcb, frame: Frame, start: number): void {
  const { view } = frame;
  let at = start;
  if (tp.tstampOk) {
    at = options.writeNops(view, at, 2);
    at = options.writeTimestamps(view, at, timestampValue(tp), tp.tsRecent);
  }
  const count = sackBlocks(tp);
  if (count === 0) return;
  let from = 0;
  if (tp.dsack) {
    blocks.set(tp.duplicateSack, 0);
    from = 1;
  }
  for (let index = from; index < count; index += 1) {
    blocks[2 * index] = tp.selectiveAcks[2 * (index - from)] ?? 0;
    blocks[2 * index + 1] = tp.selectiveAcks[2 * (index - from) + 1] ?? 0;
  }
  options.writeSack(view, options.writeNops(view, at, 2), blocks, count);
  tp.dsack = false;
}
