/**
 * Whose table `bridge fdb` is about: the bridge's (`master`) or the device's own (`self`).
 *
 * Kernel: net/core/rtnetlink.c (rtnl_fdb_add), 6.18.
 */
import { EOPNOTSUPP, errnoMessage } from "../../../base/errno.ts";
import { Bridge } from "../../../link/bridge.ts";
import type { BridgePort } from "../../../link/bridge-port.ts";
import type { NetDevice } from "../../../link/device.ts";
import { type CommandContext, ToolError } from "../../command.ts";
import { masterOf } from "../../device-format.ts";
import { findDevice, type ShellHost } from "../../host.ts";

/** A command that has been read; its result is the exit status. */
export type Action = (context: CommandContext) => number;

/** Exit status of all refusals. */
export const REFUSED = 255;

/** The device of that name. Throws the tool's complaint. */
export function needDevice(host: ShellHost, name: string): NetDevice {
  const device = findDevice(host, name);
  if (device === null) throw new ToolError(`Cannot find device "${name}"`, REFUSED);
  return device;
}

/** The bridge of that name. Throws the tool's complaint. */
export function needBridge(host: ShellHost, name: string): Bridge {
  const device = findDevice(host, name);
  if (device instanceof Bridge) return device;
  throw new ToolError(`Cannot find bridge device "${name}"`, REFUSED);
}

/** The table that knows of the device: its bridge's, or its own if it is one. */
export function tableOf(device: NetDevice): { owner: Bridge; port: BridgePort | null } {
  if (device instanceof Bridge) return { owner: device, port: null };
  const owner = masterOf(device);
  if (owner === null) throw refused(EOPNOTSUPP);
  return { owner, port: owner.portOf(device) };
}

/** The kernel's refusal, as the tool prints it. */
export function refused(errno: number): ToolError {
  return new ToolError(`RTNETLINK answers: ${errnoMessage(errno)}`, REFUSED);
}
