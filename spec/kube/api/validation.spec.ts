/** Manifests with one mistake each, and what Kubernetes' source says of them. */
import { expect } from "chai";
import { deployment, SpecCluster } from "../../support/control-plane.ts";

/** What `kubectl apply` prints of a manifest in a fresh cluster. */
function refusal(manifest: string): string {
  const { stdout, stderr } = new SpecCluster().apply(manifest);
  return `${stdout}${stderr}`.trimEnd();
}

function object(apiVersion: string, kind: string, rest: string): string {
  return `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: web }\n${rest}\n`;
}

const service = (spec: string) => object("v1", "Service", `spec: { ${spec} }`);
const pod = (spec: string) => object("v1", "Pod", `spec: { ${spec} }`);
const container = (fields: string) => pod(`containers: [{ name: a, image: nginx, ${fields} }]`);
const withContainer = (fields: string) => pod(`${fields}, containers: [{ name: a, image: nginx }]`);

const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const NAME_PART =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/** The mistake, and the one error it makes. */
const MISTAKES: readonly (readonly [manifest: string, error: string])[] = [
  [service("type: ExternalName"), "spec.externalName: Required value"],
  [
    service("type: Foo, ports: [{ port: 80 }]"),
    'spec.type: Unsupported value: "Foo": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
  ],
  [
    service("ports: [{ port: 80, targetPort: 70000 }]"),
    "spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
  ],
  [
    service("ports: [{ port: 80, targetPort: a--b }]"),
    'spec.ports[0].targetPort: Invalid value: "a--b": must not contain consecutive hyphens',
  ],
  [
    service("ports: [{ name: a, port: 80 }, { name: a, port: 81 }]"),
    'spec.ports[1].name: Duplicate value: "a"',
  ],
  [service("ports: [{ name: A, port: 80 }]"), `spec.ports[0].name: Invalid value: "A": ${LABEL}`],
  [
    service("ports: [{ port: 80 }], sessionAffinity: Client"),
    'spec.sessionAffinity: Unsupported value: "Client": supported values: "ClientIP", "None"',
  ],
  [
    service("ports: [{ port: 80 }], externalIPs: [127.0.0.1]"),
    'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
  ],
  [
    service("ports: [{ port: 80 }], type: NodePort, clusterIP: None"),
    "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services",
  ],
  [
    service("ports: [{ port: 80, nodePort: 80 }], type: NodePort"),
    "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767",
  ],
  [
    service("ports: [{ port: 80 }], internalTrafficPolicy: Near"),
    'spec.internalTrafficPolicy: Unsupported value: "Near": supported values: "Cluster", "Local"',
  ],
  [
    service("ports: [{ port: 80 }], allocateLoadBalancerNodePorts: true"),
    "spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'",
  ],
  [
    service("ports: [{ port: 80 }], loadBalancerClass: a"),
    "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
  ],
  [
    service("ports: [{ port: 80 }], selector: { 'a b': c }"),
    `spec.selector: Invalid value: "a b": ${NAME_PART}`,
  ],
  [pod("containers: []"), "spec.containers: Required value"],
  [pod("containers: [{ image: nginx }]"), "spec.containers[0].name: Required value"],
  [
    pod("containers: [{ name: A, image: nginx }]"),
    `spec.containers[0].name: Invalid value: "A": ${LABEL}`,
  ],
  [
    pod("containers: [{ name: a, image: ' nginx' }]"),
    'spec.containers[0].image: Invalid value: " nginx": must not have leading or trailing whitespace',
  ],
  [
    withContainer("restartPolicy: Sometimes"),
    'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
  ],
  [
    withContainer("dnsPolicy: Foo"),
    'spec.dnsPolicy: Unsupported value: "Foo": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"',
  ],
  [
    container("ports: [{ name: x, containerPort: 0 }]"),
    "spec.containers[0].ports[0].containerPort: Required value",
  ],
  [
    container("ports: [{ name: a, containerPort: 80 }, { name: a, containerPort: 81 }]"),
    'spec.containers[0].ports[1].name: Duplicate value: "a"',
  ],
  [
    container("ports: [{ name: this-is-a-too-long-name, containerPort: 80 }]"),
    'spec.containers[0].ports[0].name: Invalid value: "this-is-a-too-long-name": must be no more than 15 characters',
  ],
  [
    container("volumeMounts: [{ name: v, mountPath: /v }]"),
    'spec.containers[0].volumeMounts[0].name: Not found: "v"',
  ],
  [
    container("imagePullPolicy: Maybe"),
    'spec.containers[0].imagePullPolicy: Unsupported value: "Maybe": supported values: "Always", "IfNotPresent", "Never"',
  ],
  [
    container("livenessProbe: { periodSeconds: 5 }"),
    "spec.containers[0].livenessProbe: Required value: must specify a handler type",
  ],
  [
    container("livenessProbe: { httpGet: { path: /, port: 80 }, successThreshold: 2 }"),
    "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1",
  ],
  [
    container(
      "env: [{ name: A, value: b, valueFrom: { fieldRef: { fieldPath: metadata.name } } }]",
    ),
    'spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
  ],
  [
    container("resources: { requests: { memory: -1 } }"),
    'spec.containers[0].resources.requests[memory]: Invalid value: "-1": must be greater than or equal to 0',
  ],
  [withContainer("hostname: A"), `spec.hostname: Invalid value: "A": ${LABEL}`],
  [
    withContainer("volumes: [{ name: v, emptyDir: {} }, { name: v, emptyDir: {} }]"),
    'spec.volumes[1].name: Duplicate value: "v"',
  ],
  [
    withContainer("volumes: [{ name: v, emptyDir: {}, hostPath: { path: /v } }]"),
    "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type",
  ],
  [
    pod("containers: [{ name: a, image: nginx }]").replace("name: web", "name: Web"),
    `metadata.name: Invalid value: "Web": ${SUBDOMAIN}`,
  ],
  [
    object("v1", "ConfigMap", "data: { 'a b': c }"),
    "data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
  ],
  [
    object("networking.k8s.io/v1", "Ingress", "spec: {}"),
    "spec: Invalid value: null: either `defaultBackend` or `rules` must be specified",
  ],
  [
    object("networking.k8s.io/v1", "Ingress", "spec: { rules: [{ host: 'a b' }] }"),
    `spec.rules[0].host: Invalid value: "a b": ${SUBDOMAIN}`,
  ],
  [
    object("discovery.k8s.io/v1", "EndpointSlice", "addressType: IPv5\nendpoints: []"),
    'addressType: Unsupported value: "IPv5": supported values: "FQDN", "IPv4", "IPv6"',
  ],
];

