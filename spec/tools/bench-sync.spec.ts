import { expect } from "chai";
import { benchSync } from "../../tools/bench/sync.ts";

describe("tools/bench/sync", () => {
  it("rewrites one Service of many after one endpoint's change", () => {
    const { services, endpoints, fullBytes, oneEndpointBytes } = benchSync(50, 5);

    expect([services, endpoints]).to.deep.equal([50, 250]);
    expect(oneEndpointBytes)
      .to.be.greaterThan(0)
      .and.lessThan(fullBytes / 4);
  });
});
