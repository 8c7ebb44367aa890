/**
 * Errors of datagrams that a host has sent, and how its sockets hear of them.
 *
 * Kernel: net/ipv4/udp.c (__udp4_lib_err), net/ipv4/ip_sockglue.c (ip_icmp_error, ip_local_error),
 * 6.18.
 */
import type { Ipv4 } from "../base/inet.ts";
import type { Frame } from "../wire/frame.ts";
import * as icmp from "../wire/icmp.ts";
import * as ipv4 from "../wire/ipv4.ts";
import * as udp from "../wire/udp.ts";
import type { TransportEnvironment } from "./environment.ts";
import { icmpErrno, isFatalUnreachable } from "./icmp-errno.ts";
import { PMTUDISC_DONT } from "./inet-sock.ts";
import type { UdpOutput } from "./udp-output.ts";
import type { UdpSock } from "./udp-sock.ts";
import type { UdpTable } from "./udp-table.ts";

/** What hearing of an error needs of UDP. */
export interface UdpErrorHost {
  readonly env: TransportEnvironment;
  readonly table: UdpTable;
  readonly output: UdpOutput;
}

/** Tells the socket whose datagram is quoted at `innerL3` of the borrowed frame. */
export function receiveIcmpError(
  { env, table, output }: UdpErrorHost,
  frame: Frame,
  innerL3: number,
  type: number,
  code: number,
  info: number,
): void {
  const { view, l3 } = frame;
  const l4 = innerL3 + ipv4.headerSize(view, innerL3);
  if (l4 + udp.UDP_SIZE > frame.end) return;
  const from = ipv4.source(view, innerL3);
  const to = ipv4.destination(view, innerL3);
  const toPort = udp.destinationPort(view, l4);
  const sock = table.find(from, udp.sourcePort(view, l4), to, toPort, frame.inputIndex);
  const errno = icmpErrno(type, code);
  if (sock === null || errno === 0) return;
  const isTooBig = type === icmp.ICMP_UNREACHABLE && code === icmp.UNREACHABLE_FRAGMENTATION_NEEDED;
  if (isTooBig) {
    const route = output.route(sock, to, toPort);
    if (typeof route !== "number") env.updatePmtu(route, to, info);
    if (sock.pmtuDiscover === PMTUDISC_DONT) return;
  }
  if (sock.recvErr) {
    sock.errors.push({
      origin: "icmp",
      errno,
      type,
      code,
      offender: ipv4.source(view, l3),
      destination: to,
      destinationPort: toPort,
      info,
      ttl: ipv4.ttl(view, l3),
    });
  } else if (!sock.connected || !(isTooBig || isHard(type, code))) {
    return;
  }
  sock.err = errno;
  sock.wait.wake();
}

/** Whether a connected socket that did not ask for errors hears of this one. */
function isHard(type: number, code: number): boolean {
  return type === icmp.ICMP_UNREACHABLE
    ? isFatalUnreachable(code)
    : type === icmp.ICMP_PARAMETER_PROBLEM;
}

/** Puts an error of this host into the queue of a socket that wants them (`ip_local_error`). */
export function reportLocalError(
  sock: UdpSock,
  errno: number,
  to: Ipv4,
  toPort: number,
  info: number,
): void {
  if (!sock.recvErr) return;
  sock.errors.push({
    origin: "local",
    errno,
    type: 0,
    code: 0,
    offender: 0 as Ipv4,
    destination: to,
    destinationPort: toPort,
    info,
    ttl: 0,
  });
}
