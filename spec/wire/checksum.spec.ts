import { expect } from "chai";
import * as fc from "fast-check";
import { fromHex } from "../../lib/base/bytes.ts";
import * as checksum from "../../lib/wire/checksum.ts";
import { viewOf } from "../support/frames.ts";

/** RFC 1071 §4.1, word for word: one 16-bit word at a time, an odd byte in the high half. */
function slowSum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) {
    sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    sum = (sum & 0xffff) + (sum >>> 16);
  }
  return sum;
}

/** Equal as one's complement numbers: 0 and 0xffff are both zero. */
function same(a: number, b: number): boolean {
  return a % 0xffff === b % 0xffff;
}

describe("wire/checksum", () => {
  it("sums the example of the RFC [RFC 1071 §3]", () => {
    const bytes = fromHex("0001f203f4f5f6f7");

    expect(checksum.sum(viewOf(bytes), 0, bytes.length)).to.equal(0xddf2);
    expect(checksum.finish(0xddf2)).to.equal(0x220d);
  });

  it("sums as the RFC's program does, whatever bytes, length and position", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(20), (bytes, skip) => {
        const at = Math.min(skip, bytes.length);
        const expected = slowSum(bytes.subarray(at));

        expect(checksum.sum(viewOf(bytes), at, bytes.length - at)).to.equal(expected);
      }),
    );
  });

  it("sums the largest packet of ones without losing a carry", () => {
    const bytes = new Uint8Array(65536).fill(0xff);

    expect(checksum.sum(viewOf(bytes), 0, bytes.length)).to.equal(0xffff);
  });

  it("adds partial sums of pieces [RFC 1071 §2]", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(30), (bytes, words) => {
        const cut = Math.min(2 * words, bytes.length - (bytes.length % 2));
        const view = viewOf(bytes);
        const parts = checksum.add(
          checksum.sum(view, 0, cut),
          checksum.sum(view, cut, bytes.length - cut),
        );

        expect(parts).to.equal(slowSum(bytes));
      }),
    );
  });

  it("updates the example of the RFC [RFC 1624 §4]", () => {
    expect(checksum.update16(0xdd2f, 0x5555, 0x3285)).to.equal(0x0000);
  });

  it("updates to what a new sum gives", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 8, maxLength: 40 }),
        fc.integer(),
        fc.nat(0xffff),
        (bytes, address, word) => {
          const view = viewOf(bytes);
          const before = checksum.finish(checksum.sum(view, 0, bytes.length));
          let updated = checksum.update32(before, view.getInt32(0), address);
          view.setInt32(0, address);
          updated = checksum.update16(updated, view.getUint16(4), word);
          view.setUint16(4, word);
          const right = checksum.finish(checksum.sum(view, 0, bytes.length));

          expect(same(updated, right), `${updated} ${right}`).to.equal(true);
        },
      ),
    );
  });

  it("sums the pseudo header as twelve bytes in front [RFC 9293 §3.1]", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), fc.nat(65535), (source, destination, length) => {
        const bytes = new Uint8Array(12);
        const view = viewOf(bytes);
        view.setInt32(0, source);
        view.setInt32(4, destination);
        view.setUint8(9, 6);
        view.setUint16(10, length);

        expect(checksum.pseudoHeaderSum(source, destination, 6, length)).to.equal(slowSum(bytes));
      }),
    );
  });
});
