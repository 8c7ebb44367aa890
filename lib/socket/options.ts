/**
 * Socket options by their names in the manual pages, with the units of the kernel's interface:
 * seconds where Linux takes seconds, ms for TCP_USER_TIMEOUT, bytes for sizes, 0 and 1 for flags.
 *
 * Kernel: net/core/sock.c (sk_setsockopt), net/ipv4/tcp.c (do_tcp_setsockopt),
 * net/ipv4/ip_sockglue.c (do_ip_setsockopt), 6.18.
 */
import { EINVAL, ENOPROTOOPT } from "../base/errno.ts";
import { HZ } from "../sim/jiffies.ts";
import { cleanupRbuf, enterQuickackMode } from "../transport/tcp/ack-policy.ts";
import { ACK_SCHED, MAX_QUICKACKS, TcpState } from "../transport/tcp/constants.ts";
import { secondsToRetrans } from "../transport/tcp/request.ts";
import { setCork, setNodelay } from "../transport/tcp/sendmsg.ts";
import type { Tcb } from "../transport/tcp/tcb.ts";
import { MIN_RCVBUF, setWindowClamp } from "../transport/tcp/window.ts";
import type { UdpSock } from "../transport/udp-sock.ts";

/** Options that sockets know. */
export type SocketOption =
  | "SO_RCVBUF"
  | "SO_SNDBUF"
  | "SO_RCVLOWAT"
  | "SO_KEEPALIVE"
  | "SO_REUSEADDR"
  | "SO_REUSEPORT"
  | "SO_BROADCAST"
  | "SO_MARK"
  | "SO_BINDTOIFINDEX"
  | "IP_TTL"
  | "IP_TOS"
  | "IP_MTU_DISCOVER"
  | "IP_RECVERR"
  | "IP_MULTICAST_TTL"
  | "TCP_NODELAY"
  | "TCP_CORK"
  | "TCP_MAXSEG"
  | "TCP_QUICKACK"
  | "TCP_KEEPIDLE"
  | "TCP_KEEPINTVL"
  | "TCP_KEEPCNT"
  | "TCP_SYNCNT"
  | "TCP_LINGER2"
  | "TCP_DEFER_ACCEPT"
  | "TCP_WINDOW_CLAMP"
  | "TCP_USER_TIMEOUT"
  | "TCP_NOTSENT_LOWAT";

const MIN_SNDBUF = 4608;
const MAX_TIMEOUT_S = 32767;

/** Sets an option that is common to all sockets; null if it is none of those. */
export function setCommonOption(
  sock: Tcb | UdpSock,
  name: SocketOption,
  value: number,
): number | null {
  const on = value !== 0;
  switch (name) {
    case "SO_REUSEADDR":
      sock.reuse = on;
      return 0;
    case "SO_REUSEPORT":
      sock.reusePort = on;
      return 0;
    case "SO_MARK":
      sock.mark = value | 0;
      return 0;
    case "SO_BINDTOIFINDEX":
      sock.boundDevice = value;
      return 0;
    case "IP_TTL":
      if (value !== -1 && (value < 1 || value > 255)) return -EINVAL;
      sock.ttl = value === -1 ? 0 : value;
      return 0;
    case "IP_TOS":
      sock.tos = value & 255;
      return 0;
    case "IP_MTU_DISCOVER":
      if (value < 0 || value > 5) return -EINVAL;
      sock.pmtuDiscover = value;
      return 0;
    case "IP_RECVERR":
      sock.recvErr = on;
      return 0;
    default:
      return null;
  }
}

/** Receive buffer of `value` bytes as the kernel stores it: doubled, within bounds. */
export function receiveBuffer(value: number, max: number): number {
  return Math.max(2 * Math.min(value, max), MIN_RCVBUF);
}

