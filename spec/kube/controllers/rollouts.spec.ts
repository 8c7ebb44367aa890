/** Roll-outs of shapes that no recording has, with kubelets that start what they are given. */
import { expect } from "chai";
import type { Pod } from "../../../lib/kube/api/types.ts";
import { SpecCluster } from "../../support/control-plane.ts";
import { registerNodes } from "../../support/fake-nodes.ts";

function cluster(nodes: number): SpecCluster {
  const made = new SpecCluster();
  registerNodes(made, nodes);
  return made;
}

function pods(of: SpecCluster): readonly Pod[] {
  return of.server.store.list("Pod");
}

/** The most Pods that were there at once, and the fewest that were ready, while `seconds` pass. */
function watch(
  of: SpecCluster,
  seconds: number,
): { readonly most: number; readonly ready: number } {
  let most = 0;
  let ready = Number.POSITIVE_INFINITY;
  for (let tenth = 0; tenth < seconds * 10; tenth += 1) {
    of.pass(0.1);
    const staying = pods(of).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const isReady = ({ status }: Pod) =>
      (status.conditions ?? []).some(({ type, status: is }) => type === "Ready" && is === "True");
    most = Math.max(most, staying.length);
    ready = Math.min(ready, staying.filter(isReady).length);
  }
  return { most, ready };
}

const imagesOf = (of: SpecCluster) =>
  new Set(pods(of).map(({ spec }) => spec.containers[0]?.image));

function workload(kind: string, spec: string, image: string): string {
  return `apiVersion: apps/v1
kind: ${kind}
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  ${spec}
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: "${image}" }] }
`;
}

describe("kube/controllers/daemonset", () => {
  it("surges: a new Pod is up on a node before the old one goes", () => {
    const spec = "updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }";
    const on = cluster(3);
    on.apply(workload("DaemonSet", spec, "a:1"));
    on.pass(10);

    on.apply(workload("DaemonSet", spec, "a:2"));
    const { most, ready } = watch(on, 30);

    expect({ most, ready }).to.deep.equal({ most: 4, ready: 3 });
    expect(imagesOf(on)).to.deep.equal(new Set(["a:2"]));
    expect(pods(on)).to.have.length(3);
  });
});

describe("kube/controllers/statefulset", () => {
  it("replaces one Pod at a time, as maxUnavailable is behind a feature gate that is off", () => {
    const spec =
      "serviceName: web\n  replicas: 5\n  updateStrategy: { rollingUpdate: { maxUnavailable: 2 } }";
    const on = cluster(1);
    on.apply(workload("StatefulSet", spec, "a:1"));
    on.pass(30);

    on.apply(workload("StatefulSet", spec, "a:2"));
    const { ready } = watch(on, 60);

    expect(ready).to.equal(4);
    expect(on.run("get statefulset web -o yaml").stdout).to.not.match(/^ +maxUnavailable: 2/m);
    expect(imagesOf(on)).to.deep.equal(new Set(["a:2"]));
  });

  it("leaves the numbers below the partition", () => {
    const on = cluster(1);
    const parted = "replicas: 3\n  updateStrategy: { rollingUpdate: { partition: 2 } }";
    on.apply(workload("StatefulSet", parted, "a:1"));
    on.pass(20);
    on.apply(workload("StatefulSet", parted, "a:2"));
    on.pass(20);
    const images = pods(on).map(({ spec }) => spec.containers[0]?.image);

    expect(images).to.deep.equal(["a:1", "a:1", "a:2"]);
  });

  it("does not wait for Pods below the one that it replaces, if it is parallel", () => {
    const parallel = "replicas: 3\n  podManagementPolicy: Parallel";
    const on = cluster(1);
    on.apply(workload("StatefulSet", parallel, "does-not-exist:1"));
    on.pass(10);
    on.apply(workload("StatefulSet", parallel, "a:2"));
    on.pass(30);

    expect([...imagesOf(on)]).to.deep.equal(["a:2"]);
  });

  it("takes the highest number first when several that are too many are not ready", () => {
    const on = cluster(1);
    const of = (replicas: number) => `replicas: ${replicas}\n  podManagementPolicy: Parallel`;
    on.apply(workload("StatefulSet", of(3), "does-not-exist:1"));
    on.pass(5);
    on.run("delete statefulset web --cascade=orphan");
    on.pass(1);
    on.apply(workload("StatefulSet", "replicas: 0", "does-not-exist:1"));
    on.pass(0.1);

    const going = pods(on).filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
    expect(going.map(({ metadata }) => metadata.name)).to.deep.equal(["web-2"]);
  });

  it("starts its numbers where it is told", () => {
    const on = cluster(1);
    on.apply(workload("StatefulSet", "replicas: 2\n  ordinals: { start: 3 }", "a:1"));
    on.pass(20);

    expect(on.names("Pod")).to.deep.equal(["web-3", "web-4"]);
  });
});

