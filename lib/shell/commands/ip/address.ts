/**
 * `ip addr`: addresses of devices.
 *
 * Spec: iproute2 6.1, ip/ipaddress.c.
 * Not modelled: lifetimes, IPv6.
 */
import { broadcastOf, formatIpv4, type Ipv4 } from "../../../base/inet.ts";
import type { NetDevice } from "../../../link/device.ts";
import type { AddressSpec } from "../../../net/addresses.ts";
import type { InterfaceAddress } from "../../../net/inet-device.ts";
import { notModelled, ToolError } from "../../command.ts";
import { linkText, masterOf, statisticsJson, statisticsText } from "../../device-format.ts";
import { findDevice } from "../../host.ts";
import { jsonText } from "../../json-text.ts";
import type { Words } from "../../words.ts";
import {
  check,
  devicesOf,
  type IpAction,
  type IpContext,
  type IpOptions,
  needDevice,
  readAddress,
  readNumber,
  readPrefix,
  readScope,
  scopeName,
  unknownCommand,
} from "./context.ts";
import { addressJson, deviceJson } from "./json.ts";
import { briefHead } from "./link/show.ts";

/** Reads what stands behind `ip addr`. */
export function ipAddress(words: Words, options: IpOptions): IpAction {
  const verb = words.done ? "show" : words.take();
  switch (verb) {
    case "show":
    case "list":
    case "lst":
    case "ls":
      return readShow(words, options);
    case "add":
    case "a":
    case "replace":
    case "change":
      return readAdd(words, verb !== "add" && verb !== "a");
    case "del":
    case "delete":
    case "d":
      return readDelete(words);
    case "flush":
      return readFlush(words);
    default:
      throw unknownCommand(verb, "ip address help");
  }
}

function readAdd(words: Words, replace: boolean): IpAction {
  const { deviceName, spec } = readSpec(words);
  return ({ host }) => {
    const device = needDevice(host, deviceName);
    const owner = host.namespace.inet(device);
    if (replace && owner.addressOf(spec.local) !== null) return;
    check(host.namespace.addresses.add(device, spec));
  };
}

function readDelete(words: Words): IpAction {
  const { deviceName, spec } = readSpec(words);
  return ({ host }) => {
    const device = needDevice(host, deviceName);
    check(host.namespace.addresses.remove(device, spec.local, spec.prefixLength));
  };
}

function readFlush(words: Words): IpAction {
  if (words.done) throw new ToolError("Flush requires arguments.", 1);
  words.takes("dev");
  const name = words.take();
  if (!words.done) throw notModelled("ip addr flush", words.peek(), "ip addr flush dev DEV");
  return ({ host }) => host.namespace.addresses.flush(needDevice(host, name));
}

function readSpec(words: Words): { deviceName: string; spec: AddressSpec } {
  let deviceName = "";
  let local: Ipv4 | null = null;
  let prefixLength = 32;
  let broadcast: string | null = null;
  let more: Partial<AddressSpec> = {};
  while (!words.done) {
    if (words.takes("dev")) deviceName = words.take();
    else if (words.takes("broadcast", "brd")) broadcast = words.take();
    else if (words.takes("scope")) more = { ...more, scope: readScope(words) };
    else if (words.takes("label")) more = { ...more, label: words.take() };
    else if (words.takes("metric", "priority", "preference")) {
      more = { ...more, metric: readNumber(words, '"metric" value is invalid\n') };
    } else if (words.takes("noprefixroute")) more = { ...more, noPrefixRoute: true };
    else if (words.takes("peer", "remote")) {
      const peer = readPrefix(words.take());
      more = { ...more, peer: peer.address };
      prefixLength = peer.prefixLength;
    } else if (["valid_lft", "preferred_lft", "anycast", "home"].includes(words.peek())) {
      throw notModelled(
        "ip addr",
        words.peek(),
        "dev, brd, scope, label, metric, peer, noprefixroute",
      );
    } else {
      words.takes("local");
      const prefix = readPrefix(words.take());
      local = prefix.address;
      if (more.peer === undefined) prefixLength = prefix.prefixLength;
    }
  }
  if (deviceName === "") {
    throw new ToolError('Not enough information: "dev" argument is required.', 1);
  }
  if (local === null) throw new ToolError("RTNETLINK answers: Invalid argument", 2);
  return {
    deviceName,
    spec: { local, prefixLength, ...broadcastFrom(broadcast, local, prefixLength), ...more },
  };
}

