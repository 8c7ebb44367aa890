import { createHash } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import { hex, utf8 } from "../../lib/base/bytes.ts";
import { sha512 } from "../../lib/base/sha512.ts";

describe("base/sha512", () => {
  it("gives the digests of the standard's examples (FIPS 180-4)", () => {
    expect(hex(sha512(utf8("")))).to.equal(
      "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
    );
    expect(hex(sha512(utf8("abc")))).to.equal(
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    );
  });

  it("agrees with another implementation on any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const expected = createHash("sha512").update(bytes).digest("hex");

        expect(hex(sha512(bytes))).to.equal(expected);
      }),
    );
  });
});
