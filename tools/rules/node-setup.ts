/**
 * A node's interfaces and addresses as `ip` commands set them up, one a line: what kube-proxy reads
 * of its node. Links and routes are accepted and change nothing that it reads.
 */
import { type Place, VethworkError } from "../../lib/base/errors.ts";
import { formatIpv4, parseInterfaceCidr } from "../../lib/base/inet.ts";

/** An address on an interface. */
export interface NodeAddress {
  readonly device: string;
  readonly address: string;
  readonly prefixLength: number;
}

/** The node before any command: lo, and eth0 with the default route. */
export const INITIAL_ADDRESSES: readonly NodeAddress[] = [
  { device: "lo", address: "127.0.0.1", prefixLength: 8 },
  { device: "eth0", address: "172.18.0.2", prefixLength: 16 },
];

/** The addresses after the commands in `text`. Throws `VW_COMMAND` at the first that is wrong. */
export function setUpNode(text: string, file: string): NodeAddress[] {
  let addresses = [...INITIAL_ADDRESSES];
  for (const [index, line] of text.split("\n").entries()) {
    const words = line
      .replace(/(^|\s)#.*$/, "")
      .split(/\s+/)
      .filter((word) => word !== "");
    // Options of ip itself, such as -4, say nothing about addresses.
    while (words[1]?.startsWith("-")) words.splice(1, 1);
    if (words.length === 0) continue;
    const place = { file, line: index + 1, column: 1 };
    addresses = carryOut(words, addresses, place);
  }
  return addresses;
}

function carryOut(
  [command, object = "", verb = "", ...words]: readonly string[],
  addresses: NodeAddress[],
  place: Place,
): NodeAddress[] {
  if (command !== "ip") {
    throw new VethworkError("VW_COMMAND", `"${command}" is not known here`, "ip commands", place);
  }
  if (["link", "l", "route", "r", "neigh"].includes(object)) return addresses;
  const adds = verb === "add" || verb === "a";
  if (!["addr", "address", "a"].includes(object) || !(adds || verb === "del")) {
    throw new VethworkError(
      "VW_COMMAND",
      `"ip ${object} ${verb}" is not known here`,
      "ip addr add|del, ip link, ip route",
      place,
    );
  }
  const device = words[words.indexOf("dev") + 1] ?? "";
  const [text = ""] = words;
  if (!words.includes("dev") || device === "") {
    throw new VethworkError("VW_COMMAND", "no device", `ip addr ${verb} ${text} dev eth0`, place);
  }
  // Rules are IPv4's; an IPv6 address changes none of them.
  if (text.includes(":")) return addresses;
  const { address, prefixLength } = interfaceAddress(text, place);
  const entry = { device, address, prefixLength };
  if (adds) return [...addresses, entry];
  return addresses.filter((one) => one.device !== device || one.address !== address);
}

function interfaceAddress(text: string, place: Place): { address: string; prefixLength: number } {
  try {
    const cidr = parseInterfaceCidr(text.includes("/") ? text : `${text}/32`);
    return { address: formatIpv4(cidr.address), prefixLength: cidr.prefixLength };
  } catch (error) {
    throw error instanceof VethworkError ? error.at(place) : error;
  }
}
