/**
 * Finds out that someone has flushed the tables, by an empty chain in each of them: gone from one,
 * it is waited for to go from the others, so that the new rules are not flushed too.
 *
 * Spec: Kubernetes pkg/util/iptables/iptables.go (Monitor).
 */
import { NS_PER_MS, NS_PER_S, type Ns } from "../../../base/units.ts";
import type { IptablesTool, ProxyClock, ProxyTimer, TableName } from "../node.ts";
import { CANARY } from "./names.ts";

const TABLES: readonly TableName[] = ["mangle", "nat", "filter"];
const FLUSH_POLL_NS: Ns = 100 * NS_PER_MS;
const FLUSH_TIMEOUT_NS: Ns = 5 * NS_PER_S;

/** A chain that tells whether somebody has flushed the rules. */
export class Canary {
  readonly #iptables: IptablesTool;
  readonly #clock: ProxyClock;
  readonly #periodNs: Ns;
  readonly #timer: ProxyTimer;
  #onFlush: () => void = () => {};
  #set = false;
  /** When the first canary was seen missing, or -1. */
  #missingSince: Ns = -1;

  constructor(iptables: IptablesTool, clock: ProxyClock, periodNs: Ns) {
    this.#iptables = iptables;
    this.#clock = clock;
    this.#periodNs = periodNs;
    this.#timer = clock.timer(() => this.#look());
  }

  /** Sets the canaries and watches them from now on. */
  watch(onFlush: () => void): void {
    this.#onFlush = onFlush;
    this.#setCanaries();
    this.#timer.arm(this.#periodNs);
  }

  stop(): void {
    this.#timer.cancel();
  }

  #setCanaries(): void {
    this.#set = TABLES.every((table) => this.#iptables.ensureChain(table, CANARY));
  }

  #look(): void {
    const [first = "mangle", ...others] = TABLES;
    if (!this.#set) {
      this.#setCanaries();
    } else if (this.#missingSince >= 0 || !this.#iptables.hasChain(first, CANARY)) {
      const now = this.#clock.now();
      if (this.#missingSince < 0) this.#missingSince = now;
      const flushing = others.some((table) => this.#iptables.hasChain(table, CANARY));
      if (flushing && now - this.#missingSince < FLUSH_TIMEOUT_NS) {
        this.#timer.arm(FLUSH_POLL_NS);
        return;
      }
      this.#missingSince = -1;
      this.#onFlush();
      this.#setCanaries();
    }
    this.#timer.arm(this.#periodNs);
  }
}
