import { expect } from "chai";
import { PortLayout } from "../../../../lib/kube/proxy/iptables/port-layout.ts";

/** Ports enough for several chunks. */
function keys(count: number): Map<string, null> {
  return new Map(Array.from({ length: count }, (_, index) => [`a/s${index}:http:TCP`, null]));
}

describe("kube/proxy/iptables/port-layout", () => {
  it("arranges ports in the order of their keys, whatever they came in", () => {
    const layout = PortLayout.NONE.after(new Set(), keys(100));

    expect(layout.chunks.flat()).to.deep.equal([...keys(100).keys()].sort());
    expect(layout.chunks.length).to.be.greaterThan(1);
  });

  it("is the same in whatever steps ports have come and gone", () => {
    const half = PortLayout.NONE.after(new Set(), keys(50).set("a/gone:http:TCP", null));

    expect(half.after(new Set(), keys(100)).chunks).to.deep.equal(
      PortLayout.NONE.after(new Set(), keys(100)).chunks,
    );
  });

  it("has the same lists where the keys are the same", () => {
    const before = PortLayout.NONE.after(new Set(), keys(100));
    const after = before.after(new Set(), keys(100).set("a/s5x:http:TCP", null));

    expect(after.chunks.filter((chunk) => !before.chunks.includes(chunk))).to.have.length(1);
  });

  it("finds the ports of a Service", () => {
    const layout = PortLayout.NONE.after(new Set(), keys(100).set("a/s7:dns:UDP", null));
    const found = layout.of("a/s7").map(({ chunk, slot }) => layout.chunks[chunk]?.[slot]);

    expect(found).to.deep.equal(["a/s7:dns:UDP", "a/s7:http:TCP"]);
    expect(layout.of("a/none")).to.deep.equal([]);
  });

  it("is made once for the same changes", () => {
    const changed = new Set(["a/s1"]);

    expect(PortLayout.NONE.after(changed, keys(9))).to.equal(
      PortLayout.NONE.after(changed, keys(9)),
    );
  });
});
