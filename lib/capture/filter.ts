/**
 * Small filter expressions, as people type them after tcpdump: `host 10.0.0.1 and tcp port 80`,
 * `not arp`, `tcp[syn] and not tcp[ack]`, `(udp or icmp) and src net 10.244.0.0/16`.
 *
 *     expression = term { ("and" | "or") term }       left to right, as in pcap-filter
 *     term       = "not" term | "(" expression ")" | primitive
 *     primitive  = "arp" | "ip" | "icmp" | "udp" | "tcp"
 *                | [proto] [src | dst] "port" PORT
 *                | [src | dst] "host" ADDRESS | [src | dst] "net" CIDR
 *                | "ether" (src | dst | "host") MAC
 *                | "tcp[" (syn | ack | fin | rst | psh | urg) "]"
 *                | "greater" LENGTH | "less" LENGTH
 *
 * Spec: pcap-filter(7) for words and precedence. Differs: single flags of TCP have names of their
 * own instead of byte arithmetic; `ether` filters are in terms of this header only.
 */
import { VethworkError } from "../base/errors.ts";
import { type Cidr, contains, parseCidr, parseIpv4 } from "../base/inet.ts";
import { parseMac } from "../base/mac.ts";
import * as arp from "../wire/arp.ts";
import * as ethernet from "../wire/ethernet.ts";
import * as ipv4 from "../wire/ipv4.ts";
import {
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  IPPROTO_ICMP,
  IPPROTO_TCP,
  IPPROTO_UDP,
} from "../wire/protocol-numbers.ts";
import * as tcp from "../wire/tcp.ts";

/** Whether a frame that begins at `at` and ends at `end` passes. */
export type FrameFilter = (view: DataView, at: number, end: number) => boolean;

type Side = "src" | "dst" | "either";

const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ["icmp", IPPROTO_ICMP],
  ["udp", IPPROTO_UDP],
  ["tcp", IPPROTO_TCP],
]);
const FLAGS: ReadonlyMap<string, number> = new Map([
  ["fin", tcp.FLAG_FIN],
  ["syn", tcp.FLAG_SYN],
  ["rst", tcp.FLAG_RST],
  ["psh", tcp.FLAG_PSH],
  ["ack", tcp.FLAG_ACK],
  ["urg", tcp.FLAG_URG],
]);
const ALLOWED =
  "arp, ip, icmp, udp, tcp, tcp[syn], [src|dst] host|net|port, ether src|dst|host, greater, less, not, (";

/** The filter that `text` describes; an empty one passes all. Throws `VW_FILTER` with the column. */
export function parseFilter(text: string, file = "filter"): FrameFilter {
  const parser = new Parser(text, file);
  return parser.parse();
}

interface Word {
  readonly text: string;
  readonly column: number;
}

class Parser {
  readonly #words: readonly Word[];
  readonly #file: string;
  readonly #length: number;
  #next = 0;

