/**
 * Where sequence numbers, identifications and timestamps begin: at random, so that nobody outside
 * can guess them, but in step with the clock where a port may be used again.
 *
 * Spec: RFC 6528 §3, RFC 7323 §5.4. Kernel: net/core/secure_seq.c, 6.18.
 */
import type { RandomStream } from "../../sim/random.ts";
import type { TransportEnvironment } from "../environment.ts";
import type { Tcb } from "./tcb.ts";

/** How fast sequence numbers grow by the clock (`seq_scale`). */
const NS_PER_SEQUENCE = 64;

/** The random beginnings of one host's connections. */
export class SecureSeq {
  readonly #env: TransportEnvironment;
  readonly #isn: RandomStream;
  readonly #timestampKey: number;

  constructor(env: TransportEnvironment) {
    this.#env = env;
    this.#isn = env.random.stream(`${env.name}:tcp:isn`);
    this.#timestampKey = env.random.stream(`${env.name}:tcp:timestamps`).int32();
  }

  /** A random number for sequence numbers and identifications, int32. */
  random(): number {
    return this.#isn.int32();
  }

  /**
   * A sequence number above all that earlier connections between the same ends began with, since a
   * program's own port may be used again while the peer is in TIME_WAIT.
   */
  byClock(tp: Tcb): number {
    let hash = this.timestampOffset(tp.localAddress, tp.remoteAddress);
    hash = Math.imul(hash ^ ((tp.localPort << 16) | tp.remotePort), 0x85ebca6b);
    hash ^= hash >>> 15;
    return (hash + Math.floor(this.#env.cpu.now / NS_PER_SEQUENCE)) | 0;
  }

  /**
   * By how much the timestamps between two addresses are off the clock: alike for all connections
   * between them, so that a port may be used again (`secure_tcp_ts_off`).
   */
  timestampOffset(local: number, remote: number): number {
    let hash = this.#timestampKey;
    for (const address of [local, remote]) {
      hash = Math.imul(hash ^ address, 0x85ebca6b);
      hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
      hash ^= hash >>> 16;
    }
    return hash;
  }
}
