/**
 * The names and bounds of the transports' parameters.
 *
 * Kernel: net/ipv4/sysctl_net_ipv4.c, net/core/sysctl_net_core.c, 6.18.
 */
import { EINVAL, ENOENT } from "../base/errno.ts";
import { VethworkError } from "../base/errors.ts";
import { type FieldRanges, parseInteger, type SysctlTree } from "../net/sysctl.ts";
import type { TransportSysctls } from "./sysctls.ts";

const INT_MAX = 2 ** 31 - 1;
const UINT_MAX = 2 ** 32 - 1;
const U8_MAX = 255;

/** proc_dou8vec_minmax without bounds of its own. */
const BYTES: readonly string[] = [
  "tcpAbortOnOverflow",
  "tcpCompSackNr",
  "tcpDsack",
  "tcpFrto",
  "tcpFwmarkAccept",
  "tcpKeepaliveProbes",
  "tcpModerateRcvbuf",
  "tcpMtuProbing",
  "tcpNoMetricsSave",
  "tcpOrphanRetries",
  "tcpRecovery",
  "tcpRetransCollapse",
  "tcpRetries1",
  "tcpRetries2",
  "tcpRfc1337",
  "tcpSack",
  "tcpSlowStartAfterIdle",
  "tcpSynackRetries",
  "tcpSyncookies",
  "tcpThinLinearTimeouts",
  "tcpTimestamps",
  "tcpTsoRttLog",
  "tcpTsoWinDivisor",
  "tcpWindowScaling",
  "tcpWorkaroundSignedWindows",
];

/** What `net.ipv4.tcp_*` takes where the kernel checks it. */
const RANGES: FieldRanges = {
  ...Object.fromEntries(BYTES.map((field) => [field, [0, U8_MAX]])),
  tcpAppWin: [0, 31],
  tcpAutocorking: [0, 1],
  tcpBacklogAckDefer: [0, 1],
  tcpCompSackDelayNs: [0, Number.MAX_SAFE_INTEGER],
  tcpCompSackSlackNs: [0, Number.MAX_SAFE_INTEGER],
  tcpEarlyRetrans: [0, 4],
  tcpEcn: [0, 2],
  tcpEcnFallback: [0, 1],
  tcpFinTimeout: [-8_589_934, 8_589_934],
  tcpInvalidRatelimit: [0, INT_MAX],
  tcpKeepaliveIntvl: [-8_589_934, 8_589_934],
  tcpKeepaliveTime: [-8_589_934, 8_589_934],
  tcpMaxReordering: [1, INT_MAX],
  tcpMinRttWlen: [0, 86_400],
  tcpMinSndMss: [48, 65_535],
  tcpMinTsoSegs: [1, U8_MAX],
  tcpMtuProbeFloor: [48, 65_535],
  tcpNoSsthreshMetricsSave: [0, 1],
  tcpNotsentLowat: [0, UINT_MAX],
  tcpPacingCaRatio: [0, 1000],
  tcpPacingSsRatio: [0, 1000],
  tcpPingpongThresh: [1, U8_MAX],
  tcpProbeInterval: [0, 17_179_869],
  tcpReflectTos: [0, 1],
  tcpReordering: [1, 300],
  tcpRtoMaxMs: [1000, 120_000],
  tcpRtoMinUs: [1, INT_MAX],
  tcpShrinkWindow: [0, 1],
  tcpSynLinearTimeouts: [0, 127],
  tcpSynRetries: [1, 127],
  tcpTwReuse: [0, 2],
  tcpTwReuseDelay: [1, 60_000],
};

/** `net.core.*`: the field and the lowest value (SOCK_MIN_RCVBUF, SOCK_MIN_SNDBUF). */
const CORE = [
  ["net.core.rmem_max", "rmemMax", 2304],
  ["net.core.wmem_max", "wmemMax", 4608],
  ["net.core.rmem_default", "rmemDefault", 2304],
  ["net.core.wmem_default", "wmemDefault", 4608],
  ["net.core.somaxconn", "somaxconn", 0],
] as const;

