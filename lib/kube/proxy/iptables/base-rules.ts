/**
 * The frame around the rules of service ports: jumps from the built-in chains, which single
 * commands make, and the fixed rules at the head and the tail of an input of iptables-restore.
 *
 * Spec: Kubernetes v1.20, v1.30, v1.36 pkg/proxy/iptables/proxier.go.
 */
import type { TableName } from "../node.ts";
import {
  EXTERNAL_SERVICES,
  FIREWALL,
  FORWARD,
  MARK_MASQ,
  NODE_PORTS,
  POSTROUTING,
  PROXY_FIREWALL,
  SERVICES,
} from "./names.ts";

/** A rule that leads from a built-in chain to one of kube-proxy's. */
export interface Jump {
  readonly table: TableName;
  readonly from: string;
  readonly to: string;
  readonly rule: readonly string[];
}

const NEW = ["-m", "conntrack", "--ctstate", "NEW"];
const PORTALS = "kubernetes service portals";
const EXTERNAL_PORTALS = "kubernetes externally-visible service portals";
const BALANCER_FIREWALL = "kubernetes load balancer firewall";

const EXTERNAL_JUMPS = [
  jump("filter", "INPUT", EXTERNAL_SERVICES, NEW, EXTERNAL_PORTALS),
  jump("filter", "FORWARD", EXTERNAL_SERVICES, NEW, EXTERNAL_PORTALS),
];
const HEALTH_JUMP = jump(
  "filter",
  "INPUT",
  NODE_PORTS,
  [],
  "kubernetes health check service ports",
);
const SERVICE_JUMPS = [
  jump("filter", "FORWARD", SERVICES, NEW, PORTALS),
  jump("filter", "OUTPUT", SERVICES, NEW, PORTALS),
  jump("filter", "FORWARD", FORWARD, [], "kubernetes forwarding rules"),
];
const FIREWALL_JUMPS = ["INPUT", "OUTPUT", "FORWARD"].map((from) =>
  jump("filter", from, PROXY_FIREWALL, NEW, BALANCER_FIREWALL),
);
const NAT_JUMPS = [
  jump("nat", "OUTPUT", SERVICES, [], PORTALS),
  jump("nat", "PREROUTING", SERVICES, [], PORTALS),
  jump("nat", "POSTROUTING", POSTROUTING, [], "kubernetes postrouting rules"),
];
const KUBELET_JUMPS = ["INPUT", "OUTPUT"].map((from) => jump("filter", from, FIREWALL, [], ""));

/** Jumps in the order they are made; each is put before those there are. */
export const JUMPS: readonly Jump[] = [
  ...EXTERNAL_JUMPS,
  HEALTH_JUMP,
  ...SERVICE_JUMPS,
  ...FIREWALL_JUMPS,
  ...NAT_JUMPS,
  ...KUBELET_JUMPS,
];

/** The same in 1.20. */
export const JUMPS_1_20: readonly Jump[] = [...EXTERNAL_JUMPS, ...SERVICE_JUMPS, ...NAT_JUMPS];

/** Counters of nfacct that 1.36 uses where the kernel has them. */
export const INVALID_COUNTER = "ct_state_invalid_dropped_pkts";
export const LOCALHOST_COUNTER = "localhost_nps_accepted_pkts";

/** Chains that every input declares. */
export const FILTER_CHAINS: readonly string[] = [
  SERVICES,
  EXTERNAL_SERVICES,
  FORWARD,
  NODE_PORTS,
  PROXY_FIREWALL,
];
export const FILTER_CHAINS_1_20: readonly string[] = [SERVICES, EXTERNAL_SERVICES, FORWARD];
export const NAT_CHAINS: readonly string[] = [SERVICES, NODE_PORTS, POSTROUTING, MARK_MASQ];

/** What closes the hole that route_localnet opens (CVE-2020-8558). */
export const LOCALNET_RULE = `-A ${FIREWALL} -m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP`;

/** Drops packets that conntrack cannot place, counted if the kernel has nfacct. */
export function invalidRule(counted: boolean): string {
  const counter = counted ? ` -m nfacct --nfacct-name ${INVALID_COUNTER}` : "";
  return `-A ${FORWARD} -m conntrack --ctstate INVALID${counter} -j DROP`;
}

/** Accepts marked packets; `mark` is `0x00004000` for bit 14. */
export function forwardMarkedRule(mark: string): string {
  return `-A ${FORWARD} -m comment --comment "kubernetes forwarding rules" -m mark --mark ${mark}/${mark} -j ACCEPT`;
}

/** Accepts packets of known connections. */
export function forwardKnownRule(comment: string): string {
  return `-A ${FORWARD} -m comment --comment "${comment}" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`;
}

/** How marked packets are masqueraded, and how they get the mark. */
export function natHead(mark: string): string[] {
  return [
    `-A ${POSTROUTING} -m mark ! --mark ${mark}/${mark} -j RETURN`,
    `-A ${POSTROUTING} -j MARK --xor-mark ${mark}`,
    `-A ${POSTROUTING} -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully`,
    `-A ${MARK_MASQ} -j MARK --or-mark ${mark}`,
  ];
}

/** A rule that leads to node ports; the last of KUBE-SERVICES. `match` is of the destination. */
export function nodePortsJump(match: string): string {
  return `-A ${SERVICES} -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" ${match} -j ${NODE_PORTS}`;
}

/** The line that declares a chain, and empties it if it is there. */
export function declare(chain: string): string {
  return `:${chain} - [0:0]`;
}

function jump(
  table: TableName,
  from: string,
  to: string,
  match: readonly string[],
  comment: string,
): Jump {
  const words = comment === "" ? [] : ["-m", "comment", "--comment", comment];
  return { table, from, to, rule: [...match, ...words, "-j", to] };
}
