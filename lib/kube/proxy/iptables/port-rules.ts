/**
 * The rules that one service port contributes to an input of iptables-restore. Each line is whole,
 * but without its end.
 */
export interface PortRules {
  /** Rules of the filter table. */
  readonly filter: readonly string[];
  /** Rules of the nat table that every sync writes: those of the shared chains; in 1.20 all. */
  readonly shared: readonly string[];
  /** Rules of the port's own chains, which a partial sync leaves alone if nothing changed. */
  readonly own: readonly string[];
  /** The port's own chains in the nat table, in the order of their declaration. */
  readonly chains: readonly string[];
}
