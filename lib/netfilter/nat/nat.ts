/**
 * Network address translation: the nat table's rules see the first packet of a connection only and
 * decide its translation; all packets of it, and the ICMP errors about them, are rewritten alike.
 *
 * Kernel: net/netfilter/nf_nat_core.c (nf_nat_inet_fn, nf_nat_setup_info),
 * net/netfilter/nf_nat_proto.c (nf_nat_ipv4_fn and the hook functions), 6.18.
 */
import { assert } from "../../base/assert.ts";
import { DropReason } from "../../sim/drop-reason.ts";
import type { RandomStream } from "../../sim/random.ts";
import * as icmp from "../../wire/icmp.ts";
import { IPPROTO_ICMP } from "../../wire/protocol-numbers.ts";
import {
  type Connection,
  connectionOf,
  Direction,
  directionOf,
  Info,
  NAT_MASK,
  Status,
} from "../conntrack/connection.ts";
import type { Conntrack } from "../conntrack/conntrack.ts";
import { Tuple } from "../conntrack/tuple.ts";
import { Hook } from "../hooks.ts";
import type { Packet } from "../packet.ts";
import { Verdict } from "../rule.ts";
import { Allocator } from "./allocate.ts";
import { Manip, type NatRange, singleAddress } from "./range.ts";
import { rewrite, rewriteAddress } from "./rewrite.ts";
import { SourceIndex } from "./sources.ts";

const NAT_DONE_MASK = Status.SRC_NAT_DONE | Status.DST_NAT_DONE;

/** The walk through the nat table's chain of a hook. */
export interface NatRules {
  evaluate(packet: Packet): Verdict;
}

/** NAT on one host. */
export class Nat {
  readonly #conntrack: Conntrack;
  readonly #sources = new SourceIndex();
  readonly #allocator: Allocator;
  readonly #current = new Tuple();
  readonly #chosen = new Tuple();
  readonly #target = new Tuple();

  constructor(conntrack: Conntrack, random: RandomStream) {
    this.#conntrack = conntrack;
    this.#allocator = new Allocator(conntrack, this.#sources, random);
    conntrack.owner = this;
  }

  /** How many ports were chosen at random so far. */
  get randomChoices(): number {
    return this.#allocator.randomChoices;
  }

  /** A connection has ended. */
  connectionGone(connection: Connection): void {
    if ((connection.status & Status.SRC_NAT_DONE) !== 0) this.#sources.remove(connection);
  }

  /** NAT's turn at a hook: rules for a first packet, then the rewriting. @hot */
  run(packet: Packet, rules: NatRules): Verdict {
    const { frame } = packet;
    const connection = connectionOf(frame);
    if (connection === null || (connection.status & Status.TEMPLATE) !== 0) return Verdict.CONTINUE;
    const info = frame.conntrackInfo;
    const manip = manipOf(packet.hook);
    if (info === Info.RELATED || info === Info.RELATED_REPLY) {
      if (packet.protocol === IPPROTO_ICMP) {
        return this.#rewriteError(packet, connection, manip)
          ? Verdict.CONTINUE
          : this.#drop(packet);
      }
    }
    if (info !== Info.ESTABLISHED && info !== Info.ESTABLISHED_REPLY) {
      const done = manip === Manip.SOURCE ? Status.SRC_NAT_DONE : Status.DST_NAT_DONE;
      if ((connection.status & done) === 0) {
        const verdict = rules.evaluate(packet);
        if (verdict !== Verdict.ACCEPT && verdict !== Verdict.CONTINUE) return verdict;
        if ((connection.status & done) === 0) this.bindNull(connection, manip);
      } else if (this.#leftItsInterface(packet, connection)) {
        return this.#drop(packet);
      }
    } else if (this.#leftItsInterface(packet, connection)) {
      return this.#drop(packet);
    }
    return this.#apply(packet, connection, manip);
  }

