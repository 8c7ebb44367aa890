import { expect } from "chai";
import * as fc from "fast-check";
import * as sequence from "../../lib/wire/sequence.ts";

const anyNumber = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

describe("wire/sequence", () => {
  it("orders numbers on both sides of the wrap [RFC 9293 §3.4]", () => {
    expect(sequence.before(-1, 0), "0xffffffff before 0").to.equal(true);
    expect(sequence.before(0x7fffffff, -0x80000000), "0x7fffffff before 0x80000000").to.equal(true);
    expect(sequence.after(5, -5)).to.equal(true);
    expect(sequence.before(7, 7)).to.equal(false);
    expect(sequence.after(7, 7)).to.equal(false);
  });

  it("puts a number before all that come within the next 2^31 - 1", () => {
    fc.assert(
      fc.property(anyNumber, fc.integer({ min: 1, max: 2 ** 31 - 1 }), (from, distance) => {
        const to = (from + distance) | 0;

        expect(sequence.before(from, to)).to.equal(true);
        expect(sequence.after(to, from)).to.equal(true);
        expect(sequence.after(from, to)).to.equal(false);
      }),
    );
  });

  it("takes a range's ends for inside, also when the range wraps", () => {
    expect(sequence.between(-2, -2, 3)).to.equal(true);
    expect(sequence.between(0, -2, 3)).to.equal(true);
    expect(sequence.between(3, -2, 3)).to.equal(true);
    expect(sequence.between(4, -2, 3)).to.equal(false);
    expect(sequence.between(-3, -2, 3)).to.equal(false);
  });

  it("takes what overlaps a window for inside, and an empty segment at its end", () => {
    const inside = (seq: number, end: number) => sequence.inWindow(seq, end, 100, 10);

    expect(inside(90, 101), "its last byte is the first").to.equal(true);
    expect(inside(109, 200), "its first byte is the last").to.equal(true);
    expect(inside(110, 110), "a pure ACK behind a full window").to.equal(true);
    expect(inside(90, 100)).to.equal(false);
    expect(inside(110, 111)).to.equal(false);
    expect(sequence.inWindow(100, 100, 100, 0), "a closed window").to.equal(true);
  });
});