describe("kube/api/validation", () => {
  for (const [manifest, error] of MISTAKES) {
    const [, kind, , ...rest] = manifest.trim().split("\n");
    it(`refuses a ${kind?.slice("kind: ".length)} with ${rest.join(" ")}: ${error.slice(0, 40)}`, () => {
      expect(refusal(manifest).replace(/^The \w+ "\w+" is invalid: /, "")).to.equal(error);
    });
  }

  it("lists several errors of one object in the order of the checks", () => {
    const bad = deployment("web", 1).replace("replicas: 1", "replicas: -1\n  minReadySeconds: -2");

    expect(refusal(bad).split("\n")).to.deep.equal([
      'The Deployment "web" is invalid: ',
      "* spec.replicas: Invalid value: -1: must be greater than or equal to 0",
      "* spec.minReadySeconds: Invalid value: -2: must be greater than or equal to 0",
    ]);
  });

  it("refuses what may not change any more", () => {
    const cluster = new SpecCluster();
    cluster.apply(deployment("web", 1));
    const headless = "ports: [{ port: 80 }], selector: { app: web }, clusterIP";
    cluster.apply(service(`${headless}: None`));
    const said = (manifest: string) => cluster.apply(manifest).stderr;

    expect(said(deployment("web", 1).replaceAll("app: web", "app: other"))).to.equal(
      'The Deployment "web" is invalid: spec.selector: Invalid value: {"matchLabels":{"app":"other"}}: field is immutable\n',
    );
    expect(said(service(`${headless}: 10.96.0.9`))).to.equal(
      'The Service "web" is invalid: spec.clusterIPs[0]: Invalid value: ["10.96.0.9"]: may not change once set\n',
    );
  });

  it("names the account and the class that a Pod has and nobody made", () => {
    const refused = (why: string) =>
      `Error from server (Forbidden): error when creating "file.yaml": pods "web" is forbidden: ${why}`;

    expect(refusal(withContainer("serviceAccountName: bob"))).to.equal(
      refused('error looking up service account default/bob: serviceaccount "bob" not found'),
    );
    expect(refusal(withContainer("priorityClassName: high"))).to.equal(
      refused("no PriorityClass with name high was found"),
    );
  });

  it("warns of what it takes all the same", () => {
    expect(refusal(service("ports: [{ port: 80 }], trafficDistribution: PreferClose"))).to.equal(
      'service/web created\nWarning: spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
    );
    expect(refusal(container("env: [{ name: A, value: b }, { name: A, value: c }]"))).to.equal(
      'pod/web created\nWarning: spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
    );
  });
});
