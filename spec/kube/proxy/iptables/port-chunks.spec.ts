import { expect } from "chai";
import { PortChunk, PortChunks } from "../../../../lib/kube/proxy/iptables/port-chunks.ts";

/** Ports enough for several chunks. */
function keys(count: number): Map<string, null> {
  return new Map(Array.from({ length: count }, (_, index) => [`a/s${index}:http:TCP`, null]));
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
  it("arranges ports in the order of their keys, whatever they came in", () => {
    const ports = PortChunks.NONE.arrange(keys(100), () => 2);
    const order = ports.chunks.flatMap(({ slots }) => slots.map(({ key }) => key));

    expect(order).to.deep.equal([...keys(100).keys()].sort());
    expect(ports.chunks.length).to.be.greaterThan(1);
    expect(ports.endpoints).to.equal(200);
  });

  it("keeps chunks that nothing has come to or gone from", () => {
    const before = written(PortChunks.NONE.arrange(keys(100), () => 1));
    const more = keys(100).set("a/s5x:http:TCP", null);

    const after = before.arrange(more, () => 1);
    const fresh = after.chunks.filter((chunk) => !before.chunks.includes(chunk));

    expect(fresh.map(({ isDirty }) => isDirty)).to.deep.equal([true]);
    expect(before.arrange(keys(100), () => 1).chunks).to.deep.equal(before.chunks);
  });

  it("forgets the ports of a Service, and counts their endpoints anew", () => {
    const before = written(PortChunks.NONE.arrange(keys(100), () => 1));

    const after = before.forget(["a/s7", "a/unknown"], () => 5);

    expect(after.endpoints).to.equal(104);
    expect(after.ofService("a/s7").map((slot) => slot.written)).to.deep.equal([null]);
    expect(before.ofService("a/s7").map((slot) => slot.written)).not.to.deep.equal([null]);
    expect(after.chunks.filter(({ isDirty }) => isDirty)).to.have.length(1);
  });
});
