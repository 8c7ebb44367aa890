import { expect } from "chai";
import { deployment, SpecCluster } from "../../support/control-plane.ts";

function withWeb(): SpecCluster {
  const cluster = new SpecCluster();
  cluster.apply(deployment("web", 2));
  cluster.pass(2);
  return cluster;
}

/** What an undo says of an object that `apply` made. */
const WARNING =
  "Warning: resource deployments/web was previously managed with 'kubectl apply'. Rolling back will not update the kubectl.kubernetes.io/last-applied-configuration annotation, which may cause unexpected behavior on future 'kubectl apply' operations. Consider using 'kubectl apply' with your previous configuration file instead.";

/** What commands print, one after the other. */
function said(cluster: SpecCluster, ...lines: readonly string[]): string[] {
  return lines.map((line) => {
    const { stdout, stderr } = cluster.run(line);
    return `${stdout}${stderr}`.trimEnd();
  });
}

describe("kube/kubectl/rollout", () => {
  it("refuses what a workload is not ready for, and what a kind cannot do", () => {
    expect(
      said(
        withWeb(),
        "rollout undo deployment/web",
        "rollout resume deployment/web",
        "rollout pause deployment/web",
        "rollout pause deployment/web",
        "rollout restart deployment/web",
        "rollout restart service/kubernetes",
        "rollout status service/kubernetes",
        "rollout history deployment/web --revision=7",
      ),
    ).to.deep.equal([
      `${WARNING}\nerror: no rollout history found for deployment "web"`,
      'error: deployments.apps "web" is not paused',
      "deployment.apps/web paused",
      'error: deployments.apps "web" is already paused',
      'error: deployments.apps "web" can\'t restart paused deployment (run rollout resume first)',
      'error: services "kubernetes" restarting is not supported',
      "error: no status viewer has been implemented for Service",
      "error: unable to find the specified revision",
    ]);
  });

  it("tells revisions by their cause, and undoes it with the template", () => {
    const cluster = withWeb();
    const steps = [
      "annotate deployment web kubernetes.io/change-cause=first",
      "set image deployment/web web=a:2",
      "annotate deployment web kubernetes.io/change-cause=second --overwrite",
    ];
    for (const step of steps) {
      cluster.run(step);
      cluster.pass(2);
    }
    expect(cluster.run("rollout history deployment/web").stdout).to.equal(
      "deployment.apps/web \nREVISION  CHANGE-CAUSE\n1         first\n2         second\n\n",
    );

    const undone = cluster.run("rollout undo deployment/web");
    cluster.pass(2);

    expect(undone.stderr).to.equal(`${WARNING}\n`);
    expect(cluster.run("rollout history deployment/web").stdout).to.equal(
      "deployment.apps/web \nREVISION  CHANGE-CAUSE\n2         second\n3         first\n\n",
    );
  });

  it("does not undo while a rollout is paused", () => {
    const cluster = withWeb();
    cluster.run("set image deployment/web web=a:2");
    cluster.pass(2);

    expect(
      said(cluster, "rollout pause deployment/web", "rollout undo deployment/web"),
    ).to.deep.equal([
      "deployment.apps/web paused",
      `${WARNING}\nerror: you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again`,
    ]);
  });
});

describe("kube/kubectl/edit", () => {
  it("does not write over labels and annotations unless it is told to", () => {
    expect(
      said(
        withWeb(),
        "label deployment web a=b",
        "label deployment web a=c",
        "label deployment web a=c --overwrite",
        "label deployment web a-",
        "label deployment web a-",
        "annotate deployment web a=b",
        "annotate deployment web a=c",
      ),
    ).to.deep.equal([
      "deployment.apps/web labeled",
      "error: 'a' already has a value (b), and --overwrite is false",
      "deployment.apps/web labeled",
      "deployment.apps/web unlabeled",
      'label "a" not found.\ndeployment.apps/web not labeled',
      "deployment.apps/web annotated",
      "error: --overwrite is false but found the following declared annotation(s): 'a' already has a value (b)",
    ]);
  });

  it("scales what has replicas, if they are as many as expected", () => {
    expect(
      said(
        withWeb(),
        "scale deployment web --replicas=3 --current-replicas=5",
        "scale deployment web --replicas=-1",
        "scale service kubernetes --replicas=2",
        "scale deployment web --replicas=3",
      ),
    ).to.deep.equal([
      "error: Expected replicas to be 5, was 2",
      "error: The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0",
      "Error from server (NotFound): the server could not find the requested resource",
      "deployment.apps/web scaled",
    ]);
  });

  it("carries out JSON patches and merge patches", () => {
    const cluster = withWeb();
    const patch = '[{"op":"replace","path":"/spec/replicas","value":4}]';

    expect(
      said(
        cluster,
        `patch deployment web --type=json -p ${patch}`,
        "get deployment web -o jsonpath={.spec.replicas}",
        'patch deployment web --type=merge -p {"spec":{"replicas":1}}',
        'patch deployment web -p {"spec":{"replicas":1}}',
      ),
    ).to.deep.equal([
      "deployment.apps/web patched",
      "4",
      "deployment.apps/web patched",
      "deployment.apps/web patched (no change)",
    ]);
  });
});

