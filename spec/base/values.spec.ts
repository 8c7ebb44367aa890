import { expect } from "chai";
import * as fc from "fast-check";
import * as bytes from "../../lib/base/bytes.ts";
import { placeAt, VethworkError } from "../../lib/base/errors.ts";
import * as mac from "../../lib/base/mac.ts";
import { Ring } from "../../lib/base/ring.ts";
import * as units from "../../lib/base/units.ts";

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

describe("base/units", () => {
  const durations: [string, number][] = [
    ["0", 0],
    ["50us", 50_000],
    ["50µs", 50_000],
    ["1.5ms", 1_500_000],
    ["2s", 2_000_000_000],
    ["3m", 180_000_000_000],
    ["1h", 3_600_000_000_000],
  ];
  for (const [text, ns] of durations) {
    it(`reads the duration ${text}`, () => {
      expect(units.parseDuration(text)).to.equal(ns);
    });
  }

  it("reads rates as tc does: bits, decimal and binary [tc(8)]", () => {
    expect(units.parseRate("10Mbit")).to.equal(10_000_000);
    expect(units.parseRate("1Kibit")).to.equal(1024);
  });

  it("refuses missing and unknown units, signs and a rate of 0", () => {
    for (const text of ["5", "5 parsecs", "-5ms", "", "ms", "1e3ms"]) {
      expect(() => units.parseDuration(text), text).to.throw(VethworkError, "is not a duration");
    }
    expect(() => units.parseRate("0bit")).to.throw(VethworkError, "a rate is above 0");
    expect(() => units.parsePercent("101%")).to.throw(VethworkError, "is not a percentage");
  });

  it("prints durations that read back as the same", () => {
    fc.assert(
      fc.property(fc.nat({ max: 10 ** 12 }), (ns) => {
        expect(units.parseDuration(units.formatDuration(ns))).to.equal(ns);
      }),
    );
  });
});

describe("base/ring", () => {
  it("agrees with an array under any mixture of pushes and shifts", () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat()), { maxLength: 200 }), (operations) => {
        const ring = new Ring<number>(2);
        const array: number[] = [];
        for (const value of operations) {
          if (value === null) {
            expect(ring.shift()).to.equal(array.shift() ?? null);
          } else {
            ring.push(value);
            array.push(value);
          }
          expect(ring.length).to.equal(array.length);
          expect(ring.peek()).to.equal(array[0] ?? null);
          expect(ring.peek(array.length - 1)).to.equal(array.at(-1) ?? null);
          expect(ring.peek(array.length)).to.equal(null);
        }
      }),
    );
  });
});

describe("base/bytes", () => {
  it("reads back what it prints as hexadecimal", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (content) => {
        expect(bytes.fromHex(bytes.hex(content))).to.deep.equal(content);
      }),
    );
  });

  it("finds the first difference, also where one ends", () => {
    expect(bytes.firstDifference(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).to.equal(1);
    expect(bytes.firstDifference(Uint8Array.of(1), Uint8Array.of(1, 3))).to.equal(1);
    expect(bytes.firstDifference(Uint8Array.of(1), Uint8Array.of(1))).to.equal(-1);
  });
});

describe("base/errors", () => {
  it("names line and column, both from 1", () => {
    expect(placeAt("lab.yaml", "a\nbc\n", 3)).to.deep.equal({
      file: "lab.yaml",
      line: 2,
      column: 2,
    });
    expect(placeAt("lab.yaml", "a", 0)).to.include({ line: 1, column: 1 });
  });

  it("puts place, problem and hint into one line and keeps the nearer place", () => {
    const error = new VethworkError("VW_LAB", "no such node", "for example h1");
    const placed = error
      .at({ file: "a", line: 3, column: 4 })
      .at({ file: "b", line: 1, column: 1 });

    expect(placed.message).to.equal("a:3:4: no such node (for example h1)");
  });
});
