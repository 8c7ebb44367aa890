/**
 * What of a service port decides about its portals, the addresses and ports whose traffic the
 * userspace proxy takes; and when a change is one, so that the port is closed and opened anew.
 *
 * Spec: Kubernetes v1.20 pkg/proxy/userspace/proxier.go (sameConfig, openPortal).
 */
import { canonicalIpv4 } from "../../addresses.ts";
import { deepEqual } from "../../deep-equal.ts";
import { DEFAULT_AFFINITY_SECONDS } from "../../defaults.ts";
import { compareNames, type Service, type ServicePortSpec } from "../../objects.ts";

/** What the rules of portals depend on. */
export interface PortalSettings {
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly port: number;
  readonly nodePort: number;
  readonly clusterIp: string;
  readonly externalIps: readonly string[];
  readonly ingress: readonly { readonly ip: string; readonly hostname: string }[];
  readonly affinity: string;
  readonly affinitySeconds: number;
}

/** An address and port that lead to the proxy. */
export interface Portal {
  readonly kind: "internal" | "external" | "node port";
  /** "" for a node port: any address of the node. */
  readonly ip: string;
  readonly port: number;
}

/** The settings of one port of a Service. */
export function portalSettings(service: Service, port: ServicePortSpec): PortalSettings {
  const { clusterIP = "", externalIPs = [], sessionAffinity = "None" } = service.spec;
  const timeout = service.spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  const ingress = service.status?.loadBalancer?.ingress ?? [];
  return {
    protocol: ({ TCP: "tcp", UDP: "udp", SCTP: "sctp" } as const)[port.protocol ?? "TCP"],
    port: port.port,
    nodePort: port.nodePort ?? 0,
    clusterIp: plain(clusterIP),
    externalIps: externalIPs.map(plain),
    ingress: ingress.map(({ ip = "", hostname = "" }) => ({ ip: plain(ip), hostname })),
    affinity: sessionAffinity,
    affinitySeconds: timeout ?? DEFAULT_AFFINITY_SECONDS,
  };
}

/**
 * Whether a port goes on as it is. The order of external IPs matters, that of ingress addresses
 * does not; an affinity timeout is not looked at.
 */
export function sameSettings(a: PortalSettings, b: PortalSettings): boolean {
  return deepEqual(decisive(a), decisive(b));
}

function decisive(settings: PortalSettings): object {
  const ingress = settings.ingress.map(ingressText).sort(compareNames);
  return { ...settings, ingress, affinitySeconds: 0 };
}

/** The portals of a port in the order they are opened and closed. */
export function portalsOf(settings: PortalSettings): Portal[] {
  const { port, nodePort, clusterIp, externalIps, ingress } = settings;
  const portals: Portal[] = [{ kind: "internal", ip: clusterIp, port }];
  for (const ip of externalIps) portals.push({ kind: "external", ip, port });
  for (const { ip } of ingress) if (ip !== "") portals.push({ kind: "internal", ip, port });
  if (nodePort !== 0) portals.push({ kind: "node port", ip: "", port: nodePort });
  return portals;
}

function ingressText({ ip, hostname }: { readonly ip: string; readonly hostname: string }): string {
  return `${ip}|${hostname}`;
}

/** An address without leading zeros; one of the other family as it is, for iptables to refuse. */
function plain(ip: string): string {
  return canonicalIpv4(ip) ?? ip;
}
