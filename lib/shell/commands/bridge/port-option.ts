/**
 * What can be set on a port of a bridge, by `bridge link set` and by `ip link set … type
 * bridge_slave`.
 *
 * Spec: iproute2 6.1, bridge/link.c (brlink_modify), ip/iplink_bridge_slave.c.
 * Kernel: net/bridge/br_netlink.c (br_setport), net/bridge/br_stp_if.c, 6.18.
 */
import { EINVAL, ENETDOWN, ERANGE } from "../../../base/errno.ts";
import type { BridgePort } from "../../../link/bridge-port.ts";
import { notModelled, ToolError } from "../../command.ts";
import type { Words } from "../../words.ts";

/** Changes a port; returns 0 or a negative errno. */
export type PortChange = (port: BridgePort) => number;

type Flag = "hairpin" | "learning" | "flood" | "multicastFlood" | "broadcastFlood" | "isolated";

const FLAGS: ReadonlyMap<string, Flag> = new Map([
  ["hairpin", "hairpin"],
  ["learning", "learning"],
  ["flood", "flood"],
  ["mcast_flood", "multicastFlood"],
  ["bcast_flood", "broadcastFlood"],
  ["isolated", "isolated"],
]);
const STATES = ["disabled", "listening", "learning", "forwarding", "blocking"];
/** Options of spanning tree, multicast and VLANs. */
const OTHERS = [
  "guard",
  "fastleave",
  "mcast_fast_leave",
  "root_block",
  "learning_sync",
  "mcast_router",
  "mcast_to_unicast",
  "neigh_suppress",
  "vlan_tunnel",
  "locked",
  "hwmode",
  "proxy_arp",
  "proxy_arp_wifi",
  "group_fwd_mask",
  "fdb_flush",
  "backup_port",
  "nobackup_port",
];
const KNOWN = "hairpin learning flood mcast_flood bcast_flood isolated cost priority state";
const LARGEST_COST = 65535;
const LARGEST_PRIORITY = 63;

/** Reads one option and its value; null if the next word is none. Refuses as `tool` does. */
export function readPortOption(words: Words, tool: string): PortChange | null {
  const name = words.peek();
  const flag = FLAGS.get(name);
  if (flag !== undefined) {
    words.take();
    const on = readOnOff(name, words.take());
    return (port) => {
      port[flag] = on;
      return 0;
    };
  }
  if (OTHERS.includes(name)) throw notModelled(tool, name, KNOWN);
  if (name !== "cost" && name !== "priority" && name !== "state") return null;
  words.take();
  const text = words.take();
  if (name === "state") return stateChange(text);
  return name === "cost" ? costChange(numberOf(text)) : priorityChange(numberOf(text));
}

function readOnOff(option: string, value: string): boolean {
  if (value === "on" || value === "off") return value === "on";
  const allowed = 'must be one of "off", "on"';
  throw new ToolError(`Error: argument of "${option}" ${allowed}, not "${value}"`, 234);
}

/** As atoi(3): what is no number is 0. */
function numberOf(text: string): number {
  return Number.parseInt(text, 10) || 0;
}

function costChange(cost: number): PortChange {
  return (port) => {
    if (cost < 1 || cost > LARGEST_COST) return -ERANGE;
    port.cost = cost;
    return 0;
  };
}

function priorityChange(priority: number): PortChange {
  return (port) => {
    if (priority < 0 || priority > LARGEST_PRIORITY) return -ERANGE;
    port.priority = priority;
    return 0;
  };
}

/** Without spanning tree the bridge lets a port forward again at once, unless it is disabled. */
function stateChange(text: string): PortChange {
  const named = STATES.indexOf(text.toLowerCase());
  if (named === -1 && !/^[0-9]+$/.test(text)) {
    throw new ToolError("Error: invalid STP port state", 255);
  }
  const state = named === -1 ? Number(text) : named;
  return (port) => {
    if (state >= STATES.length) return -EINVAL;
    if (!port.device.running && state !== 0) return -ENETDOWN;
    port.disabled = state === 0;
    return 0;
  };
}
