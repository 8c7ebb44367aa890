/**
 * Routes that were decided, and what was learnt about single destinations: `ip route get` and
 * `ip route show cache` print them alike.
 *
 * Spec: iproute2 6.1, ip/iproute.c (print_route, print_cache_flags).
 * Kernel: net/ipv4/route.c (rt_fill_info, fib_dump_info_fnhe), 6.18.
 */
import { formatIpv4, type Ipv4 } from "../../../base/inet.ts";
import { NS_PER_S, type Ns } from "../../../base/units.ts";
import type { Namespace } from "../../../net/namespace.ts";
import type { Route } from "../../../net/route.ts";
import { routeBy } from "../../../net/route-nexthop.ts";
import { AddressType } from "../../../netfilter/hooks.ts";
import { type IpOptions, tableName } from "./context.ts";
import { routeTypeName } from "./route-format.ts";
import { metricsJson, metricsText } from "./route-metrics.ts";

/** A decision and the question that it answers. */
export interface CachedRoute {
  readonly route: Route;
  readonly destination: Ipv4;
  /** The source that was asked with, or 0. */
  readonly from: Ipv4;
  readonly mark: number;
  /** -1 when there is none to say. */
  readonly uid: number;
  /** "" for packets of the host's own. */
  readonly inputDevice: string;
  /** Where the route was found. */
  readonly table: number;
  /** Whether the source is said that a packet of the host gets. */
  readonly showsSource: boolean;
  readonly now: Ns;
}

const MAIN = 254;
const NOTHING_ASKED = {
  from: 0 as Ipv4,
  mark: 0,
  uid: -1,
  inputDevice: "",
  showsSource: false,
};

/** Two lines, line end included. */
export function cachedRouteText(shown: CachedRoute, { oneLine, details }: IpOptions): string {
  const { route, destination, from, mark, uid, inputDevice } = shown;
  const isPlain = route.type === AddressType.UNICAST;
  let text = isPlain && !details ? "" : `${routeTypeName(route.type)} `;
  text += `${formatIpv4(destination)} `;
  if (from !== 0) text += `from ${formatIpv4(from)} `;
  if (route.gateway !== 0) text += `via ${formatIpv4(route.gateway)} `;
  text += `dev ${route.device.name} `;
  if (details || shown.table !== MAIN) text += `table ${tableName(shown.table)} `;
  if (sourceOf(shown) !== 0) text += `src ${formatIpv4(sourceOf(shown))} `;
  if (mark !== 0) text += `mark ${mark >= 16 ? `0x${mark.toString(16)}` : mark} `;
  if (uid !== -1) text += `uid ${uid} `;
  text += `${oneLine ? "\\" : "\n"}    cache `;
  const flags = cacheFlags(route);
  if (flags.length > 0) text += `<${flags.join(",")}> `;
  const expires = secondsLeft(shown);
  if (expires >= 0) text += `expires ${expires}sec `;
  if (route.pathMtu !== 0 && expires >= 0) {
    text += `mtu ${route.pathMtuLocked ? "lock " : ""}${route.pathMtu} `;
  }
  text += metricsText(route.metrics);
  if (inputDevice !== "") text += `iif ${inputDevice} `;
  return `${text}\n`;
}

/** The object that `ip -j` prints. */
export function cachedRouteJson(shown: CachedRoute): Record<string, unknown> {
  const { route, destination, from, mark, uid, inputDevice } = shown;
  const expires = secondsLeft(shown);
  const learnt = expires >= 0 && route.pathMtu !== 0 ? { mtu: route.pathMtu } : {};
  const metrics = { ...learnt, ...metricsJson(route.metrics) };
  return {
    ...(route.type === AddressType.UNICAST ? {} : { type: routeTypeName(route.type) }),
    dst: formatIpv4(destination),
    ...(from === 0 ? {} : { from: formatIpv4(from) }),
    ...(route.gateway === 0 ? {} : { gateway: formatIpv4(route.gateway) }),
    dev: route.device.name,
    ...(sourceOf(shown) === 0 ? {} : { prefsrc: formatIpv4(sourceOf(shown)) }),
    ...(shown.table === MAIN ? {} : { table: tableName(shown.table) }),
    flags: [],
    ...(mark === 0 ? {} : { mark }),
    ...(uid === -1 ? {} : { uid }),
    cache: cacheFlags(route),
    ...(expires < 0 ? {} : { expires }),
    ...(Object.keys(metrics).length === 0 ? {} : { metrics: [metrics] }),
    ...(inputDevice === "" ? {} : { iif: inputDevice }),
  };
}

/** What a host has learnt about single destinations and still believes. */
export function learntRoutes(namespace: Namespace): CachedRoute[] {
  const { now } = namespace.cpu;
  const routes: CachedRoute[] = [];
  for (const table of namespace.fib.tables.values()) {
    for (const entry of table.entries()) {
      for (const nexthop of entry.info.nexthops) {
        for (const [destination, { expiresAt, isUsed }] of nexthop.exceptions ?? []) {
          if (expiresAt <= now || !isUsed) continue;
          const route = routeBy(namespace, entry, nexthop, destination);
          const plain = { ...NOTHING_ASKED, table: entry.table };
          routes.push({ ...plain, route, destination: destination as Ipv4, now });
        }
      }
    }
  }
  return routes;
}

function sourceOf({ route, showsSource, inputDevice }: CachedRoute): Ipv4 {
  return showsSource && inputDevice === "" ? route.source : (0 as Ipv4);
}

/** -1 for a route that does not expire. */
function secondsLeft({ route, now }: CachedRoute): number {
  if (!Number.isFinite(route.expiresAt) || route.expiresAt <= now) return -1;
  return Math.floor((route.expiresAt - now) / NS_PER_S);
}

function cacheFlags(route: Route): string[] {
  return [
    ...(route.isLocal || route.type === AddressType.LOCAL ? ["local"] : []),
    ...(route.type === AddressType.MULTICAST ? ["mc"] : []),
    ...(route.type === AddressType.BROADCAST ? ["brd"] : []),
    ...(route.redirected ? ["redirected"] : []),
    ...(route.redirects ? ["redirect"] : []),
  ];
}