  /** Decides a connection's translation; nothing changes once it is confirmed. */
  setUp(connection: Connection, range: NatRange, manip: Manip): Verdict {
    if (connection.confirmed) return Verdict.ACCEPT;
    const done = manip === Manip.SOURCE ? Status.SRC_NAT_DONE : Status.DST_NAT_DONE;
    assert((connection.status & done) === 0, "a connection is translated twice");
    const current = this.#current;
    const chosen = this.#chosen;
    current.invert(connection.reply);
    this.#allocator.choose(chosen, current, range, connection, manip);
    if (!chosen.equals(current)) {
      connection.reply.invert(chosen);
      connection.status |= manip === Manip.SOURCE ? Status.SRC_NAT : Status.DST_NAT;
    }
    if (manip === Manip.SOURCE) this.#sources.add(connection);
    connection.status |= done;
    return Verdict.ACCEPT;
  }

  /** Ends the connections that are masqueraded and match, as an interface goes or loses an address. */
  endMasquerades(matches: (connection: Connection) => boolean): void {
    this.#conntrack.killWhere(
      (connection) => connection.masqueradeIndex !== 0 && matches(connection),
    );
  }

  /** No rule wanted it: the addresses stay, the port too if it is free. */
  bindNull(connection: Connection, manip: Manip): void {
    const { reply } = connection;
    this.setUp(
      connection,
      singleAddress(manip === Manip.SOURCE ? reply.destination : reply.source),
      manip,
    );
  }

  #drop(packet: Packet): Verdict {
    packet.frame.drop(DropReason.NAT_DROP, this.#conntrack.host.drops);
    return Verdict.STOLEN;
  }

  /** A masqueraded connection whose packets leave by another interface now has a wrong address. */
  #leftItsInterface(packet: Packet, connection: Connection): boolean {
    if (
      connection.masqueradeIndex === 0 ||
      packet.hook !== Hook.POSTROUTING ||
      directionOf(packet.frame.conntrackInfo) !== Direction.ORIGINAL ||
      packet.outDevice === null ||
      packet.outDevice.index === connection.masqueradeIndex
    ) {
      return false;
    }
    this.#conntrack.kill(connection);
    return true;
  }

  /** Rewrites a packet if its connection is translated in this place. @hot */
  #apply(packet: Packet, connection: Connection, manip: Manip): Verdict {
    const { frame } = packet;
    const direction = directionOf(frame.conntrackInfo);
    if ((connection.status & statusBit(manip, direction)) === 0) return Verdict.CONTINUE;
    this.#target.invert(direction === Direction.ORIGINAL ? connection.reply : connection.original);
    rewrite(packet.view, packet.l3, packet.end, this.#target, manip, frame.checksumPending);
    packet.refresh();
    return Verdict.CONTINUE;
  }

  /** Rewrites an ICMP error: the packet that it quotes, then itself. False: it must not pass. */
  #rewriteError(packet: Packet, connection: Connection, manip: Manip): boolean {
    const { view, l4, end, frame } = packet;
    if (end - l4 < icmp.ICMP_SIZE) return false;
    if (icmp.type(view, l4) === icmp.ICMP_REDIRECT) {
      const { status } = connection;
      if ((status & NAT_DONE_MASK) !== NAT_DONE_MASK || (status & NAT_MASK) !== 0) return false;
    }
    const direction = directionOf(frame.conntrackInfo);
    if ((connection.status & statusBit(manip, direction)) === 0) return true;
    const other = direction === Direction.ORIGINAL ? connection.reply : connection.original;
    const inner = l4 + icmp.ICMP_SIZE;
    const opposite = manip === Manip.SOURCE ? Manip.DESTINATION : Manip.SOURCE;
    rewrite(view, inner, end, other, opposite, false);
    icmp.finishMessage(view, l4, end);
    this.#target.invert(other);
    const address = manip === Manip.SOURCE ? this.#target.source : this.#target.destination;
    rewriteAddress(view, packet.l3, manip, address);
    packet.refresh();
    return true;
  }
}

/** What is translated at a hook. @hot */
export function manipOf(hook: Hook): Manip {
  return hook === Hook.POSTROUTING || hook === Hook.INPUT ? Manip.SOURCE : Manip.DESTINATION;
}

/** The status bit that tells whether packets of that direction are rewritten in that place. */
function statusBit(manip: Manip, direction: Direction): number {
  const forward = manip === Manip.SOURCE;
  return forward === (direction === Direction.ORIGINAL) ? Status.SRC_NAT : Status.DST_NAT;
}
