import { expect } from "chai";
import { utf8 } from "../../../lib/base/bytes.ts";
import type { KubeObject } from "../../../lib/kube/objects.ts";
import { planCluster } from "../../../lib/lab/cluster/plan.ts";
import { applied, deleted, initialObjects, ObjectFiles } from "../../../lib/lab/cluster/state.ts";
import { parseLab } from "../../../lib/lab/schema.ts";

function service(name: string, clusterIP: string): KubeObject {
  return { kind: "Service", metadata: { name, namespace: "default" }, spec: { clusterIP } };
}

const PLACE = { file: "labs/lab.yaml", line: 1, column: 1 };

function files(content: Record<string, string>): ObjectFiles {
  return new ObjectFiles("labs/lab.yaml", (path) => {
    const text = content[path];
    return text === undefined ? null : utf8(text);
  });
}

describe("lab/cluster/state", () => {
  it("begins with a Node for each node, which a file may replace", () => {
    const lab = parseLab(
      "name: x\ncluster:\n  nodes: [{ name: a, labels: { topology.kubernetes.io/zone: z1 } }, { name: b }]\n  objects: [n.yaml]\n",
      "labs/lab.yaml",
    );
    const node = "apiVersion: v1\nkind: Node\nmetadata: { name: b, labels: { own: 'yes' } }\n";

    const objects = initialObjects(
      lab.cluster!,
      planCluster(lab.cluster!),
      files({ "n.yaml": node }),
    );

    expect(objects).to.deep.equal([
      {
        kind: "Node",
        metadata: {
          name: "a",
          labels: { "kubernetes.io/hostname": "a", "topology.kubernetes.io/zone": "z1" },
        },
        spec: { podCIDR: "10.244.0.0/24", podCIDRs: ["10.244.0.0/24"] },
        status: {
          addresses: [
            { type: "InternalIP", address: "172.18.0.2" },
            { type: "Hostname", address: "a" },
          ],
        },
      },
      { apiVersion: "v1", kind: "Node", metadata: { name: "b", labels: { own: "yes" } } },
    ]);
  });

  it("replaces and adds on apply, and takes away on delete", () => {
    const before = [service("a", "10.96.0.1"), service("b", "10.96.0.2")];

    const after = applied(before, [service("b", "10.96.0.9"), service("c", "10.96.0.3")]);

    expect(after).to.deep.equal([
      service("a", "10.96.0.1"),
      service("b", "10.96.0.9"),
      service("c", "10.96.0.3"),
    ]);
    expect(deleted(after, [service("b", ""), service("z", "")])).to.deep.equal([
      service("a", "10.96.0.1"),
      service("c", "10.96.0.3"),
    ]);
  });

  it("names the place of a file that is not there, and of an object that nobody watches", () => {
    const pod = "apiVersion: v1\nkind: Pod\nmetadata: { name: p }\n";

    expect(() => files({}).read({ value: "x.yaml", place: PLACE })).to.throw(
      'labs/lab.yaml:1:1: there is no file "x.yaml"',
    );
    expect(() => files({ "x.yaml": pod }).read({ value: "x.yaml", place: PLACE })).to.throw(
      /^labs\/x\.yaml:1:1: Pod \(v1\) p is not an object that kube-proxy watches/,
    );
  });
});
