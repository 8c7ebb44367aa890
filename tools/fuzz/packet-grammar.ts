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

/** A packet to send. */
export interface RandomPacket {
  readonly side: Side;
  readonly bytes: Buffer;
  readonly what: string;
}

const A_HOSTS = [0x0a010002, 0x0a010003];
const B_HOSTS = [0x0a020002, 0x0a020003];
const SERVICES = [0x0a600001, 0x0a600002];
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
export class PacketGrammar {
  readonly #random: RandomStream;
  /** What came out of the router, to be answered. */
  readonly #seen: Emitted[] = [];
  /** What was sent, to be sent again or gone on with. */
  readonly #sent: RandomPacket[] = [];

  constructor(random: RandomStream) {
    this.#random = random;
  }

  /** Takes what came out for the last packet. */
  learn(emitted: readonly Emitted[]): void {
    for (const one of emitted) if (one.bytes.length >= 28) this.#seen.push(one);
  }

  /** The next packet. */
  next(): RandomPacket {
    const packet = this.#choose();
    this.#sent.push(packet);
    return packet;
  }

  #choose(): RandomPacket {
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

  #fresh(): RandomPacket {
    const random = this.#random;
    const side: Side = random.chance(0.75) ? "a" : "b";
    const [near, far] = side === "a" ? [A_HOSTS, B_HOSTS] : [B_HOSTS, A_HOSTS];
    const source = this.#pick(near);
    const destination = this.#pick(side === "a" ? [...far, ...SERVICES, ...SERVICES] : far);
    const kind = random.below(10);
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
    const type = this.#pick([8, 8, 8, 0, 13, 3]);
    return {
      side,
      bytes: message(source, destination, type, 0, (from << 16) | 1, random.below(60)),
      what: `icmp ${type}`,
    };
  }

  /** What the host would say to the packet that it got. */
  #answer({ side, bytes }: Emitted): RandomPacket {
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
    return {
      side,
      bytes: message(destination, source, 0, 0, icmp.rest(view, l4), 20),
      what: "answer icmp",
    };
  }

  /** An ICMP error about the packet that came. */
  #error({ side, bytes }: Emitted): RandomPacket {
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
  #again({ side, bytes }: RandomPacket): RandomPacket {
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

let lastId = 1;

function packet(
  source: number,
  destination: number,
  protocol: number,
  size: number,
): { bytes: Buffer; view: DataView } {
  const bytes = Buffer.alloc(20 + size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  lastId = (lastId + 1) & 0xffff;
  ipv4.write(view, 0, {
    tos: 0,
    length: 20 + size,
    id: lastId,
    fragment: 0x4000,
    ttl: 63,
    protocol,
    source,
    destination,
  });
  return { bytes, view };
}

/** A TCP segment in its packet. */
export function segment(
  source: number,
  destination: number,
  from: number,
  to: number,
  sequence: number,
  ack: number,
  flags: number,
  payload: number,
): Buffer {
  const isSyn = (flags & tcp.FLAG_SYN) !== 0;
  const options = isSyn ? 12 : 0;
  const { bytes, view } = packet(source, destination, 6, 20 + options + payload);
  bytes.fill(0x61, 40 + options);
  tcp.write(view, 20, from, to, sequence, ack, 20 + options, flags, 29200);
  if (isSyn) bytes.set([2, 4, 5, 180, 1, 3, 3, 7, 4, 2, 1, 1], 40);
  tcp.finishSegment(view, 20, bytes.length, source, destination);
  return bytes;
}

/** A UDP datagram in its packet. */
export function datagram(
  source: number,
  destination: number,
  from: number,
  to: number,
  payload: number,
): Buffer {
  const { bytes, view } = packet(source, destination, 17, 8 + payload);
  bytes.fill(0x62, 28);
  udp.write(view, 20, from, to, 8 + payload);
  udp.finishDatagram(view, 20, source, destination);
  return bytes;
}

/** An ICMP message in its packet, with a quoted packet behind it. */
export function message(
  source: number,
  destination: number,
  type: number,
  code: number,
  rest: number,
  payload: number,
  quoted: Uint8Array = Buffer.alloc(0),
): Buffer {
  const { bytes, view } = packet(source, destination, 1, 8 + payload + quoted.length);
  bytes.set(quoted, 28);
  icmp.write(view, 20, bytes.length, type, code, rest);
  return bytes;
}
