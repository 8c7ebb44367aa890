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

  it("goes down to all of a name, and takes parts of lists and several fields", () => {
    const value = {
      a: [
        { n: 1, m: "x" },
        { n: 2, m: "y" },
        { n: 3, m: "z" },
      ],
      "x.y/z": 4,
    };
    const all = (path: string) => evaluateJsonPath(value, path);

    expect(all("{..n}")).to.deep.equal(["1", "2", "3"]);
    expect(all("{.a[0:2].n}")).to.deep.equal(["1", "2"]);
    expect(all("{.a[::2].n}")).to.deep.equal(["1", "3"]);
    expect(all("{.a[-1].m}")).to.deep.equal(["z"]);
    expect(all("{.a[0,2].m}")).to.deep.equal(["x", "z"]);
    expect(all("{.a[*]['n','m']}")).to.deep.equal(["1", "x", "2", "y", "3", "z"]);
    expect(all("{.x\\.y/z}")).to.deep.equal(["4"]);
    expect(all("{.a[1].*}")).to.deep.equal(["2", "y"]);
  });

  it("compares numbers and texts in filters, and asks whether a field is there", () => {
    const value = { a: [{ n: 1 }, { n: 20 }, { m: "x" }] };
    const all = (path: string) => evaluateJsonPath(value, path);

    expect(all("{.a[?(@.n>3)].n}")).to.deep.equal(["20"]);
    expect(all("{.a[?(@.n<=1)].n}")).to.deep.equal(["1"]);
    expect(all("{.a[?(@.n!=1)].n}")).to.deep.equal(["20"]);
    expect(all("{.a[?(@.m)].m}")).to.deep.equal(["x"]);
  });

  it("refuses what it cannot read", () => {
    expect(() => renderJsonPath(PODS, "{.items[}")).to.throw("error parsing jsonpath");
    expect(() => renderJsonPath(PODS, "{range .items[*]}")).to.throw("unclosed action");
    expect(() => renderJsonPath(PODS, "{end}")).to.throw("not in range, nothing to end");
  });
});
