/**
 * A shortcut into long chains. A rule that asks for one destination address, or for one destination
 * port, cannot match any other packet, and finding that out has no side effect; so the walk may
 * skip it. Of a chain of ten thousand Services a packet meets the few rules that may match it, in
 * their order, with the counters and side effects of the whole walk.
 */
import { IPPROTO_TCP, IPPROTO_UDP } from "../wire/protocol-numbers.ts";
import { TCP_SIZE } from "../wire/tcp.ts";
import { UDP_SIZE } from "../wire/udp.ts";
import { singleDestinationPort, TcpMatch } from "./matches/tcp.ts";
import { UdpMatch } from "./matches/udp.ts";
import type { Packet } from "./packet.ts";
import { Rule } from "./rule.ts";
import type { SharedRule } from "./rule-block.ts";

const NO_RULES: readonly number[] = [];

/** Which rules of a chain may match which packets. */
export class ChainIndex {
  readonly #length: number;
  /** Positions of rules by the one address that they ask for. */
  readonly #byDestination = new Map<number, number[]>();
  /** Of the others, by protocol << 16 | port. */
  readonly #byPort = new Map<number, number[]>();
  /** Of those that ask for neither. */
  readonly #others: number[] = [];

  /** `lines` are the chain's. */
  constructor(lines: readonly (Rule | SharedRule)[]) {
    this.#length = lines.length;
    lines.forEach((line, position) => {
      const rule = line instanceof Rule ? line : line.first;
      const { header } = rule;
      if (header.destinationMask === -1 && !header.destinationInverted) {
        append(this.#byDestination, header.destination, position);
        return;
      }
      const port = portAskedFor(rule);
      if (port === -1) this.#others.push(position);
      else append(this.#byPort, (header.protocol << 16) | port, position);
    });
  }

  /** Whether it saves anything. */
  get isUseful(): boolean {
    return this.#others.length * 2 < this.#length;
  }

  /** The first rule from `position` on that may match the packet; the chain's length if none. @hot */
  next(packet: Packet, position: number): number {
    // What has no whole transport header may be condemned by any rule that looks for it.
    const { protocol } = packet;
    const size = protocol === IPPROTO_TCP ? TCP_SIZE : UDP_SIZE;
    const hasPorts = protocol === IPPROTO_TCP || protocol === IPPROTO_UDP;
    if (hasPorts && (packet.fragmentOffset !== 0 || packet.transportLength < size)) {
      return position;
    }
    let next = from(this.#others, position, this.#length);
    const byDestination = this.#byDestination.get(packet.destination) ?? NO_RULES;
    next = Math.min(next, from(byDestination, position, next));
    if (hasPorts && this.#byPort.size > 0) {
      const port = packet.view.getUint16(packet.l4 + 2);
      const byPort = this.#byPort.get((protocol << 16) | port) ?? NO_RULES;
      next = Math.min(next, from(byPort, position, next));
    }
    return next;
  }
}

/** The first of the ascending `positions` that is at least `position`, or `otherwise`. @hot */
function from(positions: readonly number[], position: number, otherwise: number): number {
  let low = 0;
  let high = positions.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((positions[middle] ?? 0) < position) low = middle + 1;
    else high = middle;
  }
  return positions[low] ?? otherwise;
}

/** The one destination port of a rule, or -1; matches before it must have no side effects. */
function portAskedFor(rule: Rule): number {
  if (rule.header.protocolInverted) return -1;
  for (const match of rule.matches) {
    if (match instanceof TcpMatch || match instanceof UdpMatch) {
      const port = singleDestinationPort(match.destination);
      if (port !== -1) return port;
    }
    if (!match.pure) return -1;
  }
  return -1;
}

function append(map: Map<number, number[]>, key: number, position: number): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [position]);
  else known.push(position);
}
