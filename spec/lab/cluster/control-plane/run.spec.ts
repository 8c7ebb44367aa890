import { expect } from "chai";
import { fromUtf8 } from "../../../../lib/base/bytes.ts";
import { VethworkError } from "../../../../lib/base/errors.ts";
import { outputsOf, problemsOf, runCluster, WEB } from "../../../support/cluster-lab.ts";

describe("lab/cluster/control-plane/run", () => {
  it("begins the steps when the workloads of the manifests are ready", () => {
    const run = runCluster({
      steps: [
        "{ kubectl: get pods }",
        "{ on: pod/client, run: curl -s http://10.96.0.80/hostname, matches: '^web-' }",
      ],
    });

    expect(problemsOf(run)).to.deep.equal([]);
    const [pods = ""] = outputsOf(run);
    const lines = pods.trimEnd().split("\n");
    expect(lines).to.have.length(4);
    expect(lines[0]).to.match(/^NAME +READY +STATUS +RESTARTS +AGE$/);
    for (const line of lines.slice(1)) expect(line).to.match(/ 1\/1 +Running +0 +\d+s$/);
  });

  it("begins the steps after a time if the lab says one", () => {
    const run = runCluster({
      cluster: ["nodes: [{ name: node1 }]", "dns: false", "start: 0s"],
      steps: ["{ kubectl: get pod client, contains: '0/1' }"],
    });

    expect(problemsOf(run)).to.deep.equal([]);
  });

  it("gives a step in a Pod the commands of its image, and the lab's beside them", () => {
    const run = runCluster({
      steps: [
        "{ on: deployment/web, run: 'hostname', matches: '^web-' }",
        "{ on: deployment/web, run: 'ip route', contains: default via 10.244.0.1 }",
        "{ on: deployment/web, run: 'no-such-program', exit: 127 }",
      ],
    });

    expect(problemsOf(run)).to.deep.equal([]);
  });

  it("scales, and tells who has a share of the work then", () => {
    const run = runCluster({
      steps: [
        "{ scale: deployment/web, replicas: 3 }",
        "{ wait: { for: rollout, of: deployment/web } }",
        "{ kubectl: 'get endpointslices -l kubernetes.io/service-name=web -o yaml' }",
      ],
    });

    expect(problemsOf(run)).to.deep.equal([]);
    const [scaled, status, slices] = outputsOf(run);
    expect(scaled).to.equal("deployment.apps/web scaled\n");
    expect(status).to.match(/deployment "web" successfully rolled out\n$/);
    expect(slices?.match(/ready: true/g)).to.have.length(3);
  });

  it("replaces Pods one after the other; who asks meanwhile meets old and new ones", () => {
    // A Pod that has gone is in the rules for a while, so some questions find nobody.
    const asks =
      "for i in 1 2 3 4 5 6 7 8 9; do curl -s -m 1 http://10.96.0.80/hostname && echo; sleep 0.4; done";

    const run = runCluster({
      steps: [
        `{ on: pod/client, run: "${asks}", name: asks, background: true }`,
        "{ kubectl: rollout restart deployment/web }",
        "{ wait: { for: rollout, of: deployment/web } }",
        "{ wait: 8s }",
      ],
      expect: ["{ kubectl: get pods -l app=web, contains: Running }"],
    });

    expect(problemsOf(run)).to.deep.equal([]);
    const asked = run.report.steps.find(({ command }) => command?.name === "asks")?.command;
    const names = asked?.stdout.trim().split("\n") ?? [];
    expect(names.length).to.be.within(6, 9);
    for (const name of names) expect(name).to.match(/^web-[a-z0-9]+-[a-z0-9]+$/);
    const sets = new Set(names.map((name) => name.slice(0, name.lastIndexOf("-"))));
    expect(sets.size).to.equal(2);
  });

  it("starts a container again whose processes were killed", () => {
    const run = runCluster({
      steps: ["{ kill: deployment/web }", "{ wait: 3s }", "{ kubectl: get pods -l app=web }"],
    });

    expect(problemsOf(run)).to.deep.equal([]);
    expect(outputsOf(run)[2]).to.match(/1\/1 +Running +1 /);
    expect(fromUtf8(run.artefacts.get("timeline.txt") ?? new Uint8Array(0))).to.match(
      /node node\d +kill -9 Pod default\/web-/,
    );
  });

  it("drains a node: its Pods come up on the other one", () => {
    const run = runCluster({
      steps: [
        "{ drain: node2 }",
        "{ wait: { for: rollout, of: deployment/web } }",
        "{ kubectl: get pods -l app=web -o wide }",
        "{ kubectl: get nodes }",
      ],
    });

    expect(problemsOf(run)).to.deep.equal([]);
    const [drained, , pods, nodes] = outputsOf(run);
    expect(drained).to.match(/^node\/node2 cordoned\n/);
    expect(drained).to.match(/node\/node2 drained\n/);
    expect(pods).not.to.contain("node2");
    expect(nodes).to.match(/node2 +Ready,SchedulingDisabled/);
  });

  it("loses a node with its power, and its Lease is not renewed", () => {
    const run = runCluster({
      steps: [
        "{ kill: node/node2 }",
        "{ wait: 60s }",
        "{ kubectl: get nodes }",
        "{ on: node1, run: ping -c 1 -W 1 172.18.0.3, exit: 1 }",
      ],
    });

    expect(problemsOf(run)).to.deep.equal([]);
    expect(outputsOf(run)[2]).to.match(/node2 +NotReady/);
  });

  it("runs commands in containers and shows what they print", () => {
    const run = runCluster({
      steps: [
        "{ kubectl: exec client -- hostname, prints: client }",
        "{ kubectl: exec client -- sh -c 'exit 3', exit: 3 }",
        "{ kubectl: exec nobody -- true, exit: 1 }",
        "{ kubectl: logs deploy/web --tail=1, exit: 0 }",
        "{ kubectl: exec deployment/web -- hostname, matches: '^web-' }",
      ],
    });

    expect(problemsOf(run)).to.deep.equal([]);
    const [, ended, nobody, logs] = outputsOf(run);
    expect(ended).to.equal("command terminated with exit code 3\n");
    expect(nobody).to.equal('Error from server (NotFound): pods "nobody" not found\n');
    expect(logs).to.match(/Found 2 pods, using pod\/web-/);
  });

  it("deletes what a file or a name says, and waits until it is gone", () => {
    const run = runCluster({
      files: { "more.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: more }\n" },
      steps: [
        "{ apply: more.yaml }",
        "{ delete: pod/client }",
        "{ kubectl: get pod client, exit: 1 }",
        "{ delete: more.yaml }",
      ],
    });

    expect(problemsOf(run)).to.deep.equal([]);
    expect(outputsOf(run)).to.deep.equal([
      "configmap/more created\n",
      'pod "client" deleted from default namespace\n',
      'Error from server (NotFound): pods "client" not found\n',
      'configmap "more" deleted from default namespace\n',
    ]);
  });

  it("says that a wait took too long, and fails", () => {
    const run = runCluster({
      steps: ["{ wait: { for: condition=Failed, of: pod/client, timeout: 2s } }"],
    });

    expect(run.passed).to.equal(false);
    expect(problemsOf(run)[0]).to.contain("timed out waiting for the condition on pods/client");
  });

  it("waits for what a path leads to", () => {
    const run = runCluster({
      steps: [
        "{ wait: { for: 'jsonpath={.status.phase}=Running', of: pod/client, timeout: 1s } }",
        "{ wait: { for: 'jsonpath={.status.conditions[?(@.type==\"Ready\")].status}=True', of: pod/client, timeout: 1s } }",
      ],
    });

    expect(problemsOf(run)).to.deep.equal([]);
    expect(outputsOf(run)[0]).to.equal("pod/client condition met\n");
  });

  it("says that a step's Pod is not there", () => {
    const run = runCluster({ steps: ["{ on: pod/nobody, run: hostname }"] });

    expect(run.passed).to.equal(false);
    expect(problemsOf(run)[0]).to.equal('lab.yaml:7:9: hostname: there is no Pod "default/nobody"');
  });

  it("points out what leads nowhere, with its place", () => {
    const dead =
      "apiVersion: v1\nkind: Service\nmetadata:\n  name: dead\nspec: { selector: { app: wbe }, ports: [{ port: 80 }] }\n---\n" +
      "apiVersion: v1\nkind: Service\nmetadata: { name: unnamed }\nspec: { selector: { app: web }, ports: [{ port: 80, targetPort: htp }] }\n";

    const { report } = runCluster({
      files: { "dead.yaml": dead, "web.yaml": "" },
      cluster: ["nodes: [{ name: node1 }]", "dns: false"],
    });
    const both = runCluster({ files: { "web.yaml": `${dead}---\n${PODS}` } }).report;

    expect(report.notes).to.deep.equal([]);
    expect(both.notes).to.deep.equal([
      "web.yaml:4:3: Service default/dead: selector app=wbe matches no Pod",
      "web.yaml:9:13: Service default/unnamed: targetPort htp (TCP) of port 80 is no port of its Pods; they have http",
    ]);
  });

  it("refuses a manifest as the API server does, with its place, before anything happens", () => {
    const bad =
      "apiVersion: v1\nkind: Service\nmetadata: { name: web }\nspec:\n  ports:\n    - port: 0\n";

    expect(() => runCluster({ files: { "web.yaml": bad } }))
      .to.throw(
        VethworkError,
        /^web\.yaml:6:7: The Service "web" is invalid: \n\* spec\.ports\[0\]\.port: Invalid value: 0/,
      )
      .with.property("code", "VW_OBJECT");
  });

  it("refuses a kind that the API server does not have, and a file that is not there", () => {
    const bad = "apiVersion: apps/v2\nkind: Deployment\nmetadata: { name: web }\n";

    expect(() => runCluster({ files: { "web.yaml": bad } })).to.throw(
      VethworkError,
      /^web\.yaml:2:1: error: resource mapping not found .*no matches for kind "Deployment" in version "apps\/v2"/s,
    );
    expect(() => runCluster({ steps: ["{ apply: nothing.yaml }"] })).to.throw(
      VethworkError,
      /^lab\.yaml:7:18: there is no file "nothing.yaml"/,
    );
  });

  it("gives Pods names by DNS if CoreDNS runs", () => {
    const run = runCluster({
      cluster: ["nodes: [{ name: node1 }, { name: node2 }]"],
      steps: ["{ on: pod/client, run: curl -s http://web/hostname, matches: '^web-' }"],
    });

    expect(problemsOf(run)).to.deep.equal([]);
  });

  it("lets a host outside reach a Service through ingress-nginx at its own address", () => {
    const ingress = `---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web }
spec:
  ingressClassName: nginx
  rules: [{ host: web.example, http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] } }]
`;

    const run = runCluster({
      files: { "web.yaml": `${WEB}${ingress}` },
      cluster: [
        "nodes: [{ name: node1 }, { name: node2 }]",
        "hosts: [{ name: user }]",
        "ingress: true",
      ],
      steps: [
        "{ on: user, run: \"curl -s -H 'Host: web.example' http://172.18.255.200/hostname\", matches: '^web-' }",
        "{ on: user, run: \"curl -s -o /dev/null -w '%{http_code}' http://172.18.255.200/\", prints: '404' }",
      ],
    });

    expect(problemsOf(run)).to.deep.equal([]);
  });

  it("leaves the same bytes twice", () => {
    const lab = {
      steps: [
        "{ on: pod/client, run: curl -s http://10.96.0.80/hostname }",
        "{ kill: deployment/web }",
        "{ wait: 2s }",
      ],
    };

    const [first, second] = [runCluster(lab), runCluster(lab)];

    expect([...first.finalDraws]).to.deep.equal([...second.finalDraws]);
    for (const [name, bytes] of first.artefacts) {
      expect(
        Buffer.from(bytes).equals(second.artefacts.get(name) ?? Buffer.alloc(0)),
        name,
      ).to.equal(true);
    }
  });

  it("captures the devices of Pods that come and go", () => {
    const run = runCluster({
      steps: [
        "{ scale: deployment/web, replicas: 3 }",
        "{ wait: { for: rollout, of: deployment/web } }",
        "{ scale: deployment/web, replicas: 1 }",
        "{ wait: 5s }",
      ],
    });

    const pods = run.report.interfaces.filter(({ name }) => /^web-.*\/eth0$/.test(name));
    expect(pods).to.have.length(3);
    for (const { file, frames } of pods) {
      expect(frames).to.be.greaterThan(0);
      expect(run.artefacts.has(file), file).to.equal(true);
    }
    expect(run.artefacts.has("merged.pcapng")).to.equal(true);
  });
});

const PODS = `apiVersion: v1
kind: Pod
metadata: { name: web-0, labels: { app: web } }
spec:
  containers:
    - { name: web, image: nginx, ports: [{ name: http, containerPort: 80 }] }
`;
