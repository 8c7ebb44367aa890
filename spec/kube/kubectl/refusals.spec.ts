import { expect } from "chai";
import { deployment, SpecCluster } from "../../support/control-plane.ts";

const SERVICE = `apiVersion: v1
kind: Service
metadata: { name: web }
spec: { ports: [{ port: 80 }], selector: { app: web } }
`;

function applied(): SpecCluster {
  const cluster = new SpecCluster();
  cluster.apply(SERVICE);
  return cluster;
}

describe("kube/kubectl/failures", () => {
  it("tells one error in its own way and several as the server said them", () => {
    const bad = SERVICE.replace("port: 80", "port: 0");
    const cluster = new SpecCluster();

    expect(cluster.apply(bad).stderr).to.match(/^The Service "web" is invalid: \n\* spec/);
    expect(cluster.apply(`${bad}---\n${bad.replace("name: web", "name: web2")}`).stderr).to.match(
      /^Error from server \(Invalid\): error when creating "file.yaml": Service "web" is invalid: \[spec.*\]\nError from server \(Invalid\): .*Service "web2" is invalid/s,
    );
  });

  it("applies the good documents around a bad one", () => {
    const bad = SERVICE.replace("spec: {", "spec: { type: Foo,");
    const output = new SpecCluster().apply(
      `${SERVICE}---\n${bad.replace("name: web", "name: bad")}---\n${SERVICE.replace("name: web", "name: last")}`,
    );

    expect(output.stdout).to.equal("service/web created\nservice/last created\n");
    expect(output.stderr).to.match(/^The Service "bad" is invalid: spec.type: Unsupported value/);
    expect(output.exitCode).to.equal(1);
  });
});

describe("kube/api/server", () => {
  it("refuses a new object that was copied with its resourceVersion", () => {
    const copy = (version: string) =>
      SERVICE.replace("name: web", `name: web, uid: a, resourceVersion: "${version}"`);

    expect(new SpecCluster().apply(copy("85361")).stderr).to.equal(
      'Error from server: error when creating "file.yaml": resourceVersion should not be set on objects to be created\n',
    );
    expect(new SpecCluster().apply(copy("0")).exitCode).to.equal(0);
    expect(applied().apply(copy("")).exitCode).to.equal(0);
  });
});

describe("kube/kubectl/infos", () => {
  const unchecked = (problem: string) =>
    `error: error validating "file.yaml": error validating data: ${problem}; if you choose to ignore these errors, turn validation off with --validate=false\n`;

  it("refuses documents that say not what they are", () => {
    const cluster = new SpecCluster();

    expect(cluster.apply("metadata: { name: a }\n").stderr).to.equal(
      unchecked("[apiVersion not set, kind not set]"),
    );
    expect(cluster.apply("apiVersion: v1\nmetadata: { name: a }\n").stderr).to.equal(
      unchecked("kind not set"),
    );
    expect(cluster.apply("apiVersion: 1\nkind: Pod\n").stderr).to.equal(
      unchecked("apiVersion isn't string type"),
    );
    expect(cluster.apply("- a\n").stderr).to.equal(unchecked("invalid object to validate"));
    expect(cluster.apply("# nothing\n").stderr).to.equal("error: no objects passed to apply\n");
  });

  it("reads a key that stands twice as its last value", () => {
    const cluster = new SpecCluster();

    expect(
      cluster.apply(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata: { k: a, k: b }\n",
      ).exitCode,
    ).to.equal(0);
    expect(cluster.run("get cm a -o jsonpath={.data.k}").stdout).to.equal("b");
  });

  it("says where YAML breaks as its library does", () => {
    const said = (text: string) =>
      new SpecCluster().apply(text).stderr.replace(/^.*YAML to JSON: /, "");

    expect(said("kind: Pod\nmetadata: name: a\n")).to.equal(
      "yaml: line 2: mapping values are not allowed in this context\n",
    );
    expect(said("kind: Pod\nmetadata:\n\tname: a\n")).to.equal(
      "yaml: line 3: found character that cannot start any token\n",
    );
    expect(said("a: 1\nb:\n   c: []\n  d: 1\n")).to.equal(
      "yaml: line 3: did not find expected key\n",
    );
    expect(said("a: 1\nb 2\nc: 3\n")).to.equal("yaml: line 3: could not find expected ':'\n");
    expect(said("b: 1\na: [80, 81\nc: 1\n")).to.equal(
      "yaml: line 2: did not find expected ',' or ']'\n",
    );
    expect(said('b: 1\na: "x\n')).to.equal("yaml: line 3: found unexpected end of stream\n");
    expect(said(`${SERVICE}---\na: *x\n`)).to.equal("yaml: unknown anchor 'x' referenced\n");
  });
});

