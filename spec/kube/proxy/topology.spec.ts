import { expect } from "chai";
import type { ServiceSpec, SliceEndpoint } from "../../../lib/kube/objects.ts";
import { type Endpoint, endpointOf } from "../../../lib/kube/proxy/endpoint.ts";
import { releaseOf } from "../../../lib/kube/proxy/release.ts";
import { type ServicePort, servicePortsOf } from "../../../lib/kube/proxy/service-port.ts";
import { chooseEndpoints } from "../../../lib/kube/proxy/topology.ts";
import { draining, endpoint, HTTP, service } from "../../support/cluster.ts";

const NODE = { name: "node1", zone: "a" };

function choose(
  entries: readonly SliceEndpoint[],
  spec: Partial<ServiceSpec> = {},
  version = "1.36",
  annotations: Record<string, string> = {},
): { cluster: string[]; local: string[]; reachable: string[]; hasAny: boolean } {
  const release = releaseOf(version);
  const plain = service("web", spec);
  const annotated = { ...plain, metadata: { ...plain.metadata, annotations } };
  const port = [...servicePortsOf(annotated, release).values()][0] as ServicePort;
  const endpoints = entries.map((entry) => endpointOf(entry, 80, release) as Endpoint);
  const choice = chooseEndpoints(endpoints, port, NODE, release);
  const ips = (list: readonly Endpoint[]): string[] => list.map(({ ip }) => ip);
  return {
    cluster: ips(choice.cluster),
    local: ips(choice.local),
    reachable: ips(choice.reachable),
    hasAny: choice.hasAny,
  };
}

const inZone = (address: string, ...zones: string[]): SliceEndpoint =>
  endpoint(address, { hints: { forZones: zones.map((name) => ({ name })) } });
const here = endpoint("10.0.0.1");
const there = endpoint("10.0.0.2", { nodeName: "node2" });
const NODE_PORT: Partial<ServiceSpec> = {
  type: "NodePort",
  externalTrafficPolicy: "Local",
  ports: [{ ...HTTP, nodePort: 30080 }],
};

describe("kube/proxy/topology", () => {
  it("takes ready endpoints on all nodes under the Cluster policy", () => {
    const notReady = endpoint("10.0.0.3", { conditions: { ready: false, serving: true } });

    const choice = choose([here, there, notReady]);

    expect(choice).to.deep.equal({
      cluster: ["10.0.0.1", "10.0.0.2"],
      local: [],
      reachable: ["10.0.0.1", "10.0.0.2"],
      hasAny: true,
    });
  });

  it("falls back to endpoints that drain when none is ready (KEP-1669)", () => {
    const gone = endpoint("10.0.0.3", {
      conditions: { ready: false, serving: false, terminating: true },
    });

    expect(choose([draining("10.0.0.1"), gone]).cluster).to.deep.equal(["10.0.0.1"]);
    expect(choose([gone]).hasAny).to.equal(false);
  });

  it("keeps local and cluster endpoints apart for externalTrafficPolicy Local", () => {
    const choice = choose([here, there], NODE_PORT);

    expect(choice.cluster).to.deep.equal(["10.0.0.1", "10.0.0.2"]);
    expect(choice.local).to.deep.equal(["10.0.0.1"]);
  });

  it("falls back to draining local endpoints while others are ready elsewhere", () => {
    const choice = choose([draining("10.0.0.1"), there], NODE_PORT);

    expect(choice.cluster).to.deep.equal(["10.0.0.2"]);
    expect(choice.local).to.deep.equal(["10.0.0.1"]);
    expect(choice.reachable).to.deep.equal(["10.0.0.1", "10.0.0.2"]);
  });

  it("knows that endpoints exist elsewhere when internalTrafficPolicy Local finds none here", () => {
    const choice = choose([there], { internalTrafficPolicy: "Local" });

    expect(choice).to.deep.equal({ cluster: [], local: [], reachable: [], hasAny: true });
  });

  it("ignores internalTrafficPolicy in 1.20", () => {
    expect(choose([there], { internalTrafficPolicy: "Local" }, "1.20").cluster).to.deep.equal([
      "10.0.0.2",
    ]);
  });

  it("uses endpoints hinted for its zone, and all if a ready one has no hint", () => {
    const hinted = [inZone("10.0.0.1", "a"), inZone("10.0.0.2", "b"), inZone("10.0.0.3", "a", "b")];

    expect(choose(hinted).cluster).to.deep.equal(["10.0.0.1", "10.0.0.3"]);
    expect(choose([...hinted, there]).cluster).to.have.length(4);
  });

  it("does not filter when no endpoint is hinted for its zone", () => {
    expect(choose([inZone("10.0.0.1", "b"), inZone("10.0.0.2", "c")]).cluster).to.have.length(2);
  });

  it("asks for an annotation up to 1.30, of any value but disabled", () => {
    const hinted = [inZone("10.0.0.1", "a"), inZone("10.0.0.2", "b")];
    const count = (value: string): number =>
      choose(hinted, {}, "1.30", { "service.kubernetes.io/topology-mode": value }).cluster.length;

    expect(choose(hinted, {}, "1.30").cluster).to.have.length(2);
    expect([count("Auto"), count("anything"), count("disabled"), count("Disabled")]).to.deep.equal([
      1, 1, 2, 2,
    ]);
  });

  it("prefers hints for its node to hints for its zone from 1.36 (KEP-3015)", () => {
    const hints = (node: string): NonNullable<SliceEndpoint["hints"]> => ({
      forZones: [{ name: "a" }],
      forNodes: [{ name: node }],
    });
    const entries = [
      endpoint("10.0.0.1", { hints: hints("node1") }),
      endpoint("10.0.0.2", { hints: hints("node2") }),
    ];

    expect(choose(entries).cluster).to.deep.equal(["10.0.0.1"]);
    expect(
      choose(entries, {}, "1.30", { "service.kubernetes.io/topology-mode": "Auto" }).cluster,
    ).to.have.length(2);
  });

  it("leaves topology out of the Local policy, and reaches the union", () => {
    const choice = choose(
      [
        inZone("10.0.0.1", "b"),
        endpoint("10.0.0.2", { nodeName: "node2", hints: { forZones: [{ name: "a" }] } }),
      ],
      NODE_PORT,
    );

    expect(choice.cluster).to.deep.equal(["10.0.0.2"]);
    expect(choice.local).to.deep.equal(["10.0.0.1"]);
    expect(choice.reachable).to.deep.equal(["10.0.0.1", "10.0.0.2"]);
  });
});
