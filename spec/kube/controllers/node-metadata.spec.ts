import { expect } from "chai";
import { SpecCluster } from "../../support/control-plane.ts";
import { registerNodes } from "../../support/fake-nodes.ts";

describe("kube/controllers/node-metadata", () => {
  it("gives Nodes the time for which Secrets are cached, and the beta forms of their labels", () => {
    const on = new SpecCluster();
    registerNodes(on, 1);
    on.run("label node node1 kubernetes.io/os=linux kubernetes.io/arch=arm64");
    on.pass(1);

    const { labels, annotations } = on.server.store.get("Node", "node1")?.metadata ?? {};
    expect(annotations).to.deep.equal({ "node.alpha.kubernetes.io/ttl": "0" });
    expect(labels).to.include({
      "beta.kubernetes.io/os": "linux",
      "beta.kubernetes.io/arch": "arm64",
    });
  });
});
