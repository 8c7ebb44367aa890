import { expect } from "chai";
import * as fc from "fast-check";
import { VethworkError } from "../../lib/base/errors.ts";
import * as mac from "../../lib/base/mac.ts";

describe("base/mac", () => {
  it("reads and prints any address", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (number) => {
        const address = Math.abs(number) % 2 ** 48;
        expect(mac.parseMac(mac.formatMac(address))).to.equal(address);
      }),
    );
  });

  it("refuses what is no address", () => {
    for (const text of [
      "02:00:00:00:00",
      "02-00-00-00-00-01",
      "02:00:00:00:00:0g",
      "2:0:0:0:0:1",
      "",
    ]) {
      expect(() => mac.parseMac(text), text).to.throw(VethworkError, "is not a MAC address");
    }
  });

  it("tells group addresses by the lowest bit of the first octet [IEEE 802 §8.2]", () => {
    expect(mac.isGroupMac(mac.parseMac("01:00:5e:00:00:01"))).to.equal(true);
    expect(mac.isGroupMac(mac.BROADCAST_MAC)).to.equal(true);
    expect(mac.isGroupMac(mac.parseMac("fe:ff:ff:ff:ff:ff"))).to.equal(false);
  });

  it("makes local unicast addresses from names, other ones from other names", () => {
    const names = Array.from({ length: 500 }, (_, index) => `node${index % 5}/veth${index}`);
    const made = names.map(mac.macFromName);

    expect(new Set(made).size).to.equal(names.length);
    for (const address of made) expect(Math.floor(address / 2 ** 40) & 3).to.equal(2);
  });
});
