/** A lab with a control plane: a web Deployment behind a Service, and a Pod that asks it. */
import { utf8 } from "../../lib/base/bytes.ts";
import { type RunResult, runLab } from "../../lib/lab/run.ts";

/** Two replicas of nginx behind the Service web, 10.96.0.80, and the Pod client. */
export const WEB = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          image: registry.k8s.io/e2e-test-images/agnhost:2.45
          args: [netexec, --http-port=8080]
          ports: [{ name: http, containerPort: 8080 }]
          readinessProbe: { httpGet: { path: /, port: http }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  clusterIP: 10.96.0.80
  selector: { app: web }
  ports: [{ port: 80, targetPort: http }]
---
apiVersion: v1
kind: Pod
metadata: { name: client }
spec:
  terminationGracePeriodSeconds: 1
  containers: [{ name: client, image: curlimages/curl, command: [sleep, infinity] }]
`;

/** What a lab with a control plane says besides its name. */
export interface ClusterLab {
  /** Files beside the lab. */
  readonly files?: Readonly<Record<string, string>>;
  /** Keys of `cluster:`, one a line. */
  readonly cluster?: readonly string[];
  readonly steps?: readonly string[];
  readonly expect?: readonly string[];
  /** Further keys of the lab, one a line. */
  readonly more?: readonly string[];
}

/** The text of such a lab: two nodes, no DNS unless `cluster` says so. */
export function clusterLab({ cluster, steps = [], expect = [], more = [] }: ClusterLab): string {
  const lines = cluster ?? ["nodes: [{ name: node1 }, { name: node2 }]", "dns: false"];
  return [
    "name: cluster",
    "cluster:",
    ...lines.map((line) => `  ${line}`),
    "  manifests: [web.yaml]",
    "timing: { settle: 1.5s, ready: 0s, linger: 100ms }",
    `steps: [${steps.join(",\n  ")}]`,
    `expect: [${expect.join(",\n  ")}]`,
    ...more,
    "",
  ].join("\n");
}

/** Runs it. */
export function runCluster(lab: ClusterLab, seed = 1): RunResult {
  const files: Readonly<Record<string, string>> = { "web.yaml": WEB, ...lab.files };
  const readFile = (path: string): Uint8Array | null => {
    const text = files[path];
    return text === undefined ? null : utf8(text);
  };
  return runLab(clusterLab(lab), { file: "lab.yaml", readFile, seed, poison: true });
}

/** What the steps printed, the lab's own first commands left out. */
export function outputsOf({ report }: RunResult): string[] {
  return report.steps
    .slice(1)
    .map(({ command }) => (command?.stdout ?? "") + (command?.stderr ?? ""));
}

/** What is wrong with a run. */
export function problemsOf({ report }: RunResult): string[] {
  return report.expectations.map(({ problem }) => problem).filter((problem) => problem !== "");
}
