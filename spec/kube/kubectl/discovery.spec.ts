import { expect } from "chai";
import { deployment, SpecCluster } from "../../support/control-plane.ts";

/** What a command prints, without spaces at the ends of lines. */
function said(line: string, cluster = new SpecCluster()): string[] {
  const { stdout, stderr } = cluster.run(line);
  return `${stdout}${stderr}`.trimEnd().split("\n");
}

describe("kube/kubectl/discovery", () => {
  it("says which releases it and the server are of", () => {
    expect(said("version")).to.deep.equal([
      "Client Version: v1.36.2",
      "Kustomize Version: v5.8.1",
      "Server Version: v1.36.2",
    ]);
    expect(said("version --client")).to.have.length(2);
  });

  it("lists kinds by group and name, all or some of them", () => {
    const [head, ...rows] = said("api-resources --api-group=batch");

    expect(head).to.match(/^NAME +SHORTNAMES +APIVERSION +NAMESPACED +KIND$/);
    expect(rows.map((row) => row.split(/ +/))).to.deep.equal([
      ["cronjobs", "cj", "batch/v1", "true", "CronJob"],
      ["jobs", "batch/v1", "true", "Job"],
    ]);
    expect(said("api-resources --namespaced=false -o name")).to.include.members([
      "nodes",
      "ingressclasses.networking.k8s.io",
    ]);
    expect(said("api-versions")).to.include.members(["apps/v1", "v1", "autoscaling/v1"]);
  });

  it("has no metrics to show", () => {
    expect(said("top pods")).to.deep.equal(["error: Metrics API not available"]);
  });
});

describe("kube/kubectl/explain", () => {
  it("shows the fields of a kind and of what is in it", () => {
    const lines = said("explain deployment.spec.strategy");

    expect(lines).to.deep.equal([
      "GROUP:      apps",
      "KIND:       Deployment",
      "VERSION:    v1",
      "",
      "FIELD: strategy <DeploymentStrategy>",
      "",
      "FIELDS:",
      "  rollingUpdate\t<RollingUpdateDeployment>",
      "  type\t<string>",
    ]);
    expect(said("explain pods")).to.include.members(["  spec\t<PodSpec>", "  kind\t<string>"]);
    expect(said("explain service --recursive")).to.include("      targetPort\t<IntOrString>");
  });

  it("refuses fields and kinds that it does not know", () => {
    expect(said("explain pod.spec.nothing")).to.deep.equal([
      'error: field "nothing" does not exist',
    ]);
    expect(said("explain gadgets")).to.deep.equal([
      `error: the server doesn't have a resource type "gadgets"`,
    ]);
  });
});

describe("kube/kubectl/get", () => {
  it("sorts by a path, and shows labels as columns", () => {
    const cluster = new SpecCluster();
    cluster.apply(`${deployment("b", 2)}---\n${deployment("a", 10)}`);
    cluster.run("label deployment b tier=front");

    const names = said("get deploy --sort-by=.spec.replicas -o name", cluster);
    const table = said("get deploy -L tier", cluster);

    expect(names).to.deep.equal(["deployment.apps/b", "deployment.apps/a"]);
    expect(table[0]).to.match(/ AGE +TIER$/);
    expect(table[2]).to.match(/ front$/);
    expect(said("get deploy --sort-by=.spec.nothing", cluster)[0]).to.include("couldn't find any");
  });

  it("makes an autoscaler of a command line", () => {
    const cluster = new SpecCluster();
    cluster.apply(deployment("web", 1));

    expect(said("autoscale deployment web --min=1 --max=3 --cpu=80%", cluster)).to.deep.equal([
      "horizontalpodautoscaler.autoscaling/web autoscaled",
    ]);
    expect(said("get hpa --no-headers", cluster)[0]).to.match(
      /^web +Deployment\/web +cpu: <unknown>\/80% +1 +3 +0 /,
    );
  });
});
