/**
 * `bind` of TCP sockets, with the host's choice of a port for port 0.
 *
 * Kernel: net/ipv4/af_inet.c (__inet_bind), net/ipv4/inet_connection_sock.c, 6.18.
 */
import { EADDRINUSE, EADDRNOTAVAIL, EINVAL } from "../base/errno.ts";
import type { Ipv4 } from "../base/inet.ts";
import { chooseBindPort } from "../transport/ports.ts";
import { TcpState } from "../transport/tcp/constants.ts";
import type { Tcb } from "../transport/tcp/tcb.ts";
import type { Tcp } from "../transport/tcp/tcp.ts";

/** Binds; 0 or a negative errno. */
export function bindTcp(tcp: Tcp, tp: Tcb, address: Ipv4, port: number): number {
  if (tp.state !== TcpState.CLOSE || tp.localPort !== 0) return -EINVAL;
  const { env } = tcp;
  if (address !== 0 && !env.isLocalAddress(address) && env.ip.ipNonlocalBind === 0) {
    return -EADDRNOTAVAIL;
  }
  tp.boundAddress = address;
  const free = (candidate: number) => !tcp.ports.conflicts(tp, candidate);
  const stream = env.random.stream(`${env.name}:tcp:port`);
  const chosen = port !== 0 ? port : chooseBindPort(env.sysctls, stream, free);
  if (chosen === 0 || !free(chosen)) {
    tp.boundAddress = 0 as Ipv4;
    return -EADDRINUSE;
  }
  tp.localAddress = address;
  tp.localPort = chosen;
  tp.boundPort = port !== 0;
  tcp.ports.take(tp, chosen);
  return 0;
}
