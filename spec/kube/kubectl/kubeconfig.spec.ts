import { expect } from "chai";
import { parseArguments } from "../../../lib/kube/kubectl/arguments.ts";
import { config, contextNamespace } from "../../../lib/kube/kubectl/kubeconfig.ts";
import { Output } from "../../../lib/kube/kubectl/output.ts";
import { readKubectlFile } from "../../../lib/lab/kubectl-files.ts";
import { FileSystem } from "../../../lib/shell/files.ts";

/** Texts of kubectl v1.36. */
describe("kube/kubectl/kubeconfig", () => {
  const files = new FileSystem();
  const run = (line: string): string => {
    const output = new Output();
    config(files, readKubectlFile, parseArguments(`config ${line}`.split(" ")), output);
    return output.stdout;
  };
  const namespace = (line: string): string =>
    contextNamespace(files, readKubectlFile, parseArguments(line.split(" ")));

  it("keeps contexts and their namespaces in a file", () => {
    expect(run("current-context")).to.equal("kubernetes-admin@kubernetes\n");
    expect(namespace("get pods")).to.equal("default");
    expect(run("set-context --current --namespace=dev")).to.equal(
      'Context "kubernetes-admin@kubernetes" modified.\n',
    );
    expect(namespace("get pods")).to.equal("dev");
    expect(run("set-context prod --namespace=prod --user=kubernetes-admin")).to.equal(
      'Context "prod" created.\n',
    );
    expect(run("use-context prod")).to.equal('Switched to context "prod".\n');
    expect(namespace("get pods")).to.equal("prod");
    expect(namespace("get pods --context=kubernetes-admin@kubernetes")).to.equal("dev");
    expect(
      run("get-contexts --no-headers")
        .split("\n")
        .map((line) => line.trimEnd()),
    ).to.deep.equal([
      "    kubernetes-admin@kubernetes   kubernetes   kubernetes-admin   dev",
      "*   prod                                       kubernetes-admin   prod",
      "",
    ]);
  });

  it("refuses contexts that are not there", () => {
    expect(() => run("use-context nope")).to.throw('no context exists with the name: "nope"');
    expect(() => namespace("get pods --context=nope")).to.throw('context "nope" does not exist');
  });
});
