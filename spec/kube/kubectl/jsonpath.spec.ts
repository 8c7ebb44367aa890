import { expect } from "chai";
import { evaluateJsonPath, renderJsonPath } from "../../../lib/kube/kubectl/jsonpath.ts";

const PODS = {
  items: [
    { metadata: { name: "a" }, status: { conditions: [{ type: "Ready", status: "True" }] } },
    { metadata: { name: "b" }, status: { conditions: [{ type: "Ready", status: "False" }] } },
  ],
};

describe("kube/kubectl/jsonpath", () => {
  it("prints the values of a path with spaces between", () => {
    expect(renderJsonPath(PODS, "{.items[*].metadata.name}")).to.equal("a b");
  });

  it("repeats what stands in a range for each value, with paths that begin there", () => {
    const template =
      '{range .items[*]}{.metadata.name}{"\\t"}{range .status.conditions[*]}{@.type}={.status}{end}{"\\n"}{end}done';

    expect(renderJsonPath(PODS, template)).to.equal("a\tReady=True\nb\tReady=False\ndone");
    expect(renderJsonPath({ list: ["x", "y"] }, "{range .list[*]}[{@}]{end}")).to.equal("[x][y]");
    expect(renderJsonPath(PODS, '{"{}"}{.items[1].metadata.name}')).to.equal("{}b");
  });

  it("keeps text around paths and reads strings with escapes", () => {
    const template = 'first: {.items[0].metadata.name}{"\\n"}';

    expect(renderJsonPath(PODS, template)).to.equal("first: a\n");
  });

  it("prints nothing for a field that is not there", () => {
    expect(renderJsonPath(PODS, "{.items[0].spec.nodeName}")).to.equal("");
  });

  it("chooses items by a field", () => {
    const path = '{.status.conditions[?(@.type=="Ready")].status}';

    expect(evaluateJsonPath(PODS.items[1], path)).to.deep.equal(["False"]);
  });

  it("refuses what it cannot read", () => {
    expect(() => renderJsonPath(PODS, "{..name}")).to.throw("error parsing jsonpath");
    expect(() => renderJsonPath(PODS, "{range .items[*]}")).to.throw("unclosed action");
    expect(() => renderJsonPath(PODS, "{end}")).to.throw("not in range, nothing to end");
  });
});
