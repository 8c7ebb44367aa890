import { expect } from "chai";
import { SpecCluster } from "../../support/control-plane.ts";

const GUESTS = `apiVersion: v1
kind: ReplicationController
metadata: { name: guests }
spec:
  replicas: 2
  template:
    metadata: { labels: { app: guests } }
    spec: { containers: [{ name: web, image: nginx }] }
`;

describe("kube/controllers/replicaset", () => {
  it("keeps the Pods of a ReplicationController, whose labels are its selector", () => {
    const cluster = new SpecCluster();
    cluster.apply(GUESTS);
    cluster.pass(5);

    expect(cluster.names("Pod")).to.have.length(2);
    expect(cluster.run("get rc -o wide").stdout).to.match(
      /^NAME {5}DESIRED {3}CURRENT {3}READY {3}AGE {3}CONTAINERS {3}IMAGES {3}SELECTOR\nguests {3}2 {9}2 {9}0 {7}5s {4}web {10}nginx {4}app=guests\n$/,
    );
    cluster.run("scale rc guests --replicas=3");
    cluster.pass(5);
    expect(cluster.names("Pod")).to.have.length(3);
  });

  it("makes a Pod anew, and lets them all go with their controller", () => {
    const cluster = new SpecCluster();
    cluster.apply(GUESTS);
    cluster.pass(5);
    const [first = "", second = ""] = cluster.names("Pod");
    cluster.run(`delete pod ${first} --grace-period=0 --force`);
    cluster.pass(5);

    expect(cluster.names("Pod")).to.have.length(2).and.include(second);
    expect(cluster.names("Pod")).not.to.include(first);
    const events = cluster.run("get events").stdout;
    expect(events).to.contain("replicationcontroller/guests");
    cluster.run("delete rc guests");
    cluster.pass(5);
    expect(cluster.names("Pod")).to.deep.equal([]);
  });

  it("leaves Pods that another controller has", () => {
    const cluster = new SpecCluster();
    cluster.apply(GUESTS);
    cluster.apply(GUESTS.replace("name: guests", "name: others"));
    cluster.pass(5);

    const pods = cluster.server.store.list("Pod");
    const owners = pods.map(({ metadata }) => metadata.ownerReferences?.[0]?.name);
    expect(owners.sort()).to.deep.equal(["guests", "guests", "others", "others"]);
  });
});
