import { expect } from "chai";
import fc from "fast-check";
import { copyChanges, copyFields } from "../../../lib/kube/api/fields.ts";

const json = fc.object({
  maxDepth: 3,
  key: fc.constantFrom("a", "b", "c", "lastProbeTime"),
  values: [fc.nat(2), fc.constantFrom("x", "y"), fc.constant(null), fc.constant(undefined)],
});

describe("kube/api/fields", () => {
  it("keeps the parts of the version before that have not changed", () => {
    const before = copyFields({ metadata: { name: "web" }, spec: { ports: [{ port: 80 }] } });
    const next = {
      metadata: { name: "web", labels: { app: "web" } },
      spec: { ports: [{ port: 80 }] },
    };

    const clean = copyChanges(next, before);

    expect(clean).to.deep.equal(next);
    expect(clean["spec"]).to.equal(before["spec"]);
    expect(clean["metadata"]).to.not.equal(before["metadata"]);
  });

  it("is the version before if nothing has changed", () => {
    const before = copyFields({ spec: { args: ["-a", "b"] }, status: {} });

    expect(
      copyChanges({ spec: { args: ["-a", "b"] }, status: {}, kind: undefined }, before),
    ).to.equal(before);
  });

  it("keeps the order in which fields come now", () => {
    const clean = copyChanges({ b: 1, a: 2 }, copyFields({ a: 2, b: 1 }));

    expect(JSON.stringify(clean)).to.equal('{"b":1,"a":2}');
  });

  it("says what a whole copy says, whatever was before", () => {
    fc.assert(
      fc.property(json, json, (now, before) => {
        const clean = copyChanges(now, copyFields(before));
        expect(JSON.stringify(clean)).to.equal(JSON.stringify(copyFields(now)));
      }),
    );
  });
});
