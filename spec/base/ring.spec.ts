import { expect } from "chai";
import * as fc from "fast-check";
import { Ring } from "../../lib/base/ring.ts";

describe("base/ring", () => {
  it("agrees with an array under any mixture of pushes and shifts", () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat()), { maxLength: 200 }), (operations) => {
        const ring = new Ring<number>(2);
        const array: number[] = [];
        for (const value of operations) {
          if (value === null) {
            expect(ring.shift()).to.equal(array.shift() ?? null);
          } else {
            ring.push(value);
            array.push(value);
          }
          expect(ring.length).to.equal(array.length);
          expect(ring.peek()).to.equal(array[0] ?? null);
          expect(ring.peek(array.length - 1)).to.equal(array.at(-1) ?? null);
          expect(ring.peek(array.length)).to.equal(null);
        }
      }),
    );
  });
});
