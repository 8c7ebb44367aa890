import { expect } from "chai";
import fc from "fast-check";
import type { LineText } from "../../../../lib/base/line-text.ts";
import { NS_PER_S } from "../../../../lib/base/units.ts";
import type { EndpointSlice, Node, Service } from "../../../../lib/kube/objects.ts";
import type { ProxyNode } from "../../../../lib/kube/proxy/node.ts";
import type { RecordingNode } from "../../../../tools/rules/recording-node.ts";
import { node, proxyWorld, service, slice, syncedWorld } from "../../../support/cluster.ts";

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

type Change =
  | { readonly kind: "service"; readonly index: number; readonly to: Service | null }
  | { readonly kind: "slice"; readonly name: string; readonly to: EndpointSlice | null }
  | { readonly kind: "zone"; readonly zone: string }
  | { readonly kind: "refuse" };

const serviceChange: fc.Arbitrary<Change> = fc
  .integer({ min: 0, max: NAMES.length - 1 })
  .chain((index) =>
    fc.option(anyService(index)).map((to): Change => ({ kind: "service", index, to })),
  );
const sliceChange: fc.Arbitrary<Change> = fc
  .tuple(
    fc.constantFrom(...NAMES),
    fc.constantFrom("a", "b"),
    fc.option(fc.array(anEndpoint, { maxLength: 5 })),
    fc.constantFrom("TCP", "UDP"),
  )
  .map(([of, suffix, endpoints, protocol]) => ({
    kind: "slice",
    name: `${of}-${suffix}`,
    to:
      endpoints === null
        ? null
        : slice(of, endpoints, {
            suffix,
            port: { name: "http", protocol: protocol as "UDP", port: 8080 },
          }),
  }));
const zoneChange: fc.Arbitrary<Change> = fc
  .constantFrom("a", "b", "c")
  .map((zone) => ({ kind: "zone", zone }));
const refusal: fc.Arbitrary<Change> = fc.constant({ kind: "refuse" });

const changes = fc.array(
  fc.oneof(
    { arbitrary: serviceChange, weight: 4 },
    { arbitrary: sliceChange, weight: 5 },
    { arbitrary: zoneChange, weight: 1 },
    { arbitrary: refusal, weight: 1 },
  ),
  { minLength: 1, maxLength: 14 },
);

/** A node whose iptables-restore refuses its input when it is told to. */
function fickle(inner: RecordingNode, refuses: { next: boolean }): ProxyNode {
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

/** What changes lead to, once as they come and once from scratch. */
function bothWays(all: readonly Change[], version: string): { partial: string; full: string } {
  const refuses = { next: false };
  const configuration = { syncPeriod: 30 * NS_PER_S };
  const world = proxyWorld({ version, configuration, wrap: (inner) => fickle(inner, refuses) });
  const { proxy, scheduler } = world;
  const services = new Map<number, Service>();
  const slices = new Map<string, EndpointSlice>();
  let nodeObject: Node = node();
  proxy.servicesSynced();
  proxy.slicesSynced();
  for (const change of all) {
    if (change.kind === "service") {
      proxy.serviceChanged(services.get(change.index) ?? null, change.to);
      if (change.to === null) services.delete(change.index);
      else services.set(change.index, change.to);
    } else if (change.kind === "slice") {
      const before = slices.get(change.name) ?? null;
      if (before !== null || change.to !== null) proxy.sliceChanged(before, change.to);
      if (change.to === null) slices.delete(change.name);
      else slices.set(change.name, change.to);
    } else if (change.kind === "zone") {
      nodeObject = node({ "topology.kubernetes.io/zone": change.zone });
      proxy.nodeChanged(nodeObject);
    } else {
      refuses.next = true;
    }
    scheduler.runUntil(scheduler.now + NS_PER_S / 2);
  }
  refuses.next = false;
  // Long enough for a retry, too short for the hourly full sync, which would hide mistakes.
  scheduler.runUntil(scheduler.now + 60 * NS_PER_S);
  const scratch = syncedWorld([...services.values()], [...slices.values()], {
    version,
    nodeObject,
  });
  return { partial: world.node.rules.save(), full: scratch.node.rules.save() };
}

describe("kube/proxy/iptables (partial syncs)", () => {
  for (const version of ["1.20", "1.30", "1.36"]) {
    it(`lead to the same rules as one full sync, refused inputs included (${version})`, () => {
      fc.assert(
        fc.property(changes, (all) => {
          const { partial, full } = bothWays(all, version);

          expect(partial).to.equal(full);
        }),
        { numRuns: 60 },
      );
    });
  }
});
