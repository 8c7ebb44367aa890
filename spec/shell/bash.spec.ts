// biome-ignore-all lint/suspicious/noTemplateCurlyInString: scripts are in another language
/** Expected texts are what bash 5.2 prints for the same scripts. */
import { expect } from "chai";
import { pair, World } from "./world.ts";

/** Scripts and what they print, errors behind the rest. */
const SCRIPTS: readonly (readonly [string, string])[] = [
  [
    'a=(x "y z" w); echo ${a[1]} ${#a[@]} "${a[@]}" ${!a[@]}; a+=(q); echo ${a[-1]} ${a[@]:1:2}; unset "a[0]"; echo ${!a[@]}',
    "y z 3 x y z w 0 1 2\nq y z w\n1 2 3\n",
  ],
  [
    'declare -A m; m[k]=v; m["a b"]=c; echo ${m[k]} ${m["a b"]} ${#m[@]}; for k in "${!m[@]}"; do :; done; declare -A n=([x]=1 [y]=2); echo ${n[y]}',
    "v c 2\n2\n",
  ],
  [
    "h=web-12; [[ $h =~ -([0-9]+)$ ]] && echo ${BASH_REMATCH[1]} ${BASH_REMATCH[0]}; [[ `echo $h` =~ ^(.*?)x ]] || echo no",
    "12 -12\nno\n",
  ],
  [
    '[[ -z "" && ( 3 -gt 2 || a == b ) ]] && echo y; [[ abc == a* ]] && echo glob; [[ abc == "a*" ]] || echo lit; [[ ! -f /nosuch ]] && echo nf',
    "y\nglob\nlit\nnf\n",
  ],
  [
    "for ((i=0;i<3;i++)); do echo $i; done; ((x=5, x>3)) && echo $x; let y=x*2; echo $y $((2**10)) $((16#ff)); for ((;;)); do break; done",
    "0\n1\n2\n5\n10 1024 255\n",
  ],
  [
    'v=hello.world; echo ${v/l/L} ${v//l/L} ${v/#he/HE} ${v/%ld/LD} ${v:2:3} ${v: -3} ${v^} ${v^^} ${v:0:-2}; p=/a/b/c; echo ${p//\\//-}; echo "${v//o/"0"}"',
    "heLlo.world heLLo.worLd HEllo.world hello.worLD llo rld Hello.world HELLO.WORLD hello.wor\n-a-b-c\nhell0.w0rld\n",
  ],
  [
    'echo {a,b}{1..3} x{01..03} {c..a} a{b {} "{a,b}" {1..10..3}',
    "a1 a2 a3 b1 b2 b3 x01 x02 x03 c b a a{b {} {a,b} 1 4 7 10\n",
  ],
  [
    "echo $'a\\tb\\n' \"$'x'\"; printf '%s|%5d|%-5s|%05.1f|%x\\n' a 3 b 2.5 255; printf '%s\\n' a b c; printf -v z '%03d' 7; echo $z",
    "a\tb\n $'x'\na|    3|b    |002.5|ff\na\nb\nc\n007\n",
  ],
  [
    "f() { local x=1 y; x=2; g; echo $x; }; g() { x=3; }; x=0; f; echo $x; function h-i { echo hi; }; h-i",
    "3\n0\nhi\n",
  ],
  [
    "set -o pipefail; false | true; echo $?; set +o pipefail; false | true; echo $?; set -euo pipefail; echo ok; echo ${u:-d}",
    "1\n0\nok\nd\n",
  ],
  [
    "cd /tmp; pwd; cd ..; pwd; cd -; echo $PWD $OLDPWD; cd /nosuch; echo $?",
    "/tmp\n/\n/tmp\n/tmp /\n1\nbash: line 1: cd: /nosuch: No such file or directory\n",
  ],
  [
    'mapfile -t l < <(printf "a\\nb\\n"); echo ${#l[@]} ${l[1]}; read -r a b <<< "1 2 3"; echo $b; IFS=, read -ra q <<< "x,y,z"; echo ${q[2]}; while IFS="=" read -r k v; do echo $k:$v; done <<< "a=b=c"',
    "2 b\n2 3\nz\na:b=c\n",
  ],
  ["cat <<-EOF\n\ta\n\t\tb\n\tEOF\n", "a\nb\n"],
  [
    'x=(1 2 3); for i in "${x[@]}"; do echo -n "$i "; done; echo; echo "${x[*]}"; IFS=,; echo "${x[*]}"',
    "1 2 3 \n1 2 3\n1,2,3\n",
  ],
  ['while getopts "a:bc" o; do echo $o $OPTARG; done; echo $OPTIND', "1\n"],
  [
    'set -- -a 1 -b file; while getopts "a:b" o; do echo $o ${OPTARG-}; done; shift $((OPTIND-1)); echo $1',
    "a 1\nb\nfile\n",
  ],
  [
    "n=a; a=val; echo ${!n}; s=abc; echo ${#s}; arr=($(echo 1 2 3)); echo ${#arr[@]}; arr[5]=x; echo ${!arr[@]}",
    "val\n3\n3\n0 1 2 5\n",
  ],
  [
    "type cd; type nosuch; command -v echo; command -v nosuch; echo $?",
    "cd is a shell builtin\necho\n1\nbash: line 1: type: nosuch: not found\n",
  ],
  [
    'case "$(uname)" in Linux) echo L;; esac; [ "a" == "a" ] && echo eq; [[ a < b ]] && echo lt; test -n "x" -a -z ""; echo $?',
    "L\neq\nlt\n0\n",
  ],
  [
    'echo hi > /tmp/vw1; x=$(</tmp/vw1); echo $x; cat /tmp/vw1 | while read l; do echo "[$l]"; done; rm /tmp/vw1; ls /tmp/vw1 2>/dev/null || echo gone',
    "hi\n[hi]\ngone\n",
  ],
  [
    "nosuch; echo $?; /no/such; echo $?",
    "127\n127\nbash: line 1: nosuch: command not found\nbash: line 1: /no/such: No such file or directory\n",
  ],
  [
    'a=1; a+=2; echo $a; export B=x; env | grep ^B=; unset B; echo "[${B}]"; echo ${B:=def}; echo $B',
    "12\nB=x\n[]\ndef\ndef\n",
  ],
  [
    "(exit 3); echo $?; { echo a; echo b; } | wc -l; ! true; echo $?; true && ! false && echo z",
    "3\n2\n1\nz\n",
  ],
  ['trap "echo bye" EXIT; trap "echo int" INT; echo x', "x\nbye\n"],
  ["f() { return 4; }; f || echo $?; if f; then :; else echo $?; fi", "4\n4\n"],
  [
    '[[ "foo bar" =~ ^foo[[:space:]]+(b.*)$ ]] && echo "${BASH_REMATCH[1]}"; re="^[0-9]+$"; [[ 123 =~ $re ]] && echo num',
    "bar\nnum\n",
  ],
  [
    'echo ~ ~/x; echo "a  b" | tr -s " "; echo $RANDOM | grep -cE "^[0-9]+$"; echo ${BASH_VERSION%%.*}',
    "/root /root/x\na b\n1\n5\n",
  ],
  [
    "i=10; while ((i > 7)); do ((i--)); done; echo $i; until [[ $i -le 5 ]]; do i=$((i-1)); done; echo $i; ((0)) || echo zero",
    "7\n5\nzero\n",
  ],
  [
    'arr=(b a c); sorted=($(printf "%s\\n" "${arr[@]}" | sort)); echo ${sorted[@]}; echo ${arr[@]/a/X}; echo ${arr[@]#b}',
    "a b c\nb X c\na c\n",
  ],
  [
    "x=5; echo $(( x > 3 ? 1 : 0 )) $((x+=2)) $x; (( x == 7 )) && echo seven; echo $((x++ + ++x))",
    "1 7 7\nseven\n16\n",
  ],
];

