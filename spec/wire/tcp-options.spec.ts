import { expect } from "chai";
import * as fc from "fast-check";
import { fromHex, hex } from "../../lib/base/bytes.ts";
import * as option from "../../lib/wire/tcp-options.ts";
import { TcpOptions } from "../../lib/wire/tcp-options.ts";
import { viewOf } from "../support/frames.ts";
import { dirty, SYN } from "../support/headers.ts";

describe("wire/tcp-options", () => {
  function parse(text: string, syn = true): TcpOptions {
    const bytes = fromHex(text);
    const options = new TcpOptions();
    options.parse(viewOf(bytes), 0, bytes.length, syn);
    return options;
  }

  it("reads the options of a recorded SYN", () => {
    expect(parse(hex(SYN.subarray(54)))).to.include({
      mss: 1460,
      sackPermitted: true,
      hasTimestamps: true,
      timestampValue: 0xb0b02c0c | 0,
      timestampEcho: 0,
      windowScale: 10,
    });
  });

  it("ignores in other segments what only a SYN may carry", () => {
    expect(parse("020405b4040203030a", false)).to.include({
      mss: 0,
      sackPermitted: false,
      windowScale: -1,
    });
  });

  it("uses a window scale above 14 as 14 [RFC 7323 §2.3]", () => {
    expect(parse("03030f").windowScale).to.equal(14);
  });

  it("ends at malformed options and keeps what came before", () => {
    for (const tail of ["02", "0200", "0201", "02ff05b4", "0000", "03"]) {
      expect(parse(`0402${tail}`), tail).to.include({
        sackPermitted: true,
        mss: 0,
        windowScale: -1,
      });
    }
  });

  it("reads back the SACK blocks that it writes", () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 2, maxLength: 8 }), (edges) => {
        const count = Math.floor(edges.length / 2);
        const { bytes, view } = dirty(34);
        const end = option.writeSack(view, 0, Int32Array.from(edges), count);
        const options = new TcpOptions();

        options.parse(viewOf(bytes), 0, end, false);

        expect(options.sackCount).to.equal(count);
        expect([...options.sack.subarray(0, 2 * count)]).to.deep.equal(edges.slice(0, 2 * count));
      }),
    );
  });

  it("never reads beyond the end, whatever the bytes", () => {
    const options = new TcpOptions();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        options.parse(viewOf(bytes), 0, bytes.length, true);
        expect(options.sackCount).to.be.at.most(4);
      }),
    );
  });
});
