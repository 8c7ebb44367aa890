/**
 * The objects that every cluster begins with, which the API server makes itself.
 *
 * Spec: pkg/controlplane (system namespaces, the kubernetes Service and its endpoints) of v1.36.
 */
import { type Cidr, formatIpv4, ipv4 } from "../../base/inet.ts";
import type { NewObject } from "./types.ts";

/** The account under which the API server writes. */
export const SERVER_USER = "kube-apiserver";

const NAMESPACES = ["default", "kube-node-lease", "kube-public", "kube-system"];

/** The system namespaces and the Service of the API itself, at its range's first address. */
export function bootstrapObjects(serviceCidr: Cidr): NewObject[] {
  const namespaces = NAMESPACES.map((name) => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name },
  }));
  const service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: "kubernetes",
      namespace: "default",
      labels: { component: "apiserver", provider: "kubernetes" },
    },
    spec: {
      clusterIP: formatIpv4(ipv4(serviceCidr.address + 1)),
      ports: [{ name: "https", port: 443, targetPort: 6443 }],
    },
  };
  return [...namespaces, service];
}

/** Where the API server listens, as the endpoint of the kubernetes Service. */
export function serverEndpoint(address: string, port: number): NewObject {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: "kubernetes",
      namespace: "default",
      labels: { "kubernetes.io/service-name": "kubernetes" },
    },
    addressType: "IPv4",
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [{ name: "https", port, protocol: "TCP" }],
  };
}
