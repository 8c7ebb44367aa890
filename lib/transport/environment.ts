/**
 * What the transports need of the host that they run on: a processor, frames, routes and a way to
 * send. A network namespace offers it through `stack.ts`; specs offer a direct pipe.
 *
 * Kernel: the seams are ip_route_output_flow, ip_queue_xmit and icmp_send, 6.18.
 */
import type { Ipv4 } from "../base/inet.ts";
import type { Ns } from "../base/units.ts";
import type { PacketFields } from "../net/inet.ts";
import type { RouteMetrics } from "../net/route.ts";
import type { Cpu } from "../sim/cpu.ts";
import type { DropCounters } from "../sim/drop-reason.ts";
import type { Random } from "../sim/random.ts";
import type { Frame, FrameAttachment } from "../wire/frame.ts";
import type { FramePool } from "../wire/frame-pool.ts";
import type { TransportSysctls } from "./sysctls.ts";

/** What a route says to a transport: path MTU and the metrics of `ip route`; 0 is "not set". */
export interface TransportRoute extends FrameAttachment {
  /** Path MTU in bytes, exceptions of PMTU discovery included. */
  readonly mtu: number;
  /** Whether the path MTU is fixed, so that packets may be cut on their way (`ip_mtu_locked`). */
  readonly mtuLocked: boolean;
  /** MSS that may be advertised on this route. */
  readonly advmss: number;
  readonly initcwnd: number;
  readonly initrwnd: number;
  /** Largest window to offer, in bytes. */
  readonly window: number;
  readonly rtoMinNs: Ns;
  readonly quickack: boolean;
  /** Congestion control by name, or "". */
  readonly congestion: string;
  /** Whether `features ecn` is set. */
  readonly ecn: boolean;
  /** What `ip route` set, as far as it is not above. */
  readonly metrics: RouteMetrics;
  /** Whether packets stay on this host. */
  readonly loopback: boolean;
  /** Index of the output device. */
  readonly deviceIndex: number;
  /** Whether it must be looked up again (`dst_check` fails). */
  readonly obsolete: boolean;
}

/** What sockets ask of `net.ipv4.ip_*`, which are IPv4's. */
export interface IpSettings {
  /** Sockets made while it is not 0 send without DF (`IP_PMTUDISC_DONT`). */
  readonly ipNoPmtuDisc: number;
  readonly ipNonlocalBind: number;
  /** Whether answers of the host itself take the mark of what they answer. */
  readonly fwmarkReflect: number;
}

/** A route look-up: one reused object. Addresses 0 are "any". */
export class TransportFlow {
  destination = 0 as Ipv4;
  source = 0 as Ipv4;
  destinationPort = 0;
  sourcePort = 0;
  protocol = 0;
  tos = 0;
  mark = 0;
  /** Index of the device that the socket is bound to, or 0. */
  outputIndex = 0;
}

/** A host as TCP and UDP see it. */
export interface TransportEnvironment {
  /** Name of the host, for the names of random streams. */
  readonly name: string;
  readonly cpu: Cpu;
  readonly random: Random;
  readonly pool: FramePool;
  readonly drops: DropCounters;
  readonly sysctls: TransportSysctls;
  readonly ip: IpSettings;
  /** Looks a route up and fills `flow.source` in if it was 0; a negative errno if there is none. */
  routeOutput(flow: TransportFlow): TransportRoute | number;
  /**
   * Sends a packet whose transport header is at `frame.start`. Takes the frame. 0, or -EPERM if the
   * host's own rules dropped it.
   */
  output(frame: Frame, route: TransportRoute, fields: PacketFields): number;
  /** Whether the address is one of this host's, so that a socket may be bound to it. */
  isLocalAddress(address: number): boolean;
  /** Whether the address is a broadcast or multicast address here. */
  isBroadcast(address: number): boolean;
  isMulticast(address: number): boolean;
  /** Answers the borrowed packet with ICMP port unreachable. */
  portUnreachable(frame: Frame): void;
  /** Makes a route's path MTU smaller, as an ICMP "fragmentation needed" asks. */
  updatePmtu(route: TransportRoute, destination: number, mtu: number): void;
}
