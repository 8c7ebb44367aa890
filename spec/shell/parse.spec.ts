import { expect } from "chai";
import { parseCommandLine, splitWords } from "../../lib/shell/parse.ts";

describe("shell/parse", () => {
  it("takes quotes away and keeps what they hold", () => {
    expect(splitWords(`a 'b  c' "d \\"e" f\\ g ''`)).to.deep.equal([
      "a",
      "b  c",
      'd "e',
      "f g",
      "",
    ]);
  });

  it("joins pipelines by && and ||, and jobs by ; and newlines", () => {
    const jobs = parseCommandLine("a && b || ! c\nd & e");

    expect(jobs.map(({ text, background }) => [text, background])).to.deep.equal([
      ["a && b || ! c", false],
      ["d", true],
      ["e", false],
    ]);
    expect(
      jobs[0]?.items.map(({ condition, pipeline }) => [condition, pipeline.negated]),
    ).to.deep.equal([
      ["always", false],
      ["and", false],
      ["or", true],
    ]);
  });

  it("reads redirections, here-strings and here-documents", () => {
    const [job] = parseCommandLine("cmd 2>err >>out <<< 'x y' arg");
    const [document] = parseCommandLine("iptables-restore <<EOF\n*nat\nCOMMIT\nEOF\n");

    expect(job?.items[0]?.pipeline.commands[0]).to.deep.equal({
      words: ["cmd", "arg"],
      redirects: [
        { descriptor: 2, kind: "write", target: "err" },
        { descriptor: 1, kind: "append", target: "out" },
        { descriptor: 0, kind: "text", target: "x y\n" },
      ],
    });
    expect(document?.items[0]?.pipeline.commands[0]?.redirects[0]?.target).to.equal(
      "*nat\nCOMMIT\n",
    );
  });

  it("refuses what it does not model with the code VW_COMMAND", () => {
    for (const line of ["echo $HOME", "a | ", "(a)", "echo 'x", "a && && b", "X=1 a"]) {
      expect(() => parseCommandLine(line), line)
        .to.throw()
        .with.property("code", "VW_COMMAND");
    }
  });
});
