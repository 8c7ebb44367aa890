import { expect } from "chai";
import { hex } from "../../lib/base/bytes.ts";
import { formatMac, parseMac } from "../../lib/base/mac.ts";
import * as ethernet from "../../lib/wire/ethernet.ts";
import { viewOf } from "../support/frames.ts";
import { agree, dirty, SYN } from "../support/headers.ts";

describe("wire/ethernet", () => {
  it("reads a recorded header", () => {
    const view = viewOf(SYN);

    expect(formatMac(ethernet.destination(view, 0))).to.equal("02:00:00:00:01:fe");
    expect(formatMac(ethernet.source(view, 0))).to.equal("02:00:0a:f4:01:02");
    expect(ethernet.type(view, 0)).to.equal(0x0800);
  });

  it("builds the same bytes into a dirty buffer", () => {
    const { bytes, view } = dirty(14);
    ethernet.write(view, 0, parseMac("02:00:00:00:01:fe"), parseMac("02:00:0a:f4:01:02"), 0x0800);

    expect(hex(bytes)).to.equal(hex(SYN.subarray(0, 14)));
  });

  it("reads as its declaration decodes", () => {
    const { destination, source, type } = ethernet;
    agree(ethernet.ETHERNET, { destination, source, type });
  });
});
