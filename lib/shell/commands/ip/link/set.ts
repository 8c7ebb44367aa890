/**
 * `ip link set`.
 *
 * Kernel: net/core/rtnetlink.c (do_setlink), net/core/dev.c (dev_change_net_namespace), 6.18.
 */
import { EADDRNOTAVAIL, EBUSY, EEXIST, EINVAL, EOPNOTSUPP } from "../../../../base/errno.ts";
import { isGroupMac, type Mac, ZERO_MAC } from "../../../../base/mac.ts";
import { Bridge } from "../../../../link/bridge.ts";
import type { NetDevice } from "../../../../link/device.ts";
import { notModelled, ToolError } from "../../../command.ts";
import { masterOf } from "../../../device-format.ts";
import { findDevice, type ShellHost } from "../../../host.ts";
import type { Words } from "../../../words.ts";
import { type PortChange, readPortOption } from "../../bridge/port-option.ts";
import { type IpAction, needDevice, refused, wrongArgument } from "../context.ts";
import { readBridgeOptions } from "./bridge-option.ts";
import {
  checkNewName,
  netnsOf,
  noProperties,
  type Properties,
  readProperty,
  type Switches,
} from "./properties.ts";

/** Reads what stands behind `ip link set`. */
export function readSet(words: Words): IpAction {
  const wanted = noProperties();
  let bridgeChanges: readonly ((bridge: Bridge) => void)[] = [];
  let portChanges: readonly PortChange[] = [];
  while (!words.done) {
    if (words.takes("name")) {
      wanted.newName = words.take();
    } else if (words.takes("type")) {
      const kind = words.take();
      if (kind === "bridge_slave") portChanges = readPortOptions(words);
      else if (kind === "bridge") bridgeChanges = readBridgeOptions(words);
      else throw notModelled("ip link set", `type ${kind}`, "type bridge or bridge_slave");
    } else if (!readProperty(words, wanted)) {
      if (!words.takes("dev") && wanted.name !== "") {
        throw new ToolError(
          `Error: either "dev" is duplicate, or "${words.peek()}" is a garbage.`,
          255,
        );
      }
      wanted.name = words.take();
    }
  }
  if (wanted.name === "") {
    throw new ToolError('Not enough information: "dev" argument is required.', 255);
  }
  return ({ host }) => {
    const device = needDevice(host, wanted.name);
    if (wanted.netns !== "") {
      const target = netnsOf(host, wanted.netns);
      moveDevice(host, target, device, wanted.newName);
      applySet(target, device, { ...wanted, newName: "" });
    } else {
      applySet(host, device, wanted);
    }
    if (device instanceof Bridge) for (const change of bridgeChanges) change(device);
    if (portChanges.length > 0) changePort(device, portChanges);
  };
}

function readPortOptions(words: Words): PortChange[] {
  const changes: PortChange[] = [];
  while (!words.done) {
    const change = readPortOption(words, "ip link set");
    if (change === null) {
      throw new ToolError(`bridge_slave: unknown option "${words.peek()}"?`, 255);
    }
    changes.push(change);
  }
  return changes;
}

function changePort(device: NetDevice, changes: readonly PortChange[]): void {
  const port = masterOf(device)?.portOf(device) ?? null;
  if (port === null) throw refused(EOPNOTSUPP);
  for (const change of changes) {
    const error = change(port);
    if (error !== 0) throw refused(-error);
  }
}

function applySet(host: ShellHost, device: NetDevice, wanted: Properties): void {
  if (wanted.mac !== null) setMac(device, wanted.mac);
  if (wanted.mtu !== 0) setMtu(device, wanted.mtu);
  if (wanted.txQueueLength >= 0) device.txQueueLength = wanted.txQueueLength;
  if (wanted.newName !== "" && wanted.newName !== device.name) {
    checkNewName(host, wanted.newName);
    host.namespace.renameDevice(device, wanted.newName);
  }
  if (wanted.master !== null) setMaster(host, device, wanted.master);
  if (wanted.alias !== null) device.alias = wanted.alias;
  applySwitches(host, device, wanted.switches);
  if (wanted.up !== null) device.setUp(wanted.up);
}

function applySwitches(host: ShellHost, device: NetDevice, switches: Partial<Switches>): void {
  const before = device.noArp;
  Object.assign(device, switches);
  if (device.noArp !== before) host.namespace.neighbours.flush(device, false);
}

function setMac(device: NetDevice, mac: Mac): void {
  if (isGroupMac(mac) || mac === ZERO_MAC) throw refused(EADDRNOTAVAIL);
  setDeviceMac(device, mac);
}

/** Gives a device a valid address, and tells its bridge and its host. */
export function setDeviceMac(device: NetDevice, mac: Mac): void {
  const old = device.mac;
  if (device instanceof Bridge) {
    device.setMac(mac);
    return;
  }
  device.mac = mac;
  masterOf(device)?.portMacChanged(device, old);
  device.host.deviceChanged(device);
}

function setMtu(device: NetDevice, mtu: number): void {
  if (device.kind !== "loopback") {
    if (mtu < 68) throw new ToolError("Error: mtu less than device minimum.", 2);
    if (mtu > 65535) throw new ToolError("Error: mtu greater than device maximum.", 2);
  }
  setDeviceMtu(device, mtu);
}

/** Gives a device a valid MTU, and tells its bridge and its host. */
export function setDeviceMtu(device: NetDevice, mtu: number): void {
  if (device instanceof Bridge) device.setMtu(mtu);
  else device.mtu = mtu;
  device.host.deviceChanged(device);
  masterOf(device)?.portMtuChanged();
}

/** Makes a device a port of the bridge of that name; "" takes it out. */
export function setMaster(host: ShellHost, device: NetDevice, name: string): void {
  const old = masterOf(device);
  if (name === "") {
    old?.removePort(device);
    return;
  }
  const master = findDevice(host, name);
  if (master === null) throw wrongArgument(name, "Device does not exist\n");
  if (master === old) return;
  if (!(master instanceof Bridge)) throw refused(EOPNOTSUPP);
  if (device instanceof Bridge) {
    throw new ToolError("Error: Can not enslave a bridge to a bridge.", 2);
  }
  if (device.kind === "loopback") throw refused(EINVAL);
  if (device.rxHandler !== null && old === null) throw refused(EBUSY);
  old?.removePort(device);
  master.addPort(device);
}

function moveDevice(from: ShellHost, to: ShellHost, device: NetDevice, newName: string): void {
  if (device.kind === "loopback" || device instanceof Bridge) {
    throw new ToolError("Error: The interface netns is immutable.", 2);
  }
  const name = newName === "" ? device.name : newName;
  if (from === to) return;
  if (findDevice(to, name) !== null) throw refused(EEXIST);
  masterOf(device)?.removePort(device);
  device.setUp(false);
  from.namespace.removeDevice(device);
  from.deviceRemoved(device);
  device.name = name;
  device.host = to.namespace;
  to.namespace.addDevice(device);
  to.deviceAdded(device);
}
