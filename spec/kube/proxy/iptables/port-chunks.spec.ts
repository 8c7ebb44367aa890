import { expect } from "chai";
import { PortChunk, PortChunks } from "../../../../lib/kube/proxy/iptables/port-chunks.ts";
import { PortLayout } from "../../../../lib/kube/proxy/iptables/port-layout.ts";

/** Ports enough for several chunks. */
function keys(count: number): Map<string, null> {
  return new Map(Array.from({ length: count }, (_, index) => [`a/s${index}:http:TCP`, null]));
}

function arranged(): PortChunks {
  return PortChunks.NONE.arrange(PortLayout.NONE.after(new Set(), keys(100)), () => 1);
}

/** The same chunks with all ports written. */
function written(ports: PortChunks): PortChunks {
  const nothing = { filter: null, shared: null, own: null, declared: null, chains: [] };
  return ports.written(
    ports.chunks.map(
      ({ slots }) => new PortChunk(slots.map((slot) => ({ ...slot, written: nothing }))),
    ),
  );
}

describe("kube/proxy/iptables/port-chunks", () => {
  it("keeps chunks that nothing has come to or gone from", () => {
    const before = written(arranged());
    const layout = before.layoutAfter(new Set(), keys(100).set("a/s5x:http:TCP", null));

    const after = before.arrange(layout, () => 1);
    const fresh = after.chunks.filter((chunk) => !before.chunks.includes(chunk));

    expect(fresh.map(({ isDirty }) => isDirty)).to.deep.equal([true]);
    expect(after.endpoints).to.equal(101);
    expect(after.ofService("a/s7").map((slot) => slot.written)).not.to.deep.equal([null]);
  });

  it("takes over what is written into a layout of another past", () => {
    const before = written(arranged());
    const after = before.arrange(PortLayout.NONE.after(new Set(), keys(101)), () => 3);

    expect(after.endpoints).to.equal(103);
    expect(after.chunks.filter(({ isDirty }) => isDirty)).to.have.length(1);
  });

  it("forgets the ports of a Service, and counts their endpoints anew", () => {
    const before = written(arranged());

    const after = before.forget(["a/s7", "a/unknown"], () => 5);

    expect(after.endpoints).to.equal(104);
    expect(after.ofService("a/s7").map((slot) => slot.written)).to.deep.equal([null]);
    expect(before.ofService("a/s7").map((slot) => slot.written)).not.to.deep.equal([null]);
    expect(after.chunks.filter(({ isDirty }) => isDirty)).to.have.length(1);
  });
});
