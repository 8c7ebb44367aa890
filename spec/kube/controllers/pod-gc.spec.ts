import { expect } from "chai";
import { deployment, SpecCluster } from "../../support/control-plane.ts";
import { registerNodes } from "../../support/fake-nodes.ts";

function cluster(): SpecCluster {
  const on = new SpecCluster();
  registerNodes(on, 2);
  on.apply(deployment("web", 2));
  on.pass(3);
  return on;
}

const nodesOf = (on: SpecCluster) =>
  on.server.store.list("Pod").map(({ spec }) => spec.nodeName ?? "");

describe("kube/controllers/pod-gc", () => {
  it("ends the Pods of a node that is deleted, not before 40 s are over", () => {
    const on = cluster();
    on.run("delete node node2");

    on.pass(39);
    expect(nodesOf(on)).to.include("node2");
    on.pass(22);

    expect(nodesOf(on)).to.deep.equal(["node1", "node1"]);
  });

  it("says of them why they go", () => {
    const on = cluster();
    const seen: string[] = [];
    on.server.store.watch(({ object }) => {
      if (object.kind !== "Pod") return;
      const { conditions = [] } = object.status as { conditions?: { reason?: string }[] };
      for (const { reason } of conditions) if (reason !== undefined) seen.push(reason);
    });
    on.run("delete node node2");
    on.pass(61);

    expect(seen).to.include("DeletionByPodGC");
  });

  it("says that a Pod has failed that is to go and was never on a node", () => {
    const on = new SpecCluster();
    on.run("run web --image=nginx");
    on.run('patch pod web -p {"metadata":{"finalizers":["example.com/hold"]}}');
    on.run("delete pod web --wait=false");
    on.pass(21);

    expect(on.run("get pod web -o jsonpath={.status.phase}").stdout).to.equal("Failed");
  });
});
