/**
 * Routes as `ip route` prints them.
 *
 * Spec: iproute2 6.1, ip/iproute.c (print_route, print_rta_metrics).
 */
import { formatIpv4 } from "../../../base/inet.ts";
import type { FibEntry, Nexthop } from "../../../net/fib-info.ts";
import { Namespace } from "../../../net/namespace.ts";
import { AddressType } from "../../../netfilter/hooks.ts";
import { scopeName, tableName } from "./context.ts";
import { metricsJson, metricsText } from "./route-metrics.ts";

const TYPE_NAMES: ReadonlyMap<AddressType, string> = new Map([
  [AddressType.UNICAST, "unicast"],
  [AddressType.LOCAL, "local"],
  [AddressType.BROADCAST, "broadcast"],
  [AddressType.ANYCAST, "anycast"],
  [AddressType.MULTICAST, "multicast"],
  [AddressType.BLACKHOLE, "blackhole"],
  [AddressType.UNREACHABLE, "unreachable"],
  [AddressType.PROHIBIT, "prohibit"],
  [AddressType.THROW, "throw"],
]);

/** `RTPROT_*` by number, as in `/etc/iproute2/rt_protos`. */
const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map([
  [0, "unspec"],
  [1, "redirect"],
  [2, "kernel"],
  [3, "boot"],
  [4, "static"],
  [8, "gated"],
  [9, "ra"],
  [11, "zebra"],
  [12, "bird"],
  [16, "dhcp"],
  [186, "bgp"],
  [188, "ospf"],
]);
const BOOT = 3;

/** The type of route with that name, or null. */
export function routeType(name: string): AddressType | null {
  for (const [type, known] of TYPE_NAMES) if (known === name) return type;
  return null;
}

/** A route's type as `ip route` prints it. */
export function routeTypeName(type: AddressType): string {
  return TYPE_NAMES.get(type) ?? String(type);
}

/** The number of a routing protocol by name or number, or null. */
export function routeProtocol(text: string): number | null {
  for (const [protocol, name] of PROTOCOL_NAMES) if (name === text) return protocol;
  return /^[0-9]+$/.test(text) && Number(text) < 256 ? Number(text) : null;
}

/** What a listing has filtered by, and therefore leaves out. */
export interface RouteView {
  readonly device: string;
  readonly showTable: boolean;
  /** `-d`: what goes without saying is said. */
  readonly details: boolean;
  readonly hidesProtocol: boolean;
  readonly hidesScope: boolean;
}

/** A listing that has filtered by nothing. */
export const ALL_SHOWN: RouteView = {
  device: "",
  showTable: true,
  details: false,
  hidesProtocol: false,
  hidesScope: false,
};

/** The line of a route, newline included; several next hops take a line each. */
export function routeText(entry: FibEntry, view: RouteView): string {
  const { info, type } = entry;
  const [only] = info.nexthops;
  const several = info.nexthops.length > 1;
  let text = type === AddressType.UNICAST && !view.details ? "" : `${routeTypeName(type)} `;
  text += `${prefixText(entry.destination, entry.prefixLength)} `;
  if (entry.tos !== 0) text += `tos 0x${entry.tos.toString(16).padStart(2, "0")} `;
  if (!several && only !== undefined) text += hopText(only, view.device);
  if (view.showTable && entry.table !== 254) text += `table ${tableName(entry.table)} `;
  if ((info.protocol !== BOOT || view.details) && !view.hidesProtocol) {
    text += `proto ${PROTOCOL_NAMES.get(info.protocol) ?? info.protocol} `;
  }
  if ((info.scope !== 0 || view.details) && !view.hidesScope)
    text += `scope ${scopeName(info.scope)} `;
  if (info.prefSource !== 0) text += `src ${formatIpv4(info.prefSource)} `;
  if (info.priority !== 0) text += `metric ${info.priority} `;
  if (!several && only !== undefined) text += flagsText(only);
  text += metricsText(info.metrics);
  if (several) {
    for (const nexthop of info.nexthops) {
      text += `\n\tnexthop ${hopText(nexthop, view.device)}weight ${nexthop.weight} ${flagsText(nexthop)}`;
    }
  }
  return `${text}\n`;
}

/** `default`, `10.0.0.0/8`, `10.0.0.1` */
function prefixText(address: number, length: number): string {
  if (length === 0 && address === 0) return "default";
  return length === 32 ? formatIpv4(address) : `${formatIpv4(address)}/${length}`;
}

/** The object that `ip -j route` prints. */
export function routeJson(entry: FibEntry): Record<string, unknown> {
  const { info, type } = entry;
  const [only] = info.nexthops;
  const several = info.nexthops.length > 1;
  const metrics = metricsJson(info.metrics);
  return {
    ...(type === AddressType.UNICAST ? {} : { type: routeTypeName(type) }),
    dst: prefixText(entry.destination, entry.prefixLength),
    ...(several || only === undefined ? {} : hopJson(only)),
    ...(info.protocol === BOOT
      ? {}
      : { protocol: PROTOCOL_NAMES.get(info.protocol) ?? String(info.protocol) }),
    ...(info.scope === 0 ? {} : { scope: scopeName(info.scope) }),
    ...(info.prefSource === 0 ? {} : { prefsrc: formatIpv4(info.prefSource) }),
    ...(info.priority === 0 ? {} : { metric: info.priority }),
    flags: several || only === undefined ? [] : flagsOf(only),
    ...(metrics === null ? {} : { metrics: [metrics] }),
    ...(several
      ? {
          nexthops: info.nexthops.map((nexthop) => ({
            ...hopJson(nexthop),
            weight: nexthop.weight,
            flags: flagsOf(nexthop),
          })),
        }
      : {}),
  };
}

function hopJson({ gateway, device }: Nexthop): Record<string, unknown> {
  return {
    ...(gateway === 0 ? {} : { gateway: formatIpv4(gateway) }),
    ...(device === null ? {} : { dev: device.name }),
  };
}

function hopText({ gateway, device }: Nexthop, hiddenDevice: string): string {
  let text = gateway === 0 ? "" : `via ${formatIpv4(gateway)} `;
  if (device !== null && device.name !== hiddenDevice) text += `dev ${device.name} `;
  return text;
}

function flagsText(nexthop: Nexthop): string {
  return flagsOf(nexthop)
    .map((flag) => `${flag} `)
    .join("");
}

/** A next hop that is passed over for its missing carrier counts as dead (`fib_nexthop_info`). */
function flagsOf({ device, dead, onlink, linkdown }: Nexthop): string[] {
  const host = device?.host;
  const passedOver =
    linkdown &&
    device !== null &&
    host instanceof Namespace &&
    host.inet(device).ignoreRoutesWithLinkdown;
  return [
    ...(dead || passedOver ? ["dead"] : []),
    ...(onlink ? ["onlink"] : []),
    ...(linkdown ? ["linkdown"] : []),
  ];
}
