/** A large cluster as objects: Services of one port, each with endpoints on four nodes. */
import type { EndpointSlice, Node, Service } from "../../lib/kube/objects.ts";

export const BENCH_NODE = "node1";

/** The Node object of the node that is measured. */
export const benchNode: Node = {
  kind: "Node",
  metadata: { name: BENCH_NODE },
  status: { addresses: [{ type: "InternalIP", address: "172.18.0.2" }] },
};

/** The Service of a number below 2^16. */
export function benchService(index: number): Service {
  const clusterIP = `10.96.${index >> 8}.${index & 255}`;
  return {
    kind: "Service",
    metadata: { name: `service-${index}`, namespace: `namespace-${index % 100}` },
    spec: {
      type: "ClusterIP",
      clusterIP,
      clusterIPs: [clusterIP],
      ipFamilies: ["IPv4"],
      ports: [{ name: "http", protocol: "TCP", port: 80 }],
    },
  };
}

/** The slice of that Service with `count` endpoints, the first at an offset of `shift`. */
export function benchSlice(index: number, count: number, shift = 0): EndpointSlice {
  const { name, namespace = "" } = benchService(index).metadata;
  return {
    kind: "EndpointSlice",
    metadata: {
      name: `${name}-abcde`,
      namespace,
      labels: { "kubernetes.io/service-name": name },
    },
    addressType: "IPv4",
    ports: [{ name: "http", protocol: "TCP", port: 8080 }],
    endpoints: Array.from({ length: count }, (_, place) => {
      const number = index * count + place + shift;
      return {
        addresses: [`10.${128 + ((number >> 16) & 127)}.${(number >> 8) & 255}.${number & 255}`],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: `node${place % 4}`,
      };
    }),
  };
}
