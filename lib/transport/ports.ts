/**
 * Local ports: who may bind which, and which one is chosen when nobody says.
 *
 * Kernel: net/ipv4/inet_connection_sock.c (inet_csk_get_port), net/ipv4/inet_hashtables.c
 * (__inet_hash_connect), net/ipv4/udp.c (udp_lib_get_port), 6.18.
 */
import type { RandomStream } from "../sim/random.ts";
import type { TransportSysctls } from "./sysctls.ts";

/** Whether a port may be chosen. */
export type PortTest = (port: number) => boolean;

/**
 * Chooses a port of `ip_local_port_range` for `connect`, 0 if none is free: from a random one on,
 * ports of the parity of the range's start first, then the others (so that `bind(0)` finds its own
 * half free).
 */
export function chooseConnectPort(
  sysctls: TransportSysctls,
  random: RandomStream,
  isFree: PortTest,
): number {
  return chooseByParity(sysctls, random, 0, isFree);
}

/** Chooses a port for `bind(0)`: of the other parity first. */
export function chooseBindPort(
  sysctls: TransportSysctls,
  random: RandomStream,
  isFree: PortTest,
): number {
  return chooseByParity(sysctls, random, 1, isFree);
}

/** Chooses a UDP port: any of the range, from a random one on. */
export function chooseUdpPort(
  sysctls: TransportSysctls,
  random: RandomStream,
  isFree: PortTest,
): number {
  const [low, high] = sysctls.ipLocalPortRange;
  const remaining = high + 1 - low;
  const first = random.below(remaining);
  for (let index = 0; index < remaining; index += 1) {
    const port = low + ((first + index) % remaining);
    if (!sysctls.ipLocalReservedPorts.has(port) && isFree(port)) return port;
  }
  return 0;
}

function chooseByParity(
  sysctls: TransportSysctls,
  random: RandomStream,
  parity: 0 | 1,
  isFree: PortTest,
): number {
  const [low, high] = sysctls.ipLocalPortRange;
  const remaining = high + 1 - low;
  const count = remaining & ~1 || remaining;
  const offset = random.below(remaining) & ~1;
  for (const start of [parity, 1 - parity]) {
    for (let index = 0; index < count; index += 2) {
      const port = low + (((offset + index) % count) & ~1) + start;
      if (port >= low + count) continue;
      if (!sysctls.ipLocalReservedPorts.has(port) && isFree(port)) return port;
    }
  }
  return 0;
}
