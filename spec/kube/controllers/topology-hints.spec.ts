import { expect } from "chai";
import type { Endpoint, EndpointSlice, EventObject } from "../../../lib/kube/api/types.ts";
import { deployment, SpecCluster } from "../../support/control-plane.ts";
import { registerNodes } from "../../support/fake-nodes.ts";

const SERVICE = `apiVersion: v1
kind: Service
metadata: { name: web, annotations: { service.kubernetes.io/topology-mode: Auto } }
spec: { selector: { app: web }, ports: [{ port: 80 }] }
`;

/** Three nodes of one size in three zones, and a Service that asks for hints. */
function zones(replicas: number): SpecCluster {
  const cluster = new SpecCluster();
  registerNodes(cluster, 3);
  const nodes = cluster.server.store.list("Node").map(({ metadata }) => metadata.name);
  for (const [index, name] of nodes.entries()) {
    cluster.run(`label node ${name} topology.kubernetes.io/zone=zone-${index}`);
  }
  cluster.apply(`${deployment("web", replicas)}---\n${SERVICE}`);
  cluster.pass(5);
  return cluster;
}

function endpoints(cluster: SpecCluster): Endpoint[] {
  return (cluster.server.store.list("EndpointSlice") as EndpointSlice[])
    .filter(({ metadata }) => metadata.labels?.["kubernetes.io/service-name"] === "web")
    .flatMap((slice) => slice.endpoints ?? []);
}

const hints = (cluster: SpecCluster) =>
  endpoints(cluster).map(({ hints }) => hints?.forZones?.[0]?.name);

function messages(cluster: SpecCluster): string[] {
  return (cluster.server.store.list("Event") as EventObject[])
    .filter(({ involvedObject }) => involvedObject.kind === "Service")
    .map(({ message }) => message);
}

describe("kube/controllers/topology-hints", () => {
  it("gives each zone a share of the endpoints by its CPUs", () => {
    const cluster = zones(6);

    const counts = [0, 1, 2].map(
      (zone) => hints(cluster).filter((name) => name === `zone-${zone}`).length,
    );
    expect(counts).to.deep.equal([2, 2, 2]);
    expect(messages(cluster).at(-1)).to.equal(
      "Topology Aware Hints has been enabled, addressType: IPv4",
    );
  });

  it("takes all hints away when there are fewer endpoints than zones", () => {
    const cluster = zones(6);

    cluster.run("scale deployment/web --replicas=2");
    cluster.pass(5);

    expect(hints(cluster)).to.deep.equal([undefined, undefined]);
    expect(messages(cluster)).to.include(
      "Insufficient number of endpoints (2 endpoints, 3 zones), addressType: IPv4",
    );
  });

  it("takes them away with the annotation", () => {
    const cluster = zones(3);

    cluster.run("annotate service web service.kubernetes.io/topology-mode-");
    cluster.pass(5);

    expect(hints(cluster)).to.deep.equal([undefined, undefined, undefined]);
    expect(messages(cluster).at(-1)).to.equal(
      "Topology Aware Hints configuration was changed to disabled, addressType: IPv4",
    );
  });

  it("gives none while a node says no zone", () => {
    const cluster = zones(3);
    const [node] = cluster.server.store.list("Node");

    cluster.run(`label node ${node?.metadata.name} topology.kubernetes.io/zone-`);
    cluster.pass(5);

    expect(hints(cluster)).to.deep.equal([undefined, undefined, undefined]);
  });
});
