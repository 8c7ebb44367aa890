/**
 * `ip route`: routing tables and single decisions.
 *
 * Spec: iproute2 6.1, ip/iproute.c (iproute_modify, iproute_list_flush_or_save, iproute_get).
 * Not modelled: `nexthop` objects, encapsulation, realms, `ip route save`.
 */
import type { Cidr } from "../../../base/inet.ts";
import type { InsertMode } from "../../../net/fib-table.ts";
import type { RouteSelector } from "../../../net/route-selector.ts";
import type { Words } from "../../words.ts";
import { check, type IpAction, type IpOptions, needDevice, unknownCommand } from "./context.ts";
import { readGet } from "./route-get.ts";
import { readFlush, readShow } from "./route-show.ts";
import { checkPrefix, readRoute, specOf } from "./route-words.ts";

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
