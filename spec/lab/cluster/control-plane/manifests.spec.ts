import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { runLab } from "../../../../lib/lab/run.ts";
import { filesBeside } from "../../../../tools/input.ts";
import { problemsOf, runCluster } from "../../../support/cluster-lab.ts";

const FOLDER = join("fixtures", "manifests");

/** Runs a lab with one file of manifests. */
function run(objects: string) {
  return runCluster({ files: { "web.yaml": objects } });
}

describe("lab/cluster/control-plane/manifests", () => {
  for (const name of readdirSync(FOLDER)) {
    it(`runs manifests as people write them, and every door answers: ${name}`, () => {
      const file = join(FOLDER, name, "lab.yaml");

      const result = runLab(readFileSync(file, "utf8"), { file, readFile: filesBeside(file) });

      expect(problemsOf(result)).to.deep.equal([]);
    });
  }

  it("refuses a mount of a volume that neither the Pod nor a claim template has", () => {
    const set = (claim: string): string => `apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  serviceName: db
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec:
      containers:
        - { name: db, image: "postgres:16", volumeMounts: [{ name: data, mountPath: /data }] }
  volumeClaimTemplates:
    - metadata: { name: ${claim} }
      spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`;

    expect(() => run(set("other"))).to.throw(
      'web.yaml:11:62: The StatefulSet "db" is invalid: spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"',
    );
    expect(run(set("data")).report.notes).to.deep.equal([
      "image postgres:16 is not known: a listener on the container's ports stands for it",
    ]);
  });

  it("refuses a Job whose Pods never end", () => {
    const job = `apiVersion: batch/v1
kind: Job
metadata: { name: once }
spec: { template: { spec: { containers: [{ name: a, image: busybox }] } } }
`;

    expect(() => run(job)).to.throw(/The Job "once" is invalid: spec.template.spec.restartPolicy/);
  });

  it("points out what is kept and has no effect, with its place", () => {
    const policy = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: nobody }
spec: { podSelector: {}, policyTypes: [Ingress] }
---
apiVersion: monitoring.example/v1
kind: ServiceMonitor
metadata: { name: watch }
---
apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata: { name: nobody }
spec: { scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: nobody }, maxReplicas: 3 }
`;

    expect(run(policy).report.notes).to.deep.equal([
      "web.yaml:3:13: NetworkPolicy default/nobody: is kept, but not enforced: all traffic passes",
      "web.yaml:12:13: HorizontalPodAutoscaler default/nobody: is kept, but scales nothing: Pods use no CPU here",
      "web.yaml:8:13: ServiceMonitor default/watch: is kept, but no controller knows its kind",
    ]);
  });

  it("says which door is shut", () => {
    const service = `apiVersion: v1
kind: Service
metadata: { name: nobody }
spec: { clusterIP: 10.96.0.90, selector: { app: nobody }, ports: [{ port: 80 }] }
`;

    const { report } = runCluster({
      files: { "web.yaml": service },
      steps: ["{ on: node1, run: doors, exit: 1 }"],
    });

    expect(report.steps.at(-1)?.command?.stdout).to.equal(
      "shut default/nobody ClusterIP 10.96.0.90:80: Connection refused\n",
    );
  });

  it("lets a listener on the ports of Services stand for an image without ports of its own", () => {
    const objects = `apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec: { containers: [{ name: web, image: registry.example/web }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: 3000 }] }
`;

    const { report } = runCluster({
      files: { "web.yaml": objects },
      steps: ["{ on: node1, run: doors }", "{ on: pod/web, run: 'curl -s localhost:3000' }"],
    });

    const [, doors, asked] = report.steps.map(({ command }) => command?.stdout);
    expect(doors).to.contain("ok   default/web ClusterIP");
    expect(asked).to.equal("Hostname: web\n");
  });
});
