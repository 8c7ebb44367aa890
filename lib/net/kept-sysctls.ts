/**
 * Parameters that change nothing of what is modelled: they keep what is written to them, within
 * the kernel's bounds. Those that would change something which is missing here keep their default
 * alone.
 *
 * Kernel: net/ipv4/sysctl_net_ipv4.c, net/core/sysctl_net_core.c, net/ipv4/route.c,
 * net/bridge/br_netfilter_hooks.c, 6.18; bounds as a 6.18 kernel took them.
 */
import { EACCES, EINVAL } from "../base/errno.ts";
import { VethworkError } from "../base/errors.ts";
import { parseInteger, type SysctlEntry, type SysctlTree } from "./sysctl.ts";

const INT_MIN = -(2 ** 31);
const INT_MAX = 2 ** 31 - 1;
const UINT_MAX = 2 ** 32 - 1;

/** Its name, its value at first, the lowest and the highest that it takes. */
type Kept = readonly [name: string, value: number, min: number, max: number];

/** Without any effect on what is modelled. */
const WITHOUT_EFFECT: readonly Kept[] = [
  ["net.bridge.bridge-nf-call-arptables", 1, 0, 1],
  ["net.bridge.bridge-nf-call-ip6tables", 1, 0, 1],
  ["net.bridge.bridge-nf-filter-pppoe-tagged", 0, 0, 1],
  ["net.bridge.bridge-nf-filter-vlan-tagged", 0, 0, 1],
  ["net.bridge.bridge-nf-pass-vlan-input-dev", 0, 0, 1],
  ["net.core.busy_poll", 0, 0, INT_MAX],
  ["net.core.busy_read", 0, 0, INT_MAX],
  ["net.core.dev_weight", 64, 1, INT_MAX],
  ["net.core.dev_weight_rx_bias", 1, 1, INT_MAX],
  ["net.core.dev_weight_tx_bias", 1, 1, INT_MAX],
  ["net.core.gro_normal_batch", 8, 1, INT_MAX],
  ["net.core.max_skb_frags", 17, 1, 17],
  ["net.core.message_burst", 10, INT_MIN, INT_MAX],
  ["net.core.message_cost", 5, INT_MIN, INT_MAX],
  ["net.core.netdev_budget", 300, INT_MIN, INT_MAX],
  ["net.core.netdev_budget_usecs", 8000, 0, INT_MAX],
  ["net.core.optmem_max", 131_072, 0, INT_MAX],
  ["net.core.rps_sock_flow_entries", 0, 0, INT_MAX],
  ["net.core.tstamp_allow_data", 1, 0, 1],
  ["net.core.txrehash", 1, 0, 1],
  ["net.core.warnings", 0, INT_MIN, INT_MAX],
  ["net.core.xfrm_acq_expires", 30, INT_MIN, INT_MAX],
  ["net.core.xfrm_aevent_etime", 10, 0, UINT_MAX],
  ["net.core.xfrm_aevent_rseqth", 2, 0, UINT_MAX],
  ["net.core.xfrm_larval_drop", 1, INT_MIN, INT_MAX],
  ["net.ipv4.fib_multipath_hash_fields", 7, 1, 4095],
  ["net.ipv4.fib_notify_on_flag_change", 0, 0, 2],
  ["net.ipv4.fib_sync_mem", 524_288, 65_536, 67_108_864],
  ["net.ipv4.igmp_link_local_mcast_reports", 1, 0, 255],
  ["net.ipv4.igmp_max_memberships", 20, INT_MIN, INT_MAX],
  ["net.ipv4.igmp_max_msf", 10, INT_MIN, INT_MAX],
  ["net.ipv4.igmp_qrv", 2, 1, INT_MAX],
  ["net.ipv4.inet_peer_maxttl", 600, INT_MIN, INT_MAX],
  ["net.ipv4.inet_peer_minttl", 120, INT_MIN, INT_MAX],
  ["net.ipv4.inet_peer_threshold", 65_664, INT_MIN, INT_MAX],
  ["net.ipv4.ip_early_demux", 1, 0, 255],
  ["net.ipv4.ip_unprivileged_port_start", 1024, 0, 65_535],
  ["net.ipv4.nexthop_compat_mode", 1, 0, 1],
  ["net.ipv4.raw_l3mdev_accept", 1, 0, 1],
  ["net.ipv4.route.gc_elasticity", 8, INT_MIN, INT_MAX],
  ["net.ipv4.route.gc_interval", 60, INT_MIN, INT_MAX],
  ["net.ipv4.route.gc_min_interval", 0, INT_MIN, INT_MAX],
  ["net.ipv4.route.gc_min_interval_ms", 500, INT_MIN, INT_MAX],
  ["net.ipv4.route.gc_thresh", -1, INT_MIN, INT_MAX],
  ["net.ipv4.route.max_size", INT_MAX, INT_MIN, INT_MAX],
  ["net.ipv4.tcp_adv_win_scale", 1, -31, 31],
  ["net.ipv4.tcp_child_ehash_entries", 0, 0, 16_777_216],
  ["net.ipv4.tcp_early_demux", 1, 0, 255],
  ["net.ipv4.tcp_ecn_option", 2, 0, 2],
  ["net.ipv4.tcp_ecn_option_beacon", 3, 0, 3],
  ["net.ipv4.tcp_fack", 0, 0, 255],
  ["net.ipv4.tcp_fastopen", 1, INT_MIN, INT_MAX],
  ["net.ipv4.tcp_fastopen_blackhole_timeout_sec", 0, 0, INT_MAX],
  ["net.ipv4.tcp_l3mdev_accept", 0, 0, 1],
  ["net.ipv4.tcp_low_latency", 0, INT_MIN, INT_MAX],
  ["net.ipv4.tcp_max_orphans", 16_384, INT_MIN, INT_MAX],
  ["net.ipv4.tcp_migrate_req", 0, 0, 1],
  ["net.ipv4.tcp_plb_cong_thresh", 128, 0, 256],
  ["net.ipv4.tcp_plb_enabled", 0, 0, 1],
  ["net.ipv4.tcp_plb_idle_rehash_rounds", 3, 0, 31],
  ["net.ipv4.tcp_plb_rehash_rounds", 12, 0, 31],
  ["net.ipv4.tcp_plb_suspend_rto_sec", 60, 0, 255],
  ["net.ipv4.tcp_stdurg", 0, 0, 255],
  ["net.ipv4.udp_child_hash_entries", 0, 0, 65_536],
  ["net.ipv4.udp_early_demux", 1, 0, 255],
  ["net.ipv4.udp_l3mdev_accept", 0, 0, 1],
  ["net.ipv4.udp_rmem_min", 4096, 1, INT_MAX],
  ["net.ipv4.udp_wmem_min", 4096, 1, INT_MAX],
  ["net.ipv4.xfrm4_gc_thresh", 32_768, INT_MIN, INT_MAX],
  ["net.ipv6.conf.all.forwarding", 0, INT_MIN, INT_MAX],
  ["net.ipv6.conf.default.forwarding", 0, INT_MIN, INT_MAX],
  ["net.unix.max_dgram_qlen", 10, INT_MIN, INT_MAX],
];

