/**
 * A match that looks at connections: as long as a rule has it, packets are tracked.
 *
 * Kernel: net/netfilter/nf_conntrack_proto.c (nf_ct_netns_get), 6.18.
 */
import type { Conntrack } from "../conntrack/conntrack.ts";
import { Match } from "../rule.ts";

/** The base of such matches. */
export abstract class ConntrackUser extends Match {
  readonly conntrack: Conntrack;

  constructor(conntrack: Conntrack) {
    super();
    this.conntrack = conntrack;
  }

  override get tracks(): boolean {
    return true;
  }
}
