/**
 * What `ip -d link` adds: how a device handles multicast, what a bridge and its ports are set to,
 * and the sizes that it takes.
 *
 * Spec: iproute2 6.1, ip/ipaddress.c (print_linkinfo), ip/iplink_bridge.c, ip/iplink_bridge_slave.c.
 * Kernel: drivers/net/veth.c (veth_alloc_queues), net/bridge/br_netlink.c, 6.18.
 * Differs: `gc_timer` is reckoned as if the bridge had learnt nothing; a veth has the two queues of
 * a machine with two processors.
 */
import { formatMac } from "../base/mac.ts";
import { NS_PER_MS, NS_PER_S, type Ns } from "../base/units.ts";
import { Bridge } from "../link/bridge.ts";
import type { BridgePort } from "../link/bridge-port.ts";
import type { NetDevice } from "../link/device.ts";
import { Veth } from "../link/veth.ts";

const VETH_QUEUES = 2;
/** `forward_delay`: the timer of a port that begins to forward runs without spanning tree, too. */
const FORWARD_DELAY: Ns = 15 * NS_PER_S;
/** When a bridge that was set up looks through its addresses first. */
const FIRST_CLEANUP: Ns = 100 * NS_PER_MS;

/** The details of a device, behind its line with the hardware address. */
export function detailLines(device: NetDevice, port: BridgePort | null, newLine: string): string {
  const isLoopback = device.kind === "loopback";
  const promiscuity = device.promiscuity + (device.promiscuous ? 1 : 0);
  const allMulticast = device.promiscuity + (device.allMulticast ? 1 : 0);
  let text = ` promiscuity ${promiscuity}  allmulti ${allMulticast} `;
  text += `minmtu ${isLoopback ? 0 : 68} maxmtu ${isLoopback ? 0 : 65535} `;
  if (device instanceof Bridge) text += `${newLine}    bridge ${bridgeDetails(device)}`;
  else if (device.kind === "veth" || device.kind === "dummy") {
    text += `${newLine}    ${device.kind} `;
  }
  if (port !== null) text += `${newLine}    bridge_slave ${portDetails(port)}`;
  const queues = device instanceof Veth ? VETH_QUEUES : 1;
  text += `addrgenmode eui64 numtxqueues ${queues} numrxqueues ${queues} gso_max_size 65536 `;
  return `${text}gso_max_segs 65535 tso_max_size 524280 tso_max_segs 65535 gro_max_size 65536 `;
}

function bridgeDetails(bridge: Bridge): string {
  const ageing = Math.round(bridge.ageingNs / (10 * NS_PER_MS));
  const { now } = bridge.host.cpu;
  const cleanups = now - bridge.upSince - FIRST_CLEANUP;
  const nextCleanup =
    cleanups < 0 ? -cleanups : bridge.ageingNs - (cleanups % Math.max(bridge.ageingNs, 1));
  return [
    "forward_delay 1500 hello_time 200 max_age 2000",
    `ageing_time ${ageing} stp_state 0 priority 32768 vlan_filtering 0`,
    `bridge_id ${bridgeId(bridge)} designated_root ${bridgeId(bridge)}`,
    "root_port 0 root_path_cost 0 topology_change 0 topology_change_detected 0",
    `hello_timer ${timer(0)} tcn_timer ${timer(0)} topology_change_timer ${timer(0)}`,
    `gc_timer ${timer(bridge.up ? nextCleanup : 0)} group_fwd_mask 0`,
    "group_address 01:80:c2:00:00:00 mcast_snooping 1 no_linklocal_learn 0",
    "mcast_vlan_snooping 0 mcast_router 1 mcast_query_use_ifaddr 0 mcast_querier 0",
    "mcast_hash_elasticity 16 mcast_hash_max 4096 mcast_last_member_count 2",
    "mcast_startup_query_count 2 mcast_last_member_interval 100",
    "mcast_membership_interval 26000 mcast_querier_interval 25500",
    "mcast_query_interval 12500 mcast_query_response_interval 1000",
    "mcast_startup_query_interval 3124 mcast_stats_enabled 0 mcast_igmp_version 2",
    "mcast_mld_version 1 nf_call_iptables 0 nf_call_ip6tables 0 nf_call_arptables 0 ",
  ].join(" ");
}

function portDetails(port: BridgePort): string {
  const on = (flag: boolean): string => (flag ? "on" : "off");
  const { device, master, number } = port;
  const waits = port.forwardingSince + FORWARD_DELAY - master.host.cpu.now;
  const delay = device.running && master.up ? Math.max(waits, 0) : 0;
  return [
    `state ${portState(port)} priority ${port.priority} cost ${port.cost}`,
    `hairpin ${on(port.hairpin)} guard off root_block off fastleave off`,
    `learning ${on(port.learning)} flood ${on(port.flood)}`,
    `port_id 0x${(0x8000 + number).toString(16)} port_no 0x${number.toString(16)}`,
    `designated_port ${0x8000 + number} designated_cost 0`,
    `designated_bridge ${bridgeId(master)} designated_root ${bridgeId(master)}`,
    `hold_timer ${timer(0)} message_age_timer ${timer(0)} forward_delay_timer ${timer(delay)}`,
    "topology_change_ack 0 config_pending 0 proxy_arp off proxy_arp_wifi off mcast_router 1",
    `mcast_fast_leave off mcast_flood ${on(port.multicastFlood)}`,
    `bcast_flood ${on(port.broadcastFlood)} mcast_to_unicast off neigh_suppress off`,
    `group_fwd_mask 0 group_fwd_mask_str 0x0 vlan_tunnel off isolated ${on(port.isolated)}`,
    "locked off ",
  ].join(" ");
}

/** `forwarding` or `disabled`: without spanning tree there is nothing between. */
export function portState({ forwards, master }: BridgePort): string {
  return forwards && master.up ? "forwarding" : "disabled";
}

/** The flags of a port that `bridge -d link` prints, in its order. */
export function portFlagValues(port: BridgePort): Record<string, boolean | number> {
  return {
    hairpin: port.hairpin,
    guard: false,
    root_block: false,
    fastleave: false,
    learning: port.learning,
    flood: port.flood,
    mcast_flood: port.multicastFlood,
    bcast_flood: port.broadcastFlood,
    mcast_router: 1,
    mcast_to_unicast: false,
    neigh_suppress: false,
    vlan_tunnel: false,
    isolated: port.isolated,
    locked: false,
  };
}

/** The same as text. */
export function portFlags(port: BridgePort): string {
  return Object.entries(portFlagValues(port))
    .map(([name, value]) => `${name} ${value === true ? "on" : value === false ? "off" : value} `)
    .join("");
}

/** `8000.2:0:0:0:0:fe`: octets carry no leading zeros. */
function bridgeId({ mac }: Bridge): string {
  const octets = formatMac(mac).split(":");
  return `8000.${octets.map((octet) => Number.parseInt(octet, 16).toString(16)).join(":")}`;
}

/** Seconds, as `%7.2f` prints them. */
function timer(ns: Ns): string {
  return (Math.floor(ns / (10 * NS_PER_MS)) / 100).toFixed(2).padStart(7);
}
