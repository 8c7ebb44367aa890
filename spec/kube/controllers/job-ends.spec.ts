import { expect } from "chai";
import type { EventObject, Job, Pod } from "../../../lib/kube/api/types.ts";
import { keyOf } from "../../../lib/kube/store.ts";
import { SpecCluster } from "../../support/control-plane.ts";

function withJob(fields: string): SpecCluster {
  const cluster = new SpecCluster();
  cluster.apply(`apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec:
  ${fields}
  template: {spec: {restartPolicy: Never, containers: [{name: c, image: busybox}]}}
`);
  return cluster;
}

function job(cluster: SpecCluster): Job | null {
  return cluster.server.store.get("Job", "default/once");
}

function conditions(cluster: SpecCluster): string[] {
  return (job(cluster)?.status.conditions ?? []).map(({ type, status }) => `${type}=${status}`);
}

function events(cluster: SpecCluster): string[] {
  return (cluster.server.store.list("Event") as readonly EventObject[])
    .filter(({ involvedObject }) => involvedObject.kind === "Job")
    .map(({ reason, message }) => `${reason}: ${message}`.replace(/once-\w+/, "once-x"));
}

describe("kube/controllers/job", () => {
  it("makes no Pods while it is suspended, and takes away those of a Job that becomes so", () => {
    const cluster = withJob("suspend: true");
    cluster.pass(5);

    expect(cluster.names("Pod")).to.have.length(0);
    expect(conditions(cluster)).to.deep.equal(["Suspended=True"]);
    expect(job(cluster)?.status.startTime).to.equal(undefined);

    cluster.run('patch job once --type=merge -p {"spec":{"suspend":false}}');
    cluster.pass(5);
    expect(cluster.names("Pod")).to.have.length(1);
    expect(conditions(cluster)).to.deep.equal(["Suspended=False"]);
    expect(job(cluster)?.status.startTime).to.equal("2000-01-01T00:00:05Z");

    cluster.run('patch job once --type=merge -p {"spec":{"suspend":true}}');
    cluster.pass(5);
    expect(events(cluster)).to.deep.equal([
      "Suspended: Job suspended",
      "SuccessfulCreate: Created pod: once-x",
      "Resumed: Job resumed",
      "SuccessfulDelete: Deleted pod: once-x",
    ]);
    // The same event once more is counted with the first.
    expect(conditions(cluster)).to.deep.equal(["Suspended=True"]);
  });

  it("fails when its time is over", () => {
    const cluster = withJob("activeDeadlineSeconds: 20");
    cluster.pass(19);
    expect(conditions(cluster)).to.deep.equal([]);

    cluster.pass(2);

    expect(conditions(cluster)).to.deep.equal(["Failed=True"]);
    expect(job(cluster)?.status.conditions?.[0]?.reason).to.equal("DeadlineExceeded");
  });

  it("goes some seconds after it has ended, if it says so", () => {
    const cluster = withJob("ttlSecondsAfterFinished: 30");
    cluster.pass(5);
    for (const pod of cluster.server.store.list("Pod") as readonly Pod[]) {
      const end = { ...pod.status, phase: "Succeeded" };
      cluster.server.patchStatus("Pod", keyOf(pod), () => end, "kubelet");
    }

    cluster.pass(29);
    expect(cluster.names("Job")).to.deep.equal(["once"]);
    cluster.pass(5);

    expect(cluster.names("Job")).to.deep.equal([]);
    expect(cluster.names("Pod")).to.deep.equal([]);
  });
});