function broadcastFrom(text: string | null, local: Ipv4, length: number): Partial<AddressSpec> {
  if (text === null || text === "-") return {};
  return { broadcast: text === "+" ? broadcastOf(local, length) : readAddress(text) };
}

function readShow(words: Words, options: IpOptions): IpAction {
  let name = "";
  let onlyUp = false;
  let to: { address: Ipv4; prefixLength: number } | null = null;
  let scope = -1;
  let master = "";
  while (!words.done) {
    if (words.takes("up")) onlyUp = true;
    else if (words.takes("to")) to = readPrefix(words.take());
    else if (words.takes("scope")) scope = readScope(words);
    else if (words.takes("master")) master = words.take();
    else if (words.takes("primary", "permanent", "dynamic", "label", "type")) {
      throw notModelled("ip addr show", words.peek(), "dev, up, to, scope, master");
    } else {
      words.takes("dev");
      name = words.take();
    }
  }
  const fits = (entry: InterfaceAddress): boolean =>
    (scope === -1 || entry.scope === scope) &&
    (to === null ||
      broadcastOf(entry.local, to.prefixLength) === broadcastOf(to.address, to.prefixLength));
  const filters = options.inetOnly || to !== null || scope !== -1;
  return (context) => {
    const { namespace } = context.host;
    if (name !== "" && findDevice(context.host, name) === null) {
      throw new ToolError(`Device "${name}" does not exist.`, 1);
    }
    const shown = devicesOf(namespace)
      .filter((device) => (name === "" || device.name === name) && (!onlyUp || device.up))
      .filter((device) => master === "" || masterOf(device)?.name === master)
      .map((device) => ({ device, entries: namespace.inet(device).addresses.filter(fits) }))
      .filter(({ entries }) => entries.length > 0 || !filters);
    if (options.json) {
      const objects = shown.map(({ device, entries }) => ({
        ...deviceJson(context.host, device, false, options.statistics),
        addr_info: entries.map(addressJson),
        ...(options.statistics > 0 ? { stats64: statisticsJson(device, options.statistics) } : {}),
      }));
      context.print(jsonText(objects, options.pretty));
      return;
    }
    for (const { device, entries } of shown) showDevice(context, device, entries, options);
  };
}

function showDevice(
  context: IpContext,
  device: NetDevice,
  entries: readonly InterfaceAddress[],
  options: IpOptions,
): void {
  if (options.brief) {
    context.print(
      `${briefHead(device)}${entries.map((entry) => `${briefAddress(entry)} `).join("")}\n`,
    );
    return;
  }
  if (options.oneLine) {
    for (const entry of entries) {
      context.print(`${device.index}: ${device.name}    ${addressText(entry, "\\")}\n`);
    }
    return;
  }
  context.print(linkText(context.host, device, { ...options, mode: false }));
  for (const entry of entries) context.print(`    ${addressText(entry, "\n")}\n`);
  if (options.statistics > 0) {
    context.print(`${statisticsText(device, options).slice("\n".length)}\n`);
  }
}

function addressText(entry: InterfaceAddress, newLine: string): string {
  let text = `inet ${briefAddress(entry)}`;
  if (entry.metric !== 0) text += ` metric ${entry.metric}`;
  if (entry.broadcast !== 0) text += ` brd ${formatIpv4(entry.broadcast)}`;
  text += ` scope ${scopeName(entry.scope)}`;
  if (entry.secondary) text += " secondary";
  if (entry.noPrefixRoute) text += " noprefixroute";
  return `${text} ${entry.label}${newLine}       valid_lft forever preferred_lft forever`;
}

function briefAddress({ local, address, prefixLength }: InterfaceAddress): string {
  const peer = address === local ? "" : ` peer ${formatIpv4(address)}`;
  return `${formatIpv4(local)}${peer}/${prefixLength}`;
}
