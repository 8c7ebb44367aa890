/** Objects as `kubectl create … --dry-run=client -o yaml` of v1.36 prints them. */
import { expect } from "chai";
import { fromUtf8, utf8 } from "../../../lib/base/bytes.ts";
import { parseCidr } from "../../../lib/base/inet.ts";
import { ApiServer } from "../../../lib/kube/api/server.ts";
import { kubectl } from "../../../lib/kube/kubectl/kubectl.ts";
import { Store } from "../../../lib/kube/store.ts";
import { readKubectlFile } from "../../../lib/lab/kubectl-files.ts";
import { FileSystem } from "../../../lib/shell/files.ts";
import { Random } from "../../../lib/sim/random.ts";
import { Scheduler } from "../../../lib/sim/scheduler.ts";

/** A server, and a machine with some files. */
class Desk {
  readonly store = new Store();
  readonly server = new ApiServer(new Scheduler(), new Random(1), this.store, {
    serviceCidr: parseCidr("10.96.0.0/16"),
    epochSeconds: 0,
  });
  readonly files = new FileSystem();

  constructor(texts: Readonly<Record<string, string>> = {}) {
    for (const [path, text] of Object.entries(texts)) this.files.write(path, utf8(text));
  }

  run(line: string): string {
    const read = (name: string) =>
      readKubectlFile(fromUtf8(this.files.read(name) ?? new Uint8Array(0)), name);
    const files = Object.assign(read, { host: this.files });
    const { stdout, stderr } = kubectl(this.server, line.split(" "), files);
    return stdout + stderr;
  }
}

const DRY = "--dry-run=client -o yaml";

describe("kube/kubectl/generate", () => {
  it("prints a Deployment that it would make, and makes none", () => {
    const desk = new Desk();

    expect(desk.run(`create deployment web --image=nginx --port=80 ${DRY}`)).to.equal(
      `apiVersion: apps/v1
kind: Deployment
metadata:
  labels:
    app: web
  name: web
spec:
  replicas: 1
  selector:
    matchLabels:
      app: web
  strategy: {}
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - image: nginx
        name: nginx
        ports:
        - containerPort: 80
        resources: {}
status: {}
`,
    );
    expect(desk.store.list("Deployment")).to.deep.equal([]);
    desk.files.write("web.yaml", utf8(desk.run(`create deployment web --image=nginx ${DRY}`)));
    expect(desk.run("apply -f web.yaml") + desk.run("apply -f web.yaml")).to.equal(
      "deployment.apps/web created\ndeployment.apps/web unchanged\n",
    );
    expect(desk.run("run a --image=nginx --dry-run=server")).to.equal(
      "pod/a created (server dry run)\n",
    );
    expect(desk.run("run a --image=nginx --dry-run=perhaps")).to.equal(
      'error: Invalid dry-run value (perhaps). Must be "none", "server", or "client".\n',
    );
  });

  it("fills ConfigMaps from files, directories and lines", () => {
    const desk = new Desk({
      "/root/conf/a": "1\n",
      "/root/conf/b": "2",
      "/root/env": "# no\n X=1\nY=a=b\n",
    });
    const data = (line: string) => {
      desk.run(`create configmap c ${line}`);
      const found = (desk.store.get("ConfigMap", "default/c") as { readonly data?: unknown } | null)
        ?.data;
      desk.server.delete("ConfigMap", "default/c", "spec");
      return found;
    };

    expect(data("--from-file=conf")).to.deep.equal({ a: "1\n", b: "2" });
    expect(data("--from-file=conf/a --from-file k=conf/b --from-literal=x=y")).to.deep.equal({
      x: "y",
      a: "1\n",
      k: "2",
    });
    expect(data("--from-env-file=env")).to.deep.equal({ X: "1", Y: "a=b" });
    expect(desk.run("create configmap c --from-file=nope")).to.equal(
      "error: error reading nope: no such file or directory\n",
    );
  });

  it("writes Secrets in base64, those of registries and certificates as well", () => {
    const desk = new Desk({ "/root/c": "-----BEGIN CERTIFICATE-----\n", "/root/k": "key" });
    const login = "--docker-server=r.example --docker-username=u --docker-password=p";

    expect(desk.run(`create secret generic s --from-literal=a=b ${DRY}`)).to.equal(
      "apiVersion: v1\ndata:\n  a: Yg==\nkind: Secret\nmetadata:\n  name: s\ntype: Opaque\n",
    );
    desk.run(`create secret docker-registry r ${login}`);
    const config = desk.run("get secret r -o jsonpath={.data.\\.dockerconfigjson}");
    expect(JSON.parse(fromUtf8(Buffer.from(config, "base64")))).to.deep.equal({
      auths: { "r.example": { username: "u", password: "p", auth: "dTpw" } },
    });
    expect(desk.run("get secret r --no-headers")).to.match(
      /^r +kubernetes.io\/dockerconfigjson +1 /,
    );
    expect(desk.run("create secret tls t --cert=c --key=k")).to.equal("secret/t created\n");
    expect(desk.run("create secret tls u --cert=k --key=k")).to.equal(
      "error: tls: failed to find any PEM data in certificate input\n",
    );
  });

  it("makes Ingresses of rules, and roles of verbs", () => {
    const desk = new Desk();

    desk.run(
      "create ingress i --class=nginx --rule=a.example/x*=web:80,tls=cert --rule=a.example/y=api:http",
    );
    expect(desk.store.list("Ingress")[0]?.spec).to.deep.include({
      ingressClassName: "nginx",
      tls: [{ hosts: ["a.example"], secretName: "cert" }],
      rules: [
        {
          host: "a.example",
          http: {
            paths: [
              {
                path: "/x",
                pathType: "Prefix",
                backend: { service: { name: "web", port: { number: 80 } } },
              },
              {
                path: "/y",
                pathType: "Exact",
                backend: { service: { name: "api", port: { name: "http" } } },
              },
            ],
          },
        },
      ],
    });
    expect(desk.run(`create role r --verb=get,list --resource=pods,deploy ${DRY}`)).to.contain(
      'rules:\n- apiGroups:\n  - ""\n  resources:\n  - pods\n  verbs:\n  - get\n  - list\n- apiGroups:\n  - apps\n',
    );
    expect(desk.run("create rolebinding b --role=r --serviceaccount=a:b")).to.equal(
      "rolebinding.rbac.authorization.k8s.io/b created\n",
    );
    expect(desk.run("create rolebinding b --role=r --clusterrole=r")).to.equal(
      "error: exactly one of clusterrole or role must be specified\n",
    );
  });

  it("reads directories of manifests, says names, and may only pretend", () => {
    const text = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;
    const desk = new Desk({
      "/root/d/a.yaml": text("a"),
      "/root/d/b.yml": text("b"),
      "/root/d/c.txt": "",
    });

    expect(desk.run("apply -f d --dry-run=client")).to.equal(
      "configmap/a created (dry run)\nconfigmap/b created (dry run)\n",
    );
    expect(desk.run("apply -f d/ -oname")).to.equal("configmap/a\nconfigmap/b\n");
    expect(desk.run("delete -f d --dry-run=client")).to.equal(
      'configmap "a" deleted (dry run) from default namespace\nconfigmap "b" deleted (dry run) from default namespace\n',
    );
    expect(desk.run("get cm -oname")).to.equal("configmap/a\nconfigmap/b\n");
  });
});
