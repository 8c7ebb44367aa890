/**
 * The bound UDP sockets of a host, by port, and which of them gets a datagram.
 *
 * Kernel: net/ipv4/udp.c (__udp4_lib_lookup, compute_score), 6.18.
 */
import type { UdpSock } from "./udp-sock.ts";

const NOBODY: readonly UdpSock[] = [];

/** The sockets by port, in the order in which they were bound. */
export class UdpTable {
  readonly #byPort = new Map<number, UdpSock[]>();

  /** Takes in a socket that has got its port. */
  add(sock: UdpSock): void {
    const list = this.#byPort.get(sock.localPort);
    if (list === undefined) this.#byPort.set(sock.localPort, [sock]);
    else list.push(sock);
  }

  /** Lets a socket go; it need not be there. */
  remove(sock: UdpSock): void {
    const list = this.#byPort.get(sock.localPort) ?? [];
    const index = list.indexOf(sock);
    if (index !== -1) list.splice(index, 1);
    if (list.length === 0) this.#byPort.delete(sock.localPort);
  }

  /** Those that have the port. */
  at(port: number): readonly UdpSock[] {
    return this.#byPort.get(port) ?? NOBODY;
  }

  /** The best socket for a datagram (`__udp4_lib_lookup`). @hot */
  find(
    address: number,
    port: number,
    remote: number,
    remotePort: number,
    device: number,
  ): UdpSock | null {
    const list = this.#byPort.get(port);
    if (list === undefined) return null;
    let best: UdpSock | null = null;
    let bestScore = 0;
    let ties = 0;
    for (let index = 0; index < list.length; index += 1) {
      const sock = list[index];
      if (sock === undefined) continue;
      const score = scoreOf(sock, address, remote, remotePort, device);
      if (score > bestScore) {
        best = sock;
        bestScore = score;
        ties = 1;
      } else if (score === bestScore && score > 0 && sock.reusePort) {
        ties += 1;
        const mixed = Math.imul(remote ^ Math.imul(remotePort, 0x9e3779b1), 0x85ebca6b);
        if (((mixed ^ (mixed >>> 15)) >>> 0) % ties === 0) best = sock;
      } else if (score === bestScore && score > 0 && sock.reuse) {
        // SO_REUSEADDR: the newest socket wins.
        best = sock;
      }
    }
    return best;
  }
}

/** How well a socket fits a datagram: 0 not at all, more for each thing that it names. @hot */
export function scoreOf(
  sock: UdpSock,
  address: number,
  remote: number,
  remotePort: number,
  device: number,
): number {
  let score = 1;
  if (sock.localAddress !== 0) {
    if (sock.localAddress !== address) return 0;
    score += 4;
  }
  if (sock.connected) {
    if (sock.remoteAddress !== remote) return 0;
    score += 4;
    if (sock.remotePort !== 0) {
      if (sock.remotePort !== remotePort) return 0;
      score += 4;
    }
  }
  if (sock.boundDevice !== 0) {
    if (sock.boundDevice !== device) return 0;
    score += 4;
  }
  return score;
}
