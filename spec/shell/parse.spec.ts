import { expect } from "chai";
import { parseScriptText } from "../../lib/shell/grammar/parser.ts";
import { literalText, type SimpleCommand } from "../../lib/shell/grammar/syntax.ts";
import { literalCommands, splitWords } from "../../lib/shell/parse.ts";

/** The first command of a script, which is a simple one. */
function firstCommand(text: string): SimpleCommand {
  const command = parseScriptText(text)[0]?.items[0]?.pipeline.commands[0];
  if (command?.kind !== "simple") throw new Error(`no simple command in ${text}`);
  return command;
}

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
    const jobs = parseScriptText("a && b || ! c\nd & e");

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
    const { words, redirects } = firstCommand("cmd 2>err >>out <<< 'x y' arg");
    const [document] = firstCommand("iptables-restore <<EOF\n*nat\nCOMMIT\nEOF\n").redirects;

    expect(words.map(literalText)).to.deep.equal(["cmd", "arg"]);
    expect(
      redirects.map(({ descriptor, kind, target }) => [descriptor, kind, literalText(target)]),
    ).to.deep.equal([
      [2, "write", "err"],
      [1, "append", "out"],
      [0, "text", "x y\n"],
    ]);
    expect(document && literalText(document.target)).to.equal("*nat\nCOMMIT\n");
  });

  it("nests compound commands", () => {
    const [job] = parseScriptText(
      "while true; do if a; then b; else case $x in y|z) c ;; *) d; esac; fi; done > log",
    );
    const [loop] = job?.items[0]?.pipeline.commands ?? [];

    expect(loop).to.include({ kind: "loop", until: false });
    expect(loop?.redirects).to.have.length(1);
    expect(literalCommands("for i in 1 2; do (a; { b; }); done")).to.deep.equal([
      { words: ["a"], reads: [] },
      { words: ["b"], reads: [] },
    ]);
  });

  it("refuses what is no script with the code VW_COMMAND", () => {
    const lines = [
      "a | ",
      "echo 'x",
      "a && && b",
      "if a; then b",
      "while; do a; done",
      "for 1 in a; do b; done",
      "echo $(a",
      `echo "$`,
      `echo \${x`,
      "echo $((1",
      "done",
      "(a",
      "a ) b",
      "cat <<EOF\nx\n",
    ];
    for (const line of lines) {
      expect(() => parseScriptText(line), line)
        .to.throw()
        .with.property("code", "VW_COMMAND");
    }
    expect(() => splitWords("a $b"))
      .to.throw()
      .with.property("code", "VW_COMMAND");
  });
});
