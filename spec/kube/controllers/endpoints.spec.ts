/**
 * The controllers of Endpoints and EndpointSlices keep what they read of Pods. So after any changes
 * others that start now, and know nothing, must find nothing to write.
 */
import { expect } from "chai";
import fc from "fast-check";
import type { ApiObject, Service } from "../../../lib/kube/api/types.ts";
import { WATCH_NS } from "../../../lib/kube/control-plane.ts";
import { EndpointsController } from "../../../lib/kube/controllers/endpoints.ts";
import { EndpointSliceController } from "../../../lib/kube/controllers/endpointslice.ts";
import { Informers } from "../../../lib/kube/informer.ts";
import { keyOf } from "../../../lib/kube/store.ts";
import { SpecCluster } from "../../support/control-plane.ts";
import { registerNodes } from "../../support/fake-nodes.ts";

/** Two ports by name, of which the second half of the Pods has one under another number. */
function manifests(): string {
  const deployment = (name: string, port: number) => `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  replicas: 3
  selector: { matchLabels: { app: web, part: ${name} } }
  template:
    metadata: { labels: { app: web, part: ${name} } }
    spec:
      containers: [{ name: web, image: nginx, ports: [{ name: http, containerPort: ${port} }] }]
---
`;
  const service = (name: string, selector: string) => `apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec:
  selector: ${selector}
  trafficDistribution: PreferSameZone
  ports: [{ name: web, port: 80, targetPort: http }, { name: plain, port: 81 }]
---
`;
  const workloads = deployment("one", 8080) + deployment("two", 8081);
  return `${workloads}${service("both", "{ app: web }")}${service("two", "{ app: web, part: two }")}`;
}

type Play = (cluster: SpecCluster, kubelets: ReturnType<typeof registerNodes>) => void;

/** One of the Pods, by a number. */
function podKey({ server }: SpecCluster, number: number): string {
  const pods = server.store.list("Pod");
  const pod = pods[number % pods.length];
  return pod === undefined ? "" : keyOf(pod);
}

const number = fc.nat(11);
const change: fc.Arbitrary<Play> = fc.oneof(
  fc.tuple(number, fc.boolean()).map(([which, ready]): Play => {
    return (cluster, kubelets) => kubelets.setReadiness(podKey(cluster, which), ready);
  }),
  number.map(
    (which): Play =>
      (cluster) => {
        cluster.run(`delete pod ${podKey(cluster, which).slice("default/".length)} --wait=false`);
      },
  ),
  fc.tuple(number, fc.constantFrom("web", "other")).map(([which, app]): Play => {
    return (cluster) => {
      const name = podKey(cluster, which).slice("default/".length);
      cluster.run(`label pod ${name} app=${app} --overwrite`);
    };
  }),
  fc.tuple(fc.constantFrom("one", "two"), fc.nat(4)).map(([name, replicas]): Play => {
    return (cluster) => cluster.run(`scale deployment/${name} --replicas=${replicas}`);
  }),
  fc.tuple(fc.constantFrom("node1", "node2"), number).map(([node, zone]): Play => {
    return (cluster) =>
      cluster.run(`label node ${node} topology.kubernetes.io/zone=zone-${zone} --overwrite`);
  }),
  fc.boolean().map(
    (publishNotReadyAddresses): Play =>
      (cluster) => {
        cluster.server.patch(
          "Service",
          "default/both",
          (object) => {
            const service = object as Service;
            return { ...service, spec: { ...service.spec, publishNotReadyAddresses } } as ApiObject;
          },
          "kubectl",
        );
      },
  ),
);

/** What controllers write within a minute that have just been started. */
function writesOfNewcomers({ scheduler, server }: SpecCluster): string[] {
  const informers = new Informers(scheduler, server.store, WATCH_NS);
  const writes: string[] = [];
  server.store.watch(({ key, object, audit }) => {
    if (audit.user.startsWith("endpoint")) writes.push(`${audit.verb} ${object.kind} ${key}`);
  });
  new EndpointsController({ scheduler, informers, server });
  new EndpointSliceController({ scheduler, informers, server });
  scheduler.runUntil(scheduler.now + 60e9);
  return writes;
}

describe("kube/controllers/endpoints", () => {
  it("keeps endpoints as controllers that start now would write them", () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        const cluster = new SpecCluster();
        const kubelets = registerNodes(cluster, 2);
        cluster.apply(manifests());
        cluster.pass(10);

        for (const play of changes) {
          play(cluster, kubelets);
          cluster.pass(1);
        }
        // Zones are looked at when a Pod changes: each Service has a new one.
        cluster.run("scale deployment/two --replicas=5");
        cluster.pass(20);

        expect(cluster.server.store.list("EndpointSlice").length).to.be.at.least(2);
        expect(writesOfNewcomers(cluster)).to.deep.equal([]);
      }),
      { numRuns: 15 },
    );
  });
});
