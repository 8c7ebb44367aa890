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
