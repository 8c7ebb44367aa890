// biome-ignore-all lint/suspicious/noTemplateCurlyInString: scripts are in another language
/** Expected texts are what dash 0.5.12 prints for the same scripts. */
import { expect } from "chai";
import { checkCommand } from "../../lib/shell/shell.ts";
import { World } from "./world.ts";

/** Scripts and what they print. */
const SCRIPTS: readonly (readonly [string, string])[] = [
  ["x=1; y=$x$x; echo $y \"$x y\" '$x'", "11 1 y $x\n"],
  ["x='a  b'; echo $x; echo \"$x\"", "a b\na  b\n"],
  [
    "echo ${u:-none} ${u-none} ${u:+set} ${#u}; u=abc; echo ${u:+set} ${#u}",
    "none none 0\nset 3\n",
  ],
  [
    "f=/etc/a.tar.gz; echo ${f##*/} ${f%.*} ${f%%.*} ${f#/}",
    "a.tar.gz /etc/a.tar /etc/a etc/a.tar.gz\n",
  ],
  ["for i in 1 2 3; do echo -n $i,; done; echo", "1,2,3,\n"],
  ["i=0; while [ $i -lt 3 ]; do i=$((i+1)); [ $i = 2 ] && continue; echo $i; done", "1\n3\n"],
  ["until false; do echo once; break; done", "once\n"],
  ["for i in a b; do for j in c d; do echo $i$j; break 2; done; done", "ac\n"],
  ["if false; then echo a; elif true; then echo b; else echo c; fi", "b\n"],
  ["case web-1 in db*) echo db;; web-[0-9]|x) echo web;; esac", "web\n"],
  ['case "*" in "*") echo star;; esac; case a in "*") echo no;; *) echo yes;; esac', "star\nyes\n"],
  ["echo $(echo a; echo b) `echo c`", "a b c\n"],
  ["echo \"$(printf 'a\\nb\\n\\n')\"", "a\nb\n"],
  [
    "echo $((2+3*4)) $(( (2+3)*4 )) $((7/2)) $((-7%3)) $((1<<4|1)) $((3>2?10:20))",
    "14 20 3 -1 17 10\n",
  ],
  ['f() { echo "$1-$#"; return 3; }; f a b; echo $?', "a-2\n3\n"],
  [
    'set -- a \'b c\'; for x in "$@"; do echo "<$x>"; done; for x in $*; do echo $x; done',
    "<a>\n<b c>\na\nb\nc\n",
  ],
  ["set -e; false || echo ok; if false; then :; fi; false; echo never", "ok\n"],
  ["(x=2; echo $x); x=1; { x=3; }; echo $x", "2\n3\n"],
  ["true && echo a || echo b; false && echo a || echo b", "a\nb\n"],
  ["printf 'a b\\nc d\\n' | while read x y; do echo $y-$x; done", "b-a\nd-c\n"],
  ["x=1; cat <<EOF\n$x $(echo y)\nEOF\ncat <<'EOF'\n$x\nEOF\n", "1 y\n$x\n"],
  [
    '[ -n "$u" ] && echo set; [ -z "$u" ] && echo unset; [ 3 -gt 2 -a a != b ] && echo both',
    "unset\nboth\n",
  ],
  ["sh -c 'echo $0 $1' name one", "name one\n"],
  ["export A=b; sh -c 'echo $A'; C=d sh -c 'echo $C'; echo \"[$C]\"", "b\nd\n[]\n"],
  ["trap 'echo bye' EXIT; echo hi; exit 3", "hi\nbye\n"],
  ["eval 'echo a; echo b'; echo done", "a\nb\ndone\n"],
  ["echo a#b # comment\necho \\\n c", "a#b\nc\n"],
  ["seq 3; seq 2 2 6; test 1 -eq 1 && echo eq", "1\n2\n3\n2\n4\n6\neq\n"],
  ["echo err >&2 2>/dev/null; echo out 2>&1", "out\nerr\n"],
  ["nosuch; echo $?", "127\nsh: 1: nosuch: not found\n"],
  ["sleep 1 & wait $!; echo $?", "0\n"],
];

describe("shell/interpreter", () => {
  for (const [script, printed] of SCRIPTS) {
    it(`runs ${JSON.stringify(script)}`, () => {
      const world = new World("a");

      expect(world.run("a", script)).to.equal(printed);
    });
  }

  it("lets time pass in a loop that never waits", () => {
    const world = new World("a");
    const outcome = world.start("a", "while true; do true; done");

    world.scheduler.runUntil(1_000_000_000);

    expect(outcome.process.status).to.equal(null);
  });

  it("finds unknown commands inside of compound commands and of sh -c before a run", () => {
    const wrong = [
      "while true; do nosuch; done",
      "if nosuch $x; then echo; fi",
      "sh -c 'nosuch'",
      "(curl --nosuch x)",
    ];
    for (const line of wrong) {
      expect(() => checkCommand(line), line)
        .to.throw()
        .with.property("code", "VW_COMMAND");
    }
    expect(() => checkCommand("f() { echo; }; f; $x y; cd /; curl $u")).not.to.throw();
  });
});
