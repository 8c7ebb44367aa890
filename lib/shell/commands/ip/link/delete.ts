/**
 * `ip link delete`.
 *
 * Kernel: net/core/rtnetlink.c (rtnl_dellink), drivers/net/veth.c (veth_dellink), 6.18.
 */
import { EOPNOTSUPP } from "../../../../base/errno.ts";
import { Bridge } from "../../../../link/bridge.ts";
import type { NetDevice } from "../../../../link/device.ts";
import { Veth } from "../../../../link/veth.ts";
import { masterOf } from "../../../device-format.ts";
import type { ShellHost } from "../../../host.ts";
import type { Words } from "../../../words.ts";
import { type IpAction, needDevice, refused } from "../context.ts";

/** Reads what stands behind `ip link del`. */
export function readDelete(words: Words): IpAction {
  words.takes("dev");
  const name = words.take();
  if (words.takes("type")) words.take();
  return ({ host }) => {
    const device = needDevice(host, name);
    if (device.kind === "loopback" || device.kind === "") throw refused(EOPNOTSUPP);
    deleteDevice(host, device);
  };
}

/** Deletes a device: a veth with its other end, a bridge after it let its ports go. */
function deleteDevice(host: ShellHost, device: NetDevice): void {
  if (device instanceof Bridge) {
    for (const port of [...device.ports]) device.removePort(port.device);
  }
  const peer = device instanceof Veth ? device.peer : null;
  unregister(host, device);
  if (device instanceof Veth && peer !== null) {
    device.peer = null;
    peer.peer = null;
    const peerHost = host.hosts().find(({ namespace }) => namespace === peer.host);
    if (peerHost !== undefined) unregister(peerHost, peer);
  }
}

function unregister(host: ShellHost, device: NetDevice): void {
  masterOf(device)?.removePort(device);
  device.setUp(false);
  host.namespace.removeDevice(device);
  host.deviceRemoved(device);
}
