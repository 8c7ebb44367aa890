import { expect } from "chai";
import * as fc from "fast-check";
import { hex } from "../../lib/base/bytes.ts";
import { formatIpv4, parseIpv4 } from "../../lib/base/inet.ts";
import * as ipv4 from "../../lib/wire/ipv4.ts";
import { viewOf } from "../support/frames.ts";
import { agree, dirty, L3, L4, SYN } from "../support/headers.ts";

describe("wire/ipv4", () => {
  it("reads a recorded header", () => {
    const view = viewOf(SYN);

    expect(ipv4.isValid(view, L3, SYN.length)).to.equal(true);
    expect(ipv4.checksumIsRight(view, L3)).to.equal(true);
    expect(ipv4.totalLength(view, L3)).to.equal(60);
    expect(ipv4.id(view, L3)).to.equal(0x2db7);
    expect(ipv4.hasDf(view, L3)).to.equal(true);
    expect(ipv4.isFragment(view, L3)).to.equal(false);
    expect(formatIpv4(ipv4.destination(view, L3))).to.equal("10.96.12.34");
  });

  it("builds the same bytes into a dirty buffer, with the checksum", () => {
    const { bytes, view } = dirty(20);
    ipv4.write(view, 0, {
      tos: 0,
      length: 60,
      id: 0x2db7,
      fragment: ipv4.FLAG_DF,
      ttl: 64,
      protocol: 6,
      source: parseIpv4("10.244.1.2"),
      destination: parseIpv4("10.96.12.34"),
    });

    expect(hex(bytes)).to.equal(hex(SYN.subarray(L3, L4)));
  });

  it("refuses every truncated or lying length", () => {
    const valid = (change: (view: DataView) => void, end = SYN.length): boolean => {
      const bytes = SYN.slice();
      change(viewOf(bytes));
      return ipv4.isValid(viewOf(bytes), L3, end);
    };

    for (let end = L3; end < SYN.length; end += 1) expect(valid(() => {}, end)).to.equal(false);
    expect(
      valid((view) => view.setUint8(L3, 0x65)),
      "version 6",
    ).to.equal(false);
    expect(
      valid((view) => view.setUint8(L3, 0x44)),
      "four words",
    ).to.equal(false);
    expect(
      valid((view) => view.setUint16(L3 + 2, 19)),
      "below the header",
    ).to.equal(false);
    expect(
      valid((view) => view.setUint16(L3 + 2, 61)),
      "beyond the frame",
    ).to.equal(false);
    expect(
      valid((view) => view.setUint16(L3 + 2, 59)),
      "padding",
    ).to.equal(true);
  });

  it("reads as its declaration decodes", () => {
    const { tos, totalLength: length, id, ttl, protocol, checksum, source, destination } = ipv4;
    agree(ipv4.IPV4, { tos, length, id, ttl, protocol, checksum, source, destination });
  });

  it("keeps the checksum right under any change of TTL, TOS and addresses [RFC 1624]", () => {
    fc.assert(
      fc.property(fc.nat(255), fc.nat(255), fc.integer(), fc.integer(), (ttl, tos, from, to) => {
        const bytes = SYN.slice();
        const view = viewOf(bytes);
        ipv4.setTtl(view, L3, ttl);
        ipv4.setTos(view, L3, tos);
        ipv4.setSource(view, L3, from);
        ipv4.setDestination(view, L3, to);

        expect(ipv4.checksumIsRight(view, L3)).to.equal(true);
        expect([ipv4.ttl(view, L3), ipv4.tos(view, L3)]).to.deep.equal([ttl, tos]);
      }),
    );
  });
});
