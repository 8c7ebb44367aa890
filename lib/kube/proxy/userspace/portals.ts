/**
 * The rules of userspace mode: they lead what is meant for a Service to the port where kube-proxy
 * itself listens for that Service. Each rule is made by a command of its own.
 *
 * Spec: Kubernetes v1.20 pkg/proxy/userspace/proxier.go.
 */
import type { TableName } from "../node.ts";

const PORTALS_CONTAINER = "KUBE-PORTALS-CONTAINER";
const PORTALS_HOST = "KUBE-PORTALS-HOST";
const NODEPORT_CONTAINER = "KUBE-NODEPORT-CONTAINER";
const NODEPORT_HOST = "KUBE-NODEPORT-HOST";
const NODEPORT_NON_LOCAL = "KUBE-NODEPORT-NON-LOCAL";

/** A rule of a portal, and the chain that it belongs to. */
export interface PortalRule {
  readonly table: TableName;
  readonly chain: string;
  readonly rule: readonly string[];
}

/** A chain of the mode with the jump that leads to it. */
export interface PortalJump extends PortalRule {
  readonly target: string;
  readonly where: "prepend" | "append";
}

const PORTALS_COMMENT = comment("handle ClusterIPs; NOTE: this must be before the NodePort rules");
const NODEPORTS_COMMENT = comment(
  "handle service NodePorts; NOTE: this must be the last rule in the chain",
);
const NON_LOCAL_COMMENT = comment("Ensure that non-local NodePort traffic can flow");
const TO_LOCAL = ["-m", "addrtype", "--dst-type", "LOCAL"];

/** The mode's chains and jumps, in the order they are made. */
export const PORTAL_JUMPS: readonly PortalJump[] = [
  jump("nat", "PREROUTING", "prepend", PORTALS_COMMENT, PORTALS_CONTAINER),
  jump("nat", "OUTPUT", "prepend", PORTALS_COMMENT, PORTALS_HOST),
  jump("nat", "PREROUTING", "append", [...TO_LOCAL, ...NODEPORTS_COMMENT], NODEPORT_CONTAINER),
  jump("nat", "OUTPUT", "append", [...TO_LOCAL, ...NODEPORTS_COMMENT], NODEPORT_HOST),
  jump("filter", "INPUT", "prepend", NON_LOCAL_COMMENT, NODEPORT_NON_LOCAL),
];

/** Where a Service's traffic is led to. */
export interface PortalTarget {
  /** As comments have it. */
  readonly label: string;
  readonly protocol: "tcp" | "udp";
  /** The port where kube-proxy listens for the Service. */
  readonly proxyPort: number;
  /** The address it listens on, or "" for any. */
  readonly listenIp: string;
  /** The address the node reaches it at. */
  readonly hostIp: string;
}

/** The rules for an address of the Service: a cluster IP or a load balancer's. */
export function portalRules(target: PortalTarget, ip: string, port: number): PortalRule[] {
  const match = [...portMatch(target, port), "-d", `${ip}/32`];
  return [
    { table: "nat", chain: PORTALS_CONTAINER, rule: [...match, ...toProxy(target)] },
    { table: "nat", chain: PORTALS_HOST, rule: [...match, ...toHost(target)] },
  ];
}

/** The rules for an external IP: only what did not come over a bridge port, or is meant for here. */
export function externalPortalRules(target: PortalTarget, ip: string, port: number): PortalRule[] {
  const match = [...portMatch(target, port), "-d", `${ip}/32`];
  const notBridged = ["-m", "physdev", "!", "--physdev-is-in"];
  return [
    { table: "nat", chain: PORTALS_CONTAINER, rule: [...match, ...notBridged, ...toProxy(target)] },
    { table: "nat", chain: PORTALS_CONTAINER, rule: [...match, ...TO_LOCAL, ...toProxy(target)] },
    { table: "nat", chain: PORTALS_HOST, rule: [...match, ...TO_LOCAL, ...toHost(target)] },
  ];
}

/** The rules for a node port. */
export function nodePortRules(target: PortalTarget, nodePort: number): PortalRule[] {
  const match = portMatch(target, nodePort);
  const accept = ["-m", "state", "--state", "NEW", "-j", "ACCEPT"];
  return [
    { table: "nat", chain: NODEPORT_CONTAINER, rule: [...match, ...toProxy(target)] },
    { table: "nat", chain: NODEPORT_HOST, rule: [...match, ...toHost(target)] },
    {
      table: "filter",
      chain: NODEPORT_NON_LOCAL,
      rule: [...portMatch(target, target.proxyPort), ...accept],
    },
  ];
}

function portMatch({ label, protocol }: PortalTarget, port: number): string[] {
  return [...comment(label), "-p", protocol, "-m", protocol, "--dport", String(port)];
}

/** For traffic that arrives from elsewhere. */
function toProxy({ listenIp, proxyPort }: PortalTarget): string[] {
  return listenIp === ""
    ? ["-j", "REDIRECT", "--to-ports", String(proxyPort)]
    : ["-j", "DNAT", "--to-destination", `${listenIp}:${proxyPort}`];
}

/** For traffic of the node itself, which REDIRECT would send to 127.0.0.1. */
function toHost({ hostIp, proxyPort }: PortalTarget): string[] {
  return ["-j", "DNAT", "--to-destination", `${hostIp}:${proxyPort}`];
}

function comment(text: string): string[] {
  return ["-m", "comment", "--comment", text];
}

function jump(
  table: TableName,
  chain: string,
  where: "prepend" | "append",
  match: readonly string[],
  target: string,
): PortalJump {
  return { table, chain, where, target, rule: [...match, "-j", target] };
}
