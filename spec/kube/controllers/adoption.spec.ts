/** Whose Pods and ReplicaSets are whose: taken over and let go by their labels. */
import { expect } from "chai";
import type { ApiObject } from "../../../lib/kube/api/types.ts";
import { deployment, SpecCluster } from "../../support/control-plane.ts";
import { registerNodes } from "../../support/fake-nodes.ts";

function cluster(): SpecCluster {
  const made = new SpecCluster();
  made.apply(deployment("web", 2));
  made.pass(2);
  return made;
}

function ownersOf(object: ApiObject | undefined): string[] {
  return (object?.metadata.ownerReferences ?? []).map(({ kind, name }) => `${kind}/${name}`);
}

const list = (of: SpecCluster, kind: string): readonly ApiObject[] => of.server.store.list(kind);

describe("kube/controllers/adoption", () => {
  it("lets a Pod go whose labels no longer fit, and makes another", () => {
    const on = cluster();
    const [first = ""] = on.names("Pod");

    on.run(`label pod ${first} app=debug --overwrite`);
    on.pass(2);

    expect(on.names("Pod")).to.have.length(3);
    expect(ownersOf(on.server.store.get("Pod", `default/${first}`) ?? undefined)).to.deep.equal([]);
  });

  it("takes over a Pod that fits again, and deletes what is too many", () => {
    const on = cluster();
    const [first = ""] = on.names("Pod");
    on.run(`label pod ${first} app=debug --overwrite`);
    on.pass(2);

    on.run(`label pod ${first} app=web --overwrite`);
    on.pass(2);

    const staying = list(on, "Pod").filter(({ metadata }) => !metadata.deletionTimestamp);
    expect(staying).to.have.length(2);
    const [set] = on.names("ReplicaSet");
    for (const pod of staying) expect(ownersOf(pod)).to.deep.equal([`ReplicaSet/${set}`]);
  });

  it("counts the Pods that it takes over at once", () => {
    const on = cluster();
    on.run("delete rs -l app=web --cascade=orphan");
    on.pass(2);

    expect(on.names("Pod")).to.have.length(2);
  });

  it("lets a Deployment find the ReplicaSet that an earlier one left behind", () => {
    const on = cluster();
    const [set = ""] = on.names("ReplicaSet");
    on.run("delete deployment web --cascade=orphan");
    on.pass(1);
    expect(ownersOf(list(on, "ReplicaSet")[0])).to.deep.equal([]);

    on.apply(deployment("web", 2));
    on.pass(2);

    expect(on.names("ReplicaSet")).to.deep.equal([set]);
    expect(ownersOf(list(on, "ReplicaSet")[0])).to.deep.equal(["Deployment/web"]);
  });
});

describe("kube/controllers/revisions", () => {
  for (const kind of ["DaemonSet", "StatefulSet"]) {
    it(`lets a ${kind} find the Pods and revisions that an earlier one left behind`, () => {
      const manifest = `apiVersion: apps/v1
kind: ${kind}
metadata: { name: db }
spec:
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec: { containers: [{ name: db, image: "a:1" }] }
`;
      const on = new SpecCluster();
      registerNodes(on, 1);
      on.apply(manifest);
      on.pass(2);
      const before = [...on.names("Pod"), ...on.names("ControllerRevision")];
      on.run(`delete ${kind} db --cascade=orphan`);
      on.pass(1);

      on.apply(manifest);
      on.pass(2);

      expect([...on.names("Pod"), ...on.names("ControllerRevision")]).to.deep.equal(before);
      for (const object of [...list(on, "Pod"), ...list(on, "ControllerRevision")])
        expect(ownersOf(object)).to.deep.equal([`${kind}/db`]);
    });
  }
});
