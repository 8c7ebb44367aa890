/**
 * `ip route`: routing tables and single decisions.
 *
 * Spec: iproute2 6.1, ip/iproute.c (iproute_modify, iproute_list_flush_or_save, iproute_get).
 * Not modelled: `nexthop` objects, encapsulation, realms, `ip route save`.
 */
import { type Cidr, networkOf } from "../../../base/inet.ts";
import type { NexthopSpec, RouteSelector, RouteSpec } from "../../../net/fib.ts";
import type { FibEntry } from "../../../net/fib-info.ts";
import { type InsertMode, Table } from "../../../net/fib-table.ts";
import { NO_METRICS, type RouteMetrics } from "../../../net/route.ts";
import type { AddressType } from "../../../netfilter/hooks.ts";
import { notModelled, ToolError } from "../../command.ts";
import type { ShellHost } from "../../host.ts";
import { jsonText } from "../../json-text.ts";
import type { Words } from "../../words.ts";
import {
  check,
  type IpAction,
  type IpOptions,
  needDevice,
  readAddress,
  readNumber,
  readPrefix,
  readScope,
  readTable,
  unknownCommand,
  wrongArgument,
} from "./context.ts";
import { cachedRouteJson, cachedRouteText, learntRoutes } from "./route-cache.ts";
import { routeJson, routeProtocol, routeText, routeType } from "./route-format.ts";
import { readGet } from "./route-get.ts";
import { readMetric } from "./route-metrics.ts";

const MODES: ReadonlyMap<string, InsertMode> = new Map([
  ["add", "add"],
  ["a", "add"],
  ["append", "append"],
  ["prepend", "prepend"],
  ["replace", "replace"],
  ["change", "change"],
  ["chg", "change"],
]);

/** Reads what stands behind `ip route`. */
export function ipRoute(words: Words, options: IpOptions): IpAction {
  const verb = words.done ? "show" : words.take();
  const mode = MODES.get(verb);
  if (mode !== undefined) return readModify(words, mode);
  switch (verb) {
    case "show":
    case "list":
    case "ls":
    case "lst":
    case "s":
      return readShow(words, options);
    case "del":
    case "delete":
    case "d":
      return readDelete(words);
    case "get":
      return readGet(words, options);
    case "flush":
    case "f":
      return readFlush(words);
    default:
      throw unknownCommand(verb, "ip route help");
  }
}

/** A route as it stands in a command: devices are still names. */
interface RouteWords {
  destination: Cidr;
  deviceName: string;
  spec: Omit<RouteSpec, "destination" | "nexthops">;
  gateway: number;
  onlink: boolean;
  hops: { deviceName: string; gateway: number; weight: number; onlink: boolean }[];
}

function readModify(words: Words, mode: InsertMode): IpAction {
  const route = readRoute(words);
  return ({ host }) => {
    check(host.namespace.fib.addRoute(specOf(host, route), mode));
  };
}

function readDelete(words: Words): IpAction {
  const route = readRoute(words);
  const { metrics: _metrics, ...rest } = route.spec;
  return ({ host }) => {
    checkPrefix(route.destination);
    const selector: RouteSelector = {
      ...rest,
      destination: route.destination,
      ...(route.gateway === 0 ? {} : { gateway: route.gateway as Cidr["address"] }),
      ...(route.deviceName === "" ? {} : { device: needDevice(host, route.deviceName) }),
    };
    check(host.namespace.fib.deleteRoute(selector));
  };
}

function specOf(host: ShellHost, route: RouteWords): RouteSpec {
  checkPrefix(route.destination);
  const hop = (
    deviceName: string,
    gateway: number,
    weight: number,
    onlink: boolean,
  ): NexthopSpec => ({
    device: deviceName === "" ? null : needDevice(host, deviceName),
    gateway: gateway as Cidr["address"],
    weight,
    onlink,
  });
  const nexthops = route.hops.map((one) =>
    hop(one.deviceName, one.gateway, one.weight, one.onlink),
  );
  if (route.deviceName !== "" || route.gateway !== 0) {
    nexthops.unshift(hop(route.deviceName, route.gateway, 1, route.onlink));
  }
  return { ...route.spec, destination: route.destination, nexthops };
}

