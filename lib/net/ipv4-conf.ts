/**
 * The parameters of IPv4: their names, first values and bounds. The packet path reads these fields;
 * `sysctl.ts` shows them as the tree `net.ipv4`.
 *
 * Kernel: include/net/netns/ipv4.h (struct netns_ipv4), net/ipv4/devinet.c (ipv4_devconf),
 * net/ipv4/sysctl_net_ipv4.c, net/core/neighbour.c, 6.18.
 */
import type { FieldRanges } from "./sysctl.ts";

const INT_MAX = 2 ** 31 - 1;

/** `net.ipv4.conf.<device>`: what a device does with IPv4. IGMP is not modelled. */
export class DeviceConf {
  acceptLocal = 0;
  acceptRedirects = 1;
  acceptSourceRoute = 1;
  arpAccept = 0;
  arpAnnounce = 0;
  arpEvictNocarrier = 1;
  arpFilter = 0;
  arpIgnore = 0;
  arpNotify = 0;
  bcForwarding = 0;
  bootpRelay = 0;
  disablePolicy = 0;
  disableXfrm = 0;
  dropGratuitousArp = 0;
  dropUnicastInL2Multicast = 0;
  forceIgmpVersion = 0;
  forwarding = 0;
  igmpv2UnsolicitedReportInterval = 10_000;
  igmpv3UnsolicitedReportInterval = 1000;
  ignoreRoutesWithLinkdown = 0;
  logMartians = 0;
  mcForwarding = 0;
  mediumId = 0;
  promoteSecondaries = 0;
  proxyArp = 0;
  proxyArpPvlan = 0;
  routeLocalnet = 0;
  rpFilter = 0;
  secureRedirects = 1;
  sendRedirects = 1;
  sharedMedia = 1;
  srcValidMark = 0;
  tag = 0;
}

/** `net.ipv4.neigh.<device>`: times in the unit that the name says, else in seconds. */
export class NeighbourConf {
  anycastDelay = 100;
  appSolicit = 0;
  baseReachableTimeMs = 30_000;
  delayFirstProbeTime = 5;
  gcStaleTime = 60;
  intervalProbeTimeMs = 5000;
  /** In ticks of 10 ms (USER_HZ). */
  locktime = 100;
  mcastResolicit = 0;
  mcastSolicit = 3;
  proxyDelay = 80;
  proxyQlen = 64;
  retransTimeMs = 1000;
  ucastSolicit = 3;
  unresQlenBytes = 212_992;
}

/** The size of a neighbour table (`net.ipv4.neigh.default.gc_*`). */
export class NeighbourGcConf {
  gcInterval = 30;
  gcThresh1 = 128;
  gcThresh2 = 512;
  gcThresh3 = 1024;
}

/** `net.ipv4.*` of IPv4 and ICMP. */
export class Ipv4Conf {
  fibMultipathHashPolicy = 0;
  fwmarkReflect = 0;
  icmpEchoIgnoreAll = 0;
  icmpEchoIgnoreBroadcasts = 1;
  icmpErrorsUseInboundIfaddr = 0;
  icmpIgnoreBogusErrorResponses = 1;
  icmpMsgsBurst = 50;
  icmpMsgsPerSec = 1000;
  /** Shortest time between two errors to one destination, in ms. */
  icmpRatelimit = 1000;
  icmpRatemask = 6168;
  ipDefaultTtl = 64;
  ipForwardUpdatePriority = 1;
  ipForwardUsePmtu = 0;
  ipNoPmtuDisc = 0;
  ipNonlocalBind = 0;
  ipfragHighThresh = 4_194_304;
  ipfragLowThresh = 3_145_728;
  ipfragMaxDist = 64;
  /** Seconds that the fragments of a packet wait for the rest. */
  ipfragTime = 30;
}

/** What `net.ipv4.*` takes where the kernel checks it (ipv4_net_table). */
export const IPV4_RANGES: FieldRanges = {
  fibMultipathHashPolicy: [0, 3],
  fwmarkReflect: [0, 255],
  icmpEchoIgnoreAll: [0, 1],
  icmpEchoIgnoreBroadcasts: [0, 1],
  icmpErrorsUseInboundIfaddr: [0, 1],
  icmpIgnoreBogusErrorResponses: [0, 1],
  icmpMsgsBurst: [0, INT_MAX],
  icmpMsgsPerSec: [0, INT_MAX],
  icmpRatelimit: [0, INT_MAX],
  ipDefaultTtl: [1, 255],
  ipForwardUpdatePriority: [0, 1],
  ipForwardUsePmtu: [0, 255],
  ipNoPmtuDisc: [0, 255],
  ipNonlocalBind: [0, 255],
  ipfragMaxDist: [0, INT_MAX],
};

/** The same for `net.ipv4.neigh.DEV.*` (neigh_proc_dointvec_zero_intmax). */
export const NEIGHBOUR_RANGES: FieldRanges = {
  appSolicit: [0, INT_MAX],
  baseReachableTimeMs: [0, INT_MAX],
  mcastResolicit: [0, INT_MAX],
  mcastSolicit: [0, INT_MAX],
  retransTimeMs: [0, INT_MAX],
  ucastSolicit: [0, INT_MAX],
};

/** `net.ipv4.route.*`; times in ticks of 4 ms where the kernel's are jiffies. */
export class RouteConf {
  errorBurst = 1250;
  errorCost = 250;
  gcTimeout = 300;
  minAdvMss = 256;
  minPmtu = 552;
  /** Seconds that a learnt path MTU holds. */
  mtuExpires = 600;
  redirectLoad = 5;
  redirectNumber = 9;
  redirectSilence = 5120;
}
