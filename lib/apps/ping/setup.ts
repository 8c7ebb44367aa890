/**
 * What ping does before its first request: it sets its socket up and says what it is going to do.
 *
 * Spec: iputils 20221126, ping/ping.c (ping4_run).
 */
import { hex } from "../../base/bytes.ts";
import { EACCES, errnoMessage } from "../../base/errno.ts";
import { ANY_ADDRESS, formatIpv4, type Ipv4, isMulticast } from "../../base/inet.ts";
import type { RawSocket } from "../../socket/raw-socket.ts";
import type { AppHost } from "../app-host.ts";
import type { PingOptions } from "./options.ts";
import { ICMP_HEADER } from "./request.ts";
import { routeOptionBytes } from "./route-option.ts";

const IPV4_HEADER = 20;
/** What ping reckons with for options, however many it sends. */
const OPTIONS_ROOM = 40;

/** Sets the socket up and returns the first lines; null after an error was printed. */
export function setUp(
  host: AppHost,
  options: PingOptions,
  socket: RawSocket,
  destination: Ipv4,
): string | null {
  let via = "";
  if (options.from !== "") {
    const device = host.namespace.devices.get(options.from);
    if (device !== undefined) {
      socket.deviceIndex = device.index;
      via = ` ${device.name}`;
    } else if (!bindTo(host, socket, options.from)) return null;
  }
  const source = findSource(host, options, socket, destination);
  if (source === null) return null;
  if (options.stickySource) socket.source = source;
  if (options.broadcast) host.stderr("WARNING: pinging broadcast address\n");
  if (options.routeOption !== null) socket.setOptions(routeOptionBytes(options.routeOption));
  socket.ttl = options.ttl;
  socket.tos = options.tos;
  socket.mark = options.mark;
  socket.pmtuDiscovery = isMulticast(destination)
    ? "do"
    : (options.pmtuDiscovery ?? socket.pmtuDiscovery);
  return firstLines(options, destination, source, via);
}

function firstLines(options: PingOptions, destination: Ipv4, source: Ipv4, via: string): string {
  const { size, pattern } = options;
  const filled = pattern === null ? "" : `PATTERN: 0x${hex(pattern)}\n`;
  const name = `${options.target} (${formatIpv4(destination)})`;
  const saysSource = options.from !== "" || options.stickySource;
  const from = !saysSource ? "" : `from ${formatIpv4(source)}${via === "" ? " " : via}: `;
  const room = options.routeOption === null ? 0 : OPTIONS_ROOM;
  const length = size + ICMP_HEADER + IPV4_HEADER + room;
  return `${filled}PING ${name} ${from}${size}(${length}) bytes of data.\n`;
}

/** `-I` with an address, which must be the host's own. */
function bindTo(host: AppHost, socket: RawSocket, text: string): boolean {
  for (const device of host.namespace.inetDevices()) {
    const entry = device.addresses.find(({ local }) => formatIpv4(local) === text);
    if (entry === undefined) continue;
    socket.source = entry.local;
    return true;
  }
  const isAddress = /^[0-9.]+$/.test(text);
  host.stderr(
    isAddress
      ? "ping: bind: Cannot assign requested address\n"
      : `ping: SO_BINDTODEVICE ${text}: No such device\n`,
  );
  return false;
}

/**
 * The source that a connected UDP socket would have: ping finds it that way if it has none, and hears
 * only then that there is no route before it sends.
 */
function findSource(
  host: AppHost,
  options: PingOptions,
  socket: RawSocket,
  destination: Ipv4,
): Ipv4 | null {
  if (socket.source !== ANY_ADDRESS) {
    socket.broadcast = options.broadcast;
    return socket.source;
  }
  const route = socket.routeTo(destination);
  if (typeof route === "number" && route !== -EACCES) {
    host.stderr(`ping: connect: ${errnoMessage(route)}\n`);
    return null;
  }
  if (typeof route === "number" || (route.isBroadcast && !options.broadcast)) {
    const hint = "If not, check your local firewall rules";
    host.stderr(`ping: Do you want to ping broadcast? Then -b. ${hint}\n`);
    return null;
  }
  socket.broadcast = options.broadcast;
  return route.source;
}
