import { expect } from "chai";
import { caseNames, compareCase, isEqual } from "../../tools/control-plane/compare.ts";
import { playCase } from "../../tools/control-plane/play.ts";
import { compareWrites } from "../../tools/control-plane/writes.ts";
import { CONTROL_PLANE_FOLDER } from "../../tools/corpus.ts";

describe("tools/control-plane", () => {
  for (const name of caseNames(CONTROL_PLANE_FOLDER)) {
    it(`does what the real control plane did: ${name}`, () => {
      const result = compareCase(CONTROL_PLANE_FOLDER, name);

      expect(isEqual(result), JSON.stringify(result)).to.equal(true);
      expect(result.prints).to.equal(null);
    });
  }

  it("finds the writes of another case different", () => {
    const played = playCase(`${CONTROL_PLANE_FOLDER}/deployment-clusterip`);

    expect(compareWrites(played, `${CONTROL_PLANE_FOLDER}/node-selector`)).to.contain("step 1");
  });
});
