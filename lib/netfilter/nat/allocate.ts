/**
 * The choice of address and port for a new connection: what it has is kept if it is free and
 * allowed; else the range decides, and the port is looked for from a random place on.
 *
 * Kernel: net/netfilter/nf_nat_core.c (get_unique_tuple, find_best_ips_proto,
 * nf_nat_l4proto_unique_tuple, nf_nat_used_tuple_harder), 6.18.
 */
import { jhashAddress, reciprocalScale, swapBytes } from "../../base/jhash.ts";
import type { RandomStream } from "../../sim/random.ts";
import { IPPROTO_ICMP, IPPROTO_TCP } from "../../wire/protocol-numbers.ts";
import { type Connection, Status } from "../conntrack/connection.ts";
import type { Conntrack } from "../conntrack/conntrack.ts";
import { TcpState } from "../conntrack/tcp-state.ts";
import { hasPorts, Tuple } from "../conntrack/tuple.ts";
import { Manip, type NatRange } from "./range.ts";
import type { SourceIndex } from "./sources.ts";

/** How many ports are tried in the first round. */
const MAX_ATTEMPTS = 128;
/** With so few attempts left a closed connection is ended for its port (NF_NAT_HARDER_THRESH). */
const LAST_ATTEMPTS = 32;
/** Rounds with fewer attempts are not worth it. */
const MIN_ATTEMPTS = 16;

/** Chooses translations on one host. */
export class Allocator {
  readonly #conntrack: Conntrack;
  readonly #sources: SourceIndex;
  readonly #random: RandomStream;
  readonly #reply = new Tuple();
  /** How many ports were chosen at random. */
  randomChoices = 0;

  constructor(conntrack: Conntrack, sources: SourceIndex, random: RandomStream) {
    this.#conntrack = conntrack;
    this.#sources = sources;
    this.#random = random;
  }

  /** Fills `result` with a tuple for a connection that now has `current`. */
  choose(
    result: Tuple,
    current: Tuple,
    range: NatRange,
    connection: Connection,
    manip: Manip,
  ): void {
    const mayKeep = !range.random && !range.randomFully;
    if (manip === Manip.SOURCE && mayKeep) {
      if (inRange(current, range)) {
        if (!this.#isUsed(current, connection)) {
          result.copy(current);
          return;
        }
      } else if (this.#sources.findMapping(connection, current, result, range)) {
        if (!this.#isUsed(result, connection)) return;
      }
    }
    result.copy(current);
    this.#chooseAddress(result, range, connection, manip);
    if (mayKeep) {
      if (range.hasPorts) {
        if (
          range.basePort === -1 &&
          portInRange(result, manip, range) &&
          (range.minPort === range.maxPort || !this.#isUsed(result, connection))
        ) {
          return;
        }
      } else if (!this.#isUsed(result, connection)) {
        return;
      }
    }
    this.#choosePort(result, range, connection, manip);
  }

  /** Whether the answer to `tuple` would be taken for another connection's. */
  #isUsed(tuple: Tuple, connection: Connection): boolean {
    this.#reply.invert(tuple);
    return this.#conntrack.lookup.isTaken(this.#reply, connection);
  }

  #chooseAddress(tuple: Tuple, range: NatRange, connection: Connection, manip: Manip): void {
    if (!range.hasAddresses) return;
    let address = range.minAddress;
    if (range.minAddress !== range.maxAddress) {
      // The same client gets the same address again, on any host and after a restart.
      const other = range.persistent ? 0 : swapBytes(tuple.destination) ^ connection.zone;
      const count = (range.maxAddress >>> 0) - (range.minAddress >>> 0) + 1;
      const hash = jhashAddress(swapBytes(tuple.source), other);
      address = ((range.minAddress >>> 0) + reciprocalScale(hash, count)) | 0;
    }
    if (manip === Manip.SOURCE) tuple.source = address;
    else tuple.destination = address;
  }

