/**
 * `route add` and `route del` of net-tools, by the old ioctls: a new route stands before its equals,
 * and one that is taken away agrees with all that is said of it.
 *
 * Spec: net-tools 2.10, lib/inet_sr.c (INET_setroute). Kernel: net/ipv4/fib_frontend.c
 * (rtentry_to_fib_config), 6.18.
 * Not modelled: `irtt`, `mod`, `dyn`, `reinstate`, other families than inet.
 */
import { EINVAL, ENODEV, errnoMessage } from "../../base/errno.ts";
import { type Cidr, formatIpv4, type Ipv4, maskOf, prefixLengthOf } from "../../base/inet.ts";
import type { NetDevice } from "../../link/device.ts";
import type { RouteSpec } from "../../net/fib.ts";
import { Table } from "../../net/fib-table.ts";
import type { Refusal } from "../../net/inet.ts";
import { NO_METRICS, type RouteMetrics, Scope } from "../../net/route.ts";
import type { RouteSelector } from "../../net/route-selector.ts";
import { AddressType } from "../../netfilter/hooks.ts";
import { type CommandBody, immediate, notModelled, ToolError } from "../command.ts";
import { findDevice, type ShellHost } from "../host.ts";
import { Words } from "../words.ts";
import { readHost } from "./net-tools.ts";

const USAGE = `Usage: inet_route [-vF] del {-host|-net} Target[/prefix] [gw Gw] [metric M] [[dev] If]
       inet_route [-vF] add {-host|-net} Target[/prefix] [gw Gw] [metric M]
                              [netmask N] [mss Mss] [window W] [irtt I]
                              [mod] [dyn] [reinstate] [[dev] If]
       inet_route [-vF] add {-host|-net} Target[/prefix] [metric M] reject
       inet_route [-FC] flush      NOT supported
`;
const USAGE_STATUS = 3;
/** A name that no resolver knows. */
const UNKNOWN_STATUS = 6;
const REFUSED_STATUS = 7;
/** Headers of IPv4 and TCP, by which the MSS of a route is less than what the ioctl calls MTU. */
const HEADERS = 40;
const ALLOWED = "-net, -host, netmask, gw, metric, mss, window, reject, dev";

/** What the words say. */
interface Wanted {
  readonly destination: Cidr;
  gateway: Ipv4 | null;
  metric: number;
  metrics: RouteMetrics;
  reject: boolean;
  deviceName: string;
}

/** Reads what stands behind `route add` or `route del`. */
export function readRouteChange(verb: "add" | "del", args: readonly string[]): CommandBody {
  if (args.length === 0) throw new ToolError(USAGE, 0);
  const wanted = readWanted(new Words(args, { text: USAGE, status: USAGE_STATUS }));
  return immediate(({ host }) => {
    const refusal = verb === "add" ? add(host, wanted) : remove(host, wanted);
    if (refusal === null) return 0;
    const call = verb === "add" ? "SIOCADDRT" : "SIOCDELRT";
    throw new ToolError(`${call}: ${errnoMessage(refusal)}`, REFUSED_STATUS);
  });
}

function readWanted(words: Words): Wanted {
  const isNet = words.takes("-net");
  const isHost = !isNet && words.takes("-host");
  const target = words.take();
  const [text = "", bits] = target.split("/");
  const address = readHost(text, UNKNOWN_STATUS);
  const wanted: Wanted = {
    destination: { address, prefixLength: 0 },
    gateway: null,
    metric: 0,
    metrics: NO_METRICS,
    reject: false,
    deviceName: "",
  };
  let mask = bits === undefined ? null : maskOfBits(bits);
  while (!words.done) {
    if (words.takes("netmask", "genmask")) {
      if (mask !== null) throw new ToolError(USAGE, USAGE_STATUS);
      mask = readMask(words.take());
    } else readAttribute(words, wanted);
  }
  const isNetwork = isNet || (!isHost && target === "default");
  const destination = { address, prefixLength: lengthOf(mask, isNetwork, address) };
  return { ...wanted, destination };
}

