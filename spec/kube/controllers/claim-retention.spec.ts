import { expect } from "chai";
import { SpecCluster } from "../../support/control-plane.ts";

function statefulSet(policy: string, replicas = 2): string {
  return `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: ${replicas}
  serviceName: db
  podManagementPolicy: Parallel
  persistentVolumeClaimRetentionPolicy: ${policy}
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: redis, volumeMounts: [{name: data, mountPath: /data}]}]}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`;
}

/** The claims after the set has been scaled to one, and after it has been deleted. */
function claimsAfter(policy: string): [scaled: string[], deleted: string[]] {
  const cluster = new SpecCluster();
  cluster.apply(statefulSet(policy));
  cluster.pass(2);
  cluster.run("scale statefulset db --replicas=1");
  cluster.pass(2);
  const scaled = cluster.names("PersistentVolumeClaim");
  cluster.run("delete statefulset db");
  cluster.pass(2);
  return [scaled, cluster.names("PersistentVolumeClaim")];
}

describe("kube/controllers/claim-retention", () => {
  it("keeps claims, or lets them go with the Pod or with the set", () => {
    const both = ["data-db-0", "data-db-1"];

    expect(claimsAfter("{}")).to.deep.equal([both, both]);
    expect(claimsAfter("{whenScaled: Delete}")).to.deep.equal([["data-db-0"], ["data-db-0"]]);
    expect(claimsAfter("{whenDeleted: Delete}")).to.deep.equal([both, []]);
    expect(claimsAfter("{whenScaled: Delete, whenDeleted: Delete}")).to.deep.equal([
      ["data-db-0"],
      [],
    ]);
  });
});

describe("kube/controllers/adoption", () => {
  it("gives a StatefulSet the Pods that have its name and labels, and no others", () => {
    const cluster = new SpecCluster();
    const pod = (name: string, app: string) =>
      `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, labels: {app: ${app}}}\nspec: {containers: [{name: db, image: redis}]}\n`;
    cluster.apply([pod("db-0", "db"), pod("db-x", "db"), pod("db-1", "other")].join("---\n"));

    cluster.apply(statefulSet("{}", 1));
    cluster.pass(1);

    const owned = cluster.server.store
      .list("Pod")
      .filter(({ metadata }) => metadata.ownerReferences?.[0]?.kind === "StatefulSet")
      .map(({ metadata }) => metadata.name);
    expect(owned).to.deep.equal(["db-0"]);
  });
});
