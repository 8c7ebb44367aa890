import { expect } from "chai";
import { EndpointSlices } from "../../../lib/kube/proxy/endpoint-slices.ts";
import { releaseOf } from "../../../lib/kube/proxy/release.ts";
import { endpoint, slice } from "../../support/cluster.ts";

const none = new EndpointSlices("default/web", [], releaseOf("1.36"));
const [a, b, c] = ["a", "b", "c"].map((suffix) =>
  slice("web", [endpoint("10.0.0.1")], { suffix }),
) as [ReturnType<typeof slice>, ReturnType<typeof slice>, ReturnType<typeof slice>];

describe("kube/proxy/endpoint-slices", () => {
  it("finds a slice by its name, or the place where it belongs", () => {
    const set = none.replaced(0, 0, a, c);

    expect([a, b, c].map(({ metadata }) => set.find(metadata.name))).to.deep.equal([0, -2, 1]);
  });

  it("leaves a set as it is when another takes its place", () => {
    const one = none.replaced(0, 0, a);
    const two = one.replaced(1, 0, b);

    expect([none, one, two].map(({ slices }) => slices.length)).to.deep.equal([0, 1, 2]);
  });

  it("gives a node the same map each time, and all nodes if no endpoint is in two slices", () => {
    const single = none.replaced(0, 0, a);
    const double = none.replaced(0, 0, a, b);

    expect(single.endpointsOn("node1")).to.equal(single.endpointsOn("node2"));
    expect(double.isForAll).to.equal(false);
    expect(double.endpointsOn("node1")).to.equal(double.endpointsOn("node1"));
    expect(double.endpointsOn("node1")).not.to.equal(double.endpointsOn("node2"));
  });
});
