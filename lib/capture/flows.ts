/**
 * What a set of captures of one run says about its flows, before any frame is normalised: which
 * ports are ephemeral, and from which initial sequence number each side of a connection counts.
 *
 * A flow is known by its ephemeral port and the role of the sender ("from" the initiator or "to"
 * it). Address translation keeps that port unless it has to choose another one, so a connection is
 * the same flow on every interface, whatever its addresses are there.
 */
import * as ipv4 from "../wire/ipv4.ts";
import { IPPROTO_TCP } from "../wire/protocol-numbers.ts";
import * as tcp from "../wire/tcp.ts";

/** Ports below are never chosen at random, not even by `--random-fully`. */
const FIRST_RANDOM_PORT = 1024;

/** The ports of one segment or datagram. */
export interface Ports {
  readonly protocol: number;
  readonly source: number;
  readonly destination: number;
}

/** What was learnt about the flows of a run. */
export class Flows {
  readonly #keep: ReadonlySet<number>;
  /** By protocol and port. */
  readonly #initiators = new Set<string>();
  readonly #servers = new Set<string>();
  /** Pairs of a connectionless protocol that have been seen, either way round. */
  readonly #pairs = new Set<string>();
  /** Initial sequence numbers by flow, in order of appearance. */
  readonly #isns = new Map<string, number[]>();

  /** `keep`: ports that a program chose itself, which must be compared as they are. */
  constructor(keep: ReadonlySet<number>) {
    this.#keep = keep;
  }

  /** Learns from a packet, the earlier ones first: the transport header at `at`, in the IPv4 packet at `ip`. */
  learn(view: DataView, ip: number, at: number): void {
    const ports = portsAt(view, ip, at);
    if (ports.protocol !== IPPROTO_TCP) {
      this.#learnDatagram(ports);
      return;
    }
    const flags = tcp.flags(view, at) & (tcp.FLAG_SYN | tcp.FLAG_ACK | tcp.FLAG_RST);
    if (flags === tcp.FLAG_SYN) this.#initiate(ports);
    if (flags === (tcp.FLAG_SYN | tcp.FLAG_ACK)) {
      // A device may see only the answers to a port: translation back comes before a bridge's tap.
      this.#initiate(reversed(ports));
      this.#isn(reversed(ports), (tcp.acknowledgment(view, at) - 1) >>> 0);
    }
    if (flags === (tcp.FLAG_RST | tcp.FLAG_ACK) && tcp.sequence(view, at) === 0) {
      // So does one that refuses a SYN (RFC 9293 §3.10.7.1).
      this.#initiate(reversed(ports));
      this.#isn(reversed(ports), (tcp.acknowledgment(view, at) - 1) >>> 0);
    }
    if ((flags & tcp.FLAG_SYN) !== 0) this.#isn(ports, tcp.sequence(view, at));
  }

  /** The flow that a packet belongs to: `6 from 40000`. */
  flow({ protocol, source, destination }: Ports): string {
    return this.#isFromInitiator(protocol, source, destination)
      ? `${protocol} from ${source}`
      : `${protocol} to ${destination}`;
  }

  /** The flow of the opposite direction. */
  reverse(ports: Ports): string {
    return this.flow(reversed(ports));
  }

  /** Whether a port was chosen at random. */
  isEphemeral(protocol: number, port: number): boolean {
    const key = `${protocol}:${port}`;
    return (
      port >= FIRST_RANDOM_PORT &&
      !this.#keep.has(port) &&
      this.#initiators.has(key) &&
      !this.#servers.has(key)
    );
  }

  /**
   * The initial sequence number that `sequence` counts from, or null when the capture has none. A
   * port that was used twice has two: the one that `sequence` is nearest behind (one before it is
   * allowed: a probe).
   */
  isn(flow: string, sequence: number): number | null {
    let best: number | null = null;
    for (const isn of this.#isns.get(flow) ?? []) {
      const distance = (sequence - isn + 1) >>> 0;
      if (best === null || distance < (sequence - best + 1) >>> 0) best = isn;
    }
    return best;
  }

  #learnDatagram(ports: Ports): void {
    const { protocol, source, destination } = ports;
    const pair = `${protocol} ${Math.min(source, destination)} ${Math.max(source, destination)}`;
    if (this.#pairs.has(pair)) return;
    this.#pairs.add(pair);
    this.#initiate(this.#isAnswer(ports) ? reversed(ports) : ports);
  }

  /**
   * Whether the first datagram of a pair is an answer whose question was never seen like that:
   * its source is what others have asked already, or never chosen at random.
   */
  #isAnswer({ protocol, source, destination }: Ports): boolean {
    if (destination < FIRST_RANDOM_PORT) return false;
    const isServer = (port: number): boolean => this.#servers.has(`${protocol}:${port}`);
    return source < FIRST_RANDOM_PORT || (isServer(source) && !isServer(destination));
  }

  #initiate({ protocol, source, destination }: Ports): void {
    this.#initiators.add(`${protocol}:${source}`);
    this.#servers.add(`${protocol}:${destination}`);
  }

  #isn(ports: Ports, isn: number): void {
    const flow = this.flow(ports);
    const known = this.#isns.get(flow) ?? [];
    // One number, one name: no matter with which sign it was read.
    if (!known.includes(isn >>> 0)) known.push(isn >>> 0);
    this.#isns.set(flow, known);
  }

  #isFromInitiator(protocol: number, source: number, destination: number): boolean {
    if (this.isEphemeral(protocol, source)) return true;
    if (this.isEphemeral(protocol, destination)) return false;
    return this.#initiators.has(`${protocol}:${source}`);
  }
}

function reversed({ protocol, source, destination }: Ports): Ports {
  return { protocol, source: destination, destination: source };
}

/** The ports of a TCP or UDP header at `at` in the IPv4 packet at `ip`. */
export function portsAt(view: DataView, ip: number, at: number): Ports {
  return {
    protocol: ipv4.protocol(view, ip),
    source: view.getUint16(at),
    destination: view.getUint16(at + 2),
  };
}
