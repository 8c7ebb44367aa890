import { expect } from "chai";
import { Random } from "../../lib/sim/random.ts";

describe("sim/random", () => {
  function draws(seed: number, name: string, count = 20): number[] {
    const stream = new Random(seed).stream(name);
    return Array.from({ length: count }, () => stream.int32());
  }

  it("draws the same numbers from the same seed and name", () => {
    expect(draws(7, "node1:tcp:isn")).to.deep.equal(draws(7, "node1:tcp:isn"));
  });

  it("draws other numbers from another seed, another name, and a seed above 32 bits", () => {
    const base = draws(7, "a");

    for (const other of [draws(8, "a"), draws(7, "b"), draws(7 + 2 ** 32, "a")]) {
      expect(other).to.not.deep.equal(base);
    }
  });

  it("leaves a stream alone whatever other streams do", () => {
    const random = new Random(1);
    const first = random.stream("a").int32();
    for (let index = 0; index < 10; index += 1) random.stream("b").int32();

    expect([first, random.stream("a").int32()]).to.deep.equal(draws(1, "a", 2));
  });

  it("spreads evenly over a bound and keeps within it", () => {
    const stream = new Random(3).stream("dice");
    const counts = new Array<number>(6).fill(0);
    for (let index = 0; index < 6000; index += 1) {
      const face = stream.below(6);
      counts[face] = (counts[face] ?? 0) + 1;
    }

    expect(counts.reduce((sum, count) => sum + count)).to.equal(6000);
    for (const count of counts) expect(count).to.be.within(850, 1150);
  });

  it("never happens with chance 0 and always with 1", () => {
    const stream = new Random(3).stream("coin");
    const results = Array.from({ length: 100 }, () => [stream.chance(0), stream.chance(1)]);

    for (const [never, always] of results) {
      expect(never).to.equal(false);
      expect(always).to.equal(true);
    }
  });

  it("names the stream whose final draw differs", () => {
    const [left, right] = [new Random(1), new Random(1)];
    for (const random of [left, right]) random.stream("a").int32();
    right.stream("b").int32();
    left.stream("b");

    expect(left.finalDraws().get("a")).to.equal(right.finalDraws().get("a"));
    expect(left.finalDraws().get("b")).to.not.equal(right.finalDraws().get("b"));
  });
});
