/**
 * Names of the cluster's zone, split into what they ask for.
 *
 *     svc.namespace.svc.ZONE, endpoint.svc.namespace.svc.ZONE,
 *     _port._protocol.svc.namespace.svc.ZONE, a-b-c-d.namespace.pod.ZONE
 *
 * Spec: Kubernetes DNS-Based Service Discovery 1.1.0 §2; CoreDNS 1.11, plugin/kubernetes/parse.go.
 */

/** The parts of a name; "" where it has none. */
export interface ClusterName {
  readonly kind: "svc" | "pod";
  readonly namespace: string;
  readonly service: string;
  readonly endpoint: string;
  readonly port: string;
  readonly protocol: string;
}

/** Reads a lower-case name of `zone`. The zone itself is a name without a namespace; null: none. */
export function parseClusterName(name: string, zone: string): ClusterName | null {
  const labels = name === zone ? [] : name.slice(0, -zone.length - 1).split(".");
  const [kind = "svc", namespace = "", service = "", ...rest] = labels.reverse();
  if ((kind !== "svc" && kind !== "pod") || rest.length > 2) return null;
  const asked: ClusterName = { kind, namespace, service, endpoint: "", port: "", protocol: "" };
  const [first, second] = rest;
  if (first === undefined) return asked;
  if (second === undefined) return { ...asked, endpoint: first };
  return { ...asked, protocol: first.replace(/^_/, ""), port: second.replace(/^_/, "") };
}
