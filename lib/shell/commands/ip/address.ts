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
  const { deviceName, spec, hasLength } = readSpec(words);
  return ({ host, warn }) => {
    const device = needDevice(host, deviceName);
    const { addresses } = host.namespace.inet(device);
    const known = addresses.find(({ local }) => local === spec.local);
    if (!hasLength) warn(wildcardWarning(formatIpv4(spec.local)));
    const length = hasLength ? spec.prefixLength : (known?.prefixLength ?? spec.prefixLength);
    check(host.namespace.addresses.remove(device, spec.local, length));
  };
}

function wildcardWarning(address: string): string {
  return (
    "Warning: Executing wildcard deletion to stay compatible with old scripts.\n" +
    `         Explicitly specify the prefix length (${address}/32) to avoid this warning.\n` +
    "         This special behaviour is likely to disappear in further releases,\n" +
    "         fix your scripts!\n"
  );
}

function readFlush(words: Words): IpAction {
  if (words.done) throw new ToolError("Flush requires arguments.", 1);
  words.takes("dev");
  const name = words.take();
  if (!words.done) throw notModelled("ip addr flush", words.peek(), "ip addr flush dev DEV");
  return ({ host }) => host.namespace.addresses.flush(needDevice(host, name));
}

/** An address and its device; `hasLength`: a prefix length was written behind it. */
interface SpecWords {
  readonly deviceName: string;
  readonly spec: AddressSpec;
  readonly hasLength: boolean;
}

function readSpec(words: Words): SpecWords {
  let deviceName = "";
  let hasLength = false;
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
      hasLength = words.peek().includes("/");
      const prefix = readPrefix(words.take());
      local = prefix.address;
      if (more.peer === undefined) prefixLength = prefix.prefixLength;
    }
  }
  if (deviceName === "") {
    throw new ToolError('Not enough information: "dev" argument is required.', 1);
  }
  if (local === null) throw new ToolError("RTNETLINK answers: Operation not supported", 2);
  return {
    deviceName,
    hasLength,
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
  let kind = "";
  const tests: ((entry: InterfaceAddress) => boolean)[] = [];
  while (!words.done) {
    if (words.takes("up")) onlyUp = true;
    else if (words.takes("to")) to = readPrefix(words.take());
    else if (words.takes("scope")) scope = readScope(words);
    else if (words.takes("master")) master = words.take();
    else if (words.takes("type")) kind = words.take();
    else if (words.takes("primary")) tests.push(({ secondary }) => !secondary);
    else if (words.takes("secondary")) tests.push(({ secondary }) => secondary);
    else if (words.takes("dynamic")) tests.push(() => false);
    else if (words.takes("label")) {
      const label = words.take();
      tests.push((entry) => matchesPattern(entry.label, label));
    } else if (!words.takes("permanent")) {
      words.takes("dev");
      name = words.take();
    }
  }
  const fits = (entry: InterfaceAddress): boolean =>
    tests.every((test) => test(entry)) &&
    (scope === -1 || entry.scope === scope) &&
    (to === null ||
      broadcastOf(entry.local, to.prefixLength) === broadcastOf(to.address, to.prefixLength));
  const filters = options.inetOnly || to !== null || scope !== -1 || tests.length > 0;
  const view = { ...options, inetOnly: options.inetOnly || to !== null };
  return (context) => {
    const { namespace } = context.host;
    if (name !== "" && findDevice(context.host, name) === null) {
      throw new ToolError(`Device "${name}" does not exist.`, 1);
    }
    const shown = devicesOf(namespace)
      .filter((device) => (name === "" || device.name === name) && (!onlyUp || device.up))
      .filter((device) => kind === "" || device.kind === kind)
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
    for (const { device, entries } of shown) showDevice(context, device, entries, view);
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
      `${briefHead(device)}${entries.map((entry) => `${briefAddress(entry)}${metricText(entry)} `).join("")}\n`,
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
  text += metricText(entry);
  if (entry.broadcast !== 0) text += ` brd ${formatIpv4(entry.broadcast)}`;
  text += ` scope ${scopeName(entry.scope)}`;
  if (entry.secondary) text += " secondary";
  if (entry.noPrefixRoute) text += " noprefixroute";
  return `${text} ${entry.label}${newLine}       valid_lft forever preferred_lft forever`;
}

function metricText({ metric }: InterfaceAddress): string {
  return metric === 0 ? "" : ` metric ${metric}`;
}

/** As fnmatch(3), of whose pattern characters labels need only the star. */
function matchesPattern(label: string, pattern: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(label);
}

function briefAddress({ local, address, prefixLength }: InterfaceAddress): string {
  const peer = address === local ? "" : ` peer ${formatIpv4(address)}`;
  return `${formatIpv4(local)}${peer}/${prefixLength}`;
}
