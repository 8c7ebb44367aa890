import { expect } from "chai";
import * as fc from "fast-check";
import * as bytes from "../../lib/base/bytes.ts";

describe("base/bytes", () => {
  it("reads back what it prints as hexadecimal", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (content) => {
        expect(bytes.fromHex(bytes.hex(content))).to.deep.equal(content);
      }),
    );
  });

  it("finds the first difference, also where one ends", () => {
    expect(bytes.firstDifference(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).to.equal(1);
    expect(bytes.firstDifference(Uint8Array.of(1), Uint8Array.of(1, 3))).to.equal(1);
    expect(bytes.firstDifference(Uint8Array.of(1), Uint8Array.of(1))).to.equal(-1);
  });
});
