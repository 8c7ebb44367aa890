/**
 * The words of one route: destination, next hops, metrics and the rest, as `ip route add` takes
 * them.
 *
 * Spec: ip-route(8) of iproute2 6.1; iproute.c (iproute_modify).
 */
import { type Cidr, networkOf } from "../../../base/inet.ts";
import type { NexthopSpec, RouteSpec } from "../../../net/fib.ts";
import { NO_METRICS, type RouteMetrics } from "../../../net/route.ts";
import type { AddressType } from "../../../netfilter/hooks.ts";
import { notModelled, ToolError } from "../../command.ts";
import type { ShellHost } from "../../host.ts";
import type { Words } from "../../words.ts";
import {
  needDevice,
  readAddress,
  readNumber,
  readPrefix,
  readScope,
  readTable,
  wrongArgument,
} from "./context.ts";
import { routeProtocol, routeType } from "./route-format.ts";
import { readMetric } from "./route-metrics.ts";

/** A route as it stands in a command: devices are still names. */
interface RouteWords {
  destination: Cidr;
  deviceName: string;
  spec: Omit<RouteSpec, "destination" | "nexthops">;
  gateway: number;
  onlink: boolean;
  hops: { deviceName: string; gateway: number; weight: number; onlink: boolean }[];
}

/** Reads the words of a route. Throws the tool's complaint. */
export function readRoute(words: Words): RouteWords {
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

/** The words as the routing table takes them. */
export function specOf(host: ShellHost, route: RouteWords): RouteSpec {
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

/** A destination must have no host bits. Throws the kernel's refusal. */
export function checkPrefix({ address, prefixLength }: Cidr): void {
  if (networkOf(address, prefixLength) !== address) {
    throw new ToolError("Error: Invalid prefix for given prefix length.", 2);
  }
}
