/**
 * Random packets of one flow between two hosts, as conntrack has to follow it: TCP, SCTP, UDP, ICMP
 * queries, or a protocol that it does not know.
 */
import type { RandomStream } from "../../lib/sim/random.ts";
import { AssociationGrammar } from "./association-grammar.ts";
import type { Emitted, Side } from "./fake-router.ts";
import { datagram, message, opaque } from "./packet-bytes.ts";
import type { PacketSource, RandomPacket } from "./packet-grammar.ts";
import { SegmentGrammar } from "./segment-grammar.ts";

const HOSTS = { a: 0x0a010002, b: 0x0a020002 } as const;
const ECHO = 8;
const ECHO_REPLY = 0;
const TIMESTAMP = 13;
const TIMESTAMP_REPLY = 14;
const UNREACHABLE = 3;

/** Makes the packets of one flow. */
export class FlowGrammar implements PacketSource {
  readonly #random: RandomStream;
  readonly #next: () => Omit<RandomPacket, "waitMs">;
  readonly #slow: boolean;
  #last: Buffer | null = null;

  constructor(random: RandomStream) {
    this.#random = random;
    this.#slow = random.chance(0.1);
    const kind = random.below(10);
    if (kind < 6) {
      const segments = new SegmentGrammar(random);
      this.#next = () => segments.next();
    } else if (kind === 6) {
      const chunks = new AssociationGrammar(random);
      this.#next = () => chunks.next();
    } else if (kind === 7) this.#next = () => this.#datagram();
    else if (kind === 8) this.#next = () => this.#query();
    else this.#next = () => this.#opaque();
  }

  learn(_emitted: readonly Emitted[]): void {}

  next(): RandomPacket {
    const packet = this.#next();
    // Now and then so long that connections end, or UDP becomes a stream.
    const waitMs = this.#slow && this.#random.chance(0.15) ? 1100 : 0;
    return { ...packet, waitMs };
  }

  #side(): Side {
    return this.#random.chance(0.5) ? "a" : "b";
  }

  #datagram(): Omit<RandomPacket, "waitMs"> {
    const side = this.#side();
    const [from, to] = side === "a" ? [20000, 53] : [53, 20000];
    if (this.#last !== null && this.#random.chance(0.15)) return this.#error(this.#last, side);
    const bytes = datagram(HOSTS[side], HOSTS[other(side)], from, to, this.#random.below(50));
    this.#last = bytes;
    return { side, bytes, what: "udp" };
  }

  #query(): Omit<RandomPacket, "waitMs"> {
    const side = this.#side();
    const types = [ECHO, ECHO, ECHO_REPLY, ECHO_REPLY, TIMESTAMP, TIMESTAMP_REPLY, 17, 18, 9];
    const type = types[this.#random.below(types.length)] ?? ECHO;
    const identifier = (this.#random.below(2) + 1) << 16;
    if (this.#last !== null && this.#random.chance(0.1)) return this.#error(this.#last, side);
    const code = this.#random.chance(0.1) ? 1 : 0;
    const bytes = message(HOSTS[side], HOSTS[other(side)], type, code, identifier, 16);
    this.#last = bytes;
    return { side, bytes, what: `icmp ${type}/${code}` };
  }

  #error(quoted: Buffer, side: Side): Omit<RandomPacket, "waitMs"> {
    const bytes = message(HOSTS[side], HOSTS[other(side)], UNREACHABLE, 3, 0, 0, quoted);
    return { side, bytes, what: "icmp error" };
  }

  #opaque(): Omit<RandomPacket, "waitMs"> {
    const side = this.#side();
    return { side, bytes: opaque(HOSTS[side], HOSTS[other(side)], 8), what: "esp" };
  }
}

function other(side: Side): Side {
  return side === "a" ? "b" : "a";
}
