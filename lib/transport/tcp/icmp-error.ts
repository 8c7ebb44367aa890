/**
 * ICMP errors for segments of ours: a smaller path MTU, or a peer that cannot be reached.
 *
 * Spec: RFC 1122 §4.2.3.9, RFC 5927, RFC 1191, RFC 6069. Kernel: net/ipv4/tcp_ipv4.c (tcp_v4_err,
 * tcp_v4_mtu_reduced), 6.18.
 */

import type { Frame } from "../../wire/frame.ts";
import * as icmp from "../../wire/icmp.ts";
import * as ipv4 from "../../wire/ipv4.ts";
import { between } from "../../wire/sequence.ts";
import type { ConnectionTable } from "../demux.ts";
import { icmpErrno, isFatalUnreachable } from "../icmp-errno.ts";
import { PMTUDISC_DO, PMTUDISC_WANT } from "../inet-sock.ts";
import { DEFERRED_MTU } from "./ack-policy.ts";
import { TcpState } from "./constants.ts";
import { syncMss } from "./mss.ts";
import { ConnectionRequest } from "./request.ts";
import { rebuildRoute } from "./route.ts";
import { simpleRetransmit } from "./simple-retransmit.ts";
import { doneWithError } from "./state.ts";
import { Tcb } from "./tcb.ts";
import type { TcbOwner } from "./tcb-owner.ts";
import type { TimeWaitSock } from "./time-wait.ts";
import { revertBackoff } from "./timers.ts";

/** What is needed of TCP here. */
export interface IcmpErrorOwner extends TcbOwner {
  readonly connections: ConnectionTable<Tcb | TimeWaitSock | ConnectionRequest>;
}

/** Tells the connection whose segment is quoted at `innerL3` of the borrowed frame. */
export function icmpErrorFor(
  owner: IcmpErrorOwner,
  frame: Frame,
  innerL3: number,
  type: number,
  code: number,
  info: number,
): void {
  const { view } = frame;
  const l4 = innerL3 + ipv4.headerSize(view, innerL3);
  if (l4 + 8 > frame.end) return;
  const entry = owner.connections.find(
    ipv4.source(view, innerL3),
    view.getUint16(l4),
    ipv4.destination(view, innerL3),
    view.getUint16(l4 + 2),
  );
  const seq = view.getInt32(l4 + 4);
  const errno = icmpErrno(type, code);
  if (entry instanceof ConnectionRequest) {
    // A pure handshake dies of a hard error, if it quotes our SYN-ACK.
    const fragmentation = code === icmp.UNREACHABLE_FRAGMENTATION_NEEDED;
    if (seq === entry.sndIsn && !(type === icmp.ICMP_UNREACHABLE && fragmentation)) {
      if (type === icmp.ICMP_UNREACHABLE || type === icmp.ICMP_PARAMETER_PROBLEM)
        owner.dropRequest(entry);
    }
    return;
  }
  if (!(entry instanceof Tcb) || entry.state === TcpState.CLOSE) return;
  if (!between(seq, entry.sndUna, entry.sndNxt)) return;
  if (type === icmp.ICMP_UNREACHABLE && code === icmp.UNREACHABLE_FRAGMENTATION_NEEDED) {
    entry.mtuInfo = info;
    if (entry.owned) entry.deferred |= DEFERRED_MTU;
    else reduceMtu(entry);
    return;
  }
  const isPathDown =
    type === icmp.ICMP_UNREACHABLE &&
    (code === icmp.UNREACHABLE_NET || code === icmp.UNREACHABLE_HOST);
  if (isPathDown) revertBackoff(entry, seq);
  if (errno !== 0) report(entry, errno, type, code);
}

/**
 * Hard errors end a handshake; an established connection only remembers them (RFC 5927 §5.2), and
 * so does a socket in the middle of a system call, such as the `connect` whose SYN was refused.
 */
function report(tp: Tcb, errno: number, type: number, code: number): void {
  const handshake = tp.state === TcpState.SYN_SENT || tp.state === TcpState.SYN_RECV;
  if (handshake && !tp.owned) {
    doneWithError(tp, errno);
    return;
  }
  const fatal = type === icmp.ICMP_UNREACHABLE && isFatalUnreachable(code);
  if (tp.recvErr && fatal && !tp.owned && !handshake) {
    tp.err = errno;
    tp.wait.wake();
  } else {
    tp.errSoft = errno;
  }
}

/** RFC 1191: the path takes only `mtu` bytes, so what is out is cut smaller and sent again. */
export function reduceMtu(tp: Tcb): void {
  if (tp.state === TcpState.LISTEN || tp.state === TcpState.CLOSE) return;
  const route = rebuildRoute(tp);
  if (route === null) return;
  tp.env.updatePmtu(route, tp.remoteAddress, tp.mtuInfo);
  // The route that was, is obsolete if it now has an exception.
  const now = rebuildRoute(tp);
  if (now === null || (tp.pmtuDiscover !== PMTUDISC_WANT && tp.pmtuDiscover !== PMTUDISC_DO))
    return;
  if (tp.pmtuCookie <= now.mtu) return;
  syncMss(tp, now.mtu);
  simpleRetransmit(tp);
}
