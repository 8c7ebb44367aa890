import { expect } from "chai";
import * as fc from "fast-check";
import { VethworkError } from "../../lib/base/errors.ts";
import * as units from "../../lib/base/units.ts";

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
