import { expect } from "chai";
import { deployment, SpecCluster } from "../support/control-plane.ts";

describe("kube/control-plane", () => {
  it("deletes what a Deployment owned after it", () => {
    const cluster = new SpecCluster();
    cluster.apply(deployment("web", 2));
    cluster.pass(1);
    expect(cluster.names("Pod")).to.have.length(2);

    const { stdout } = cluster.run("delete deployment web");
    cluster.pass(1);

    expect(stdout).to.equal('deployment.apps "web" deleted from default namespace\n');
    expect(cluster.names("ReplicaSet")).to.deep.equal([]);
    expect(cluster.names("Pod")).to.deep.equal([]);
  });

  it("deletes Pods first and the Deployment last in the foreground", () => {
    const cluster = new SpecCluster();
    cluster.apply(deployment("web", 1));
    cluster.pass(1);
    const gone: string[] = [];
    cluster.server.store.watch(({ type, object }) => {
      if (type === "DELETED") gone.push(object.kind);
    });

    cluster.run("delete deployment web --cascade=foreground");
    cluster.pass(1);

    expect(gone.filter((kind) => kind !== "Event")).to.deep.equal([
      "Pod",
      "ReplicaSet",
      "Deployment",
    ]);
  });

  it("lets go of what an orphaning deletion leaves", () => {
    const cluster = new SpecCluster();
    cluster.apply(deployment("web", 1));
    cluster.pass(1);

    cluster.run("delete deployment web --cascade=orphan");
    cluster.pass(1);

    expect(cluster.names("Deployment")).to.deep.equal([]);
    const [set] = cluster.server.store.list("ReplicaSet");
    expect(set?.metadata.ownerReferences).to.equal(undefined);
  });

  it("writes 30 Pods at once and then 20 a second, as the client's budget is", () => {
    const cluster = new SpecCluster();
    cluster.apply(deployment("web", 120));

    cluster.pass(1);
    const early = cluster.names("Pod").length;
    cluster.pass(5);

    expect(early).to.be.within(30, 52);
    expect(cluster.names("Pod")).to.have.length(120);
  });

  it("keeps 100 endpoints a slice and leaves an empty one for no Pods", () => {
    const cluster = new SpecCluster();

    cluster.apply(
      "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n",
    );
    cluster.pass(1);

    const slices = cluster.server.store.list("EndpointSlice");
    expect(slices.map(({ endpoints, ports }) => ({ endpoints, ports }))).to.deep.equal([
      { endpoints: null, ports: null },
    ]);
  });

  it("writes the same twice from one seed", () => {
    const play = () => {
      const cluster = new SpecCluster(7);
      cluster.apply(deployment("web", 3));
      cluster.pass(2);
      return JSON.stringify(cluster.server.store.list("Pod"));
    };

    expect(play()).to.equal(play());
  });
});
