/** Expected texts are what GNU coreutils 9.1, mawk 1.3.4 and GNU sed 4.9 print. */
import { expect } from "chai";
import { checkCommand } from "../../lib/shell/shell.ts";
import { World } from "./world.ts";

/** Lines of a shell and what they print. */
const LINES: readonly (readonly [string, string])[] = [
  ["printf 'b 2\\na 10\\na 9\\n' | sort", "a 10\na 9\nb 2\n"],
  ["printf 'b 2\\na 10\\na 9\\n' | sort -k2 -n", "b 2\na 9\na 10\n"],
  ["printf 'b 2\\na 10\\na 9\\n' | sort -rn -k2", "a 10\na 9\nb 2\n"],
  ["printf 'x\\nx\\ny\\nx\\n' | sort | uniq -c | sort -rn", "      3 x\n      1 y\n"],
  ["printf 'x\\nx\\ny\\n' | uniq -d; printf 'x\\nx\\ny\\n' | uniq -u", "x\ny\n"],
  ["printf 'b\\na\\nb\\n' | sort -u", "a\nb\n"],
  ["echo a:b:c:d | cut -d: -f2,4", "b:d\n"],
  ["echo abcdef | cut -c2-4", "bcd\n"],
  ["echo abc | cut -d: -f2; echo abc | cut -s -d: -f2", "abc\n"],
  ["echo Hello | tr a-z A-Z", "HELLO\n"],
  ["echo 'a  b' | tr -s ' '", "a b\n"],
  ["echo a-b-c | tr -d -- -", "abc\n"],
  ["printf 'a\\nb\\n' | tr '\\n' ','", "a,b,"],
  ["printf 'one 1\\ntwo 2\\n' | awk '{print $2}'", "1\n2\n"],
  ["printf 'one 1\\ntwo 2\\n' | awk '/two/{print $1, $2}'", "two 2\n"],
  ["printf 'one 1\\ntwo 2\\n' | awk 'NR==2 {print $1 \"-\" $NF}'", "two-2\n"],
  ["echo a:b | awk -F: '{print $2, NF}'", "b 2\n"],
  ["printf 'one 1\\ntwo 2\\n' | awk '$2 > 1'", "two 2\n"],
  ["printf 'one 1\\ntwo 2\\n' | awk '$1 ~ /^t/ {print NR; }'", "2\n"],
  ["echo a/b/c | sed 's/\\//-/g'", "a-b-c\n"],
  ["echo a/b/c | sed 's#/#-#'", "a-b/c\n"],
  ["printf 'one\\ntwo\\nthree\\n' | sed -n '2p'", "two\n"],
  ["printf 'one\\ntwo\\nthree\\n' | sed '1d;$d'", "two\n"],
  ["printf 'one\\ntwo\\n' | sed -n 's/^t\\(.*\\)$/T/p'", "T\n"],
  ["echo ab12 | sed -E 's/([a-z]+)([0-9]+)/\\2&\\1/'", "12ab12ab\n"],
  ["printf 'one\\ntwo\\nthree\\n' | sed '/t/d'", "one\n"],
];

describe("shell/commands/filters", () => {
  for (const [line, printed] of LINES) {
    it(`prints what the real tools print: ${line}`, () => {
      const world = new World("a");

      expect(world.run("a", line)).to.equal(printed);
    });
  }

  it("refuses programs of awk and sed that it lacks before a run", () => {
    for (const line of ["awk '{ s += $1 } END { print s }'", "sed 'y/a/b/'"]) {
      expect(() => checkCommand(line), line)
        .to.throw()
        .with.property("code", "VW_COMMAND");
    }
  });
});

/** What GNU grep 3.8 prints. */
const CONTEXTS: readonly (readonly [command: string, printed: string])[] = [
  ["printf 'a\\nb\\nc\\nd\\ne\\nf\\ng\\n' | grep -A1 b", "b\nc\n"],
  [
    "printf 'a\\nb\\nc\\nd\\ne\\nf\\ng\\n' | grep -C1 -n '[bf]'",
    "1-a\n2:b\n3-c\n--\n5-e\n6:f\n7-g\n",
  ],
  ["printf 'a\\nb\\nc\\nd\\ne\\nf\\ng\\n' | grep -B2 '[cd]'", "a\nb\nc\nd\n"],
  ["printf 'a\\nb\\nc\\nd\\ne\\nf\\ng\\n' | grep -A2 '[bc]'", "b\nc\nd\ne\n"],
  ["printf 'a\\nb\\nc\\nd\\ne\\nf\\ng\\n' | grep -m1 -A1 '[bc]'", "b\nc\n"],
  ["printf 'a\\nb\\nc\\nd\\n' | grep -v -A1 '[bc]'", "a\nb\n--\nd\n"],
  ["printf 'a1\\nb22\\nc\\n' | grep -no '[0-9]'", "1:1\n2:2\n2:2\n"],
];

describe("shell/commands/grep", () => {
  it("prints lines around a match", () => {
    for (const [command, printed] of CONTEXTS) {
      expect(new World("a").run("a", command), command).to.equal(printed);
    }
  });

  it("names files if there are several", () => {
    const world = new World("a");
    world.run("a", "printf 'a\\nb\\n' > /tmp/1; printf 'b\\nc\\n' > /tmp/2");

    expect(world.run("a", "grep -n b /tmp/1 /tmp/2; grep -c b /tmp/1 /tmp/2")).to.equal(
      "/tmp/1:2:b\n/tmp/2:1:b\n/tmp/1:1\n/tmp/2:1\n",
    );
    expect(
      world.run("a", "grep b /tmp/1 /tmp/3; echo $?; grep -q b /tmp/3 /tmp/1; echo $?"),
    ).to.equal(
      "/tmp/1:b\n2\n0\ngrep: /tmp/3: No such file or directory\ngrep: /tmp/3: No such file or directory\n",
    );
  });
});
