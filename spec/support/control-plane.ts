/** A control plane without nodes, to which a spec says kubectl commands. */
import { NS_PER_S } from "../../lib/base/units.ts";
import type { ApiServer } from "../../lib/kube/api/server.ts";
import { startControlPlane } from "../../lib/kube/control-plane.ts";
import { kubectl } from "../../lib/kube/kubectl/kubectl.ts";
import type { Output } from "../../lib/kube/kubectl/output.ts";
import { readKubectlFile } from "../../lib/lab/kubectl-files.ts";
import { Random } from "../../lib/sim/random.ts";
import { Scheduler } from "../../lib/sim/scheduler.ts";

export class SpecCluster {
  readonly scheduler = new Scheduler();
  readonly server: ApiServer;

  constructor(seed = 1) {
    this.server = startControlPlane(this.scheduler, new Random(seed)).server;
  }

  /** Applies a file of that text. */
  apply(text: string): Output {
    return kubectl(this.server, ["apply", "-f", "file.yaml"], (file) =>
      readKubectlFile(text, file),
    );
  }

  /** A command line without `kubectl`. */
  run(line: string): Output {
    return kubectl(this.server, line.split(" "), () => ({ manifests: [], problem: null }));
  }

  /** Lets `seconds` of virtual time pass. */
  pass(seconds: number): void {
    this.scheduler.runUntil(this.scheduler.now + seconds * NS_PER_S);
  }

  /** Names of the objects of a kind in the namespace default. */
  names(kind: string): string[] {
    return this.server.store
      .list(kind)
      .filter(({ metadata }) => metadata.namespace === "default")
      .map(({ metadata }) => metadata.name);
  }
}

/** A Deployment of so many replicas. */
export function deployment(name: string, replicas: number): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec: {containers: [{name: web, image: "nginx:1.27"}]}
`;
}
