/**
 * Devices and their addresses as `ip -j` prints them.
 *
 * Spec: iproute2 6.1, ip/ipaddress.c.
 */
import { formatIpv4 } from "../../../base/inet.ts";
import { formatMac } from "../../../base/mac.ts";
import type { NetDevice } from "../../../link/device.ts";
import { Veth } from "../../../link/veth.ts";
import type { InterfaceAddress } from "../../../net/inet-device.ts";
import { deviceFlags, masterOf, operState, qdisc, statisticsJson } from "../../device-format.ts";
import type { ShellHost } from "../../host.ts";
import { scopeName } from "./context.ts";

/** A lifetime without end. */
const FOREVER = 4294967295;

/** The object of one device; key order is the real one's. */
export function deviceJson(
  host: ShellHost,
  device: NetDevice,
  withMode: boolean,
  statistics: number,
): Record<string, unknown> {
  const peer = device instanceof Veth ? device.peer : null;
  const isRemote = peer !== null && peer.host !== device.host;
  const peerHost = host.hosts().find(({ namespace }) => namespace === peer?.host);
  const master = masterOf(device);
  const isLoopback = device.kind === "loopback";
  return {
    ifindex: device.index,
    ...(isRemote ? { link_index: peer.index } : peer !== null ? { link: peer.name } : {}),
    ifname: device.name,
    flags: deviceFlags(device),
    mtu: device.mtu,
    qdisc: qdisc(device),
    ...(master === null ? {} : { master: master.name }),
    operstate: operState(device),
    ...(withMode ? { linkmode: "DEFAULT" } : {}),
    group: "default",
    txqlen: device.txQueueLength,
    link_type: isLoopback ? "loopback" : "ether",
    address: formatMac(device.mac),
    broadcast: isLoopback ? "00:00:00:00:00:00" : "ff:ff:ff:ff:ff:ff",
    ...(isRemote && peerHost !== undefined ? { link_netns: peerHost.name } : {}),
    ...(withMode && statistics > 0 ? { stats64: statisticsJson(device, statistics) } : {}),
  };
}

/** The object of one address. */
export function addressJson(entry: InterfaceAddress): Record<string, unknown> {
  return {
    family: "inet",
    local: formatIpv4(entry.local),
    ...(entry.address === entry.local ? {} : { address: formatIpv4(entry.address) }),
    prefixlen: entry.prefixLength,
    ...(entry.metric === 0 ? {} : { metric: entry.metric }),
    ...(entry.broadcast === 0 ? {} : { broadcast: formatIpv4(entry.broadcast) }),
    scope: scopeName(entry.scope),
    ...(entry.secondary ? { secondary: true } : {}),
    ...(entry.noPrefixRoute ? { noprefixroute: true } : {}),
    label: entry.label,
    valid_life_time: FOREVER,
    preferred_life_time: FOREVER,
  };
}
