/**
 * Options behind `type bridge`.
 *
 * Spec: iproute2 6.1, ip/iplink_bridge.c.
 */
import { NS_PER_MS } from "../../../../base/units.ts";
import type { Bridge } from "../../../../link/bridge.ts";
import { notModelled, ToolError } from "../../../command.ts";
import type { Words } from "../../../words.ts";
import { readNumber } from "../context.ts";

const USAGE = "Usage: ... bridge [ fdb_flush ]";

/** A change of a bridge's settings. */
export type BridgeChange = (bridge: Bridge) => void;

/** All that stands behind `type bridge`. */
export function readBridgeOptions(words: Words): BridgeChange[] {
  const changes: BridgeChange[] = [];
  while (!words.done) {
    const change = readBridgeOption(words);
    if (change === null) {
      throw new ToolError(`bridge: unknown command "${words.peek()}"?\n${USAGE}`, 1);
    }
    changes.push(change);
  }
  return changes;
}

function readBridgeOption(words: Words): BridgeChange | null {
  if (words.takes("fdb_flush")) {
    return ({ fdb }) => {
      for (const { kind, mac } of fdb.entries()) if (kind === "learned") fdb.delete(mac);
    };
  }
  if (words.takes("ageing_time")) {
    const centiseconds = readNumber(words, "invalid ageing_time");
    return (bridge) => {
      bridge.ageingNs = centiseconds * 10 * NS_PER_MS;
    };
  }
  const name = words.peek();
  // Values that say what the bridge does anyway.
  const harmless = [
    "stp_state",
    "vlan_filtering",
    "mcast_snooping",
    "forward_delay",
    "nf_call_iptables",
  ];
  if (!harmless.includes(name)) return null;
  words.take();
  const value = words.take();
  if ((name === "stp_state" || name === "vlan_filtering") && value !== "0") {
    throw notModelled("ip link", `${name} ${value}`, "bridges have no spanning tree and no VLANs");
  }
  return () => undefined;
}