  #choosePort(tuple: Tuple, range: NatRange, connection: Connection, manip: Manip): void {
    const isIcmp = tuple.protocol === IPPROTO_ICMP;
    if (!isIcmp && !hasPorts(tuple.protocol)) return;
    let first: number;
    let size: number;
    if (range.hasPorts) {
      first = Math.min(range.minPort, range.maxPort);
      size = Math.max(range.minPort, range.maxPort) - first + 1;
    } else if (isIcmp) {
      first = 0;
      size = 65536;
    } else {
      if (manip === Manip.DESTINATION) return;
      const port = portOf(tuple, manip);
      first = port < 512 ? 1 : port < 1024 ? 600 : 1024;
      size = (port < 512 ? 511 : port < 1024 ? 1023 : 65535) - first + 1;
    }
    let offset = this.#firstOffset(tuple, range, manip);
    let attempts = Math.min(size, MAX_ATTEMPTS);
    for (;;) {
      for (let attempt = 0; attempt < attempts; attempt += 1) {
        setPort(tuple, manip, first + (offset % size));
        if (!this.#isUsedHarder(tuple, connection, attempts - attempt)) return;
        offset = (offset + 1) & 0xffff;
      }
      if (attempts >= size || attempts < MIN_ATTEMPTS) return;
      attempts = Math.floor(attempts / 2);
      offset = this.#anyOffset();
    }
  }

  /** Where in the range the search begins. */
  #firstOffset(tuple: Tuple, range: NatRange, manip: Manip): number {
    if (range.basePort !== -1) return (portOf(tuple, manip) - range.basePort) & 0xffff;
    const isRandom = range.random || range.randomFully || manip === Manip.SOURCE;
    return isRandom ? this.#anyOffset() : 0;
  }

  #anyOffset(): number {
    this.randomChoices += 1;
    return this.#random.below(65536);
  }

  /**
   * Whether a tuple is used, for a new TCP connection that has few attempts left: one of a
   * connection that is over is not, if the new one's sequence numbers are beyond the old one's.
   */
  #isUsedHarder(tuple: Tuple, connection: Connection, attemptsLeft: number): boolean {
    if (
      attemptsLeft > LAST_ATTEMPTS ||
      tuple.protocol !== IPPROTO_TCP ||
      connection.state !== TcpState.SYN_SENT
    ) {
      return this.#isUsed(tuple, connection);
    }
    this.#reply.invert(tuple);
    const conntrack = this.#conntrack;
    const old = conntrack.lookup.holder(this.#reply, connection);
    if (old === null) return false;
    const isOver = old.state >= TcpState.TIME_WAIT;
    const isOurs = (old.status & (Status.SRC_NAT | Status.FIXED_TIMEOUT)) === Status.SRC_NAT;
    if (!isOver || !isOurs || ((conntrack.tcpEnd(connection) - conntrack.tcpEnd(old)) | 0) <= 0)
      return true;
    return !conntrack.kill(old);
  }
}

/** Whether a source that is kept is within what the range allows. */
export function inRange(tuple: Tuple, range: NatRange): boolean {
  if (range.hasAddresses) {
    const address = tuple.source >>> 0;
    if (address < range.minAddress >>> 0 || address > range.maxAddress >>> 0) return false;
  }
  return !range.hasPorts || portInRange(tuple, Manip.SOURCE, range);
}

function portInRange(tuple: Tuple, manip: Manip, range: NatRange): boolean {
  if (tuple.protocol !== IPPROTO_ICMP && !hasPorts(tuple.protocol)) return true;
  const port = portOf(tuple, manip);
  return port >= range.minPort && port <= range.maxPort;
}

/** The port that is translated; of ICMP always the identifier. */
function portOf(tuple: Tuple, manip: Manip): number {
  const isSource = manip === Manip.SOURCE || tuple.protocol === IPPROTO_ICMP;
  return isSource ? tuple.ports >>> 16 : tuple.ports & 0xffff;
}

function setPort(tuple: Tuple, manip: Manip, port: number): void {
  const isSource = manip === Manip.SOURCE || tuple.protocol === IPPROTO_ICMP;
  tuple.ports = isSource
    ? (port << 16) | (tuple.ports & 0xffff)
    : (tuple.ports & ~0xffff) | (port & 0xffff);
}
