import { expect } from "chai";
import { NodeProxy } from "../../../lib/kube/node/node-proxy.ts";
import type { KubeObject, Node } from "../../../lib/kube/objects.ts";
import { DEFAULT_CONFIGURATION } from "../../../lib/kube/proxy/config.ts";
import { releaseOf } from "../../../lib/kube/proxy/release.ts";
import type { World } from "../../shell/world.ts";
import { go, pass, row, tcpAsk } from "./world.ts";

const node: Node = { kind: "Node", metadata: { name: "node1" } };

function service(name: string, clusterIP: string): KubeObject {
  return {
    kind: "Service",
    metadata: { name, namespace: "default" },
    spec: { type: "ClusterIP", clusterIP, clusterIPs: [clusterIP], ports: [{ port: 80 }] },
  };
}

function start(world: World, version: string, objects: readonly KubeObject[], mode = "iptables") {
  const runs: string[] = [];
  const proxy = new NodeProxy({
    host: world.host("node"),
    nodeName: "node1",
    configuration: { ...DEFAULT_CONFIGURATION, mode },
    release: releaseOf(version),
    objects,
    onInvocation: ({ run }) => runs.push(run),
  });
  return { proxy, runs };
}

function get(world: World, path: string): string {
  const answers: string[] = [];
  const request = `GET ${path} HTTP/1.1\r\nHost: node\r\n\r\n`;
  go(world, tcpAsk(world, "client", "10.0.1.1:10256", request, answers));
  return answers[0] ?? "";
}

describe("kube/node/node-proxy", () => {
  it("has its rules when it has started, and follows changes at the pace of syncs", () => {
    const world = row();
    const { proxy } = start(world, "1.36", [node, service("a", "10.96.0.1")]);
    const rules = (): string => world.run("node", "iptables-save -t filter");

    expect(rules()).to.contain("-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp");
    proxy.setObjects([node, service("b", "10.96.0.2")]);
    pass(world, 2);
    expect(rules()).to.contain("-A KUBE-SERVICES -d 10.96.0.2/32 -p tcp");
    expect(rules()).to.not.contain("10.96.0.1");
    proxy.objectChanged(service("b", "10.96.0.2"), null);
    pass(world, 2);

    expect(rules()).to.not.contain("10.96.0.2");
  });

  it("sets the node's sysctls and tells what it does", () => {
    const world = row();
    const { runs } = start(world, "1.36", [node]);

    expect(runs).to.include("sysctl -w net.ipv4.conf.all.route_localnet=1");
    expect(runs).to.include("iptables-restore --noflush --counters");
    expect(world.run("node", "sysctl -n net.ipv4.conf.all.route_localnet")).to.equal("1\n");
  });

  it("answers /healthz on 10256 with the times of Go", () => {
    const world = row();
    start(world, "1.36", [node]);

    expect(get(world, "/healthz")).to.match(
      /^HTTP\/1\.1 200 OK\r\nContent-Type: application\/json\r\n[\s\S]*\{"lastUpdated": "(2023-11-14 22:13:\d\d\.\d+ \+0000 UTC m=\+0\.\d{9})","currentTime": "\1", "nodeEligible": true\}$/,
    );
    expect(get(world, "/livez")).to.match(/"currentTime": "[^"]+"\}$/);
    expect(get(world, "/other")).to.match(/^HTTP\/1\.1 404 Not Found[\s\S]*404 page not found\n$/);
  });

  it("is not healthy on a node that is about to be deleted", () => {
    const world = row();
    const spec = { taints: [{ key: "ToBeDeletedByClusterAutoscaler" }] };
    const { proxy } = start(world, "1.36", [node]);
    proxy.setObjects([{ ...node, spec }]);

    expect(get(world, "/healthz")).to.match(/^HTTP\/1\.1 503 [\s\S]*"nodeEligible": false\}$/);
    expect(get(world, "/livez")).to.match(/^HTTP\/1\.1 200 /);
  });

  it("knows neither eligibility nor /livez in 1.20", () => {
    const world = row();
    start(world, "1.20", [node], "userspace");

    expect(get(world, "/healthz")).to.match(/"currentTime": "[^"]+"\}$/);
    expect(get(world, "/livez")).to.match(/^HTTP\/1\.1 404/);
  });

  it("says so when the health check's port is taken, and gives it back when it stops", () => {
    const world = row();
    const { proxy } = start(world, "1.36", [node]);

    expect(() => start(world, "1.36", [node])).to.throw("port 10256 of node1 is taken");
    proxy.stop();

    expect(get(world, "/healthz")).to.equal("connect -111");
  });
});
