/**
 * The hash by which a flow chooses one of several next hops.
 *
 * Kernel: net/ipv4/route.c (fib_multipath_hash), 6.18.
 * Differs: the kernel's hash is SipHash with a random key of the machine; this one is as uniform.
 */
import type { Flow } from "./inet.ts";
import type { Namespace } from "./namespace.ts";

/** The hash of one host, with a key that is drawn when it is first needed. */
export class MultipathHash {
  readonly #namespace: Namespace;
  #key = 0;

  constructor(namespace: Namespace) {
    this.#namespace = namespace;
  }

  /** 31 bits from the addresses, and the ports too with policy 1 (`fib_multipath_hash_policy`). */
  of(flow: Flow, policy: number): number {
    if (this.#key === 0) this.#drawKey();
    let hash = mix(this.#key, flow.source);
    hash = mix(hash, flow.destination);
    if (policy === 1) {
      hash = mix(hash, (flow.sourcePort << 16) | flow.destinationPort);
      hash = mix(hash, flow.protocol);
    }
    return hash >>> 1;
  }

  #drawKey(): void {
    const { name, random } = this.#namespace;
    const stream = random.stream(`${name}:fib:multipath`);
    while (this.#key === 0) this.#key = stream.int32();
  }
}

function mix(hash: number, word: number): number {
  let mixed = Math.imul(hash ^ word, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
