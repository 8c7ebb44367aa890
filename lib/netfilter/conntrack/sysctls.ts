/**
 * The `net.netfilter.*` settings of a host. Times are whole seconds, as sysctl shows them.
 *
 * Kernel: net/netfilter/nf_conntrack_standalone.c, Documentation/networking/nf_conntrack-sysctl.rst,
 * 6.18; defaults as of a machine with 1 GiB or more.
 */

import { EACCES } from "../../base/errno.ts";

/** Names and defaults, in the order in which `sysctl -a` prints them. */
export const CONNTRACK_SYSCTLS = {
  nf_conntrack_acct: 0,
  nf_conntrack_buckets: 262144,
  nf_conntrack_checksum: 1,
  nf_conntrack_count: 0,
  nf_conntrack_events: 2,
  nf_conntrack_expect_max: 4096,
  nf_conntrack_generic_timeout: 600,
  nf_conntrack_gre_timeout: 30,
  nf_conntrack_gre_timeout_stream: 180,
  nf_conntrack_icmp_timeout: 30,
  nf_conntrack_log_invalid: 0,
  nf_conntrack_max: 262144,
  nf_conntrack_sctp_timeout_closed: 10,
  nf_conntrack_sctp_timeout_cookie_echoed: 3,
  nf_conntrack_sctp_timeout_cookie_wait: 3,
  nf_conntrack_sctp_timeout_established: 210,
  nf_conntrack_sctp_timeout_heartbeat_sent: 30,
  nf_conntrack_sctp_timeout_shutdown_ack_sent: 3,
  nf_conntrack_sctp_timeout_shutdown_recd: 3,
  nf_conntrack_sctp_timeout_shutdown_sent: 3,
  nf_conntrack_tcp_be_liberal: 0,
  nf_conntrack_tcp_ignore_invalid_rst: 0,
  nf_conntrack_tcp_loose: 1,
  nf_conntrack_tcp_max_retrans: 3,
  nf_conntrack_tcp_timeout_close: 10,
  nf_conntrack_tcp_timeout_close_wait: 60,
  nf_conntrack_tcp_timeout_established: 432000,
  nf_conntrack_tcp_timeout_fin_wait: 120,
  nf_conntrack_tcp_timeout_last_ack: 30,
  nf_conntrack_tcp_timeout_max_retrans: 300,
  nf_conntrack_tcp_timeout_syn_recv: 60,
  nf_conntrack_tcp_timeout_syn_sent: 120,
  nf_conntrack_tcp_timeout_time_wait: 120,
  nf_conntrack_tcp_timeout_unacknowledged: 300,
  nf_conntrack_timestamp: 0,
  nf_conntrack_udp_timeout: 30,
  nf_conntrack_udp_timeout_stream: 120,
} as const;

/** The name of a setting. */
export type ConntrackSysctl = keyof typeof CONNTRACK_SYSCTLS;

/** Current values; written by `sysctl -w`. */
export type ConntrackSettings = Record<ConntrackSysctl, number>;

/** Those that are switches, or that take a few values. */
const SWITCHES: Readonly<Record<string, readonly [number, number]>> = {
  nf_conntrack_acct: [0, 1],
  nf_conntrack_checksum: [0, 1],
  nf_conntrack_events: [0, 2],
  nf_conntrack_tcp_be_liberal: [0, 1],
  nf_conntrack_tcp_ignore_invalid_rst: [0, 1],
  nf_conntrack_tcp_loose: [0, 1],
  nf_conntrack_timestamp: [0, 1],
};

/** Where a host's parameters are defined: its `sysctl` tree. */
export interface ConntrackSysctlTree {
  defineFields(
    prefix: string,
    owner: object,
    options: { readonly ranges: Readonly<Record<string, readonly [number, number]>> },
  ): void;
  define(name: string, entry: { read(): string; write(text: string): number }): void;
}

/** Makes a table's settings readable and writable under `net.netfilter`. */
export function defineConntrackSysctls(
  tree: ConntrackSysctlTree,
  table: { readonly settings: ConntrackSettings; readonly count: number },
): void {
  tree.defineFields("net.netfilter", table.settings, { ranges: SWITCHES });
  const fixed = (name: string, read: () => number): void =>
    tree.define(`net.netfilter.${name}`, { read: () => String(read()), write: () => -EACCES });
  fixed("nf_conntrack_count", () => table.count);
  fixed("nf_conntrack_buckets", () => table.settings.nf_conntrack_buckets);
}

/** Settings with the kernel's defaults. */
export function defaultSettings(): ConntrackSettings {
  return { ...CONNTRACK_SYSCTLS };
}
