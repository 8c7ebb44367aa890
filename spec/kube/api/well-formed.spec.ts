import { expect } from "chai";
import { copyFields } from "../../../lib/kube/api/fields.ts";
import { normalise } from "../../../lib/kube/api/normalise.ts";
import { wellFormedCopy } from "../../../lib/kube/api/well-formed.ts";

const POD = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "web",
    namespace: "",
    labels: { app: "web", tier: undefined },
    annotations: {},
  },
  spec: {
    nodeName: null,
    hostNetwork: false,
    containers: [
      {
        name: "web",
        image: "nginx",
        ports: [{ containerPort: 80, hostPort: 0 }],
        resources: { requests: { cpu: 0.5, memory: "1024Mi" } },
        livenessProbe: { httpGet: { path: "/", port: "http" }, periodSeconds: 5 },
      },
    ],
  },
  status: { conditions: [{ type: "Ready", status: "True", lastProbeTime: null }] },
};

/** The long way. */
function normalised(kind: string, object: object): unknown {
  const fields = copyFields(object);
  normalise(kind, fields);
  return fields;
}

describe("kube/api/well-formed", () => {
  it("makes of an object what a copy that is normalised is, with its fields in their order", () => {
    const copy = wellFormedCopy("Pod", POD);

    expect(JSON.stringify(copy)).to.equal(JSON.stringify(normalised("Pod", POD)));
    expect(copy).to.have.nested.property("spec.containers[0].resources.requests.memory", "1Gi");
    expect(copy).to.not.have.nested.property("spec.hostNetwork");
    expect(copy).to.have.nested.property("status.conditions[0].lastProbeTime", null);
  });

  it("shares nothing with the object", () => {
    const copy = wellFormedCopy("Pod", POD);

    expect(copy?.["metadata"]).to.not.equal(POD.metadata);
    expect(copy)
      .to.have.nested.property("spec.containers")
      .that.does.not.equal(POD.spec.containers);
  });

  for (const [what, spec] of [
    ["a field that no type has", { container: [] }],
    ["a text for a number", { containers: [], priority: "high" }],
    ["a map for a list", { containers: {} }],
    ["a quantity that is none", { containers: [{ resources: { limits: { cpu: "much" } } }] }],
  ] as const) {
    it(`is nothing for ${what}`, () => {
      expect(wellFormedCopy("Pod", { ...POD, spec })).to.equal(null);
    });
  }

  it("is nothing for a kind without a type", () => {
    expect(wellFormedCopy("Gadget", { kind: "Gadget" })).to.equal(null);
  });
});
