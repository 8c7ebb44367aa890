import { dirname } from "node:path";
import { expect } from "chai";
import { recordedLabs } from "../../tools/shipped-labs.ts";
import { judgeRecorded } from "../../tools/verify/verdict.ts";

describe("labs that were recorded on the real kernel", () => {
  for (const lab of recordedLabs()) {
    const name = dirname(lab).split("/").slice(-2).join("/");
    it(`are the same here: ${name}`, () => {
      const { why } = judgeRecorded(lab);

      expect(why).to.equal("");
    });
  }
});
