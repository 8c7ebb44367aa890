/**
 * A bridge's forwarding database: which port a MAC address was last seen on.
 *
 * Kernel: net/bridge/br_fdb.c (br_fdb_update, br_fdb_cleanup), 6.18.
 */
import type { Mac } from "../base/mac.ts";
import type { Ns } from "../base/units.ts";
import type { BridgePort } from "./bridge-port.ts";

/** How an address came to be here, as `bridge fdb` names it. */
export type FdbKind = "learned" | "static" | "permanent";

/** One address. `port` is null for the bridge's own. */
export interface FdbEntry {
  readonly mac: Mac;
  port: BridgePort | null;
  kind: FdbKind;
  /** When a frame from this address was last seen. */
  updatedAt: Ns;
  /** When a frame to it was last forwarded. */
  usedAt: Ns;
}

/** The addresses of one bridge. Learned ones age. */
export class Fdb {
  readonly #entries = new Map<number, FdbEntry>();

  /** The entry to forward by: a learned one that is too old is not one. @hot */
  find(mac: number, now: Ns, ageingNs: Ns): FdbEntry | null {
    const entry = this.#entries.get(mac);
    if (entry === undefined) return null;
    if (entry.kind === "learned" && now - entry.updatedAt >= ageingNs) return null;
    return entry;
  }

  /** Learns that `mac` is behind `port`; fixed entries do not move. @hot */
  learn(mac: Mac, port: BridgePort, now: Ns): void {
    const entry = this.#entries.get(mac);
    if (entry === undefined) {
      this.#entries.set(mac, { mac, port, kind: "learned", updatedAt: now, usedAt: now });
    } else if (entry.kind === "learned") {
      entry.port = port;
      entry.updatedAt = now;
    } else if (entry.kind === "static") {
      entry.updatedAt = now;
    }
  }

  /** Adds or replaces a fixed entry. */
  set(mac: Mac, port: BridgePort | null, kind: FdbKind, now: Ns): void {
    this.#entries.set(mac, { mac, port, kind, updatedAt: now, usedAt: now });
  }

  /** Removes an entry; returns false if there is none. */
  delete(mac: number): boolean {
    return this.#entries.delete(mac);
  }

  /** Removes what leads to `port`: all of it, or only what was learned. */
  deletePort(port: BridgePort, kinds: "all" | "learned"): void {
    for (const entry of this.#entries.values()) {
      if (entry.port === port && (kinds === "all" || entry.kind === "learned")) {
        this.#entries.delete(entry.mac);
      }
    }
  }

  /** Removes learned entries that are too old, as the kernel's periodic clean-up does. */
  expire(now: Ns, ageingNs: Ns): void {
    for (const entry of this.#entries.values()) {
      if (entry.kind === "learned" && now - entry.updatedAt >= ageingNs) {
        this.#entries.delete(entry.mac);
      }
    }
  }

  /** All entries in the order in which they were made. */
  entries(): FdbEntry[] {
    return [...this.#entries.values()];
  }
}
