import { expect } from "chai";
import { SpecCluster } from "../../support/control-plane.ts";

const DEFINITION = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: houses.real.example}
spec:
  group: real.example
  scope: Cluster
  names: {kind: House, plural: houses, shortNames: [hs]}
---
apiVersion: real.example/v1
kind: House
metadata: {name: mine}
`;
const OTHER_SERVICE = `apiVersion: serving.example/v1
kind: Service
metadata: {name: web, finalizers: [plain-name.serving.example]}
spec: {template: {spec: {containers: [{image: a}]}}}
`;

describe("kube/kubectl/infos", () => {
  it("keeps objects of a kind where its definition says that they are", () => {
    const cluster = new SpecCluster();

    expect(cluster.apply(DEFINITION).stdout).to.equal(
      "customresourcedefinition.apiextensions.k8s.io/houses.real.example created\n" +
        "house.real.example/mine created\n",
    );
    expect(cluster.apply(DEFINITION).stdout).to.contain("house.real.example/mine unchanged");
    for (const word of ["house", "houses", "hs", "houses.real.example"]) {
      expect(cluster.run(`get ${word} -o name`).stdout).to.equal("house.real.example/mine\n");
    }
    expect(cluster.run("get hs mine -o jsonpath={.metadata.namespace}").stdout).to.equal("");
  });

  it("tells a custom kind from one of Kubernetes' own that has its name", () => {
    const cluster = new SpecCluster();
    const output = cluster.apply(OTHER_SERVICE);

    expect([output.stdout, output.stderr]).to.deep.equal([
      "service.serving.example/web created\n",
      "",
    ]);
    expect(
      cluster.run("get services.serving.example -o jsonpath={.items[0].kind}").stdout,
    ).to.equal("Service");
    expect(cluster.run("get service web").stderr).to.contain('services "web" not found');
    expect(cluster.names("Service")).to.deep.equal(["kubernetes"]);
  });
});
