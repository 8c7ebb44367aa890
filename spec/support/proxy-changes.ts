/** Any changes of Services and EndpointSlices, and nodes that do not take all rules. */
import fc from "fast-check";
import type { LineText } from "../../lib/base/line-text.ts";
import type { EndpointSlice, Service } from "../../lib/kube/objects.ts";
import type { ProxyNode } from "../../lib/kube/proxy/node.ts";
import type { RecordingNode } from "../../tools/rules/recording-node.ts";
import { service, slice } from "./cluster.ts";

const NAMES = ["web", "db", "dns"] as const;

const zones = fc.subarray(["a", "b"]).map((names) => names.map((name) => ({ name })));
const anEndpoint = fc.record({
  addresses: fc.integer({ min: 1, max: 6 }).map((host) => [`10.244.${host % 2}.${host}`]),
  nodeName: fc.constantFrom("node1", "node2"),
  conditions: fc.constantFrom(
    {},
    {},
    { ready: false, serving: true, terminating: true },
    { ready: false, serving: false },
  ),
  hints: fc.record({ forZones: zones }),
});

/** A Service of any type and policies; its addresses follow from its number. */
function anyService(index: number): fc.Arbitrary<Service> {
  return fc
    .record({
      type: fc.constantFrom("ClusterIP", "NodePort", "LoadBalancer"),
      udp: fc.boolean(),
      externalIPs: fc.subarray([`198.51.100.${index}`, `198.51.101.${index}`]),
      ingress: fc.subarray([`203.0.113.${index}`, `203.0.114.${index}`]),
      ranges: fc.subarray(["192.0.2.0/24", "172.18.0.0/16"]),
      sticky: fc.boolean(),
      external: fc.constantFrom("Cluster", "Local"),
      internal: fc.constantFrom("Cluster", "Local"),
      auto: fc.boolean(),
    })
    .map((pick) => {
      const name = NAMES[index] ?? "";
      const made = service(
        name,
        {
          type: pick.type as "ClusterIP",
          clusterIP: `10.96.0.${index + 1}`,
          externalIPs: pick.externalIPs,
          loadBalancerSourceRanges: pick.ranges,
          externalTrafficPolicy: pick.external as "Local",
          internalTrafficPolicy: pick.internal as "Local",
          sessionAffinity: pick.sticky ? "ClientIP" : "None",
          ports: [
            {
              name: "http",
              protocol: pick.udp ? "UDP" : "TCP",
              port: 80,
              nodePort: pick.type === "ClusterIP" ? 0 : 30000 + index,
            },
          ],
          healthCheckNodePort: pick.type === "LoadBalancer" ? 32000 + index : 0,
        },
        { status: { loadBalancer: { ingress: pick.ingress.map((ip) => ({ ip })) } } },
      );
      const annotations: Record<string, string> = pick.auto
        ? { "service.kubernetes.io/topology-mode": "Auto" }
        : {};
      return { ...made, metadata: { ...made.metadata, annotations } };
    });
}

/** A Service of a number becomes another, or is gone. */
export interface ServiceChange {
  readonly kind: "service";
  readonly index: number;
  readonly to: Service | null;
}

/** The same of a slice of a name. */
export interface SliceChange {
  readonly kind: "slice";
  readonly name: string;
  readonly to: EndpointSlice | null;
}

export const serviceChange: fc.Arbitrary<ServiceChange> = fc
  .integer({ min: 0, max: NAMES.length - 1 })
  .chain((index) =>
    fc.option(anyService(index)).map((to): ServiceChange => ({ kind: "service", index, to })),
  );
export const sliceChange: fc.Arbitrary<SliceChange> = fc
  .tuple(
    fc.constantFrom(...NAMES),
    fc.constantFrom("a", "b"),
    fc.option(fc.array(anEndpoint, { maxLength: 5 })),
    fc.constantFrom("TCP", "UDP"),
  )
  .map(([of, suffix, endpoints, protocol]) => ({
    kind: "slice" as const,
    name: `${of}-${suffix}`,
    to:
      endpoints === null
        ? null
        : slice(of, endpoints, {
            suffix,
            port: { name: "http", protocol: protocol as "UDP", port: 8080 },
          }),
  }));
/** A node whose iptables-restore refuses its input when it is told to. */
export function fickle(inner: RecordingNode, refuses: { next: boolean }): ProxyNode {
  const iptables = {
    ...inner.iptables,
    restore: (text: LineText): boolean => {
      if (!refuses.next) return inner.iptables.restore(text);
      refuses.next = false;
      return false;
    },
  };
  return {
    iptables,
    conntrack: inner.conntrack,
    sockets: inner.sockets,
    clock: inner.clock,
    cpus: inner.cpus,
    addresses: () => inner.addresses(),
    defaultAddress: () => inner.defaultAddress(),
    sysctl: (name) => inner.sysctl(name),
    setSysctl: (name, value) => inner.setSysctl(name, value),
    random: (stream, bound) => inner.random(stream, bound),
  };
}
