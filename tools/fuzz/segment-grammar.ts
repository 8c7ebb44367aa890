/**
 * Random TCP segments between two hosts on one connection: mostly what a connection would bring,
 * often out of the window, with wrong flags, again, or as a reset.
 */
import type { RandomStream } from "../../lib/sim/random.ts";
import * as tcp from "../../lib/wire/tcp.ts";
import type { Side } from "./fake-router.ts";
import { segment } from "./packet-bytes.ts";
import type { RandomPacket } from "./packet-grammar.ts";

type Made = Omit<RandomPacket, "waitMs">;

const HOSTS = { a: 0x0a010002, b: 0x0a020002 } as const;
const PORTS = { a: 20000, b: 80 } as const;
const SYN = tcp.FLAG_SYN;
const ACK = tcp.FLAG_ACK;
const FIN = tcp.FLAG_FIN;
const RST = tcp.FLAG_RST;
const ODD_FLAGS = [
  SYN,
  SYN,
  SYN | ACK,
  ACK,
  FIN | ACK,
  RST,
  RST | ACK,
  FIN,
  SYN | FIN,
  ACK | tcp.FLAG_URG,
];
const SHIFTS = [0, 0, 0, 1, -1, 100, -100, 30000, 70000, -70000, 1 << 30];

/** Makes segments from one stream. */
export class SegmentGrammar {
  readonly #random: RandomStream;
  /** Each side's next sequence number. */
  readonly #next: Record<Side, number> = { a: 1000, b: 7000 };
  #last: Made | null = null;
  #step = 0;

  constructor(random: RandomStream) {
    this.#random = random;
  }

  /** The next segment. */
  next(): Made {
    const roll = this.#random.below(100);
    if (roll < 8 && this.#last !== null) return { ...this.#last, what: `again ${this.#last.what}` };
    this.#last = roll < 60 ? this.#orderly() : this.#odd();
    return this.#last;
  }

  /** What would come next: handshake, data both ways, close. */
  #orderly(): Made {
    const random = this.#random;
    const step = this.#step;
    this.#step += 1;
    if (step === 0) return this.#send("a", SYN, 0, 0);
    if (step === 1) return this.#send("b", SYN | ACK, 0, 0);
    if (step === 2) return this.#send("a", ACK, 0, 0);
    const side: Side = random.chance(0.5) ? "a" : "b";
    if (step > 8 && random.chance(0.3)) return this.#send(side, FIN | ACK, 0, 0);
    if (step > 12 && random.chance(0.3)) {
      this.#step = 0;
      this.#next.a = (this.#next.a + random.below(100000)) | 0;
    }
    return this.#send(side, ACK, random.chance(0.6) ? random.below(1000) : 0, 0);
  }

  /** Something else. */
  #odd(): Made {
    const random = this.#random;
    const side: Side = random.chance(0.5) ? "a" : "b";
    const flags = ODD_FLAGS[random.below(ODD_FLAGS.length)] ?? SYN;
    const payload = random.chance(0.3) ? random.below(500) : 0;
    return this.#send(side, flags, payload, SHIFTS[random.below(SHIFTS.length)] ?? 0);
  }

  #send(side: Side, flags: number, payload: number, shift: number): Made {
    const other: Side = side === "a" ? "b" : "a";
    const sequence = (this.#next[side] + shift) | 0;
    const wrongAck = this.#random.chance(0.1) ? 5000 : 0;
    const ack = (flags & ACK) !== 0 ? (this.#next[other] + wrongAck) | 0 : 0;
    const ports = [PORTS[side], PORTS[other]] as const;
    const bytes = segment(HOSTS[side], HOSTS[other], ...ports, sequence, ack, flags, payload);
    if (shift === 0) {
      const consumed = payload + ((flags & (SYN | FIN)) !== 0 ? 1 : 0);
      this.#next[side] = (this.#next[side] + consumed) | 0;
    }
    const what = `flags ${flags.toString(16)} shift ${shift} length ${payload} ack ${ack}`;
    return { side, bytes, what };
  }
}
