/**
 * Random packets between the hosts on both sides of a router, many of them answers to, or errors
 * about, packets that came through.
 */
import type { RandomStream } from "../../lib/sim/random.ts";
import * as icmp from "../../lib/wire/icmp.ts";
import * as ipv4 from "../../lib/wire/ipv4.ts";
import * as tcp from "../../lib/wire/tcp.ts";
import * as udp from "../../lib/wire/udp.ts";
import type { Emitted, Side } from "./fake-router.ts";
import { datagram, message, opaque, remark, sctpPacket, segment } from "./packet-bytes.ts";

/** A packet to send. */
export interface RandomPacket {
  readonly side: Side;
  readonly bytes: Buffer;
  readonly what: string;
  /** Time to let pass before. */
  readonly waitMs: number;
}

/** Where packets come from. */
export interface PacketSource {
  /** The next packet. */
  next(): RandomPacket;
  /** Takes what came out for the last packet. */
  learn(emitted: readonly Emitted[]): void;
}

/** A packet before it is known when it is sent. */
type Made = Omit<RandomPacket, "waitMs">;

const A_HOSTS = [0x0a010002, 0x0a010003];
const B_HOSTS = [0x0a020002, 0x0a020003];
const SERVICES = [0x0a600001, 0x0a600002];
/** Sources that may come by the wrong cable. */
const STRANGERS = [0xcb007105 | 0, 0x0a010007, 0x0a020007];
const FLAGS = [
  tcp.FLAG_SYN,
  tcp.FLAG_SYN,
  tcp.FLAG_SYN,
  tcp.FLAG_ACK,
  tcp.FLAG_ACK | tcp.FLAG_PSH,
  tcp.FLAG_FIN | tcp.FLAG_ACK,
  tcp.FLAG_RST,
  tcp.FLAG_RST | tcp.FLAG_ACK,
  tcp.FLAG_SYN | tcp.FLAG_ACK,
  tcp.FLAG_SYN | tcp.FLAG_FIN,
  0,
];

/** Makes packets from one stream. */
export class PacketGrammar implements PacketSource {
  readonly #random: RandomStream;
  readonly #waitMs: number;
  /** What came out of the router, to be answered. */
  readonly #seen: Emitted[] = [];
  /** What was sent, to be sent again or gone on with. */
  readonly #sent: Made[] = [];

  /** `waitMs`: from packet to packet. */
  constructor(random: RandomStream, waitMs = 0) {
    this.#random = random;
    this.#waitMs = waitMs;
  }

  /** Takes what came out for the last packet. */
  learn(emitted: readonly Emitted[]): void {
    for (const one of emitted) if (one.bytes.length >= 28) this.#seen.push(one);
  }

  /** The next packet. */
  next(): RandomPacket {
    const packet = this.#choose();
    if (this.#random.chance(0.15)) {
      remark(
        packet.bytes,
        this.#pick([1, 2, 62, 63, 64, 255]),
        this.#pick([0, 0x10, 0x28, 0xb8, 3]),
      );
    }
    this.#sent.push(packet);
    return { ...packet, waitMs: this.#waitMs };
  }

  #choose(): Made {
    const random = this.#random;
    if (this.#seen.length > 0 && random.chance(0.45)) {
      const seen = this.#seen[Math.max(0, this.#seen.length - 1 - random.below(4))];
      if (seen !== undefined) return random.chance(0.15) ? this.#error(seen) : this.#answer(seen);
    }
    if (this.#sent.length > 0 && random.chance(0.25)) {
      const sent = this.#sent[Math.max(0, this.#sent.length - 1 - random.below(4))];
      if (sent !== undefined) return this.#again(sent);
    }
    return this.#fresh();
  }

