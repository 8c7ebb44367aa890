import { expect } from "chai";
import { fromHex, hex } from "../../lib/base/bytes.ts";
import * as icmp from "../../lib/wire/icmp.ts";
import { viewOf } from "../support/frames.ts";
import { agree, dirty } from "../support/headers.ts";

// A ping with 8 bytes of data.
const ECHO = fromHex("0800ebec000200010001020304050607");

describe("wire/icmp", () => {
  it("reads an echo request", () => {
    const view = viewOf(ECHO);

    expect(icmp.isValid(view, 0, 8)).to.equal(true);
    expect(icmp.checksumIsRight(view, 0, ECHO.length)).to.equal(true);
    expect([icmp.type(view, 0), icmp.id(view, 0), icmp.sequence(view, 0)]).to.deep.equal([8, 2, 1]);
  });

  it("builds the same bytes into a dirty buffer", () => {
    const { bytes, view } = dirty(16);
    bytes.set(ECHO.subarray(8), 8);
    icmp.write(view, 0, 16, icmp.ICMP_ECHO, 0, 0x00020001);

    expect(hex(bytes)).to.equal(hex(ECHO));
  });

  it("refuses a header cut short", () => {
    expect(icmp.isValid(viewOf(ECHO), 0, 7)).to.equal(false);
  });

  it("reads as its declaration decodes", () => {
    const { type, code, checksum, rest } = icmp;
    agree(icmp.ICMP, { type, code, checksum, rest });
  });

  it("keeps the checksum right when NAT sets another identifier", () => {
    const bytes = ECHO.slice();
    icmp.setId(viewOf(bytes), 0, 0xbeef);

    expect(icmp.checksumIsRight(viewOf(bytes), 0, bytes.length)).to.equal(true);
  });
});
