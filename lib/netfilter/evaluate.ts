/**
 * The walk of a packet through the chains of a table.
 *
 * Kernel: net/ipv4/netfilter/ip_tables.c (ipt_do_table), 6.18.
 */
import { assert } from "../base/assert.ts";
import type { Packet } from "./packet.ts";
import { Verdict } from "./rule.ts";
import type { Chain } from "./table.ts";

/** Chains may call each other this deep (NFT_JUMP_STACK_SIZE). */
export const MAX_JUMP_DEPTH = 16;

/** Told of every rule that a traced packet matches. */
export interface EvaluationTrace {
  /** A rule of a chain matched; `index` counts from 0. */
  rule(packet: Packet, chain: Chain, index: number, verdict: Verdict): void;
  /** The end of a built-in chain was reached. */
  policy(packet: Packet, chain: Chain): void;
}

/** Walks chains; one for each depth of nesting of hooks, since the stack is its own. */
export class Evaluator {
  readonly #chains: Chain[] = [];
  readonly #positions = new Int32Array(MAX_JUMP_DEPTH + 1);
  #depth = 0;

  /** Takes the packet through a built-in chain; never CONTINUE or RETURN. @hot */
  run(base: Chain, packet: Packet, trace: EvaluationTrace | null): Verdict {
    this.#depth = 0;
    let chain = base;
    let position = 0;
    let index = chain.contents.index;
    for (;;) {
      if (index !== null) position = index.next(packet, position);
      if (position >= chain.contents.length) {
        if (this.#depth === 0) return this.#policy(base, packet, trace);
        this.#depth -= 1;
        chain = this.#chainAt(this.#depth);
        position = this.#positions[this.#depth] ?? 0;
        index = chain.contents.index;
        continue;
      }
      const rule = chain.rule(position);
      position += 1;
      if (!rule.matchesPacket(packet)) {
        if (packet.hotDrop) return Verdict.DROP;
        continue;
      }
      rule.packets += 1;
      rule.bytes += packet.length;
      const verdict = rule.target === null ? rule.verdict : rule.target.apply(packet);
      if (trace !== null && verdict !== Verdict.STOLEN && packet.frame.traced) {
        trace.rule(packet, chain, position - 1, verdict);
      }
      if (verdict === Verdict.CONTINUE) {
        const { jump } = rule;
        if (jump === null) continue;
        if (!rule.isGoto) this.#push(chain, position);
        chain = jump;
        position = 0;
        index = chain.contents.index;
      } else if (verdict === Verdict.RETURN) {
        if (this.#depth === 0) return this.#policy(base, packet, trace);
        this.#depth -= 1;
        chain = this.#chainAt(this.#depth);
        position = this.#positions[this.#depth] ?? 0;
        index = chain.contents.index;
      } else {
        return verdict;
      }
    }
  }

  #push(chain: Chain, position: number): void {
    assert(this.#depth <= MAX_JUMP_DEPTH, "chains call each other too deep");
    this.#chains[this.#depth] = chain;
    this.#positions[this.#depth] = position;
    this.#depth += 1;
  }

  #chainAt(depth: number): Chain {
    const chain = this.#chains[depth];
    assert(chain !== undefined, "there is no chain to return to");
    return chain;
  }

  #policy(base: Chain, packet: Packet, trace: EvaluationTrace | null): Verdict {
    if (base.counts) {
      base.packets += 1;
      base.bytes += packet.length;
    }
    if (trace !== null && packet.frame.traced) trace.policy(packet, base);
    return base.policyAccepts ? Verdict.ACCEPT : Verdict.DROP;
  }
}