describe("kube/controllers/deployment", () => {
  it("recreates: all old Pods are gone before a new one comes", () => {
    const spec = "replicas: 3\n  strategy: { type: Recreate }";
    const on = cluster(1);
    on.apply(workload("Deployment", spec, "a:1"));
    on.pass(10);

    on.apply(workload("Deployment", spec, "a:2"));
    const { most, ready } = watch(on, 30);

    expect({ most, ready }).to.deep.equal({ most: 3, ready: 0 });
    expect(imagesOf(on)).to.deep.equal(new Set(["a:2"]));
  });

  it("keeps as many old sets as it is told", () => {
    const on = cluster(1);
    for (const image of ["a:1", "a:2", "a:3", "a:4"]) {
      on.apply(workload("Deployment", "replicas: 2\n  revisionHistoryLimit: 1", image));
      on.pass(20);
    }

    expect(on.names("ReplicaSet")).to.have.length(2);
    expect(imagesOf(on)).to.deep.equal(new Set(["a:4"]));
  });

  it("says of itself and of its set why no Pods come, until they do", () => {
    const on = cluster(1);
    const text = workload("Deployment", "replicas: 1", "a:1");
    on.apply(text.replace("containers:", "serviceAccountName: nobody, containers:"));
    on.pass(2);
    const conditions = '-o jsonpath={.items[0].status.conditions[?(@.type=="ReplicaFailure")]';

    for (const kind of ["replicaset", "deployment"]) {
      expect(on.run(`get ${kind} ${conditions}.reason}`).stdout).to.equal("FailedCreate");
      expect(on.run(`get ${kind} ${conditions}.message}`).stdout).to.match(
        /^pods "web-[a-z0-9]+-" is forbidden: error looking up service account default\/nobody: serviceaccount "nobody" not found$/,
      );
    }

    on.run("create serviceaccount nobody");
    on.pass(10);
    for (const kind of ["replicaset", "deployment"])
      expect(on.run(`get ${kind} ${conditions}.reason}`).stdout).to.equal("");
    expect(pods(on)).to.have.length(1);
  });

  it("does not roll while it is paused, but scales", () => {
    const on = cluster(1);
    on.apply(workload("Deployment", "replicas: 2", "a:1"));
    on.pass(10);
    on.run("rollout pause deployment/web");
    on.run("set image deployment/web web=a:2");
    on.run("scale deployment/web --replicas=3");
    on.pass(20);

    expect(imagesOf(on)).to.deep.equal(new Set(["a:1"]));
    expect(pods(on)).to.have.length(3);
  });
});

describe("kube/controllers/namespaces", () => {
  it("empties a namespace that is deleted before it goes", () => {
    const on = cluster(1);
    on.run("create namespace a");
    on.run("create deployment x --image=nginx -n a");
    on.pass(5);
    on.run("delete namespace a");

    expect(on.run("get namespace a").stdout).to.contain("Terminating");
    on.pass(40);
    expect(on.run("get namespace a").stderr).to.equal(
      'Error from server (NotFound): namespaces "a" not found\n',
    );
    expect(on.run("get all,configmaps,serviceaccounts -A").stdout).to.not.match(/^a /m);
  });

  it("gives every namespace its account, again if need be", () => {
    const on = cluster(1);
    on.run("delete serviceaccount default");
    on.pass(1);

    expect(on.names("ServiceAccount")).to.deep.equal(["default"]);
  });
});
