/**
 * `ip link show`.
 *
 * Spec: iproute2 6.1, ip/ipaddress.c (print_linkinfo).
 */
import type { NetDevice } from "../../../../link/device.ts";
import { ToolError } from "../../../command.ts";
import { deviceFlags, linkName, linkText, masterOf, operState } from "../../../device-format.ts";
import { findDevice } from "../../../host.ts";
import { jsonText } from "../../../json-text.ts";
import type { Words } from "../../../words.ts";
import { devicesOf, type IpAction, type IpContext, type IpOptions } from "../context.ts";
import { deviceJson } from "../json.ts";

/** Reads what stands behind `ip link show`. */
export function readShow(words: Words, options: IpOptions): IpAction {
  let name = "";
  let onlyUp = false;
  let master = "";
  let kind = "";
  while (!words.done) {
    if (words.takes("up")) onlyUp = true;
    else if (words.takes("master")) master = words.take();
    else if (words.takes("type")) kind = words.take();
    else {
      words.takes("dev");
      name = words.take();
    }
  }
  return (context) => {
    const { host } = context;
    const all = devicesOf(host.namespace);
    if (name !== "" && findDevice(host, name) === null) {
      throw new ToolError(`Device "${name}" does not exist.`, 1);
    }
    const shown = all.filter(
      (device) =>
        (name === "" || device.name === name) &&
        (!onlyUp || device.up) &&
        (master === "" || masterOf(device)?.name === master) &&
        (kind === "" || device.kind === kind),
    );
    showLinks(context, shown, options);
  };
}

function showLinks(context: IpContext, devices: readonly NetDevice[], options: IpOptions): void {
  if (options.json) {
    const objects = devices.map((device) =>
      deviceJson(context.host, device, true, options.statistics),
    );
    context.print(jsonText(objects, options.pretty));
    return;
  }
  for (const device of devices) {
    if (options.brief) {
      const flags = deviceFlags(device).join(",");
      context.print(`${briefHead(device)}${formatBriefMac(device)} <${flags}> \n`);
    } else {
      context.print(linkText(context.host, device, { ...options, mode: true, inetOnly: false }));
    }
  }
}

/** `eth0@if2         UP             ` */
export function briefHead(device: NetDevice): string {
  return `${linkName(device).padEnd(16)} ${operState(device).padEnd(14)} `;
}

function formatBriefMac(device: NetDevice): string {
  return device.mac
    .toString(16)
    .padStart(12, "0")
    .replace(/..(?=.)/g, "$&:");
}
