import { expect } from "chai";
import fc from "fast-check";
import { copyFields, type Fields, mapsIn } from "../../../lib/kube/api/fields.ts";
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

const address = fc.record(
  {
    ip: fc.constantFrom("10.0.0.1", "10.0.0.2", "10.0.0.3"),
    nodeName: fc.constantFrom("node1", "", undefined),
    targetRef: fc.record({ kind: fc.constant("Pod"), name: fc.constantFrom("a", "b") }),
  },
  { requiredKeys: ["ip"] },
);
const subset = fc.record(
  {
    addresses: fc.array(address, { maxLength: 4 }),
    ports: fc.array(fc.record({ port: fc.nat(2), protocol: fc.constant("TCP") }), { maxLength: 2 }),
  },
  { requiredKeys: [] },
);
/** Endpoints that are much like each other. */
const endpoints = fc.record({
  metadata: fc.record({
    name: fc.constant("web"),
    labels: fc.dictionary(fc.constantFrom("a", "b", "c"), fc.constantFrom("x", "y")),
  }),
  subsets: fc.array(subset, { maxLength: 2 }),
});

function withAddresses(...names: readonly string[]): object {
  const addresses = names.map((name) => ({ ip: "10.0.0.1", targetRef: { kind: "Pod", name } }));
  return { kind: "Endpoints", metadata: { name: "web" }, subsets: [{ addresses }] };
}

function addressesIn(object: Fields | null): Fields[] {
  return mapsIn(mapsIn(object, "subsets")[0], "addresses");
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

  it("says the same whatever was before, in the same order", () => {
    fc.assert(
      fc.property(endpoints, endpoints, (now, before) => {
        const old = wellFormedCopy("Endpoints", before);
        const copy = wellFormedCopy("Endpoints", now, old);

        expect(JSON.stringify(copy)).to.equal(JSON.stringify(wellFormedCopy("Endpoints", now)));
      }),
    );
  });

  it("has the parts of the version before that have not changed, wherever they have moved", () => {
    const old = wellFormedCopy("Endpoints", withAddresses("a", "b", "d", "e"));
    const copy = wellFormedCopy("Endpoints", withAddresses("a", "b", "c", "d"), old);
    const [before, now] = [addressesIn(old), addressesIn(copy)];

    expect(now.map((address) => before.indexOf(address))).to.deep.equal([0, 1, -1, 2]);
    expect(copy?.["metadata"]).to.equal(old?.["metadata"]);
    expect(wellFormedCopy("Endpoints", withAddresses("a", "b", "d", "e"), old)).to.equal(old);
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
