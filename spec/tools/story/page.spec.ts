import { expect } from "chai";
import { COLOURED, Page, PLAIN } from "../../../tools/story/page.ts";

describe("tools/story/page", () => {
  it("breaks the lines of a paragraph where they fit, and never within a word", () => {
    const page = new Page();

    page.paragraph("word ".repeat(60).trim());

    const lines = page.text.trimEnd().split("\n");
    expect(lines.map((line) => line.length)).to.deep.equal([99, 99, 99]);
  });

  it("leaves what a command printed as it is, but for blanks at the ends of lines", () => {
    const page = new Page();

    page.command("h1$", "ss -tan", "State   \n\n  LISTEN  0   \n");

    expect(page.text).to.equal("    h1$ ss -tan\n    State\n\n      LISTEN  0\n\n");
  });

  it("colours for a terminal only", () => {
    const [plain, coloured] = [new Page(PLAIN), new Page(COLOURED)];

    for (const page of [plain, coloured]) page.command("h1$", "true", "");

    expect(plain.text).not.to.contain("\u001b");
    expect(coloured.text).to.contain("\u001b[1mtrue\u001b[22m");
  });
});