/**
 * Not modelled: what these parameters switch on: sharing of ports that were bound automatically,
 * addresses that change under a connection attempt, seeds of the multipath hash, next hops chosen
 * by the state of their neighbours, probes of interfaces, IPv6.
 */
const DEFAULT_ALONE: readonly Kept[] = [
  ["net.ipv4.fib_multipath_hash_seed", 0, 0, UINT_MAX],
  ["net.ipv4.fib_multipath_use_neigh", 0, 0, 1],
  ["net.ipv4.icmp_echo_enable_probe", 0, 0, 1],
  ["net.ipv4.ip_autobind_reuse", 0, 0, 1],
  ["net.ipv4.ip_dynaddr", 0, 0, 255],
  ["net.ipv6.conf.all.disable_ipv6", 1, INT_MIN, INT_MAX],
  ["net.ipv6.conf.default.disable_ipv6", 1, INT_MIN, INT_MAX],
];

/** Several numbers in one value. */
const LISTS: readonly (readonly [name: string, value: string])[] = [
  ["net.ipv4.ping_group_range", "1\t0"],
  ["net.ipv4.tcp_mem", "185118\t246826\t370236"],
  ["net.ipv4.udp_mem", "370236\t493654\t740472"],
];

/** What the kernel alone writes. */
const FIXED: readonly (readonly [name: string, value: string])[] = [
  ["net.ipv4.tcp_available_congestion_control", "reno cubic"],
  ["net.ipv4.tcp_ehash_entries", "262144"],
  ["net.ipv4.udp_hash_entries", "16384"],
];

/** Adds them to a namespace's tree. */
export function defineKeptSysctls(tree: SysctlTree): void {
  for (const [name, value, min, max] of WITHOUT_EFFECT) {
    tree.define(name, new KeptEntry(value, min, max));
  }
  for (const [name, value, min, max] of DEFAULT_ALONE) {
    tree.define(name, new DefaultEntry(name, value, min, max));
  }
  for (const [name, value] of LISTS) tree.define(name, new ListEntry(value));
  for (const [name, value] of FIXED) {
    tree.define(name, { read: () => value, write: () => -EACCES });
  }
}

/** Adds the switch of IPv6 on a device, which is off. */
export function defineIpv6Switch(tree: SysctlTree, device: string): void {
  const name = `net.ipv6.conf.${device}.disable_ipv6`;
  tree.define(name, new DefaultEntry(name, 1, INT_MIN, INT_MAX));
}

/** A number within bounds. */
class KeptEntry implements SysctlEntry {
  #value: number;
  readonly #min: number;
  readonly #max: number;

  constructor(value: number, min: number, max: number) {
    this.#value = value;
    this.#min = min;
    this.#max = max;
  }

  read(): string {
    return String(this.#value);
  }

  write(text: string): number {
    const value = parseInteger(text);
    if (value === null || value < this.#min || value > this.#max) return -EINVAL;
    this.#value = value;
    return 0;
  }
}

/** A number that cannot be another one here. Throws `VW_COMMAND` for what the kernel would take. */
class DefaultEntry extends KeptEntry {
  readonly #name: string;

  constructor(name: string, value: number, min: number, max: number) {
    super(value, min, max);
    this.#name = name;
  }

  override write(text: string): number {
    const before = this.read();
    const result = super.write(text);
    const wanted = this.read();
    if (result !== 0 || wanted === before) return result;
    super.write(before);
    throw new VethworkError(
      "VW_COMMAND",
      `${this.#name} = ${wanted} is not modelled`,
      `it is ${before}`,
    );
  }
}

/** Numbers between blanks, as many as there were; fewer change the first ones alone. */
class ListEntry implements SysctlEntry {
  #values: string[];

  constructor(value: string) {
    this.#values = value.split("\t");
  }

  read(): string {
    return this.#values.join("\t");
  }

  write(text: string): number {
    const words = text.trim().split(/\s+/);
    if (words.length > this.#values.length || !words.every((word) => /^[0-9]+$/.test(word))) {
      return -EINVAL;
    }
    this.#values = this.#values.map((old, index) => words[index] ?? old);
    return 0;
  }
}
