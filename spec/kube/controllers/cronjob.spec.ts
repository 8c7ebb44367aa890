import { expect } from "chai";
import type { EventObject, Pod } from "../../../lib/kube/api/types.ts";
import { keyOf } from "../../../lib/kube/store.ts";
import { SpecCluster } from "../../support/control-plane.ts";

/** The clock of the cluster starts at a full minute, 2000-01-01 00:00:00. */
const MINUTE = 15_778_080;

function cronJob(fields: string): string {
  return `apiVersion: batch/v1
kind: CronJob
metadata: {name: tick}
spec:
  schedule: "* * * * *"
  ${fields}
  jobTemplate:
    metadata: {labels: {made: here}}
    spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: busybox}]}}}
`;
}

function withCronJob(fields = "concurrencyPolicy: Allow"): SpecCluster {
  const cluster = new SpecCluster();
  cluster.apply(cronJob(fields));
  return cluster;
}

/** All Pods end, well or not. */
function endPods(cluster: SpecCluster, phase: string): void {
  for (const pod of cluster.server.store.list("Pod") as readonly Pod[]) {
    cluster.server.patchStatus("Pod", keyOf(pod), (now) => ({ ...now.status, phase }), "kubelet");
  }
}

function jobs(cluster: SpecCluster): number[] {
  return cluster.names("Job").map((name) => Number(name.replace("tick-", "")) - MINUTE);
}

function reasons(cluster: SpecCluster): string[] {
  return (cluster.server.store.list("Event") as readonly EventObject[])
    .filter(({ involvedObject }) => involvedObject.kind === "CronJob")
    .map(({ reason }) => reason);
}

describe("kube/controllers/cronjob", () => {
  it("starts a Job at each time, named after its minute, and shows those that go on", () => {
    const cluster = withCronJob();

    cluster.pass(125);

    expect(jobs(cluster)).to.deep.equal([1, 2]);
    const [job] = cluster.server.store.list("Job");
    expect(job?.metadata.labels?.["made"]).to.equal("here");
    expect(job?.metadata.annotations).to.deep.equal({
      "batch.kubernetes.io/cronjob-scheduled-timestamp": "2000-01-01T00:01:00Z",
    });
    expect(cluster.run("get cronjob").stdout).to.equal(
      "NAME   SCHEDULE    TIMEZONE   SUSPEND   ACTIVE   LAST SCHEDULE   AGE\n" +
        "tick   * * * * *   <none>     False     2        5s              2m5s\n",
    );
  });

  it("keeps three that were good and one that was not", () => {
    const cluster = withCronJob();
    for (let minute = 0; minute < 6; minute += 1) {
      cluster.pass(60);
      cluster.pass(1);
      endPods(cluster, "Succeeded");
    }
    cluster.pass(5);

    expect(jobs(cluster)).to.deep.equal([4, 5, 6]);
    expect(cluster.run("get cronjob -o yaml").stdout).to.include("lastSuccessfulTime:");
    expect(reasons(cluster)).to.include.members(["SawCompletedJob", "SuccessfulDelete"]);
  });

  it("waits for the last one if told to, or takes its place", () => {
    const forbids = withCronJob("concurrencyPolicy: Forbid");
    const replaces = withCronJob("concurrencyPolicy: Replace");

    for (const cluster of [forbids, replaces]) cluster.pass(185);

    expect(jobs(forbids)).to.deep.equal([1]);
    expect(reasons(forbids)).to.include("JobAlreadyActive");
    expect(jobs(replaces)).to.deep.equal([3]);
  });

  it("starts nothing while it is suspended, and not what is too late", () => {
    const cluster = withCronJob("suspend: true");
    cluster.pass(90);
    const suspended = jobs(cluster);

    cluster.run('patch cronjob tick -p {"spec":{"suspend":false,"startingDeadlineSeconds":10}}');
    cluster.pass(5);
    const late = jobs(cluster);
    cluster.pass(30);

    expect([suspended, late, jobs(cluster)]).to.deep.equal([[], [], [2]]);
  });

  it("makes up for the last time that it missed, if that may be", () => {
    const cluster = withCronJob("suspend: true");
    cluster.pass(150);

    cluster.run('patch cronjob tick -p {"spec":{"suspend":false}}');
    cluster.pass(1);

    expect(jobs(cluster)).to.deep.equal([2]);
  });

  it("is not surprised by a Job that somebody makes of it, but says so", () => {
    const cluster = withCronJob();

    const made = cluster.run("create job now --from=cronjob/tick");
    cluster.pass(1);

    expect(made.stdout).to.equal("job.batch/now created\n");
    const [job] = cluster.server.store.list("Job");
    expect(job?.metadata.annotations).to.deep.equal({
      "cronjob.kubernetes.io/instantiate": "manual",
    });
    expect(reasons(cluster)).to.include("UnexpectedJob");
    expect(cluster.run("create job now --from=service/kubernetes").stderr).to.equal(
      "error: from must be an existing cronjob\n",
    );
    expect(cluster.run("create job now --from=cronjob/tack").stderr).to.equal(
      'Error from server (NotFound): cronjobs.batch "tack" not found\n',
    );
  });
});
