/**
 * Random SCTP packets of one association: mostly what its set-up, data and shutdown would bring,
 * often something else.
 */
import type { RandomStream } from "../../lib/sim/random.ts";
import type { Side } from "./fake-router.ts";
import { sctpPacket } from "./packet-bytes.ts";
import type { RandomPacket } from "./packet-grammar.ts";

const HOSTS = { a: 0x0a010002, b: 0x0a020002 } as const;
const PORTS = { a: 20000, b: 80 } as const;
const TAGS = { a: 0x1111, b: 0x2222 } as const;
const DATA = 0;
const INIT = 1;
const INIT_ACK = 2;
const SACK = 3;
const HEARTBEAT = 4;
const HEARTBEAT_ACK = 5;
const ABORT = 6;
const SHUTDOWN = 7;
const SHUTDOWN_ACK = 8;
const ERROR = 9;
const COOKIE_ECHO = 10;
const COOKIE_ACK = 11;
const SHUTDOWN_COMPLETE = 14;
/** An association from its first packet to its last. */
const ORDERLY: readonly (readonly [Side, number])[] = [
  ["a", INIT],
  ["b", INIT_ACK],
  ["a", COOKIE_ECHO],
  ["b", COOKIE_ACK],
  ["a", DATA],
  ["b", SACK],
  ["a", HEARTBEAT],
  ["b", HEARTBEAT_ACK],
  ["a", SHUTDOWN],
  ["b", SHUTDOWN_ACK],
  ["a", SHUTDOWN_COMPLETE],
];
const ODD = [
  ...[DATA, INIT, INIT_ACK, SACK, HEARTBEAT, HEARTBEAT_ACK, ABORT, SHUTDOWN, SHUTDOWN_ACK],
  ...[ERROR, COOKIE_ECHO, COOKIE_ACK, SHUTDOWN_COMPLETE, 192],
];

/** Makes packets from one stream. */
export class AssociationGrammar {
  readonly #random: RandomStream;
  #step = 0;

  constructor(random: RandomStream) {
    this.#random = random;
  }

  /** The next packet. */
  next(): Omit<RandomPacket, "waitMs"> {
    const random = this.#random;
    const [side, type] = ORDERLY[this.#step % ORDERLY.length] ?? ["a", INIT];
    if (random.chance(0.65)) {
      this.#step += 1;
      return this.#send(side, type, true);
    }
    const odd = ODD[random.below(ODD.length)] ?? DATA;
    return this.#send(random.chance(0.5) ? "a" : "b", odd, random.chance(0.6));
  }

  #send(side: Side, type: number, tagIsRight: boolean): Omit<RandomPacket, "waitMs"> {
    const random = this.#random;
    const other: Side = side === "a" ? "b" : "a";
    const right = type === INIT ? 0 : TAGS[other];
    const tag = tagIsRight ? right : this.#pick([0, 0x3333, TAGS[side]]);
    const body = Buffer.alloc(16);
    body.writeUInt32BE(TAGS[side], 0);
    const flags = random.chance(0.1) ? 1 : 0;
    const chunks: [number, number, Buffer][] = [[type, flags, body]];
    if (random.chance(0.15))
      chunks.push([this.#pick([DATA, SACK, COOKIE_ACK, HEARTBEAT]), 0, body]);
    const ports = [PORTS[side], PORTS[other]] as const;
    const bytes = sctpPacket(HOSTS[side], HOSTS[other], ...ports, tag, chunks);
    return { side, bytes, what: `chunk ${chunks.map(([one]) => one)} flags ${flags} tag ${tag}` };
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[this.#random.below(choices.length)] as T;
  }
}
