import { expect } from "chai";
import type { EventObject } from "../../../lib/kube/api/types.ts";
import { deployment, SpecCluster } from "../../support/control-plane.ts";

function pod(name: string, resources: string): string {
  return `apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec: {containers: [{name: web, image: nginx, resources: ${resources}}]}
`;
}

function quota(hard: string, more = ""): string {
  return `apiVersion: v1
kind: ResourceQuota
metadata: {name: compute}
spec: {hard: ${hard}${more}}
`;
}

function limits(fields: string): string {
  return `apiVersion: v1
kind: LimitRange
metadata: {name: limits}
spec: {limits: [{${fields}}]}
`;
}

function withObjects(...texts: readonly string[]): SpecCluster {
  const cluster = new SpecCluster();
  cluster.apply(texts.join("---\n"));
  cluster.pass(1);
  return cluster;
}

/** Why a Pod is refused. */
function refusal(cluster: SpecCluster, text: string): string {
  return cluster
    .apply(text)
    .stderr.replace(/^.*is forbidden: /s, "")
    .trimEnd();
}

describe("kube/api/quotas", () => {
  it("refuses what is more than is left, in the server's words", () => {
    const cluster = withObjects(
      quota("{requests.memory: 1Gi, requests.cpu: '1', pods: '2'}"),
      pod("one", "{requests: {memory: 600Mi, cpu: 400m}}"),
    );

    const { stderr } = cluster.apply(pod("two", "{requests: {memory: 700Mi, cpu: 100m}}"));

    expect(stderr).to.equal(
      'Error from server (Forbidden): error when creating "file.yaml": pods "two" is forbidden: exceeded quota: compute, requested: requests.memory=700Mi, used: requests.memory=600Mi, limited: requests.memory=1Gi\n',
    );
    expect(cluster.run("describe quota compute").stdout).to.equal(
      "Name:            compute\n" +
        "Namespace:       default\n" +
        "Resource         Used   Hard\n" +
        "--------         ----   ----\n" +
        "pods             1      2\n" +
        "requests.cpu     400m   1\n" +
        "requests.memory  600Mi  1Gi\n",
    );
  });

  it("wants to be told what a Pod takes if that is limited", () => {
    const cluster = withObjects(quota("{limits.cpu: '1', memory: 1Gi}"));

    expect(refusal(cluster, pod("one", "{limits: {memory: 1Mi}}"))).to.equal(
      "failed quota: compute: must specify limits.cpu for: web",
    );
  });

  it("counts objects by kind, and gives back what goes", () => {
    const cluster = withObjects(
      quota("{count/deployments.apps: '1', services.loadbalancers: '0'}"),
    );
    cluster.apply(deployment("one", 0));

    const second = refusal(cluster, deployment("two", 0));
    cluster.run("delete deployment one");
    const again = cluster.apply(deployment("two", 0)).stdout;

    expect(second).to.equal(
      "exceeded quota: compute, requested: count/deployments.apps=1, used: count/deployments.apps=1, limited: count/deployments.apps=1",
    );
    expect(again).to.equal("deployment.apps/two created\n");
  });

  it("holds a Service that asks for more than before to what is left", () => {
    const cluster = withObjects(quota("{services.nodeports: '1'}"));
    cluster.apply(`apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{name: p80, port: 80}]}
`);
    const change = (ports: string): string =>
      cluster.run(`patch service web --type=merge -p {"spec":{"ports":[${ports}]}}`).stderr;
    const port = (number: number): string => `{"name":"p${number}","port":${number}}`;

    expect(change(port(81))).to.equal("");
    expect(change(`${port(81)},${port(82)}`)).to.contain(
      "exceeded quota: compute, requested: services.nodeports=1, used: services.nodeports=1, limited: services.nodeports=1",
    );
  });

  it("makes a ReplicaSet say why it has no Pods", () => {
    const cluster = withObjects(quota("{pods: '1'}"), deployment("web", 2));

    const events = cluster.server.store.list("Event") as readonly EventObject[];

    const [failed] = events.filter(({ reason }) => reason === "FailedCreate");
    expect(failed?.message).to.match(
      /^Error creating: pods "web-[a-z0-9]+-[a-z0-9]{5}" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=1, limited: pods=1$/,
    );
  });

  it("counts only what its scopes mean", () => {
    const cluster = withObjects(quota("{pods: '0'}", ", scopes: [BestEffort]"));

    expect(cluster.apply(pod("one", "{requests: {cpu: 1m}}")).exitCode).to.equal(0);
    expect(refusal(cluster, pod("two", "{}"))).to.include("exceeded quota");
  });
});

describe("kube/api/limit-ranges", () => {
  it("fills in what containers do not ask for, and notes it", () => {
    const cluster = withObjects(
      limits("type: Container, default: {cpu: 500m, memory: 1Gi}, defaultRequest: {cpu: 100m}"),
      pod("one", "{requests: {memory: 200Mi}}"),
    );

    const [one] = cluster.server.store.list("Pod");

    expect(one?.spec.containers[0]?.resources).to.deep.equal({
      limits: { cpu: "500m", memory: "1Gi" },
      requests: { cpu: "100m", memory: "200Mi" },
    });
    expect(one?.metadata.annotations?.["kubernetes.io/limit-ranger"]).to.equal(
      "LimitRanger plugin set: cpu request for container web; cpu, memory limit for container web",
    );
  });

  it("refuses what is too much, too little or not said", () => {
    const cluster = withObjects(
      limits(
        "type: Container, max: {memory: 1Gi}, min: {memory: 500Mi}, maxLimitRequestRatio: {cpu: 2}",
      ),
    );
    const asks = (memory: string, cpu = "{cpu: 1}", bound = "{cpu: 1}") =>
      `{limits: {memory: ${memory}, ${bound.slice(1, -1)}}, requests: {memory: ${memory}, ${cpu.slice(1, -1)}}}`;

    expect(refusal(cluster, pod("one", asks("1536Mi")))).to.equal(
      "maximum memory usage per Container is 1Gi, but limit is 1536Mi",
    );
    expect(refusal(cluster, pod("one", asks("100Mi")))).to.equal(
      "minimum memory usage per Container is 500Mi, but request is 100Mi",
    );
    expect(refusal(cluster, pod("one", asks("600Mi", "{cpu: 100m}", "{cpu: 300m}")))).to.equal(
      "cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000",
    );
  });
});
