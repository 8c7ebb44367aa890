/**
 * The beginning of an active open: route, source address, local port, SYN.
 *
 * Kernel: net/ipv4/tcp_ipv4.c (tcp_v4_connect), net/ipv4/inet_hashtables.c (inet_hash_connect), 6.18.
 */
import { EADDRNOTAVAIL } from "../base/errno.ts";
import { ANY_ADDRESS, type Ipv4, LOOPBACK_ADDRESS } from "../base/inet.ts";
import { chooseConnectPort } from "../transport/ports.ts";
import type { Transports } from "../transport/stack.ts";
import { flowSource, lookUpRoute } from "../transport/tcp/route.ts";
import type { Tcb } from "../transport/tcp/tcb.ts";
import { TimeWaitSock } from "../transport/tcp/time-wait.ts";

/**
 * Sends the SYN of an active open; the socket is locked. 0 or a negative errno. Address 0 stands for
 * the host itself.
 */
export function startConnect(stack: Transports, tp: Tcb, address: Ipv4, port: number): number {
  const { tcp, env } = stack;
  const destination = address === ANY_ADDRESS ? LOOPBACK_ADDRESS : address;
  if (env.isMulticast(destination) || env.isBroadcast(destination)) return -EADDRNOTAVAIL;
  tp.remoteAddress = destination;
  tp.remotePort = port;
  const route = lookUpRoute(tp);
  if (typeof route === "number") return route;
  if (tp.localAddress === 0) tp.localAddress = flowSource();
  tp.route = route;
  if (tp.localPort === 0) {
    const chosen = choosePort(stack, tp.localAddress, destination, port);
    if (chosen === 0) return -EADDRNOTAVAIL;
    tp.localPort = chosen;
    tcp.ports.take(tp, chosen);
  } else if (tcp.connections.find(tp.localAddress, tp.localPort, destination, port) !== null) {
    return -EADDRNOTAVAIL;
  }
  tp.shutdown = 0;
  tcp.connect(tp);
  return 0;
}

/** A local port that is free for a connection to `destination`; 0 if there is none. */
function choosePort(stack: Transports, source: Ipv4, destination: Ipv4, port: number): number {
  const { tcp, env } = stack;
  return chooseConnectPort(env.sysctls, env.random.stream(`${env.name}:tcp:port`), (candidate) => {
    for (const holder of tcp.ports.holders(candidate)) {
      const bound = holder as Partial<Tcb>;
      // A port that somebody bound is left alone, unless it is only used by connections.
      if (bound.boundPort === true || bound.listen) return false;
    }
    const found = tcp.connections.find(source, candidate, destination, port);
    if (found === null) return true;
    return found instanceof TimeWaitSock && tcp.reuseTimeWait(found);
  });
}
