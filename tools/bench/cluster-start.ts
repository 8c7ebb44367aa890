/**
 * `vethwork bench cluster`: how long a cluster takes to start: its nodes with kubelets and
 * kube-proxies, and the Pods of as many Deployments with a Service each as are asked for.
 */
import type { Command } from "commander";
import { utf8 } from "../../lib/base/bytes.ts";
import { NS_PER_S } from "../../lib/base/units.ts";
import { LabRun } from "../../lib/lab/run.ts";
import { wholeNumber } from "../arguments.ts";

/** What is asked for. */
export interface ClusterScene {
  readonly nodes: number;
  readonly pods: number;
  readonly services: number;
}

/**
 * Seconds of the machine, of its processors (those of the compiler and the collector counted in),
 * of the cluster's clock until all is ready, and megabytes.
 */
export interface ClusterBench extends ClusterScene {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly virtualSeconds: number;
  readonly events: number;
  readonly residentMb: number;
  readonly notes: readonly string[];
}

/** Adds `cluster` to the `bench` command. */
export function addClusterBench(bench: Command): void {
  bench
    .command("cluster")
    .description("time the start of a cluster until all its Pods are ready")
    .option("--nodes <number>", "how many nodes", wholeNumber(1), 3)
    .option("--pods <number>", "how many Pods", wholeNumber(1), 10)
    .option(
      "--services <number>",
      "how many Services, each with its share of the Pods",
      wholeNumber(1),
      2,
    )
    .option("--json", "print the figures as JSON")
    .action(({ json, ...scene }: ClusterScene & { json?: boolean }) => {
      const result = benchCluster(scene);
      const text = json === true ? JSON.stringify(result, null, 2) : describe(result);
      process.stdout.write(`${text}\n`);
    });
}

/** Starts a cluster and measures. */
function benchCluster(scene: ClusterScene): ClusterBench {
  const began = performance.now();
  const cpu = process.cpuUsage();
  const run = new LabRun(labText(scene), {
    file: "bench.yaml",
    readFile: () => utf8(manifests(scene)),
    sink: () => null,
  });
  run.setUp();
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return {
    ...scene,
    seconds: Math.round(seconds * 1000) / 1000,
    cpuSeconds: Math.round((user + system) / 1000) / 1000,
    virtualSeconds: Math.round(run.clock.now / (NS_PER_S / 1000)) / 1000,
    events: run.machine.scheduler.fired,
    residentMb: Math.round(process.memoryUsage().rss / 2 ** 20),
    notes: run.controlPlane?.notes ?? [],
  };
}

function labText({ nodes }: ClusterScene): string {
  const names = Array.from({ length: nodes }, (_, index) => `{ name: node${index + 1} }`);
  return `name: bench
cluster:
  nodes: [${names.join(", ")}]
  manifests: [objects.yaml]
timing: { settle: 0s, ready: 0s, linger: 0s }
capture: none
`;
}

function manifests({ pods, services }: ClusterScene): string {
  const each = (index: number): number =>
    Math.floor(((index + 1) * pods) / services) - Math.floor((index * pods) / services);
  return Array.from({ length: services }, (_, index) => objects(index, each(index))).join("---\n");
}

function objects(index: number, replicas: number): string {
  const labels = `{ app: web-${index} }`;
  return `apiVersion: apps/v1
kind: Deployment
metadata: { name: web-${index} }
spec:
  replicas: ${replicas}
  selector: { matchLabels: ${labels} }
  template:
    metadata: { labels: ${labels} }
    spec:
      containers: [{ name: web, image: "nginx:1.27", ports: [{ containerPort: 80 }] }]
---
apiVersion: v1
kind: Service
metadata: { name: web-${index} }
spec:
  selector: ${labels}
  ports: [{ port: 80 }]
`;
}

function describe(result: ClusterBench): string {
  const { nodes, pods, services, notes } = result;
  const { seconds, cpuSeconds, virtualSeconds, events, residentMb } = result;
  return [
    `${nodes} nodes, ${pods} Pods, ${services} Services`,
    `start   ${seconds} s, ${cpuSeconds} s of CPU, ${virtualSeconds} s of virtual time, ${events} events`,
    `memory  ${residentMb} MB resident`,
    ...notes.map((note) => `note    ${note}`),
  ].join("\n");
}
