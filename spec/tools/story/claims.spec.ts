import { expect } from "chai";
import { Claims } from "../../../tools/story/claims.ts";

describe("tools/story/claims", () => {
  it("gives each thing to one taker only, whichever asks first", () => {
    const things = ["a", "b", "c", "d"];
    const ours = new Claims(things);
    const theirs = new Claims(things, ours.memory);
    const front = ours.take(0);
    const back = theirs.take(2);

    const given = [front.next(), back.next(), front.next(), front.next(), back.next()];

    expect(given.map(({ value }) => value)).to.deep.equal([
      [0, "a"],
      [2, "c"],
      [1, "b"],
      [3, "d"],
      undefined,
    ]);
    expect([...front, ...theirs.take(0)]).to.deep.equal([]);
  });
});