  #fresh(): Made {
    const random = this.#random;
    const side: Side = random.chance(0.75) ? "a" : "b";
    const [near, far] = side === "a" ? [A_HOSTS, B_HOSTS] : [B_HOSTS, A_HOSTS];
    const source = this.#pick(random.chance(0.06) ? STRANGERS : near);
    const destination = this.#pick(side === "a" ? [...far, ...SERVICES, ...SERVICES] : far);
    const kind = random.below(11);
    // Each host has ports of its own, so that masquerading never has to choose at random.
    const from = 20000 + (source & 0xff) * 100 + (side === "a" ? 0 : 1000) + random.below(3);
    if (kind < 6) {
      const flags = this.#pick(FLAGS);
      const to = this.#pick([80, 80, 443, 8080]);
      const payload = random.chance(0.3) ? random.below(200) : 0;
      return {
        side,
        bytes: segment(
          source,
          destination,
          from,
          to,
          1000,
          flags === tcp.FLAG_SYN ? 0 : 5000,
          flags,
          payload,
        ),
        what: `tcp ${flags.toString(16)} ${from}→${to}`,
      };
    }
    if (kind < 9) {
      const to = this.#pick([53, 53, 123, 8080]);
      return {
        side,
        bytes: datagram(source, destination, from, to, random.below(100)),
        what: `udp ${from}→${to}`,
      };
    }
    if (kind === 10) {
      if (random.chance(0.3)) {
        return { side, bytes: opaque(source, destination, random.below(60)), what: "esp" };
      }
      const type = this.#pick([1, 1, 10, 0, 6, 4]);
      const body = Buffer.alloc(16, 7);
      const bytes = sctpPacket(source, destination, from, 80, type === 1 ? 0 : 5, [
        [type, 0, body],
      ]);
      return { side, bytes, what: `sctp chunk ${type}` };
    }
    const type = this.#pick([8, 8, 8, 0, 13, 3]);
    return {
      side,
      bytes: message(source, destination, type, 0, (from << 16) | 1, random.below(60)),
      what: `icmp ${type}`,
    };
  }

  /** What the host would say to the packet that it got. */
  #answer({ side, bytes }: Emitted): Made {
    const random = this.#random;
    const { view, l4, source, destination, protocol } = parse(bytes);
    if (protocol === 6) {
      const flags = tcp.flags(view, l4);
      const length = bytes.length - l4 - tcp.headerSize(view, l4);
      const consumed = length + ((flags & 3) !== 0 ? 1 : 0);
      const ack = (tcp.sequence(view, l4) + consumed) | 0;
      const isSyn = (flags & tcp.FLAG_SYN) !== 0 && (flags & tcp.FLAG_ACK) === 0;
      const reply =
        isSyn && random.chance(0.8)
          ? tcp.FLAG_SYN | tcp.FLAG_ACK
          : this.#pick([
              tcp.FLAG_ACK,
              tcp.FLAG_ACK,
              tcp.FLAG_FIN | tcp.FLAG_ACK,
              tcp.FLAG_RST | tcp.FLAG_ACK,
              tcp.FLAG_ACK | tcp.FLAG_PSH,
            ]);
      const sequence = isSyn ? 7000 : tcp.acknowledgment(view, l4);
      return {
        side,
        bytes: segment(
          destination,
          source,
          tcp.destinationPort(view, l4),
          tcp.sourcePort(view, l4),
          sequence,
          ack,
          reply,
          reply === tcp.FLAG_ACK ? 0 : random.below(50),
        ),
        what: `answer tcp ${reply.toString(16)}`,
      };
    }
    if (protocol === 17) {
      return {
        side,
        bytes: datagram(
          destination,
          source,
          udp.destinationPort(view, l4),
          udp.sourcePort(view, l4),
          random.below(100),
        ),
        what: "answer udp",
      };
    }
    if (protocol !== 1) {
      return { side, bytes: opaque(destination, source, 20), what: "answer esp" };
    }
    return {
      side,
      bytes: message(destination, source, 0, 0, icmp.rest(view, l4), 20),
      what: "answer icmp",
    };
  }

  /** An ICMP error about the packet that came. */
  #error({ side, bytes }: Emitted): Made {
    const { source, destination } = parse(bytes);
    const type = this.#pick([3, 3, 11, 5]);
    const quoted = bytes.subarray(0, Math.min(bytes.length, this.#random.chance(0.5) ? 28 : 128));
    const from = type === 11 ? 0x0a020003 : destination;
    return {
      side,
      bytes: message(
        side === "a" ? destination : from,
        source,
        type,
        type === 3 ? 3 : 0,
        0,
        0,
        quoted,
      ),
      what: `error ${type}`,
    };
  }

  /** The same packet, or a later one of the same flow. */
  #again({ side, bytes }: Made): Made {
    const { view, l4, source, destination, protocol } = parse(bytes);
    if (protocol !== 6 || this.#random.chance(0.3)) return { side, bytes, what: "again" };
    const flags = this.#pick([
      tcp.FLAG_ACK,
      tcp.FLAG_ACK | tcp.FLAG_PSH,
      tcp.FLAG_FIN | tcp.FLAG_ACK,
      tcp.FLAG_RST,
      tcp.FLAG_SYN,
    ]);
    const sequence = (tcp.sequence(view, l4) + this.#pick([1, 1, 1, 0, 100, 70000, -5000])) | 0;
    const payload = this.#random.chance(0.5) ? this.#random.below(100) : 0;
    return {
      side,
      bytes: segment(
        source,
        destination,
        tcp.sourcePort(view, l4),
        tcp.destinationPort(view, l4),
        sequence,
        this.#pick([7001, 7001, 7050, 1]),
        flags,
        payload,
      ),
      what: `tcp ${flags.toString(16)} later`,
    };
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[this.#random.below(choices.length)] as T;
  }
}

function parse(bytes: Buffer): {
  view: DataView;
  l4: number;
  source: number;
  destination: number;
  protocol: number;
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    view,
    l4: ipv4.headerSize(view, 0),
    source: ipv4.source(view, 0),
    destination: ipv4.destination(view, 0),
    protocol: ipv4.protocol(view, 0),
  };
}
