import { expect } from "chai";
import { SpecCluster } from "../../support/control-plane.ts";
import { registerNodes } from "../../support/fake-nodes.ts";

const CLASSES = [
  "metadata: { name: high }\nvalue: 1000",
  "metadata: { name: middle }\nvalue: 500",
  "metadata: { name: polite }\nvalue: 1000\npreemptionPolicy: Never",
]
  .map((text) => `apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\n${text}\n`)
  .join("---\n");

/** A Pod that takes so many of a node's 16 processors. */
function pod(name: string, cpu: number, more = ""): string {
  return `apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { app: ${name} } }
spec:
  ${more}
  containers: [{ name: a, image: a, resources: { requests: { cpu: "${cpu}" } } }]
`;
}

function cluster(nodes: number, ...pods: readonly string[]): SpecCluster {
  const on = new SpecCluster();
  registerNodes(on, nodes);
  on.apply(CLASSES);
  for (const each of pods) {
    on.apply(each);
    on.pass(2);
  }
  return on;
}

const running = (on: SpecCluster) =>
  on.run("get pods --no-headers").stdout.match(/^\S+(?= +1\/1)/gm) ?? [];

describe("kube/scheduler/preemption", () => {
  it("makes room for a Pod of higher priority, and says so to both", () => {
    const on = cluster(1, pod("low", 10));
    on.apply(pod("high", 10, "priorityClassName: high"));
    on.pass(0.1);

    expect(on.run("get pod high -o jsonpath={.status.nominatedNodeName}").stdout).to.equal("node1");
    expect(on.run("get pod low -o jsonpath={.status.conditions[*].reason}").stdout).to.contain(
      "PreemptionByScheduler",
    );
    const { message } = on.server.store
      .list("Event")
      .map((event) => event as unknown as { reason: string; message: string })
      .find(({ reason }) => reason === "FailedScheduling") ?? { message: "" };
    expect(message).to.equal("0/1 nodes are available: 1 Insufficient cpu.");
    on.pass(10);
    expect(running(on)).to.deep.equal(["high"]);
    expect(on.run("get pod high -o jsonpath={.status.nominatedNodeName}").stdout).to.equal("");
  });

  it("spares who need not go", () => {
    const on = cluster(1, pod("a", 6), pod("b", 6), pod("c", 4));
    on.apply(pod("high", 3, "priorityClassName: high"));
    on.pass(10);

    expect(running(on)).to.deep.equal(["a", "b", "high"]);
  });

  it("takes the node whose victims have the lowest priority", () => {
    const on = cluster(2, pod("middle", 10, "priorityClassName: middle"), pod("low", 10));
    on.apply(pod("high", 10, "priorityClassName: high"));
    on.pass(10);

    expect(running(on)).to.deep.equal(["high", "middle"]);
  });

  it("breaks no budget if another node will do", () => {
    const budget = `apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: low }
spec: { minAvailable: 1, selector: { matchLabels: { app: low } } }
`;
    const on = cluster(2, pod("middle", 10, "priorityClassName: middle"), pod("low", 10), budget);
    on.apply(pod("high", 10, "priorityClassName: high"));
    on.pass(10);

    expect(running(on)).to.deep.equal(["high", "low"]);
  });

  it("preempts nobody for a Pod that does not want it, nor of the same priority", () => {
    const on = cluster(1, pod("low", 10));
    on.apply(pod("polite", 10, "priorityClassName: polite"));
    on.apply(pod("equal", 10));
    on.pass(10);

    expect(running(on)).to.deep.equal(["low"]);
    const polite = on.run("get pod polite -o jsonpath={.status.conditions[0].message}").stdout;
    expect(polite).to.match(/preemption: not eligible due to preemptionPolicy=Never\.$/);
    const why = on.run("get pod equal -o jsonpath={.status.conditions[0].message}").stdout;
    expect(why).to.match(/preemption: 0\/1 nodes are available: 1 No preemption victims found/);
  });
});

describe("kube/api/admission", () => {
  it("refuses a Pod whose policy is not that of its class", () => {
    const on = cluster(1);
    const { stderr } = on.apply(
      pod("web", 1, "priorityClassName: high\n  preemptionPolicy: Never"),
    );

    expect(stderr).to.equal(
      'Error from server (Forbidden): error when creating "file.yaml": pods "web" is forbidden: the string value of PreemptionPolicy (Never) must not be provided in pod spec; priority admission controller computed PreemptLowerPriority from the given PriorityClass name\n',
    );
  });
});

describe("kube/scheduler/scheduler", () => {
  it("lets a Pod wait for a claim that is not there", () => {
    const volumes = "volumes: [{ name: v, persistentVolumeClaim: { claimName: data } }]";
    const on = cluster(1, pod("db", 1, volumes));
    expect(on.run("get pod db -o jsonpath={.status.conditions[0].message}").stdout).to.equal(
      '0/1 nodes are available: persistentvolumeclaim "data" not found. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
    );

    on.apply(`apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`);
    on.pass(3);

    expect(running(on)).to.deep.equal(["db"]);
  });
});
