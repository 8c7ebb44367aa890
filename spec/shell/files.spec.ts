/** Texts and exit statuses are those of GNU coreutils 9.1. */
import { expect } from "chai";
import { pair } from "./world.ts";

/** What a script prints on a host, errors included. */
function run(script: string): string {
  return pair().run("a", `sh -c '${script}' 2>&1`);
}

describe("shell/commands/copies", () => {
  it("copies into directories, and over files", () => {
    expect(
      run(
        "echo 1 > /a; mkdir -p /d; cp /a /d; cp /d/a /b; echo 2 > /a; cp /a /d/c; cat /b /d/a /d/c",
      ),
    ).to.equal("1\n1\n2\n");
  });

  it("copies what is below a directory, into it or under its name", () => {
    const tree = "mkdir /s; echo 1 > /s/x; echo 2 > /s/t/y; ";

    expect(run(`${tree} cp -r /s /new; cat /new/x /new/t/y`)).to.equal("1\n2\n");
    expect(run(`${tree} mkdir /e; cp -r /s /e; cat /e/s/t/y`)).to.equal("2\n");
    expect(run(`${tree} mkdir /e; cp -a /s/. /e/; cat /e/t/y; ls /e`)).to.equal("2\nt\nx\n");
  });

  it("says what it cannot copy, and goes on", () => {
    expect(run("mkdir /d; cp /nope /d; echo $?; cp /d /e; echo $?; cp /d; echo $?")).to.equal(
      "cp: cannot stat '/nope': No such file or directory\n1\n" +
        "cp: -r not specified; omitting directory '/d'\n1\n" +
        "cp: missing destination file operand after '/d'\nTry 'cp --help' for more information.\n1\n",
    );
  });

  it("moves files away from where they were", () => {
    expect(run("echo 1 > /a; mv -v /a /b; cat /a; cat /b; ln -s /b /c; cat /c")).to.equal(
      "renamed '/a' -> '/b'\ncat: /a: No such file or directory\n1\n1\n",
    );
  });
});

describe("shell/commands/file-tools", () => {
  it("makes directories that are there while they are empty", () => {
    const script =
      "[ -d /x ] || echo none; mkdir /x; [ -d /x ] && echo made; mkdir /x; mkdir -p /x; echo $?";

    expect(run(script)).to.equal(
      "none\nmade\nmkdir: cannot create directory '/x': File exists\n0\n",
    );
  });

  it("removes what is below a directory with -r", () => {
    expect(run("mkdir /d; echo 1 > /d/a; echo 2 > /d/e/b; rm -rf /d; ls /d")).to.equal(
      "ls: cannot access '/d': No such file or directory\n",
    );
  });

  it("waits for a file that tail -F is to follow", () => {
    const world = pair();
    const tail = world.start("a", "tail -F /log");
    world.run("a", "sleep 2; echo one > /log; sleep 3; echo two >> /log; sleep 3");

    expect([tail.out, tail.err]).to.deep.equal([
      "one\ntwo\n",
      "tail: cannot open '/log' for reading: No such file or directory\n" +
        "tail: '/log' has appeared;  following new file\n",
    ]);
  });
});

describe("shell/commands/names", () => {
  it("says the parts of a path", () => {
    expect(
      run(
        "basename /a/b.c .c; basename /a/b/; basename /; dirname /a/b; dirname a; dirname /a; dirname a/b/",
      ),
    ).to.equal("b\nb\n/\n/a\n.\n/\na\n");
  });

  it("says who and where one is", () => {
    expect(
      run("id; id -u; id -un; whoami; uname; uname -nm; which sh; which nope; echo $?"),
    ).to.equal(
      "uid=0(root) gid=0(root) groups=0(root)\n0\nroot\nroot\nLinux\na x86_64\n/usr/bin/sh\n1\n",
    );
  });
});
