import { expect } from "chai";
import { remembered } from "../../lib/base/remembered.ts";

describe("base/remembered", () => {
  it("asks the function once for each text", () => {
    const asked: string[] = [];
    const lengthOf = remembered((text: string) => {
      asked.push(text);
      return { length: text.length };
    });

    const lengths = ["a", "bc", "a", "bc"].map((text) => lengthOf(text).length);

    expect(lengths).to.deep.equal([1, 2, 1, 2]);
    expect(asked).to.deep.equal(["a", "bc"]);
  });

  it("asks again when more texts have come than it keeps", () => {
    let asked = 0;
    const wrapped = remembered((text: string) => {
      asked += 1;
      return { text };
    });

    for (let index = 0; index <= 1024; index += 1) wrapped(`text ${index}`);
    const again = wrapped("text 0").text;

    expect(again).to.equal("text 0");
    expect(asked).to.equal(1026);
  });
});
