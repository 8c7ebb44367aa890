import { expect } from "chai";
import { ApiError } from "../../../lib/kube/api/errors.ts";
import type { Pod } from "../../../lib/kube/api/types.ts";
import { keyOf } from "../../../lib/kube/store.ts";
import { deployment, SpecCluster } from "../../support/control-plane.ts";

function budget(fields: string): string {
  return `apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {selector: {matchLabels: {app: web}}, ${fields}}
`;
}

function pods(cluster: SpecCluster): Pod[] {
  return cluster.server.store.list("Pod") as readonly Pod[] as Pod[];
}

/** Pods run and are ready, but for the last `unready`. */
function makeReady(cluster: SpecCluster, unready = 0): void {
  const all = pods(cluster);
  for (const [index, pod] of all.entries()) {
    const status = index < all.length - unready ? "True" : "False";
    cluster.server.patchStatus(
      "Pod",
      keyOf(pod),
      (now) => ({ ...now.status, phase: "Running", conditions: [{ type: "Ready", status }] }),
      "kubelet",
    );
  }
  cluster.pass(1);
}

function withWeb(replicas: number, fields: string, unready = 0): SpecCluster {
  const cluster = new SpecCluster();
  cluster.apply(`${deployment("web", replicas)}---\n${budget(fields)}`);
  cluster.pass(1);
  makeReady(cluster, unready);
  return cluster;
}

/** ALLOWED DISRUPTIONS. */
function allowed(cluster: SpecCluster): string | undefined {
  return cluster.run("get pdb web --no-headers").stdout.split(/ +/)[3];
}

function evict(cluster: SpecCluster, index: number): string {
  const pod = pods(cluster)[index];
  try {
    cluster.server.evict(pod === undefined ? "" : keyOf(pod), "spec");
    return "evicted";
  } catch (error) {
    if (error instanceof ApiError) return error.message;
    throw error;
  }
}

const REFUSAL = "Cannot evict pod as it would violate the pod's disruption budget.";

describe("kube/controllers/disruption", () => {
  it("allows as many to go as the numbers or shares leave", () => {
    expect(allowed(withWeb(3, "minAvailable: 2"))).to.equal("1");
    expect(allowed(withWeb(3, "minAvailable: 50%"))).to.equal("1");
    expect(allowed(withWeb(3, "maxUnavailable: 30%"))).to.equal("1");
    expect(allowed(withWeb(3, "maxUnavailable: 0"))).to.equal("0");
    expect(allowed(withWeb(3, "maxUnavailable: 2", 1))).to.equal("1");
    expect(allowed(withWeb(0, "minAvailable: 0"))).to.equal("0");
  });

  it("holds an eviction back, also before it has seen the one before go", () => {
    const cluster = withWeb(3, "minAvailable: 2");

    const first = evict(cluster, 0);
    const second = evict(cluster, 0);

    expect([first, second]).to.deep.equal(["evicted", REFUSAL]);
    expect(pods(cluster)).to.have.length(2);
  });

  it("lets a Pod go that is not ready, if enough others are or the budget says so", () => {
    const short = withWeb(2, "minAvailable: 2", 1);
    const generous = withWeb(2, "minAvailable: 2, unhealthyPodEvictionPolicy: AlwaysAllow", 1);
    const enough = withWeb(3, "minAvailable: 2", 1);

    const answers = [evict(short, 1), evict(generous, 1), evict(enough, 2), evict(enough, 0)];

    expect(answers).to.deep.equal([REFUSAL, "evicted", "evicted", REFUSAL]);
  });

  it("refuses a Pod that two budgets are about", () => {
    const cluster = withWeb(2, "minAvailable: 0");
    cluster.apply(budget("minAvailable: 0").replace("name: web", "name: other"));
    cluster.pass(1);

    expect(evict(cluster, 0)).to.include("more than one PodDisruptionBudget");
  });
});
