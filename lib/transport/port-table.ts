/**
 * Which local ports are taken, by whom: the bind table of one protocol on one host.
 *
 * Kernel: net/ipv4/inet_connection_sock.c (inet_csk_bind_conflict, inet_csk_get_port), 6.18.
 */

/** What holds a port: a socket or a TIME_WAIT record. */
export interface PortHolder {
  readonly localAddress: number;
  readonly localPort: number;
  readonly boundDevice: number;
  readonly reuse: boolean;
}

/** A socket that wants a port. */
export interface PortWish {
  readonly boundAddress: number;
  readonly boundDevice: number;
  readonly reuse: boolean;
  readonly reusePort: boolean;
}

/** How a holder looks to the rules of `bind`; TIME_WAIT records lack some fields. */
interface Holder extends PortHolder {
  readonly boundAddress?: number;
  readonly reusePort?: boolean;
  readonly listen?: object | null;
}

/** Holders by port. */
export class PortTable {
  readonly #byPort = new Map<number, Holder[]>();
  readonly #portOf = new Map<Holder, number>();

  /** Those who hold the port. */
  holders(port: number): readonly PortHolder[] {
    return this.#byPort.get(port) ?? [];
  }

  /** Notes that `holder` has the port; it may have it already. */
  take(holder: PortHolder, port: number): void {
    if (this.#portOf.has(holder)) return;
    this.#portOf.set(holder, port);
    const holders = this.#byPort.get(port);
    if (holders === undefined) this.#byPort.set(port, [holder]);
    else holders.push(holder);
  }

  /** The holder lets go of its port. */
  release(holder: PortHolder): void {
    const port = this.#portOf.get(holder);
    if (port === undefined) return;
    this.#portOf.delete(holder);
    const holders = this.#byPort.get(port) ?? [];
    holders.splice(holders.indexOf(holder), 1);
    if (holders.length === 0) this.#byPort.delete(port);
  }

  /** A TIME_WAIT record inherits the port of a connection. */
  replace(holder: PortHolder, heir: PortHolder): void {
    const port = this.#portOf.get(holder);
    if (port === undefined) return;
    this.release(holder);
    this.take(heir, port);
  }

  /** Whether a socket may not bind the port because of those who hold it. */
  conflicts(wish: PortWish, port: number): boolean {
    for (const holder of this.#byPort.get(port) ?? []) {
      const otherDevice =
        wish.boundDevice !== 0 &&
        holder.boundDevice !== 0 &&
        wish.boundDevice !== holder.boundDevice;
      if (otherDevice) continue;
      const listening = holder.listen !== undefined && holder.listen !== null;
      if (wish.reuse && holder.reuse && !listening) continue;
      if (wish.reusePort && holder.reusePort === true) continue;
      const address = holder.boundAddress ?? holder.localAddress;
      if (wish.boundAddress === 0 || address === 0 || address === wish.boundAddress) return true;
    }
    return false;
  }
}
