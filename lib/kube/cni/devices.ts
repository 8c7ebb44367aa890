/**
 * Devices as programs make and remove them through netlink: registered with their host, so that
 * captures see them.
 *
 * Kernel: net/core/rtnetlink.c, drivers/net/veth.c (veth_newlink, veth_dellink), 6.18.
 */
import type { Mac } from "../../base/mac.ts";
import { Bridge } from "../../link/bridge.ts";
import { connectVeth, Veth } from "../../link/veth.ts";
import type { ShellHost } from "../../shell/host.ts";

/** One end of a veth pair. */
export interface VethEnd {
  readonly host: ShellHost;
  readonly name: string;
  readonly mac: Mac;
}

/** Makes a veth pair: `[one, peer]`, both down. The kernel makes the peer first. */
export function addVethPair(one: VethEnd, peer: VethEnd, mtu: number): [Veth, Veth] {
  const other = new Veth(peer.host.namespace, { name: peer.name, mac: peer.mac, mtu });
  const veth = new Veth(one.host.namespace, { name: one.name, mac: one.mac, mtu });
  connectVeth(veth, other);
  register(peer.host, other);
  register(one.host, veth);
  return [veth, other];
}

/** Makes a bridge, which is down. */
export function addBridge(host: ShellHost, name: string, mac: Mac, mtu: number): Bridge {
  const bridge = new Bridge(host.namespace, { name, mtu });
  bridge.mac = mac;
  register(host, bridge);
  return bridge;
}

/** Deletes a veth pair by the end that is `veth`; `peerHost` has the other one. */
export function deleteVethPair(host: ShellHost, veth: Veth, peerHost: ShellHost): void {
  const { peer } = veth;
  unregister(host, veth);
  if (peer === null) return;
  veth.peer = null;
  peer.peer = null;
  unregister(peerHost, peer);
}

function register(host: ShellHost, device: Veth | Bridge): void {
  host.namespace.addDevice(device);
  host.deviceAdded(device);
}

function unregister(host: ShellHost, device: Veth): void {
  const master = device.rxHandler?.master ?? null;
  if (master instanceof Bridge) master.removePort(device);
  device.setUp(false);
  host.namespace.removeDevice(device);
  host.deviceRemoved(device);
}