function checkPrefix({ address, prefixLength }: Cidr): void {
  if (networkOf(address, prefixLength) !== address) {
    throw new ToolError("Error: Invalid prefix for given prefix length.", 2);
  }
}

function readRoute(words: Words): RouteWords {
  if (words.done) words.take();
  let destination: Cidr | null = null;
  const route: RouteWords = {
    destination: readPrefix("default"),
    deviceName: "",
    spec: {},
    gateway: 0,
    onlink: false,
    hops: [],
  };
  let metrics: RouteMetrics = NO_METRICS;
  while (!words.done) {
    const metric = readMetric(words);
    if (metric !== null) {
      metrics = { ...metrics, ...metric, locks: metrics.locks | (metric.locks ?? 0) };
    } else if (words.takes("via")) {
      words.takes("inet");
      route.gateway = readAddress(words.take(), destination === null ? "any valid" : "inet");
    } else if (words.takes("dev", "oif")) route.deviceName = words.take();
    else if (words.takes("onlink")) route.onlink = true;
    else if (words.takes("nexthop")) route.hops.push(readHop(words));
    else if (!readAttribute(words, route)) {
      const type: AddressType | null = destination === null ? routeType(words.peek()) : null;
      if (type !== null) {
        words.take();
        route.spec = { ...route.spec, type };
      } else if (destination === null) {
        words.takes("to");
        destination = readPrefix(words.take());
      } else {
        throw new ToolError(
          `Error: either "to" is duplicate, or "${words.peek()}" is a garbage.`,
          255,
        );
      }
    }
  }
  if (metrics !== NO_METRICS) route.spec = { ...route.spec, metrics };
  return { ...route, destination: destination ?? route.destination };
}

/** An attribute that is no metric; false if the next word is none. */
function readAttribute(words: Words, route: RouteWords): boolean {
  const add = (more: Partial<RouteWords["spec"]>): boolean => {
    route.spec = { ...route.spec, ...more };
    return true;
  };
  if (words.takes("src")) return add({ prefSource: readAddress(words.take()) });
  if (words.takes("scope")) return add({ scope: readScope(words) });
  if (words.takes("table")) return add({ table: readTable(words) });
  if (words.takes("metric", "priority", "preference")) {
    return add({ metric: readNumber(words, '"metric" value is invalid\n') });
  }
  if (words.takes("tos", "dsfield"))
    return add({ tos: readNumber(words, '"tos" value is invalid\n', 255) });
  if (words.takes("protocol", "proto")) {
    const text = words.take();
    const protocol = routeProtocol(text);
    if (protocol === null) throw wrongArgument(text, '"protocol" value is invalid\n');
    return add({ protocol });
  }
  if (words.takes("type")) {
    const text = words.take();
    const type = routeType(text);
    if (type === null) throw wrongArgument(text, '"type" value is invalid\n');
    return add({ type });
  }
  const missing = ["encap", "nhid", "realms", "as", "expires", "pref", "ttl-propagate", "vrf"];
  if (missing.includes(words.peek())) {
    throw notModelled(
      "ip route",
      words.peek(),
      "via, dev, src, metric, scope, proto, type, table, metrics, nexthop",
    );
  }
  return false;
}

function readHop(words: Words): RouteWords["hops"][number] {
  const hop = { deviceName: "", gateway: 0, weight: 1, onlink: false };
  for (;;) {
    if (words.takes("via")) hop.gateway = readAddress(words.take());
    else if (words.takes("dev")) hop.deviceName = words.take();
    else if (words.takes("weight")) hop.weight = readNumber(words, '"weight" is invalid\n', 256);
    else if (words.takes("onlink")) hop.onlink = true;
    else return hop;
  }
}

interface Filter {
  table: number;
  device: string;
  readonly tests: ((entry: FibEntry) => boolean)[];
  protocolGiven: boolean;
  scopeGiven: boolean;
}

