import { expect } from "chai";
import { LineBlock, LineText } from "../../lib/base/line-text.ts";

describe("base/line-text", () => {
  it("is the text with an end after each line", () => {
    const text = new LineText([new LineBlock(["*nat"]), new LineBlock(["COMMIT"])]);

    expect(text.text).to.equal("*nat\nCOMMIT\n");
    expect(text.length).to.equal(12);
  });

  it("is made of a text's lines", () => {
    const [block] = LineText.of("a\n\nb\n").blocks;

    expect(block?.lines).to.deep.equal(["a", "", "b"]);
    expect(LineText.of("a\n\nb\n").lineCount).to.equal(3);
    expect(LineText.of("a\nb").text).to.equal("a\nb\n");
  });

  it("has no characters without lines", () => {
    expect(new LineText([]).text).to.equal("");
    expect(LineText.of("").length).to.equal(0);
  });
});
