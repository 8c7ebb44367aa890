import { createHash } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import { hex, utf8 } from "../../lib/base/bytes.ts";
import { sha256, sha256Hex } from "../../lib/base/sha256.ts";

describe("base/sha256", () => {
  it("gives the digests of the standard's examples (FIPS 180-4)", () => {
    expect(hex(sha256(utf8("")))).to.equal(
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    );
    expect(hex(sha256(utf8("abc")))).to.equal(
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
  });

  it("agrees with another implementation on any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const expected = createHash("sha256").update(bytes).digest("hex");

        expect(hex(sha256(bytes))).to.equal(expected);
        expect(sha256Hex(bytes)).to.equal(expected);
      }),
    );
  });
});