function readFilter(words: Words): Filter {
  const filter: Filter = {
    table: Table.MAIN,
    device: "",
    tests: [],
    protocolGiven: false,
    scopeGiven: false,
  };
  const { tests } = filter;
  while (!words.done) {
    if (words.takes("table")) {
      if (words.takes("all")) filter.table = 0;
      else filter.table = readTable(words);
    } else if (words.takes("dev", "oif")) {
      filter.device = words.take();
      const name = filter.device;
      tests.push(({ info }) => info.nexthops.some(({ device }) => device?.name === name));
    } else if (words.takes("via")) {
      const gateway = readAddress(words.take());
      tests.push(({ info }) => info.nexthops.some((nexthop) => nexthop.gateway === gateway));
    } else if (words.takes("proto", "protocol")) {
      const text = words.take();
      const protocol = routeProtocol(text);
      if (text !== "all") tests.push(({ info }) => info.protocol === protocol);
      filter.protocolGiven = text !== "all";
    } else if (words.takes("scope")) {
      const scope = readScope(words);
      filter.scopeGiven = true;
      tests.push(({ info }) => info.scope === scope);
    } else if (words.takes("src")) {
      const { address } = readPrefix(words.take());
      tests.push(({ info }) => info.prefSource === address);
    } else if (words.takes("type")) {
      const type = routeType(words.take());
      tests.push((entry) => entry.type === type);
    } else {
      tests.push(readPrefixTest(words));
    }
  }
  return filter;
}

function readPrefixTest(words: Words): (entry: FibEntry) => boolean {
  words.takes("to");
  const how = words.takes("root") ? "root" : words.takes("match") ? "match" : "exact";
  if (how === "exact") words.takes("exact");
  const type = how === "exact" ? routeType(words.peek()) : null;
  if (type !== null) {
    words.take();
    return (entry) => entry.type === type;
  }
  const { address, prefixLength } = readPrefix(words.take());
  return (entry) => {
    const shorter = Math.min(prefixLength, entry.prefixLength);
    const agrees = networkOf(entry.destination, shorter) === networkOf(address, shorter);
    if (how === "root") return agrees && entry.prefixLength >= prefixLength;
    if (how === "match") return agrees && entry.prefixLength <= prefixLength;
    return agrees && entry.prefixLength === prefixLength;
  };
}

function readShow(words: Words, options: IpOptions): IpAction {
  if (words.takes("cache")) return showLearnt(options);
  const filter = readFilter(words);
  return ({ host, print }) => {
    if (filter.device !== "") needDevice(host, filter.device);
    const shown = entriesOf(host, filter);
    if (options.json) {
      print(jsonText(shown.map(routeJson), options.pretty));
      return;
    }
    const view = {
      device: filter.device,
      showTable: filter.table === 0,
      details: options.details,
      hidesProtocol: filter.protocolGiven,
      hidesScope: filter.scopeGiven,
    };
    for (const entry of shown) print(routeText(entry, view));
  };
}

function showLearnt(options: IpOptions): IpAction {
  return ({ host, print }) => {
    const learnt = learntRoutes(host.namespace);
    if (options.json) print(jsonText(learnt.map(cachedRouteJson), options.pretty));
    else for (const one of learnt) print(cachedRouteText(one, options));
  };
}

function entriesOf(host: ShellHost, filter: Filter): FibEntry[] {
  const { tables } = host.namespace.fib;
  if (filter.table !== 0) {
    const table = tables.get(filter.table);
    if (table === undefined) {
      throw new ToolError("Error: ipv4: FIB table does not exist.\nDump terminated", 2);
    }
    return table.entries().filter((entry) => filter.tests.every((test) => test(entry)));
  }
  const order = [...tables.values()].sort((a, b) => rank(a.id) - rank(b.id));
  return order
    .flatMap((table) => table.entries())
    .filter((entry) => filter.tests.every((test) => test(entry)));
}

/** Tables as the kernel dumps them: its hash of 256 chains, the local one last. */
function rank(table: number): number {
  return table % 256;
}

function readFlush(words: Words): IpAction {
  if (words.done) throw new ToolError('"ip route flush" requires arguments.', 1);
  if (words.takes("cache")) return ({ host }) => host.namespace.fib.flushExceptions();
  const filter = readFilter(words);
  return ({ host }) => {
    host.namespace.fib.flush(
      (entry) =>
        (filter.table === 0 || entry.table === filter.table) &&
        filter.tests.every((test) => test(entry)),
    );
  };
}
