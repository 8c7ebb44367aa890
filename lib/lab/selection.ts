/** Which devices a lab captures. */
import { VethworkError } from "../base/errors.ts";
import type { NetDevice } from "../link/device.ts";
import type { Host, Machine } from "./build.ts";
import type { CaptureSettings } from "./lab.ts";

/** Whether a device is captured; loopbacks only by name. */
export function isCaptured(settings: CaptureSettings, host: string, device: string): boolean {
  const { devices } = settings;
  if (devices === "none") return false;
  if (devices === "all") return device !== "lo";
  return devices.some(
    ({ value }) =>
      value.node === host && (value.device === device || (value.device === "*" && device !== "lo")),
  );
}

/**
 * The devices to capture that are there now: in the order of the lab's list, else in that of hosts
 * and device indexes. Throws `VW_LAB` for a listed device that is not there.
 */
export function devicesToCapture(
  settings: CaptureSettings,
  machine: Machine,
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
    const matching = all.filter(
      ([host, device]) =>
        host.name === node && (name === "*" ? device.name !== "lo" : device.name === name),
    );
    if (matching.length === 0) {
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
