import { expect } from "chai";
import fc from "fast-check";
import { jhashAddress, reciprocalScale, swapBytes } from "../../lib/base/jhash.ts";

describe("base/jhash", () => {
  it("chooses of four SNAT addresses the one that the kernel gives to 10.1.0.3", () => {
    // Seen on Linux 6.18: -j SNAT --to-source 10.2.0.5-10.2.0.8 --persistent.
    const choice = (source: number): number =>
      reciprocalScale(jhashAddress(swapBytes(source), 0), 4);

    expect(choice(0x0a010003)).to.equal(3);
  });

  it("scales a hash exactly, up to the largest count", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 0x100000000 }), (hash, count) => {
        const exact = Number((BigInt(hash >>> 0) * BigInt(count)) >> 32n);
        expect(reciprocalScale(hash, count)).to.equal(exact);
      }),
    );
  });

  it("swaps bytes there and back", () => {
    expect(swapBytes(0x01020304)).to.equal(0x04030201);
    fc.assert(fc.property(fc.integer(), (word) => swapBytes(swapBytes(word)) === word));
  });
});
