/**
 * Elements of IP sets as `ipset` reads and prints them: addresses (set-addresses.ts), ports
 * (set-ports.ts), as the set's type says.
 *
 * Spec: ipset 7.17, lib/parse.c, lib/print.c.
 */
import { formatIpv4 } from "../base/inet.ts";
import { emptyElement, type SetElement } from "../netfilter/ipset/element.ts";
import type { IpSet } from "../netfilter/ipset/set.ts";
import { formatProtocol } from "../netfilter/text/values.ts";
import { type AddressRange, addressesOf, addressRange, networks } from "./set-addresses.ts";
import { bitmapPorts, formatPort, type PortRange, protocolAndPorts } from "./set-ports.ts";
import { setProblem } from "./set-problem.ts";

/** A word that has been read: one element, or a range of them. */
export interface ParsedElement {
  readonly addresses: AddressRange | null;
  readonly ports: PortRange | null;
  readonly ends: AddressRange | null;
  /** As the tool calls it. */
  readonly text: string;
}

/** Reads an element of a set. */
export function parseElement(set: IpSet, text: string): ParsedElement {
  const [first = "", second = "", third = ""] = splitElement(set, text);
  const none = { addresses: null, ports: null, ends: null };
  if (set.type === "bitmap:port") {
    const ports = bitmapPorts(first);
    return {
      ...none,
      ports,
      text: `${ports.low}${ports.high === ports.low ? "" : `-${ports.high}`}`,
    };
  }
  const addresses = addressRange(first);
  if (set.dimensions === 1) return { ...none, addresses, text: addresses.text };
  const ports = protocolAndPorts(second);
  const start = `${addresses.text},${formatProtocol(ports.protocol)}:${formatPort(ports.protocol, ports.low)}`;
  if (set.dimensions === 2) return { ...none, addresses, ports, text: start };
  if (set.type === "hash:ip,port,ip" && /[-/]/.test(third) && !third.endsWith("/32")) {
    throw setProblem(`Syntax error: plain IP address must be supplied: ${third}`);
  }
  const ends = addressRange(third);
  return {
    addresses,
    ports,
    ends,
    text: `${start},${ends.prefix === -1 ? formatIpv4(ends.first) : ends.text}`,
  };
}

/** The elements that a word stands for, one after the other, as the kernel makes them of it. */
export function* elementsOf(
  set: IpSet,
  { addresses, ports, ends }: ParsedElement,
): Generator<SetElement> {
  const { protocol = 0, low = 0, high = 0 } = ports ?? {};
  const plain = emptyElement();
  if (addresses === null) {
    const { firstPort, lastPort } = set.options;
    if (low < firstPort || high > lastPort) {
      throw setProblem("Element is out of the range of the set");
    }
    for (let port = low; port <= high; port += 1) yield { ...plain, port };
    return;
  }
  if (set.type === "hash:net") {
    for (const network of networks(addresses)) yield { ...plain, ...network };
    return;
  }
  for (const address of addressesOf(set, addresses)) {
    for (let port = low; port <= high; port += 1) {
      if (ends === null) {
        yield { ...plain, address, protocol, port };
        continue;
      }
      for (const end of networks(ends)) {
        yield { ...plain, address, protocol, port, address2: end.address, prefix: end.prefix };
      }
    }
  }
}

/**
 * The one element that `ipset test` asks for, or null if it can be in no set; refuses ranges where
 * the tool does.
 */
export function elementToTest(set: IpSet, parsed: ParsedElement): SetElement | null {
  const { addresses, ports, ends } = parsed;
  const family = set.type === "bitmap:port" ? "unspec" : "inet";
  const refuseRange = (form: string): never => {
    throw setProblem(
      `${form} range is not allowed in command test with set type ${set.type} and family ${family}`,
    );
  };
  const hasNetwork = set.type === "hash:ip" || set.type === "hash:net";
  if (addresses?.prefix === -1 && set.type !== "hash:ip") refuseRange("FROM-TO IP");
  if (addresses?.isNetwork === true && !hasNetwork) refuseRange("IP/CIDR");
  if (ports !== null && ports.low !== ports.high) refuseRange("FROM-TO port");
  for (const range of [addresses, ends]) if (range?.prefix === 0) return null;
  if (set.type === "hash:ip" && addresses !== null) {
    return { ...emptyElement(), address: addresses.first & set.options.mask };
  }
  if (set.type === "hash:ip,port" && addresses?.first === 0) return null;
  const [element = null] = elementsOf(set, parsed);
  return element;
}

/** The parts between the commas: as many as the type has. */
function splitElement({ dimensions, type }: IpSet, text: string): string[] {
  const parts = text.split(",");
  if (parts.length < dimensions) {
    const which = parts.length === 1 ? "Second" : "Third";
    throw setProblem(`Syntax error: ${which} element is missing from ${text}.`);
  }
  if (parts.length === dimensions) return parts;
  const counts = ["none", "one", "two"];
  const seen = ["Elem separator", "Two elem separators", "Three elem separators"][dimensions - 1];
  const supported = counts[dimensions - 1];
  throw setProblem(`Syntax error: ${seen} in ${text}, but settype ${type} supports ${supported}.`);
}

/** As listings print it, with nothing behind the address. */
export function formatElement({ type }: IpSet, element: SetElement): string {
  if (type === "bitmap:port") return `${element.port}`;
  const length = element.prefix === 32 ? "" : `/${element.prefix}`;
  if (type === "hash:net") return `${formatIpv4(element.address)}${length}`;
  const text = formatIpv4(element.address);
  if (type === "hash:ip") return text;
  const ports = `${text},${formatProtocol(element.protocol)}:${formatPort(element.protocol, element.port)}`;
  if (type === "hash:ip,port") return ports;
  return `${ports},${formatIpv4(element.address2)}${length}`;
}
