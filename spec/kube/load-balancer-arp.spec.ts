import { expect } from "chai";
import type { EndpointSlice, Service } from "../../lib/kube/api/types.ts";
import { announcingNode } from "../../lib/kube/load-balancer-arp.ts";
import { outputsOf, problemsOf, runCluster } from "../support/cluster-lab.ts";

const NODES = ["node1", "node2", "node3"];

function service(address: string, externalTrafficPolicy = "Cluster"): Service {
  return {
    kind: "Service",
    metadata: { name: "web", namespace: "default" },
    spec: { type: "LoadBalancer", externalTrafficPolicy },
    status: { loadBalancer: { ingress: [{ ip: address }] } },
  } as unknown as Service;
}

function slice(...endpoints: readonly { readonly nodeName: string; readonly ready: boolean }[]) {
  return {
    kind: "EndpointSlice",
    endpoints: endpoints.map(({ nodeName, ready }) => ({ nodeName, conditions: { ready } })),
  } as unknown as EndpointSlice;
}

const LOAD_BALANCED = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: nginx, ports: [{ containerPort: 80 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { type: LoadBalancer, selector: { app: web }, ports: [{ port: 80 }] }
`;

describe("kube/load-balancer-arp", () => {
  it("chooses by the least SHA-256 of `node#address`, as MetalLB does", () => {
    const slices = [slice({ nodeName: "node2", ready: true })];

    const owners = Array.from({ length: 6 }, (_, index) =>
      announcingNode(service(`172.18.255.${200 + index}`), slices, NODES),
    );

    // for n in node1 node2 node3; do printf %s "$n#172.18.255.200" | sha256sum; done, and so on.
    expect(owners).to.deep.equal(["node3", "node1", "node2", "node2", "node1", "node2"]);
  });

  it("leaves the choice to nodes with endpoints under externalTrafficPolicy Local", () => {
    const slices = [slice({ nodeName: "node3", ready: true }, { nodeName: "node1", ready: false })];

    for (const last of [200, 201, 202, 203]) {
      const owner = announcingNode(service(`172.18.255.${last}`, "Local"), slices, NODES);
      expect(owner).to.equal("node3");
    }
  });

  it("announces nothing without a ready endpoint", () => {
    const slices = [slice({ nodeName: "node1", ready: false })];

    expect(announcingNode(service("172.18.255.200"), slices, NODES)).to.equal(null);
    expect(announcingNode(service("172.18.255.200"), [], NODES)).to.equal(null);
  });

  it("answers for the address on the nodes' network, which no device has", () => {
    const run = runCluster({
      files: { "web.yaml": LOAD_BALANCED },
      cluster: [
        "nodes: [{ name: node1 }, { name: node2 }]",
        "dns: false",
        "hosts: [{ name: user }]",
      ],
      steps: [
        "{ kubectl: get service web, contains: 172.18.255.200 }",
        "{ on: user, run: \"curl -s -o /dev/null -w '%{http_code}' http://172.18.255.200/\", prints: '200' }",
        "{ on: user, run: ip neigh show 172.18.255.200 }",
        "{ on: node1, run: ip addr }",
        "{ on: node2, run: ip addr }",
      ],
      expect: ["{ frames: arp, on: user/eth0, count: { atLeast: 2 } }"],
    });

    expect(problemsOf(run)).to.deep.equal([]);
    const [, , neighbour = "", first = "", second = ""] = outputsOf(run);
    expect(neighbour).to.match(/lladdr 02:42:ac:12:00:0[23] (REACHABLE|DELAY|STALE)/);
    expect(first + second).not.to.contain("172.18.255.200");
  });
});
