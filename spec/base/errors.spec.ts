import { expect } from "chai";
import { VethworkError } from "../../lib/base/errors.ts";

describe("base/errors", () => {
  it("puts place, problem and hint into one line and keeps the nearer place", () => {
    const error = new VethworkError("VW_LAB", "no such node", "for example h1");
    const placed = error
      .at({ file: "a", line: 3, column: 4 })
      .at({ file: "b", line: 1, column: 1 });

    expect(placed.message).to.equal("a:3:4: no such node (for example h1)");
  });
});
