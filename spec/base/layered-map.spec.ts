import { expect } from "chai";
import { LayeredMap } from "../../lib/base/layered-map.ts";

describe("base/layered-map", () => {
  const lower = new Map([
    ["a", 1],
    ["b", 2],
  ]);
  const upper = new Map([
    ["c", 3],
    ["a", 4],
  ]);
  const both = new LayeredMap(lower, upper);

  it("has the entries that a copy of both would have, in the same order", () => {
    const copy = new Map([...lower, ...upper]);

    expect([...both]).to.deep.equal([...copy]);
    expect([...both.keys()]).to.deep.equal([...copy.keys()]);
    expect([...both.values()]).to.deep.equal([...copy.values()]);
    expect(both.size).to.equal(3);
  });

  it("finds keys of either map, those of the upper one first", () => {
    expect(both.get("a")).to.equal(4);
    expect(both.get("b")).to.equal(2);
    expect(both.get("d")).to.equal(undefined);
    expect([both.has("b"), both.has("c"), both.has("d")]).to.deep.equal([true, true, false]);
  });

  it("visits all entries", () => {
    const seen: string[] = [];

    both.forEach((value, key) => {
      seen.push(`${key}=${value}`);
    });

    expect(seen).to.deep.equal(["a=4", "b=2", "c=3"]);
  });
});
