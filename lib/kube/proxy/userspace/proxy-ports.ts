/**
 * Chooses the ports where the userspace proxy listens: from a configured range, each from a random
 * start upwards; without a range the kernel picks.
 *
 * Spec: Kubernetes v1.20 pkg/proxy/userspace/port_allocator.go.
 * Differs: the real one keeps 16 ports ready and waits up to a second for one; here a port is
 * chosen when it is needed, so that a full range fails at once.
 */
export class ProxyPorts {
  readonly #range: { readonly first: number; readonly last: number } | null;
  readonly #random: (bound: number) => number;
  readonly #used = new Set<number>();

  constructor(
    range: { readonly first: number; readonly last: number } | null,
    random: (bound: number) => number,
  ) {
    this.#range = range;
    this.#random = random;
  }

  /** A free port; 0: let the kernel pick; null: the range is used up. */
  allocate(): number | null {
    if (this.#range === null) return 0;
    const { first, last } = this.#range;
    const size = last - first + 1;
    const start = this.#random(size);
    for (let step = 0; step < size; step += 1) {
      const port = first + ((start + step) % size);
      if (this.#used.has(port)) continue;
      this.#used.add(port);
      return port;
    }
    return null;
  }

  /** Gives a port back. */
  release(port: number): void {
    this.#used.delete(port);
  }
}
