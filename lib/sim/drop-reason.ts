/**
 * Why frames vanish. A closed list: every branch that ends a frame without delivering it names one
 * of these, and it is counted where it happened. Names are the kernel's where it has one.
 *
 * Kernel: include/net/dropreason-core.h, 6.18.
 */

/** Every cause, by name. The numbers are vethwork's own and are never written anywhere. */
export const DROP_REASONS = [
  "NOT_SPECIFIED",
  "NO_SOCKET",
  "PKT_TOO_SMALL",
  "TCP_CSUM",
  "UDP_CSUM",
  "ICMP_CSUM",
  "NETFILTER_DROP",
  "OTHERHOST",
  "IP_CSUM",
  "IP_INHDR",
  "IP_RPFILTER",
  "IP_NOPROTO",
  "IP_INADDRERRORS",
  "INVALID_PROTO",
  "IP_OUTNOROUTES",
  "IP_INNOROUTES",
  "IP_LOCAL_SOURCE",
  "IP_INVALID_SOURCE",
  "IP_LOCALNET",
  "IP_INVALID_DEST",
  "UNICAST_IN_L2_MULTICAST",
  "SOCKET_RCVBUFF",
  "SOCKET_BACKLOG",
  "PROTO_MEM",
  "TCP_FLAGS",
  "TCP_ZEROWINDOW",
  "TCP_OLD_DATA",
  "TCP_OVERWINDOW",
  "TCP_OFOMERGE",
  "TCP_RFC7323_PAWS",
  "TCP_RFC7323_PAWS_ACK",
  "TCP_OLD_SEQUENCE",
  "TCP_INVALID_SEQUENCE",
  "TCP_INVALID_ACK_SEQUENCE",
  "TCP_INVALID_SYN",
  "TCP_RESET",
  "TCP_CLOSE",
  "TCP_OLD_ACK",
  "TCP_TOO_OLD_ACK",
  "TCP_ACK_UNSENT_DATA",
  "TCP_OFO_QUEUE_PRUNE",
  "TCP_OFO_DROP",
  "TCP_LISTEN_OVERFLOW",
  "TCP_REQ_QFULL_DROP",
  "NEIGH_CREATEFAIL",
  "NEIGH_FAILED",
  "NEIGH_QUEUEFULL",
  "NEIGH_DEAD",
  "QDISC_DROP",
  "CPU_BACKLOG",
  "UNHANDLED_PROTO",
  "DEV_READY",
  "NOMEM",
  "FRAG_REASM_TIMEOUT",
  "FRAG_TOO_FAR",
  "DUP_FRAG",
  "PKT_TOO_BIG",
  "TTL_EXCEEDED",
  "BRIDGE_INGRESS_STP_STATE",
  "BRIDGE_NO_EGRESS_PORT",
  "MAC_INVALID_SOURCE",
  "ARP_INVALID",
  "ARP_IGNORED",
  "ARP_NOT_FOR_US",
  "LINK_LOSS",
  "LINK_DOWN",
  "CONNTRACK_DROP",
  "NAT_DROP",
] as const;

/** The name of a cause. */
export type DropReasonName = (typeof DROP_REASONS)[number];

/** A cause as its number. */
export type DropReason = number & { readonly __dropReason: true };

/** The numbers of the causes: `DropReason.IP_CSUM`. */
export const DropReason: Readonly<Record<DropReasonName, DropReason>> = numberThem();

/** How many frames vanished at one place (a host, a link), by cause. */
export class DropCounters {
  /** By cause; those that never happened have none. */
  readonly #counts: number[] = [];

  /** Counts one. @hot */
  count(reason: DropReason): void {
    this.#counts[reason] = (this.#counts[reason] ?? 0) + 1;
  }

  get(name: DropReasonName): number {
    return this.#counts[DropReason[name]] ?? 0;
  }

  get total(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  /** The causes that happened, in the order of the list. */
  entries(): [DropReasonName, number][] {
    const found: [DropReasonName, number][] = [];
    for (const name of DROP_REASONS) {
      if (this.get(name) > 0) found.push([name, this.get(name)]);
    }
    return found;
  }
}

function numberThem(): Record<DropReasonName, DropReason> {
  const numbers: Partial<Record<DropReasonName, DropReason>> = {};
  DROP_REASONS.forEach((name, index) => {
    numbers[name] = index as DropReason;
  });
  return numbers as Record<DropReasonName, DropReason>;
}
