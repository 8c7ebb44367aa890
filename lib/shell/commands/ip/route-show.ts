/**
 * `ip route show` and `flush`: which routes are meant, and in which order they are shown.
 *
 * Spec: ip-route(8) of iproute2 6.1; iproute.c (iproute_list_flush_or_save).
 */
import { networkOf } from "../../../base/inet.ts";
import type { FibEntry } from "../../../net/fib-info.ts";
import { Table } from "../../../net/fib-table.ts";
import { ToolError } from "../../command.ts";
import type { ShellHost } from "../../host.ts";
import { jsonText } from "../../json-text.ts";
import type { Words } from "../../words.ts";
import {
  type IpAction,
  type IpOptions,
  needDevice,
  readAddress,
  readPrefix,
  readScope,
  readTable,
} from "./context.ts";
import { cachedRouteJson, cachedRouteText, learntRoutes } from "./route-cache.ts";
import { routeJson, routeProtocol, routeText, routeType } from "./route-format.ts";

/** `ip route show`. */
export function readShow(words: Words, options: IpOptions): IpAction {
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

/** `ip route flush`. */
export function readFlush(words: Words): IpAction {
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

function showLearnt(options: IpOptions): IpAction {
  return ({ host, print }) => {
    const learnt = learntRoutes(host.namespace);
    if (options.json) print(jsonText(learnt.map(cachedRouteJson), options.pretty));
    else for (const one of learnt) print(cachedRouteText(one, options));
  };
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