describe("kube/kubectl/get", () => {
  it("tells what it found before what it did not find", () => {
    const { stdout, stderr, exitCode } = withWeb().run("get deployments web nope");

    expect(stdout).to.match(/^NAME .*\nweb /);
    expect(stderr).to.equal('Error from server (NotFound): deployments.apps "nope" not found\n');
    expect(exitCode).to.equal(1);
  });

  it("says that there is nothing, and where", () => {
    expect(
      said(
        new SpecCluster(),
        "get pods",
        "get pods -A",
        "get storageclasses",
        "get endpoints",
        "delete pods --all",
        "get nosuch",
      ),
    ).to.deep.equal([
      "No resources found in default namespace.",
      "No resources found",
      "No resources found",
      "Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\nNo resources found in default namespace.",
      "No resources found",
      'error: the server doesn\'t have a resource type "nosuch"',
    ]);
  });
});

describe("kube/kubectl/generators", () => {
  it("makes objects from a command line", () => {
    expect(
      said(
        new SpecCluster(),
        "create configmap a --from-literal=k=v --from-literal=l=w",
        "get configmap a -o jsonpath={.data}",
        "create secret generic a --from-literal=k=v",
        "get secret a -o jsonpath={.data.k}",
        "create service nodeport a --tcp=80:http --node-port=30080",
        "get service a -o jsonpath={.spec.ports}",
        "create namespace default",
      ),
    ).to.deep.equal([
      "configmap/a created",
      '{"k":"v","l":"w"}',
      "secret/a created",
      "dg==",
      "service/a created",
      '[{"name":"80-http","nodePort":30080,"port":80,"protocol":"TCP","targetPort":"http"}]',
      'Error from server (AlreadyExists): namespaces "default" already exists',
    ]);
  });
});

describe("kube/kubectl/events", () => {
  it("tells what has happened to one object, or all of a type", () => {
    const cluster = new SpecCluster();
    const printed = said(
      cluster,
      "create deployment web --image=nginx",
      "events --for=deployment/web",
    );

    expect(printed[1]).to.equal("No events found in default namespace.");
    expect(
      said(cluster, "auth can-i create pods", "auth can-i get", "events --types=Bad"),
    ).to.deep.equal([
      "yes",
      "error: you must specify two arguments: verb resource or verb resource/resourceName.\nSee 'kubectl auth can-i -h' for help and examples.",
      "error: valid --types are Normal or Warning",
    ]);
  });
});

describe("kube/kubectl/edit", () => {
  it("sets amounts and accounts of Pod templates", () => {
    const path = "jsonpath={.spec.template.spec.containers[0].resources}";
    expect(
      said(
        new SpecCluster(),
        "create deployment web --image=nginx",
        "set resources deployment web -c=nginx --limits=cpu=200m,memory=512Mi",
        `get deployment web -o ${path}`,
        "set serviceaccount deployment web robot",
        "get deployment web --template={{.spec.template.spec.serviceAccountName}}",
        "set resources deployment web",
        "set resources deployment web -c=x --requests=cpu=1",
      ),
    ).to.deep.equal([
      "deployment.apps/web created",
      "deployment.apps/web resource requirements updated",
      '{"limits":{"cpu":"200m","memory":"512Mi"}}',
      "deployment.apps/web serviceaccount updated",
      "robot",
      "error: you must specify an update to requests or limits (in the form of --requests/--limits)",
      "error: unable to find container named x",
    ]);
  });
});