const TRIPLES = [
  ["net.ipv4.tcp_rmem", "tcpRmem"],
  ["net.ipv4.tcp_wmem", "tcpWmem"],
] as const;

/** Congestion controls of the kernel that are not modelled. */
const OTHER_CONGESTION_CONTROLS =
  /^(bbr|bic|cdg|dctcp|highspeed|htcp|hybla|illinois|lp|nv|scalable|vegas|veno|westwood|yeah)$/;

/** Adds the parameters of TCP and of sockets to a namespace's tree. */
export function defineTransportSysctls(tree: SysctlTree, sysctls: TransportSysctls): void {
  tree.defineFields("net.ipv4", sysctls, {
    only: (field) => field.startsWith("tcp"),
    ranges: RANGES,
  });
  for (const [name, field, min] of CORE) {
    tree.define(name, {
      read: () => String(sysctls[field]),
      write: (text) => {
        const value = parseInteger(text);
        if (value === null || value < min || value > INT_MAX) return -EINVAL;
        sysctls[field] = value;
        return 0;
      },
    });
  }
  for (const [name, field] of TRIPLES) {
    tree.define(name, {
      read: () => sysctls[field].join("\t"),
      write: (text) => {
        const [a, b, c, ...rest] = numbers(text);
        const values = [a ?? 0, b ?? sysctls[field][1], c ?? sysctls[field][2]] as const;
        if (rest.length > 0 || !values.every((value) => value >= 1)) return -EINVAL;
        sysctls[field] = values;
        return 0;
      },
    });
  }
  definePorts(tree, sysctls);
  tree.define("net.ipv4.tcp_congestion_control", {
    read: () => sysctls.tcpCongestionControl,
    write: (text) => {
      const name = text.trim();
      if (OTHER_CONGESTION_CONTROLS.test(name)) {
        throw new VethworkError(
          "VW_COMMAND",
          `net.ipv4.tcp_congestion_control = ${name} is not modelled`,
          "cubic and reno are",
        );
      }
      if (name !== "cubic" && name !== "reno") return -ENOENT;
      sysctls.tcpCongestionControl = name;
      return 0;
    },
  });
}

function definePorts(tree: SysctlTree, sysctls: TransportSysctls): void {
  tree.define("net.ipv4.ip_local_port_range", {
    read: () => sysctls.ipLocalPortRange.join("\t"),
    write: (text) => {
      const [first = 0, second, ...rest] = numbers(text);
      // One number alone is the lower end.
      const [low, high] = [first, second ?? sysctls.ipLocalPortRange[1]];
      if (rest.length > 0 || !(low >= 1 && high <= 65_535 && low <= high)) return -EINVAL;
      sysctls.ipLocalPortRange = [low, high];
      return 0;
    },
  });
  tree.define("net.ipv4.ip_local_reserved_ports", {
    read: () => formatRanges(sysctls.ipLocalReservedPorts),
    write: (text) => {
      const ports = parseRanges(text.trim());
      if (ports === null) return -EINVAL;
      sysctls.ipLocalReservedPorts = ports;
      return 0;
    },
  });
}

/** `1,8080,9000-9002`; null if it is no such list. */
function parseRanges(text: string): Set<number> | null {
  const ports = new Set<number>();
  for (const part of text === "" ? [] : text.split(",")) {
    const [, from, to] = /^([0-9]+)(?:-([0-9]+))?$/.exec(part) ?? [];
    const [low, high] = [Number(from), Number(to ?? from)];
    if (!(low <= high && high <= 65_535)) return null;
    for (let port = low; port <= high; port += 1) ports.add(port);
  }
  return ports;
}

function formatRanges(ports: ReadonlySet<number>): string {
  const parts: string[] = [];
  for (const port of [...ports].sort((a, b) => a - b)) {
    if (ports.has(port - 1)) continue;
    let end = port;
    while (ports.has(end + 1)) end += 1;
    parts.push(end === port ? String(port) : `${port}-${end}`);
  }
  return parts.join(",");
}

function numbers(text: string): number[] {
  return text.trim().split(/\s+/).map(Number);
}
