import { expect } from "chai";
import { parseCidr } from "../../../lib/base/inet.ts";
import { ApiServer } from "../../../lib/kube/api/server.ts";
import { kubectl } from "../../../lib/kube/kubectl/kubectl.ts";
import { Store } from "../../../lib/kube/store.ts";
import { Random } from "../../../lib/sim/random.ts";
import { Scheduler } from "../../../lib/sim/scheduler.ts";

/** Command lines on one API server; what all of them printed. */
function run(...lines: readonly string[]): { readonly store: Store; readonly printed: string } {
  const store = new Store();
  const server = new ApiServer(new Scheduler(), new Random(1), store, {
    serviceCidr: parseCidr("10.96.0.0/16"),
    epochSeconds: 0,
  });
  const outputs = lines.map((line) =>
    kubectl(server, line.split(" "), () => ({ manifests: [], problem: null })),
  );
  return { store, printed: outputs.map(({ stdout, stderr }) => stdout + stderr).join("") };
}

describe("kube/kubectl/imperative", () => {
  it("makes a Deployment and exposes it", () => {
    const { store, printed } = run(
      "create deployment web --image=nginx:1.27 --replicas=2 --port=80",
      "expose deployment web --port=8080 --target-port=80 --type=NodePort",
    );

    expect(printed).to.equal("deployment.apps/web created\nservice/web exposed\n");
    expect(store.get("Deployment", "default/web")?.spec).to.deep.include({
      replicas: 2,
      selector: { matchLabels: { app: "web" } },
    });
    expect(store.get("Service", "default/web")?.spec).to.deep.include({
      type: "NodePort",
      selector: { app: "web" },
    });
    expect(store.get("Service", "default/web")?.spec.ports?.[0]).to.deep.include({
      port: 8080,
      targetPort: 80,
    });
  });

  it("runs a Pod with a command, and exposes the port that it declares", () => {
    const { store, printed } = run(
      "run probe --image=busybox --port=9000 --command -- sleep 3600",
      "expose pod probe",
    );

    expect(printed).to.equal("pod/probe created\nservice/probe exposed\n");
    const pod = store.get("Pod", "default/probe");
    expect(pod?.metadata.labels).to.deep.equal({ run: "probe" });
    expect(pod?.spec.containers[0]?.command).to.deep.equal(["sleep", "3600"]);
    expect(store.get("Service", "default/probe")?.spec.ports?.[0]?.port).to.equal(9000);
  });

  it("says what is missing", () => {
    expect(run("run probe").printed).to.equal('error: required flag(s) "image" not set\n');
    expect(run("run probe --image=busybox", "expose pod probe").printed).to.contain(
      "error: couldn't find port via --port flag or introspection",
    );
  });
});
