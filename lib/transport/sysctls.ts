/**
 * The sysctls that the transports read, with the defaults of Linux 6.18. Units are the kernel's
 * own: seconds, bytes, counts.
 *
 * Kernel: net/ipv4/tcp_ipv4.c (tcp_sk_init), Documentation/networking/ip-sysctl.rst, 6.18.
 */

const NO_PORTS: ReadonlySet<number> = new Set();

/** Values of one namespace; the field's comment is the sysctl's name where it is not obvious. */
export class TransportSysctls {
  /** `net.core.rmem_max`, `wmem_max`, `rmem_default`, `wmem_default`. */
  rmemMax = 4 * 1024 * 1024;
  wmemMax = 4 * 1024 * 1024;
  rmemDefault = 212992;
  wmemDefault = 212992;
  /** `net.core.somaxconn`. */
  somaxconn = 4096;
  /** `net.ipv4.tcp_rmem`: minimum, default, maximum. */
  tcpRmem: readonly [number, number, number] = [4096, 131072, 33554432];
  /** `net.ipv4.tcp_wmem`. */
  tcpWmem: readonly [number, number, number] = [4096, 16384, 4194304];
  tcpMaxSynBacklog = 512;
  tcpSyncookies = 1;
  tcpAbortOnOverflow = 0;
  tcpSynRetries = 6;
  tcpSynackRetries = 5;
  tcpSynLinearTimeouts = 4;
  tcpRetries1 = 3;
  tcpRetries2 = 15;
  tcpOrphanRetries = 0;
  tcpFinTimeout = 60;
  tcpMaxTwBuckets = 16384;
  tcpTwReuse = 2;
  tcpRfc1337 = 0;
  tcpTimestamps = 1;
  tcpSack = 1;
  tcpDsack = 1;
  tcpWindowScaling = 1;
  tcpEcn = 2;
  tcpEcnFallback = 1;
  tcpFrto = 2;
  tcpRecovery = 1;
  tcpEarlyRetrans = 3;
  tcpReordering = 3;
  tcpMaxReordering = 300;
  tcpRetransCollapse = 1;
  tcpSlowStartAfterIdle = 1;
  tcpNoMetricsSave = 0;
  tcpNoSsthreshMetricsSave = 1;
  tcpModerateRcvbuf = 1;
  tcpAppWin = 31;
  tcpAutocorking = 1;
  tcpLimitOutputBytes = 4 * 1024 * 1024;
  tcpMinTsoSegs = 2;
  tcpTsoWinDivisor = 3;
  tcpTsoRttLog = 9;
  tcpPacingSsRatio = 200;
  tcpPacingCaRatio = 120;
  tcpChallengeAckLimit = 0x7fffffff;
  /** `net.ipv4.tcp_invalid_ratelimit` in ms. */
  tcpInvalidRatelimit = 500;
  tcpKeepaliveTime = 7200;
  tcpKeepaliveIntvl = 75;
  tcpKeepaliveProbes = 9;
  /** 0xffffffff: no limit. */
  tcpNotsentLowat = 0xffffffff;
  tcpThinLinearTimeouts = 0;
  tcpCompSackNr = 44;
  tcpCompSackDelayNs = 1_000_000;
  tcpCompSackSlackNs = 100_000;
  tcpBacklogAckDefer = 1;
  tcpShrinkWindow = 0;
  tcpMinRttWlen = 300;
  tcpPingpongThresh = 1;
  tcpReflectTos = 0;
  /** Accepted connections take the mark of their SYN. */
  tcpFwmarkAccept = 0;
  /** Windows that are not scaled stay below 32 KiB. */
  tcpWorkaroundSignedWindows = 0;
  /** Milliseconds after which a port in TIME_WAIT may be used again. */
  tcpTwReuseDelay = 1000;
  tcpRtoMaxMs = 120_000;
  /** `net.ipv4.tcp_rto_min_us`. */
  tcpRtoMinUs = 200_000;
  /** RFC 4821: 1 after a black hole was found, 2 always. */
  tcpMtuProbing = 0;
  tcpBaseMss = 1024;
  tcpMtuProbeFloor = 48;
  /** Seconds after which a search for a larger path MTU begins anew. */
  tcpProbeInterval = 600;
  /** The search ends when it is as exact as this, in bytes. */
  tcpProbeThreshold = 8;
  tcpMinSndMss = 48;
  tcpCongestionControl = "cubic";
  ipLocalPortRange: readonly [number, number] = [32768, 60999];
  ipLocalReservedPorts = NO_PORTS;
  /** `net.ipv4.ping_group_range` is not consulted: programs are root. */
  minFreePort = 1024;
}
