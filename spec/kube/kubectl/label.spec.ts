import { expect } from "chai";
import { deployment, SpecCluster } from "../../support/control-plane.ts";

function withWeb(): SpecCluster {
  const cluster = new SpecCluster();
  cluster.apply(deployment("web", 1));
  return cluster;
}

/** What kubectl writes on standard error. */
const refusal = (line: string) => withWeb().run(line).stderr.trimEnd();

describe("kube/kubectl/label", () => {
  it("reads words with = and words that end in - as changes, wherever they begin", () => {
    expect(refusal("label a=b")).to.equal(
      "error: one or more resources must be specified as <resource> <name> or <resource>/<name>",
    );
    expect(refusal("label deployment web")).to.equal(
      "error: at least one label update is required",
    );
    expect(refusal("label deployment web a=b x")).to.equal(
      "error: all resources must be specified before label changes: x",
    );
    expect(refusal("label deployment web a=b=c")).to.equal("error: invalid label spec: a=b=c");
    expect(refusal("label deployment web a=!")).to.match(
      /^error: invalid label value: "a=!": a valid label must be an empty string or consist of/,
    );
  });

  it("refuses to set and remove one thing, in other words for annotations", () => {
    expect(refusal("label deployment web a=b a-")).to.equal(
      "error: can not both modify and remove a label in the same command",
    );
    expect(refusal("annotate deployment web a=b a-")).to.equal(
      "error: can not both modify and remove the following annotation(s) in the same command: a",
    );
  });

  it("says of what it both adds and takes away that it is modified", () => {
    const cluster = withWeb();
    cluster.run("label deployment web a=b");

    const { stdout } = cluster.run("label deployment web a- c=d");

    expect(stdout).to.equal("deployment.apps/web modified\n");
  });

  it("goes on behind an object that is not there", () => {
    const { stdout, stderr } = withWeb().run("label deployment nope web a=b");

    expect(stdout).to.equal("deployment.apps/web labeled\n");
    expect(stderr).to.equal('Error from server (NotFound): deployments.apps "nope" not found\n');
  });
});

describe("kube/kubectl/edit", () => {
  it("scales what is there of several", () => {
    const { stdout, stderr } = withWeb().run("scale deployment web nope --replicas=3");

    expect(stdout).to.equal("deployment.apps/web scaled\n");
    expect(stderr).to.equal('Error from server (NotFound): deployments.apps "nope" not found\n');
  });

  it("sets another selector of a Service, and images only where there are containers", () => {
    const cluster = withWeb();
    cluster.run("expose deployment/web --port=80");

    expect(cluster.run("set selector service/web app=x,tier=y").stdout).to.equal(
      "service/web selector updated\n",
    );
    expect(cluster.run("get service web -o jsonpath={.spec.selector}").stdout).to.equal(
      '{"app":"x","tier":"y"}',
    );
    expect(cluster.run("set image service/web web=nginx").stderr).to.equal(
      "error: services/web the object is not a pod or does not have a pod template: *v1.Service\n",
    );
  });
});

describe("kube/kubectl/nodes", () => {
  it("refuses taints that it cannot read", () => {
    expect(refusal("taint node n a=b")).to.match(/^error: invalid taint spec: a=b, name part/);
    expect(refusal("taint node n a=b:Never")).to.equal(
      "error: invalid taint effect: Never, unsupported taint effect",
    );
  });
});

describe("kube/kubectl/selectors", () => {
  const listed = (selector: string) =>
    refusal(`get pods -l ${selector}`).replace(/^.*field selector "": /, "");

  it("refuses label selectors as the API server reads them", () => {
    expect(refusal("get pods -l a=b=c")).to.equal(
      `Error from server (BadRequest): Unable to find "/v1, Resource=pods" that match label selector "a=b=c", field selector "": found '=', expected: ',' or 'end of string'`,
    );
    expect(listed("a,")).to.equal("found '', expected: identifier after ','");
    expect(listed(",a")).to.equal("found ',', expected: !, identifier, or 'end of string'");
    expect(listed("!=a")).to.equal("found '!=', expected: !, identifier, or 'end of string'");
    expect(listed("a=(")).to.equal("unable to parse requirement: found '(', expected: identifier");
  });

  it("knows which fields a kind may be chosen by", () => {
    expect(refusal("get pods --field-selector=spec.foo=x")).to.match(
      /field selector "spec.foo=x": field label not supported: spec.foo$/,
    );
    expect(refusal("get deployments --field-selector=spec.replicas=1")).to.match(
      /"spec.replicas" is not a known field selector: only "metadata.name", "metadata.namespace"$/,
    );
  });
});
