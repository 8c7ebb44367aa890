import { expect } from "chai";
import * as fc from "fast-check";
import { VethworkError } from "../../lib/base/errors.ts";
import * as inet from "../../lib/base/inet.ts";

describe("base/inet", () => {
  it("reads and prints any address", () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (address) => {
        expect(inet.parseIpv4(inet.formatIpv4(address))).to.equal(address);
      }),
    );
  });

  it("keeps addresses from 128.0.0.0 on as negative int32", () => {
    expect(inet.parseIpv4("192.168.0.1")).to.equal(0xc0a80001 | 0);
    expect(inet.formatIpv4(-1)).to.equal("255.255.255.255");
  });

  // What ip-num or a lenient parser might take: each is refused.
  for (const text of [
    "",
    "10.0.0",
    "10.0.0.256",
    "010.0.0.1",
    " 10.0.0.1",
    "10.0.0.1 ",
    "0x0a.0.0.1",
    "10.0.0.-1",
    "1e1.0.0.1",
    "::1",
    "10.0.0.1/8",
    "١٠.0.0.1",
  ]) {
    it(`refuses ${JSON.stringify(text)} as an address`, () => {
      expect(() => inet.parseIpv4(text)).to.throw(
        VethworkError,
        `"${text}" is not an IPv4 address`,
      );
    });
  }

  for (const text of [
    "10.0.0.0",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/08",
    "10.0.0.0/-1",
    "10.0.0.0/8 ",
    "/8",
    "::/0",
    "10.0.0.0/255.0.0.0",
  ]) {
    it(`refuses ${JSON.stringify(text)} as a network`, () => {
      expect(() => inet.parseCidr(text))
        .to.throw(VethworkError)
        .with.property("code", "VW_ADDRESS");
    });
  }

  it("refuses host bits in a network and names the network, but takes them for an interface", () => {
    expect(() => inet.parseCidr("10.0.0.1/8")).to.throw(
      VethworkError,
      '"10.0.0.1/8" has host bits set (the network is 10.0.0.0/8)',
    );
    expect(inet.formatCidr(inet.parseInterfaceCidr("10.0.0.1/8"))).to.equal("10.0.0.1/8");
  });

  it("converts between prefix lengths and masks", () => {
    for (let length = 0; length <= 32; length += 1) {
      expect(inet.prefixLengthOf(inet.maskOf(length))).to.equal(length);
    }
    expect(inet.maskOf(0)).to.equal(0);
    expect(inet.maskOf(32)).to.equal(-1);
    expect(inet.prefixLengthOf(0xff00ff00 | 0)).to.equal(-1);
  });

  it("holds exactly the addresses from the first to the last of a network", () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(32), fc.integer(), (base, prefixLength, other) => {
        const address = inet.networkOf(base, prefixLength);
        const last = inet.broadcastOf(base, prefixLength);
        const inside = inet.compareIpv4(other, address) >= 0 && inet.compareIpv4(other, last) <= 0;

        expect(inet.contains({ address, prefixLength }, other)).to.equal(inside);
      }),
    );
  });

  it("finds overlaps whichever network is larger", () => {
    const [large, small, other] = ["10.0.0.0/8", "10.9.0.0/16", "11.0.0.0/8"].map(inet.parseCidr);

    expect(inet.overlaps(large!, small!)).to.equal(true);
    expect(inet.overlaps(small!, large!)).to.equal(true);
    expect(inet.overlaps(small!, other!)).to.equal(false);
  });

  it("orders addresses as unsigned numbers", () => {
    const sorted = ["200.0.0.1", "10.0.0.1", "127.0.0.1"]
      .map(inet.parseIpv4)
      .sort(inet.compareIpv4);

    expect(sorted.map(inet.formatIpv4)).to.deep.equal(["10.0.0.1", "127.0.0.1", "200.0.0.1"]);
  });

  it("knows multicast, loopback and zero networks by their edges", () => {
    const of = (text: string) => inet.parseIpv4(text);

    expect(
      ["223.255.255.255", "224.0.0.0", "239.255.255.255", "240.0.0.0"].map((text) =>
        inet.isMulticast(of(text)),
      ),
    ).to.deep.equal([false, true, true, false]);
    expect(
      ["126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"].map((text) =>
        inet.isLoopback(of(text)),
      ),
    ).to.deep.equal([false, true, true, false]);
    expect(["0.0.0.0", "0.0.0.1"].map((text) => inet.isZeroNet(of(text)))).to.deep.equal([
      true,
      false,
    ]);
  });
});
