import { expect } from "chai";
import { SpecCluster } from "../../support/control-plane.ts";
import { registerNodes } from "../../support/fake-nodes.ts";

/** The description, without spaces at the ends of lines. */
function described(cluster: SpecCluster, what: string): string[] {
  const { stdout } = cluster.run(`describe ${what}`);
  return stdout.split("\n").map((line) => line.trimEnd());
}

function withObjects(...texts: readonly string[]): SpecCluster {
  const cluster = new SpecCluster();
  cluster.apply(texts.join("---\n"));
  cluster.pass(1);
  return cluster;
}

const SERVICE = `apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}]}
`;
const SLICE = `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: "", port: 8080}]
endpoints: [{addresses: [10.244.0.2]}, {addresses: [10.244.0.3], conditions: {ready: false}}]
`;

describe("kube/kubectl/describe", () => {
  it("shows what a node has and what its Pods ask for", () => {
    const cluster = new SpecCluster();
    registerNodes(cluster, 1);
    const [node] = cluster.server.store.list("Node");
    cluster.apply(`apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: web, image: nginx, resources: {requests: {cpu: 500m}, limits: {cpu: 1}}}]}
`);
    cluster.pass(2);
    const lines = described(cluster, `node ${node?.metadata.name}`);
    const cpus = Number(node?.status.allocatable?.["cpu"]);
    const [half, whole] = [50 / cpus, 100 / cpus].map(Math.trunc);

    expect(lines).to.include.members(["System Info:", "  Machine ID:", "  Kubelet Version:"]);
    expect(lines.find((line) => line.startsWith("Non-terminated"))).to.match(/ \(1 in total\)$/);
    const table = lines.slice(lines.findIndex((line) => line.startsWith("Non-terminated")) + 1);
    expect(table.map((line) => line.trim().split(/ {2,}/))).to.deep.equal([
      [
        "Namespace",
        "Name",
        "CPU Requests",
        "CPU Limits",
        "Memory Requests",
        "Memory Limits",
        "Age",
      ],
      [
        "---------",
        "----",
        "------------",
        "----------",
        "---------------",
        "-------------",
        "---",
      ],
      ["default", "web", `500m (${half}%)`, `1 (${whole}%)`, "0 (0%)", "0 (0%)", "2s"],
      ["Allocated resources:"],
      ["(Total limits may be over 100 percent, i.e., overcommitted.)"],
      ["Resource", "Requests", "Limits"],
      ["--------", "--------", "------"],
      ["cpu", `500m (${half}%)`, `1 (${whole}%)`],
      ["memory", "0 (0%)", "0 (0%)"],
      ["ephemeral-storage", "0 (0%)", "0 (0%)"],
      ["Events:", "<none>"],
      [""],
    ]);
  });

  it("shows a Pod's containers with their states, and its volumes", () => {
    const cluster = new SpecCluster();
    registerNodes(cluster, 1);
    cluster.apply(`apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
    - name: web
      image: nginx:1.27
      args: [a, "b\\nc"]
      ports: [{containerPort: 80, name: http}]
      resources: {limits: {memory: 1Gi, cpu: 1}}
      env: [{name: A, value: b}, {name: NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
      envFrom: [{secretRef: {name: s, optional: true}}]
      volumeMounts: [{name: dir, mountPath: /dir, subPath: x}]
  volumes: [{name: dir, emptyDir: {}}]
`);
    cluster.pass(2);
    const lines = described(cluster, "pod we");
    const [token = ""] = lines.join("\n").match(/kube-api-access-\w+/) ?? [];
    const since = (text: string) => lines.find((line) => line.includes(text)) ?? text;

    expect(lines.slice(lines.indexOf("Containers:"), lines.indexOf("Events:"))).to.deep.equal([
      "Containers:",
      "  web:",
      since("    Container ID:"),
      "    Image:         nginx:1.27",
      since("    Image ID:"),
      "    Port:          80/TCP (http)",
      "    Host Port:     0/TCP (http)",
      "    Args:",
      "      a",
      "      b",
      "      c",
      "    State:          Running",
      since("      Started:"),
      "    Ready:          True",
      "    Restart Count:  0",
      "    Limits:",
      "      cpu:     1",
      "      memory:  1Gi",
      "    Requests:",
      "      cpu:     1",
      "      memory:  1Gi",
      "    Environment Variables from:",
      "      s  Secret  Optional: true",
      "    Environment:",
      "      A:     b",
      "      NAME:  web (v1:metadata.name)",
      "    Mounts:",
      '      /dir from dir (rw,path="x")',
      `      /var/run/secrets/kubernetes.io/serviceaccount from ${token} (ro)`,
      "Conditions:",
      "  Type                        Status",
      ...lines.filter((line) => /^ {2}[A-Za-z]+ +True$/.test(line)),
      "Volumes:",
      "  dir:",
      "    Type:       EmptyDir (a temporary directory that shares a pod's lifetime)",
      "    Medium:",
      "    SizeLimit:  <unset>",
      `  ${token}:`,
      "    Type:                    Projected (a volume that contains injected data from multiple sources)",
      "    TokenExpirationSeconds:  3607",
      "    ConfigMapName:           kube-root-ca.crt",
      "    Optional:                false",
      "    DownwardAPI:             true",
      "QoS Class:                   Guaranteed",
      "Node-Selectors:              <none>",
      "Tolerations:                 node.kubernetes.io/not-ready:NoExecute op=Exists for 300s",
      "                             node.kubernetes.io/unreachable:NoExecute op=Exists for 300s",
    ]);
  });

  it("shows an Ingress with what is behind each path, and who is missing", () => {
    const cluster = withObjects(
      SERVICE,
      SLICE,
      `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop, annotations: {a: b}}
spec:
  ingressClassName: nginx
  tls: [{hosts: [a.test, b.test], secretName: cert}, {hosts: [c.test]}]
  rules:
    - host: a.test
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
          - {path: /lost, pathType: Exact, backend: {service: {name: lost, port: {name: http}}}}
    - http: {paths: [{pathType: ImplementationSpecific, backend: {service: {name: web, port: {number: 81}}}}]}
`,
    );

    expect(described(cluster, "ingress shop")).to.deep.equal([
      "Name:             shop",
      "Labels:           <none>",
      "Namespace:        default",
      "Address:",
      "Ingress Class:    nginx",
      "Default backend:  <default>",
      "TLS:",
      "  cert terminates a.test,b.test",
      "  SNI routes c.test",
      "Rules:",
      "  Host        Path  Backends",
      "  ----        ----  --------",
      "  a.test",
      "              /       web:80 (10.244.0.2:8080)",
      '              /lost   lost:http (<error: services "lost" not found>)',
      "  *",
      "                 web:81 (10.244.0.2:8080)",
      "Annotations:  a: b",
      "Events:       <none>",
      "",
    ]);
  });

  it("shows a ConfigMap's texts as they are, and how long a Secret's values are", () => {
    const cluster = withObjects(
      `apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data: {b: "two\\nlines", a: x}
binaryData: {z: AAECAw==}
`,
      `apiVersion: v1
kind: Secret
metadata: {name: s}
stringData: {password: geheim}
`,
    );

    expect(described(cluster, "configmap c")).to.deep.equal([
      "Name:         c",
      "Namespace:    default",
      "Labels:       <none>",
      "Annotations:  <none>",
      "",
      "Data",
      "====",
      "a:",
      "----",
      "x",
      "",
      "b:",
      "----",
      "two",
      "lines",
      "",
      "",
      "BinaryData",
      "====",
      "z: 4 bytes",
      "",
      "Events:  <none>",
      "",
    ]);
    expect(described(cluster, "secret s").slice(4)).to.deep.equal([
      "",
      "Type:  Opaque",
      "",
      "Data",
      "====",
      "password:  6 bytes",
      "",
    ]);
  });

  it("shows quotas and limits in their namespace", () => {
    const cluster = withObjects(
      `apiVersion: v1
kind: LimitRange
metadata: {name: l}
spec: {limits: [{type: Container, default: {cpu: 500m}, max: {cpu: "1", memory: 1Gi}}]}
`,
    );

    expect(described(cluster, "namespace default")).to.deep.equal([
      "Name:         default",
      "Labels:       kubernetes.io/metadata.name=default",
      "Annotations:  <none>",
      "Status:       Active",
      "",
      "No resource quota.",
      "",
      "Resource Limits",
      " Type       Resource  Min  Max  Default Request  Default Limit  Max Limit/Request Ratio",
      " ----       --------  ---  ---  ---------------  -------------  -----------------------",
      " Container  cpu       -    1    500m             500m           -",
      " Container  memory    -    1Gi  1Gi              1Gi            -",
      "",
    ]);
  });

  it("shows custom resources field by field, with names for people", () => {
    const cluster = withObjects(
      `apiVersion: example.com/v1
kind: Gadget
metadata: {name: g}
spec: {baseURL: http://x, podIPs: [1, 2], size: {minValue: 3}}
`,
    );

    const lines = described(cluster, "gadget g");

    expect(lines.slice(0, 6)).to.deep.equal([
      "Name:         g",
      "Namespace:    default",
      "Labels:       <none>",
      "Annotations:  <none>",
      "API Version:  example.com/v1",
      "Kind:         Gadget",
    ]);
    expect(lines.slice(-9)).to.deep.equal([
      "Spec:",
      "  Base URL:  http://x",
      "  Pod I Ps:",
      "    1",
      "    2",
      "  Size:",
      "    Min Value:  3",
      "Events:         <none>",
      "",
    ]);
  });
});
