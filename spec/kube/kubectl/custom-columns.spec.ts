import { expect } from "chai";
import { customColumns } from "../../../lib/kube/kubectl/custom-columns.ts";

const PODS = [
  { metadata: { name: "web-1" }, spec: { containers: [{ image: "a" }, { image: "b" }] } },
  { metadata: { name: "client" }, status: { podIP: "10.244.0.2" }, spec: { containers: [] } },
];

describe("kube/kubectl/custom-columns", () => {
  it("prints a column for each path, with all of its values", () => {
    const columns = "NAME:.metadata.name,IP:{.status.podIP},IMAGES:spec.containers[*].image";

    expect(customColumns(columns, PODS, true)).to.equal(
      "NAME     IP           IMAGES\nweb-1    <none>       a,b\nclient   10.244.0.2   <none>\n",
    );
    expect(customColumns("N:.metadata.name", PODS, false)).to.equal("web-1\nclient\n");
  });

  it("refuses a column without a path", () => {
    expect(() => customColumns("", PODS, true)).to.throw("no custom columns given");
    expect(() => customColumns("NAME", PODS, true)).to.throw("expected <header>:<json-path-expr>");
  });
});