/** Sets an option of a TCP socket that the caller has locked. 0 or a negative errno. */
export function setTcpOption(tp: Tcb, name: SocketOption, value: number): number {
  const common = setCommonOption(tp, name, value);
  if (common !== null) return common;
  const { sysctls } = tp.env;
  const on = value !== 0;
  switch (name) {
    case "SO_RCVBUF":
      tp.rcvbuf = receiveBuffer(value, sysctls.rmemMax);
      tp.rcvbufLocked = true;
      return 0;
    case "SO_SNDBUF":
      tp.sndbuf = Math.max(2 * Math.min(value, sysctls.wmemMax), MIN_SNDBUF);
      tp.sndbufLocked = true;
      tp.wait.wake();
      return 0;
    case "SO_RCVLOWAT":
      tp.rcvlowat = value > 0 ? value : 1;
      return 0;
    case "SO_KEEPALIVE":
      setKeepalive(tp, on);
      return 0;
    case "TCP_NODELAY":
      setNodelay(tp, on);
      return 0;
    case "TCP_CORK":
      setCork(tp, on);
      return 0;
    case "TCP_QUICKACK":
      setQuickack(tp, value);
      return 0;
    case "TCP_MAXSEG":
      if (value !== 0 && (value < 88 || value > 32767)) return -EINVAL;
      tp.userMss = value;
      return 0;
    case "TCP_WINDOW_CLAMP":
      if (value === 0 && tp.state !== TcpState.CLOSE) return -EINVAL;
      if (value === 0) tp.windowClamp = 0;
      else setWindowClamp(tp, value);
      return 0;
    case "TCP_NOTSENT_LOWAT":
      tp.notsentLowat = value >>> 0;
      tp.wait.wake();
      return 0;
    default:
      return setTimeouts(tp, name, value);
  }
}

/** What `getsockopt` returns; -ENOPROTOOPT for what cannot be asked. */
export function getTcpOption(tp: Tcb, name: SocketOption): number {
  switch (name) {
    case "SO_RCVBUF":
      return tp.rcvbuf;
    case "SO_SNDBUF":
      return tp.sndbuf;
    case "TCP_MAXSEG":
      return tp.state === TcpState.CLOSE || tp.state === TcpState.LISTEN
        ? tp.userMss || 536
        : tp.mssCache;
    case "TCP_NODELAY":
      return tp.nonagle & 1;
    case "TCP_CORK":
      return (tp.nonagle & 2) >> 1;
    case "SO_KEEPALIVE":
      return tp.keepopen ? 1 : 0;
    default:
      return -ENOPROTOOPT;
  }
}

function setTimeouts(tp: Tcb, name: SocketOption, value: number): number {
  switch (name) {
    case "TCP_KEEPIDLE":
      if (value < 1 || value > MAX_TIMEOUT_S) return -EINVAL;
      tp.keepaliveTime = value * HZ;
      if (tp.keepopen && tp.state === TcpState.ESTABLISHED) tp.owner.startKeepalive(tp);
      return 0;
    case "TCP_KEEPINTVL":
      if (value < 1 || value > MAX_TIMEOUT_S) return -EINVAL;
      tp.keepaliveIntvl = value * HZ;
      return 0;
    case "TCP_KEEPCNT":
      if (value < 1 || value > 127) return -EINVAL;
      tp.keepaliveProbes = value;
      return 0;
    case "TCP_SYNCNT":
      if (value < 1 || value > 127) return -EINVAL;
      tp.synRetries = value;
      return 0;
    case "TCP_LINGER2":
      tp.linger2 = value < 0 ? -1 : Math.min(value, 120);
      return 0;
    case "TCP_DEFER_ACCEPT":
      tp.deferAccept = secondsToRetrans(value);
      return 0;
    case "TCP_USER_TIMEOUT":
      if (value < 0) return -EINVAL;
      tp.userTimeoutMs = value;
      return 0;
    default:
      return -ENOPROTOOPT;
  }
}

function setKeepalive(tp: Tcb, on: boolean): void {
  const connected = tp.state !== TcpState.CLOSE && tp.state !== TcpState.LISTEN;
  if (connected && on && !tp.keepopen) tp.owner.startKeepalive(tp);
  else if (!on) tp.keepaliveTimer.stop();
  tp.keepopen = on;
}

/** TCP_QUICKACK: 0 waits with ACKs, 1 sends what is owed; it lasts until the kernel decides anew. */
function setQuickack(tp: Tcb, value: number): void {
  if (value === 0) {
    tp.ack.pingpong = tp.pingpongThresh;
    return;
  }
  tp.ack.pingpong = 0;
  const open = tp.state === TcpState.ESTABLISHED || tp.state === TcpState.CLOSE_WAIT;
  if (!open || (tp.ack.pending & ACK_SCHED) === 0) {
    if (tp.ack.rcvMss > 0 && open) enterQuickackMode(tp, MAX_QUICKACKS);
    return;
  }
  tp.ack.pending |= 4;
  cleanupRbuf(tp, 1);
  if ((value & 1) === 0) tp.ack.pingpong = tp.pingpongThresh;
}
