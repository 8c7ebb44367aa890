import { expect } from "chai";
import { unifiedDiff } from "../../../lib/kube/api/unified-diff.ts";
import { SpecCluster } from "../../support/control-plane.ts";

const lines = (...texts: readonly string[]) => texts.join("\n");

describe("kube/api/unified-diff", () => {
  it("shows changes with three lines around them", () => {
    const before = lines("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l");
    const after = before.replace("b", "B").replace("l", "l\nm");

    expect(unifiedDiff(before, after)).to.equal(
      "@@ -1,5 +1,5 @@\n a\n-b\n+B\n c\n d\n e\n@@ -10,3 +10,4 @@\n j\n k\n l\n+m\n",
    );
    expect(unifiedDiff(before, before)).to.equal("");
  });

  it("joins changes with few lines between, and counts from the line before nothing", () => {
    expect(unifiedDiff("a\nb\nc\nd", "x\nb\nc\ny")).to.equal(
      "@@ -1,4 +1,4 @@\n-a\n+x\n b\n c\n-d\n+y\n",
    );
    expect(unifiedDiff("a", "b\na")).to.equal("@@ -1 +1,2 @@\n+b\n a\n");
  });
});

describe("kube/api/internal-records", () => {
  const pod = (spec: string) =>
    `apiVersion: v1\nkind: Pod\nmetadata: { name: p }\nspec: { ${spec} }\n`;

  it("is what an update of a Pod is compared by", () => {
    const cluster = new SpecCluster();
    cluster.apply(pod("containers: [{ name: a, image: nginx }]"));

    const { stderr } = cluster.apply(
      pod("nodeSelector: { a: b }, containers: [{ name: a, image: other, command: [x] }]"),
    );
    const diff = stderr.slice(stderr.indexOf("\n") + 1).replace(/^@@ .*\n/gm, "@@\n");
    expect(diff).to.equal(
      [
        "@@",
        "   {",
        '    "Name": "a",',
        '    "Image": "nginx",',
        '-   "Command": null,',
        '+   "Command": [',
        '+    "x"',
        "+   ],",
        '    "Args": null,',
        '    "WorkingDir": "",',
        '    "Ports": null,',
        "@@",
        '  "TerminationGracePeriodSeconds": 30,',
        '  "ActiveDeadlineSeconds": null,',
        '  "DNSPolicy": "ClusterFirst",',
        '- "NodeSelector": null,',
        '+ "NodeSelector": {',
        '+  "a": "b"',
        "+ },",
        '  "ServiceAccountName": "default",',
        '  "AutomountServiceAccountToken": null,',
        '  "NodeName": "",',
        "",
        "",
      ].join("\n"),
    );
  });

  it("is what a Job's template is shown as", () => {
    const job = (image: string) => `apiVersion: batch/v1
kind: Job
metadata: { name: j }
spec: { template: { spec: { hostNetwork: true, restartPolicy: Never, containers: [{ name: a, image: ${image} }] } } }
`;
    const cluster = new SpecCluster();
    cluster.apply(job("one"));

    expect(cluster.apply(job("two")).stderr).to.match(
      /spec\.template: Invalid value: \{"labels":\{.*\},"Spec":\{"Volumes":null,"InitContainers":null,"Containers":\[\{"Name":"a","Image":"two","Command":null,.*"SecurityContext":\{"HostNetwork":true,"HostPID":false,.*\}\}: field is immutable$/m,
    );
  });
});
