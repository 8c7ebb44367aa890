/**
 * `bridge link`: the ports of bridges.
 *
 * Spec: iproute2 6.1, bridge/link.c.
 */
import { errnoMessage } from "../../../base/errno.ts";
import type { BridgePort } from "../../../link/bridge-port.ts";
import type { NetDevice } from "../../../link/device.ts";
import { Veth } from "../../../link/veth.ts";
import { Namespace } from "../../../net/namespace.ts";
import { type CommandContext, ToolError } from "../../command.ts";
import { deviceFlags, masterOf } from "../../device-format.ts";
import { findDevice } from "../../host.ts";
import { jsonText } from "../../json-text.ts";
import { portFlags, portFlagValues, portState } from "../../link-details.ts";
import type { Words } from "../../words.ts";
import { devicesOf } from "../ip/context.ts";
import type { BridgeOptions } from "./options.ts";
import { type PortChange, readPortOption } from "./port-option.ts";

const SET_USAGE = "Usage: bridge link set dev DEV [ cost COST ] [ priority PRIO ] [ state STATE ]";

/** Reads what stands behind `bridge link`. */
export function readLink(
  words: Words,
  options: BridgeOptions,
): (context: CommandContext) => number {
  const verb = words.done ? "show" : words.take();
  if (verb === "set") return readSet(words);
  if (!["show", "list", "lst"].includes(verb)) {
    throw new ToolError(`Command "${verb}" is unknown, try "bridge link help".`, 255);
  }
  let name = "";
  while (!words.done) {
    words.takes("dev");
    name = words.take();
  }
  return ({ host, io }) => {
    if (name !== "" && findDevice(host, name) === null) {
      throw new ToolError(`Cannot find device "${name}"`, 255);
    }
    const ports = devicesOf(host.namespace)
      .filter((device) => name === "" || device.name === name)
      .flatMap((device) => masterOf(device)?.portOf(device) ?? []);
    if (options.json) io.stdout(jsonText(ports.map(portJson(options)), options.pretty));
    else for (const port of ports) io.stdout(portText(port, options.details));
    return 0;
  };
}

function portText(port: BridgePort, details: boolean): string {
  const { device, master } = port;
  const flags = deviceFlags(device).join(",");
  const peer = peerName(device);
  let text = `${device.index}: ${device.name}${peer === "" ? "" : `@${peer}`}: <${flags}>`;
  text += ` mtu ${device.mtu} master ${master.name} state ${portState(port)}`;
  text += ` priority ${port.priority} cost ${port.cost} \n`;
  return details ? `${text}    ${portFlags(port)}\n` : text;
}

function portJson({ details }: BridgeOptions): (port: BridgePort) => Record<string, unknown> {
  return (port) => {
    const { device, master } = port;
    const peer = peerName(device);
    return {
      ifindex: device.index,
      ...(peer === "" ? {} : { link: peer }),
      ifname: device.name,
      flags: deviceFlags(device),
      mtu: device.mtu,
      master: master.name,
      state: portState(port),
      priority: port.priority,
      cost: port.cost,
      ...(details ? portFlagValues(port) : {}),
    };
  };
}

/**
 * A port's other end. The tool takes the index of that for one of this host, which it need not be,
 * and the kernel says nothing of an index that is the port's own.
 */
function peerName(device: NetDevice): string {
  if (!(device instanceof Veth) || device.peer === null) return "";
  const { index } = device.peer;
  if (index === device.index) return "";
  const owner = device.host;
  const known = owner instanceof Namespace ? owner.deviceByIndex(index) : null;
  return known?.name ?? `if${index}`;
}

function readSet(words: Words): (context: CommandContext) => number {
  let name = "";
  const changes: PortChange[] = [];
  while (!words.done) {
    if (words.takes("dev")) name = words.take();
    else if (!words.takes("master")) {
      const change = readPortOption(words, "bridge link set");
      if (change === null) throw new ToolError(SET_USAGE, 255);
      changes.push(change);
    }
  }
  if (name === "") throw new ToolError("Device is a required argument.", 255);
  return ({ host, io }) => {
    const device = findDevice(host, name);
    if (device === null) throw new ToolError(`Cannot find bridge device "${name}"`, 255);
    const port = masterOf(device)?.portOf(device) ?? null;
    if (port === null) throw new ToolError("RTNETLINK answers: Operation not supported", 255);
    for (const change of changes) {
      const error = change(port);
      if (error === 0) continue;
      io.stderr(`RTNETLINK answers: ${errnoMessage(error)}\n`);
      return 255;
    }
    return 0;
  };
}
