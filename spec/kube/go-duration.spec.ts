import { expect } from "chai";
import { assert, nat, property } from "fast-check";
import { NS_PER_MS, NS_PER_S } from "../../lib/base/units.ts";
import { formatGoDuration, parseGoDuration } from "../../lib/kube/go-duration.ts";

/** As Go 1.24 prints them. */
const PRINTED: readonly (readonly [number, string])[] = [
  [0, "0s"],
  [1, "1ns"],
  [1_100, "1.1µs"],
  [2_200_000, "2.2ms"],
  [3_300_000_000, "3.3s"],
  [20 * NS_PER_S, "20s"],
  [160 * NS_PER_S, "2m40s"],
  [300 * NS_PER_S, "5m0s"],
  [245 * NS_PER_S + NS_PER_MS, "4m5.001s"],
  [3_600 * NS_PER_S, "1h0m0s"],
  [100 * 3_600 * NS_PER_S + 61 * NS_PER_S, "100h1m1s"],
];

describe("kube/go-duration", () => {
  for (const [duration, text] of PRINTED) {
    it(`prints ${duration} ns as ${text}`, () => {
      expect(formatGoDuration(duration)).to.equal(text);
    });
  }

  it("reads what it prints", () => {
    assert(
      property(nat({ max: 400 * 3_600_000 }), (milliseconds) => {
        const duration = milliseconds * NS_PER_MS;
        expect(parseGoDuration(formatGoDuration(duration))).to.equal(duration);
      }),
    );
  });

  it("reads several units, as configurations write them", () => {
    expect(parseGoDuration("1h0m30s")).to.equal(3_630 * NS_PER_S);
    expect(parseGoDuration("1.5s")).to.equal(1_500 * NS_PER_MS);
  });
});
