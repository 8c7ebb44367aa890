import { expect } from "chai";
import { kubectl } from "../../../lib/kube/kubectl/kubectl.ts";
import { readKubectlFile } from "../../../lib/lab/kubectl-files.ts";
import { SpecCluster } from "../../support/control-plane.ts";

const SERVICE = `apiVersion: v1
kind: Service
metadata: { name: web }
spec: { ports: [{ port: 80 }], selector: { app: web } }
`;

/** What a patch of the Service prints. */
function patched(text: string, type = "strategic"): string {
  const cluster = new SpecCluster();
  cluster.apply(SERVICE);
  const words = ["patch", "service", "web", `--type=${type}`, "-p", text];
  const { stdout, stderr } = kubectl(cluster.server, words, (name, patch = "") =>
    readKubectlFile(patch, name),
  );
  return `${stdout}${stderr}`.trimEnd();
}

describe("kube/kubectl/patch", () => {
  it("takes YAML for JSON", () => {
    expect(patched("spec: {type: NodePort}")).to.equal("service/web patched");
  });

  it("leaves out fields that nobody knows, and warns of them", () => {
    const warned = 'Warning: unknown field "spec.foo"';

    expect(patched('{"spec":{"foo":1}}')).to.equal(`service/web patched (no change)\n${warned}`);
    expect(patched('{"spec":{"foo":1,"type":"NodePort"}}', "merge")).to.equal(
      `service/web patched\n${warned}`,
    );
    expect(patched('[{"op":"add","path":"/spec/foo","value":1}]', "json")).to.equal(
      `service/web patched (no change)\n${warned}`,
    );
  });

  it("says that a patch is invalid which cannot be carried out", () => {
    expect(patched('[{"op":"remove","path":"/spec/foo"}]', "json")).to.equal(
      "The request is invalid: the server rejected our request due to an error in our request",
    );
    expect(patched('{"op":"remove"}', "json")).to.equal(
      "Error from server (BadRequest): json: cannot unmarshal object into Go value of type jsonpatch.Patch",
    );
    expect(patched('{"spec":{"ports":"x"}}', "merge")).to.match(
      /^The request is invalid: patch: Invalid value: "\{\\"apiVersion\\":\\"v1\\".*": json: cannot unmarshal string into Go struct field ServiceSpec\.spec\.ports of type \[\]v1\.ServicePort$/,
    );
  });

  it("does not let a patch name another object", () => {
    expect(patched('{"metadata":{"name":"x"}}')).to.equal(
      "Error from server (BadRequest): the name of the object (x) does not match the name on the URL (web)",
    );
  });
});

describe("kube/api/decode", () => {
  const applied = (text: string) => new SpecCluster().apply(text).stderr.trimEnd();

  it("ends at a value that reads itself, and names it before other mistakes", () => {
    const pod = `apiVersion: v1
kind: Pod
metadata: { name: a }
spec: { activeDeadlineSeconds: x, containers: [{ name: a, image: a, resources: { requests: { cpu: 1.5.5 } } }] }
`;

    expect(applied(pod)).to.match(/cannot be handled as a Pod: quantities must match the regular/);
  });

  it("gets names that are no texts as they are", () => {
    const text = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: 123 }\n";

    expect(applied(text)).to.match(/^error: error when retrieving current configuration of:/);
    expect(applied("apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a, labels: 1 }\n")).to.match(
      /cannot unmarshal number into Go struct field ObjectMeta\.metadata\.labels of type map\[string\]string$/,
    );
  });
});

describe("kube/kubectl/kubectl", () => {
  const FILES: Readonly<Record<string, string>> = {
    "a.yaml": SERVICE,
    "b.yaml": SERVICE.replace("name: web", "name: other"),
  };

  it("takes several files, and names their objects to commands of other kinds", async () => {
    const { readKubectlFile } = await import("../../../lib/lab/kubectl-files.ts");
    const cluster = new SpecCluster();
    const run = (...words: readonly string[]) =>
      kubectl(cluster.server, words, (file) => readKubectlFile(FILES[file] ?? "", file)).stdout;

    expect(run("apply", "-f", "a.yaml", "-f", "b.yaml")).to.equal(
      "service/web created\nservice/other created\n",
    );
    expect(run("get", "-f", "a.yaml,b.yaml", "-o", "name")).to.equal(
      "service/web\nservice/other\n",
    );
    expect(run("label", "-f", "a.yaml", "x=y")).to.equal("service/web labeled\n");
    expect(run("delete", "-f", "b.yaml", "-f", "a.yaml")).to.equal(
      'service "other" deleted from default namespace\nservice "web" deleted from default namespace\n',
    );
  });
});