function readAttribute(words: Words, wanted: Wanted): void {
  if (words.takes("metric")) wanted.metric = readNumber(words);
  else if (words.takes("gw", "gateway")) {
    const text = words.take();
    if (text === "default") {
      throw new ToolError(
        `route: ${text}: cannot use a NETWORK as gateway!\n${USAGE}`,
        USAGE_STATUS,
      );
    }
    wanted.gateway = readHost(text, UNKNOWN_STATUS);
  } else if (words.takes("mss", "mtu")) {
    wanted.metrics = { ...wanted.metrics, advmss: readNumber(words) - HEADERS };
  } else if (words.takes("window")) {
    wanted.metrics = { ...wanted.metrics, window: readNumber(words) };
  } else if (words.takes("reject")) wanted.reject = true;
  else if (["irtt", "mod", "dyn", "reinstate"].includes(words.peek())) {
    throw notModelled("route", words.peek(), ALLOWED);
  } else {
    const named = words.takes("dev", "device");
    const name = words.take();
    if (wanted.deviceName !== "" || (!named && !words.done)) {
      throw new ToolError(USAGE, USAGE_STATUS);
    }
    wanted.deviceName = name;
  }
}

function readNumber(words: Words): number {
  const text = words.take();
  if (!/^[0-9]+$/.test(text)) throw new ToolError(USAGE, USAGE_STATUS);
  return Number(text);
}

function readMask(text: string): number {
  const mask = readHost(text, UNKNOWN_STATUS);
  if (prefixLengthOf(mask) >= 0) return mask;
  throw new ToolError(`route: bogus netmask ${formatIpv4(mask)}\n${USAGE}`, USAGE_STATUS);
}

/** Bits that no mask has give the mask 0, which then fits no network. */
function maskOfBits(bits: string): number {
  return /^[0-9]+$/.test(bits) && Number(bits) <= 32 ? maskOf(Number(bits)) : 0;
}

/** The prefix length; -1 for a network without a mask, which the kernel refuses. */
function lengthOf(mask: number | null, isNetwork: boolean, address: Ipv4): number {
  if (!isNetwork) {
    if (mask === null || mask === -1) return 32;
    throw new ToolError(
      `route: netmask ${littleEndian(mask)} doesn't make sense with host route\n${USAGE}`,
      USAGE_STATUS,
    );
  }
  if (mask === null) return address === 0 ? 0 : -1;
  if ((address & ~mask) === 0) return prefixLengthOf(mask);
  throw new ToolError(`route: netmask doesn't match route address\n${USAGE}`, USAGE_STATUS);
}

/** A mask as the tool prints it: its bytes in the order of the machine. */
function littleEndian(mask: number): string {
  const bytes = [mask & 0xff, (mask >>> 8) & 0xff, (mask >>> 16) & 0xff, mask >>> 24];
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Adds the route; null, or an errno. */
function add(host: ShellHost, wanted: Wanted): number | null {
  const { destination, metric, metrics } = wanted;
  if (destination.prefixLength < 0) return EINVAL;
  if (wanted.reject) {
    const spec = { destination, nexthops: [], metric, scope: Scope.HOST };
    return errnoOf(
      host.namespace.fib.addRoute({ ...spec, type: AddressType.UNREACHABLE }, "prepend"),
    );
  }
  const device = deviceOf(host, wanted);
  if (device === undefined) return ENODEV;
  const gateway = wanted.gateway ?? (0 as Ipv4);
  if (wanted.gateway === 0) return EINVAL;
  const spec: RouteSpec = {
    destination,
    nexthops: [{ device, gateway }],
    scope: isAnothers(host, gateway) ? Scope.UNIVERSE : Scope.LINK,
    table: Table.MAIN,
    metric,
    metrics,
  };
  return errnoOf(host.namespace.fib.addRoute(spec, "prepend"));
}

function remove(host: ShellHost, wanted: Wanted): number | null {
  const { destination, metric, gateway } = wanted;
  if (destination.prefixLength < 0) return EINVAL;
  const device = deviceOf(host, wanted);
  if (device === undefined) return ENODEV;
  const selector: RouteSelector = {
    destination,
    table: Table.MAIN,
    type: wanted.reject ? AddressType.UNREACHABLE : AddressType.UNICAST,
    ...(metric === 0 ? {} : { metric }),
    ...(gateway === null ? {} : { gateway }),
    ...(device === null ? {} : { device }),
  };
  return errnoOf(host.namespace.fib.deleteRoute(selector));
}

/** The device that is named, null if none is, undefined if it does not exist. */
function deviceOf(host: ShellHost, { deviceName }: Wanted): NetDevice | null | undefined {
  return deviceName === "" ? null : (findDevice(host, deviceName) ?? undefined);
}

/** Whether an address can be a gateway: none of this host's own. */
function isAnothers({ namespace }: ShellHost, gateway: Ipv4): boolean {
  return gateway !== 0 && namespace.fib.addressType(gateway) === AddressType.UNICAST;
}

function errnoOf(refusal: Refusal | null): number | null {
  return refusal === null ? null : refusal.errno;
}