  constructor(text: string, file: string) {
    this.#words = [...text.matchAll(/[()]|[^\s()]+/g)].map((match) => ({
      text: match[0],
      column: match.index + 1,
    }));
    this.#file = file;
    this.#length = text.length;
  }

  parse(): FrameFilter {
    if (this.#words.length === 0) return () => true;
    const filter = this.#expression();
    if (this.#next < this.#words.length) throw this.#error("and, or");
    return filter;
  }

  #expression(): FrameFilter {
    let left = this.#term();
    for (;;) {
      const before = left;
      if (this.#take("and") || this.#take("&&")) {
        const right = this.#term();
        left = (view, at, end) => before(view, at, end) && right(view, at, end);
      } else if (this.#take("or") || this.#take("||")) {
        const right = this.#term();
        left = (view, at, end) => before(view, at, end) || right(view, at, end);
      } else {
        return left;
      }
    }
  }

  #term(): FrameFilter {
    if (this.#take("not") || this.#take("!")) {
      const inner = this.#term();
      return (view, at, end) => !inner(view, at, end);
    }
    if (this.#take("(")) {
      const inner = this.#expression();
      if (!this.#take(")")) throw this.#error(")");
      return inner;
    }
    return this.#primitive();
  }

  #primitive(): FrameFilter {
    if (this.#take("arp")) return isEtherType(ETHERTYPE_ARP);
    if (this.#take("ip")) return isEtherType(ETHERTYPE_IPV4);
    if (this.#take("ether")) return this.#ether();
    if (this.#take("greater")) {
      const length = this.#number("a length", 65535);
      return (_view, at, end) => end - at >= length;
    }
    if (this.#take("less")) {
      const length = this.#number("a length", 65535);
      return (_view, at, end) => end - at <= length;
    }
    const flag = /^tcp\[([a-z]+)\]$/.exec(this.#peek())?.[1];
    if (flag !== undefined) return this.#flag(flag);
    const protocol = PROTOCOLS.get(this.#peek());
    if (protocol === undefined) return this.#sided(null);
    this.#next += 1;
    return ["src", "dst", "port"].includes(this.#peek())
      ? this.#sided(protocol)
      : isProtocol(protocol);
  }

  #flag(name: string): FrameFilter {
    const bit = FLAGS.get(name);
    if (bit === undefined) throw this.#error(`tcp[${[...FLAGS.keys()].join("|")}]`);
    this.#next += 1;
    return (view, at, end) => {
      const l4 = transportAt(view, at, end, IPPROTO_TCP);
      return l4 !== -1 && l4 + tcp.TCP_SIZE <= end && (tcp.flags(view, l4) & bit) !== 0;
    };
  }

  /** A direction, if any, then what it is about. `protocol` may only stand before a port. */
  #sided(protocol: number | null): FrameFilter {
    const side: Side = this.#take("src") ? "src" : this.#take("dst") ? "dst" : "either";
    if (this.#take("port")) return hasPort(protocol, side, this.#number("a port", 65535));
    if (protocol !== null) throw this.#error("port");
    if (this.#take("host")) return hasHost(side, { address: this.#address(), prefixLength: 32 });
    if (this.#take("net")) return hasHost(side, this.#value(parseCidr));
    throw this.#error(side === "either" ? ALLOWED : "host, net, port");
  }

  #ether(): FrameFilter {
    const side: Side | null = this.#take("src")
      ? "src"
      : this.#take("dst")
        ? "dst"
        : this.#take("host")
          ? "either"
          : null;
    if (side === null) throw this.#error("src, dst, host");
    const mac = this.#value(parseMac);
    return (view, at, end) =>
      end - at >= ethernet.ETHERNET_SIZE &&
      ((side !== "dst" && ethernet.source(view, at) === mac) ||
        (side !== "src" && ethernet.destination(view, at) === mac));
  }

  #address() {
    return this.#value(parseIpv4);
  }

  #number(what: string, most: number): number {
    const text = this.#peek();
    const value = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value <= most)) throw this.#error(`${what} from 0 to ${most}`);
    this.#next += 1;
    return value;
  }

  /** The next word as an address; what is wrong with it gets the place of the word. */
  #value<T>(parse: (text: string) => T): T {
    const word = this.#words[this.#next];
    if (word === undefined) throw this.#error("an address");
    try {
      const value = parse(word.text);
      this.#next += 1;
      return value;
    } catch (error) {
      if (!(error instanceof VethworkError)) throw error;
      throw new VethworkError("VW_FILTER", error.problem, error.hint, this.#place(word.column));
    }
  }

  #peek(): string {
    return this.#words[this.#next]?.text ?? "";
  }

  #take(text: string): boolean {
    if (this.#peek() !== text) return false;
    this.#next += 1;
    return true;
  }

  #error(allowed: string): VethworkError {
    const word = this.#words[this.#next];
    const problem = word === undefined ? "the filter ends too early" : `unexpected "${word.text}"`;
    const column = word?.column ?? this.#length + 1;
    return new VethworkError("VW_FILTER", problem, `expected ${allowed}`, this.#place(column));
  }

  #place(column: number) {
    return { file: this.#file, line: 1, column };
  }
}

function isEtherType(type: number): FrameFilter {
  return (view, at, end) => end - at >= ethernet.ETHERNET_SIZE && ethernet.type(view, at) === type;
}

function isProtocol(protocol: number): FrameFilter {
  return (view, at, end) => {
    const ip = ipAt(view, at, end);
    return ip !== -1 && ipv4.protocol(view, ip) === protocol;
  };
}

function hasPort(protocol: number | null, side: Side, port: number): FrameFilter {
  return (view, at, end) => {
    const l4 = transportAt(view, at, end, protocol);
    if (l4 === -1 || l4 + 4 > end) return false;
    return (
      (side !== "dst" && view.getUint16(l4) === port) ||
      (side !== "src" && view.getUint16(l4 + 2) === port)
    );
  };
}

/** Addresses of IPv4 packets and, as in tcpdump, those that ARP packets speak of. */
function hasHost(side: Side, network: Cidr): FrameFilter {
  const matches = (source: number, destination: number): boolean =>
    (side !== "dst" && contains(network, source)) ||
    (side !== "src" && contains(network, destination));
  return (view, at, end) => {
    const ip = ipAt(view, at, end);
    if (ip !== -1) return matches(ipv4.source(view, ip), ipv4.destination(view, ip));
    const l3 = at + ethernet.ETHERNET_SIZE;
    const isArp = end - at >= ethernet.ETHERNET_SIZE && ethernet.type(view, at) === ETHERTYPE_ARP;
    return (
      isArp && arp.isValid(view, l3, end) && matches(arp.senderIp(view, l3), arp.targetIp(view, l3))
    );
  };
}

/** Position of the IPv4 header, or -1. */
function ipAt(view: DataView, at: number, end: number): number {
  const l3 = at + ethernet.ETHERNET_SIZE;
  return end - l3 >= ipv4.IPV4_SIZE && ethernet.type(view, at) === ETHERTYPE_IPV4 ? l3 : -1;
}

/** Position of the transport header, or -1: later fragments have none. null: TCP or UDP. */
function transportAt(view: DataView, at: number, end: number, protocol: number | null): number {
  const ip = ipAt(view, at, end);
  if (ip === -1 || (ipv4.fragment(view, ip) & ipv4.FRAGMENT_OFFSET_MASK) !== 0) return -1;
  const found = ipv4.protocol(view, ip);
  const fits =
    protocol === null ? found === IPPROTO_TCP || found === IPPROTO_UDP : found === protocol;
  return fits ? ip + ipv4.headerSize(view, ip) : -1;
}