describe("kube/kubectl/three-way", () => {
  it("shows a refused patch as Go prints what is left of it", () => {
    const { stderr } = applied().apply(SERVICE.replace("spec: {", "spec: { foo: 1,"));

    expect(stderr).to.match(
      /^The request is invalid: patch: Invalid value: "map\[metadata:map\[annotations:map\[kubectl.kubernetes.io\/last-applied-configuration:\{.*\}\\n\]\] spec:map\[foo:1\]\]": strict decoding error: unknown field "spec.foo"\n$/,
    );
  });

  it("leaves lists that are merged by key out of it", () => {
    const { stderr } = applied().apply(SERVICE.replace("port: 80", "port: 80, foo: 1"));

    expect(stderr).to.match(
      / spec:map\[\]\]": strict decoding error: unknown field "spec.ports\[0\].foo"\n$/,
    );
  });

  it("calls wrong types as the conversion of a patch does", () => {
    const cluster = new SpecCluster();
    cluster.apply(deployment("web", 1));
    const said = (from: string, to: string) =>
      cluster.apply(deployment("web", 1).replace(from, to)).stderr.replace(/^.*": /s, "");

    expect(said("replicas: 1", "replicas: one")).to.equal("unrecognized type: int32\n");
    expect(said("labels: {app: web}", "labels: {app: web, b: 1}")).to.equal(
      "cannot convert int64 to string\n",
    );
    expect(said('containers: [{name: web, image: "nginx:1.27"}]', "containers: {}")).to.equal(
      "cannot restore slice from map\n",
    );
  });

  it("prints the patch that the server refused for another reason", () => {
    const cluster = applied();
    cluster.run("create namespace a");
    cluster.run("delete namespace a");
    const output = cluster.run("create deployment x --image=nginx -n a");

    expect(output.stderr).to.equal(
      'Error from server (Forbidden): deployments.apps "x" is forbidden: unable to create new content in namespace a because it is being terminated\n',
    );
  });

  it("removes what the manifest no longer says and lets a strategy lose its fields", () => {
    const cluster = new SpecCluster();
    cluster.apply(deployment("web", 3));

    expect(
      cluster.apply(deployment("web", 3).replace("replicas: 3", "strategy: {type: Recreate}"))
        .stdout,
    ).to.equal("deployment.apps/web configured\n");
    expect(cluster.run("get deploy web -o jsonpath={.spec.strategy}").stdout).to.equal(
      '{"type":"Recreate"}',
    );
    expect(cluster.run("get deploy web -o jsonpath={.spec.replicas}").stdout).to.equal("1");
  });

  it("keeps the order of the manifest in lists that are merged", () => {
    const cluster = new SpecCluster();
    cluster.apply(deployment("web", 1));
    cluster.apply(
      deployment("web", 1).replace("[{name: web", "[{name: side, image: a}, {name: web"),
    );

    expect(
      cluster.run("get deploy web -o jsonpath={.spec.template.spec.containers[*].name}").stdout,
    ).to.equal("side web");
  });
});