const quoted = (script: string): string => `'${script.replaceAll("'", "'\\''")}'`;

describe("shell/interpreter (bash)", () => {
  for (const [script, printed] of SCRIPTS) {
    it(`runs ${JSON.stringify(script)}`, () => {
      const world = new World("a");

      expect(world.run("a", `bash -c ${quoted(script)} bash`)).to.equal(printed);
    });
  }

  it("talks to a port by /dev/tcp, and says who refuses", () => {
    const world = pair();
    world.start("b", "nc -l -p 80 > /tmp/heard");
    const script = "exec 3<>/dev/tcp/10.0.0.2/80; echo hello >&3; exec 3>&-; echo $?";

    expect(world.run("a", `bash -c ${quoted(script)}`)).to.equal("0\n");
    expect(world.run("b", "cat /tmp/heard")).to.equal("hello\n");
    expect(
      world.run(
        "a",
        `bash -c ${quoted("(echo > /dev/tcp/10.0.0.2/81) 2>/dev/null || echo closed")}`,
      ),
    ).to.equal("closed\n");
    expect(world.run("a", `bash -c ${quoted("echo > /dev/tcp/10.0.0.2/81")}`)).to.equal(
      "bash: connect: Connection refused\nbash: line 1: /dev/tcp/10.0.0.2/81: Connection refused\n",
    );
  });

  it("leaves to dash and ash what is only bash's", () => {
    const world = new World("a");

    expect(world.run("a", "sh -c 'echo {1..3} $(( 2 + 3 ))'")).to.equal("{1..3} 5\n");
    expect(world.status("a", "sh -c 'a=(1 2)'").status).to.equal(2);
    expect(
      world.run("a", "sh -c 'cd /tmp; echo x > f; cat /tmp/f; echo *; echo \"a\\tb\"'"),
    ).to.equal("x\nf\na\tb\n");
  });
});
