/** Which devices a lab captures. Pods come and go, so their hosts are named by patterns as well. */
import { VethworkError } from "../base/errors.ts";
import type { NetDevice } from "../link/device.ts";
import type { Host, Machine } from "./build.ts";
import type { CaptureSettings } from "./lab.ts";
import type { DeviceName } from "./schema/values.ts";

/** Whether a device is captured; loopbacks only by name. */
export function isCaptured(settings: CaptureSettings, host: string, device: string): boolean {
  const { devices } = settings;
  if (devices === "none") return false;
  if (devices === "all") return device !== "lo";
  return devices.some(({ value }) => matches(value, host, device));
}

// An asterisk stands for any part of a host's name, or for all devices but the loopback.
/** Whether the name of an interface means this device of this host. */
export function matches(name: DeviceName, host: string, device: string): boolean {
  if (name.device === "*" ? device === "lo" : name.device !== device) return false;
  if (!name.node.includes("*")) return name.node === host;
  const parts = name.node.split("*").map((part) => part.replaceAll(".", "\\."));
  return new RegExp(`^${parts.join(".*")}$`).test(host);
}

/**
 * The devices to capture that are there now: in the order of the lab's list, else in that of hosts
 * and device indexes. Throws `VW_LAB` for a listed device that is not there, unless its host is a
 * Pod that may come later.
 */
export function devicesToCapture(
  settings: CaptureSettings,
  machine: Machine,
  podsMayCome: boolean,
): [host: Host, device: NetDevice][] {
  const all = machine.hosts.flatMap((host) =>
    [...host.namespace.devices.values()].map((device): [Host, NetDevice] => [host, device]),
  );
  const { devices } = settings;
  if (typeof devices === "string") {
    return all.filter(([host, device]) => isCaptured(settings, host.name, device.name));
  }
  const found = devices.flatMap((wanted) => {
    const { node, device: name } = wanted.value;
    const matching = all.filter(([host, device]) => matches(wanted.value, host.name, device.name));
    const isHost = machine.find(node) !== null;
    if (matching.length === 0 && (isHost || !podsMayCome)) {
      const there = all.filter(([host]) => host.name === node).map(([, device]) => device.name);
      throw new VethworkError(
        "VW_LAB",
        `there is no device "${node}/${name}" when the captures begin`,
        `devices of ${node}: ${there.join(", ")}`,
        wanted.place,
      );
    }
    return matching;
  });
  return [...new Map(found.map((pair) => [pair[1], pair])).values()];
}
