import { expect } from "chai";
import * as fc from "fast-check";
import { fromHex, hex } from "../../lib/base/bytes.ts";
import { parseIpv4 } from "../../lib/base/inet.ts";
import * as udp from "../../lib/wire/udp.ts";
import { viewOf } from "../support/frames.ts";
import { agree, dirty } from "../support/headers.ts";

describe("wire/udp", () => {
  const [from, to] = [parseIpv4("10.0.0.1"), parseIpv4("10.0.0.2")];
  // 40000 > 9, "hello"; the sum by hand: 0a00 0001 0a00 0002 0011 000d 9c40 0009 000d 6865 6c6c 6f00.
  const HELLO = fromHex("9c400009000d0bb668656c6c6f");

  it("reads a datagram", () => {
    const view = viewOf(HELLO);

    expect(udp.isValid(view, 0, HELLO.length)).to.equal(true);
    expect([
      udp.sourcePort(view, 0),
      udp.destinationPort(view, 0),
      udp.length(view, 0),
    ]).to.deep.equal([40000, 9, 13]);
    expect(udp.checksumIsRight(view, 0, from, to)).to.equal(true);
  });

  it("builds the same bytes into a dirty buffer", () => {
    const { bytes, view } = dirty(13);
    bytes.set(HELLO.subarray(8), 8);
    udp.write(view, 0, 40000, 9, 13);
    udp.finishDatagram(view, 0, from, to);

    expect(hex(bytes)).to.equal(hex(HELLO));
  });

  it("refuses truncated and lying lengths", () => {
    const view = viewOf(HELLO.slice());
    for (let end = 0; end < 13; end += 1) expect(udp.isValid(view, 0, end)).to.equal(false);
    view.setUint16(4, 7);
    expect(udp.isValid(view, 0, 13)).to.equal(false);
  });

  it("reads as its declaration decodes", () => {
    const { sourcePort, destinationPort, length, checksum } = udp;
    agree(udp.UDP, { sourcePort, destinationPort, length, checksum });
  });

  it("sends a computed 0 as 0xffff and takes 0 as absent [RFC 768]", () => {
    fc.assert(
      fc.property(fc.nat(0xffff), (word) => {
        const { bytes, view } = dirty(10);
        view.setUint16(8, word);
        udp.write(view, 0, 0, 0, 10);
        udp.finishDatagram(view, 0, 0, 0);

        expect(udp.checksum(view, 0)).to.not.equal(0);
        expect(udp.checksumIsRight(view, 0, 0, 0)).to.equal(true);
        bytes.set([0, 0], 6);
        expect(udp.checksumIsRight(view, 0, 0, 0)).to.equal(true);
      }),
    );
    // The word that makes the sum of a header of length 10 and protocol 17 come to 0xffff.
    const { view } = dirty(10);
    view.setUint16(8, 0xffff - 10 - 10 - 17);
    udp.write(view, 0, 0, 0, 10);
    udp.finishDatagram(view, 0, 0, 0);
    expect(udp.checksum(view, 0)).to.equal(0xffff);
  });
});
