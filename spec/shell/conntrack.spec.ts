/** Texts are those that conntrack 1.4.7 printed on Linux 6.18 for the same commands. */
import { expect } from "chai";
import { World } from "./world.ts";

const FLOW = "-p udp -s 1.1.1.1 -d 2.2.2.2 --sport 10 --dport 20";

function world(...lines: readonly string[]): (line: string) => string {
  const made = new World("a");
  for (const line of lines) made.run("a", line);
  return (line) => made.run("a", line);
}

describe("shell/commands/conntrack", () => {
  it("makes an entry, and prints it as a command that would make it again", () => {
    const run = world(
      `conntrack -I ${FLOW} -t 1000 -u SEEN_REPLY,ASSURED -m 5 --dst-nat 5.5.5.5:80`,
    );

    expect(run("conntrack -L 2>/dev/null").replace(/ 999 | 1000 /, " 1000 ")).to.equal(
      "udp      17 1000 src=1.1.1.1 dst=2.2.2.2 sport=10 dport=20 src=5.5.5.5 dst=1.1.1.1 " +
        "sport=80 dport=10 [ASSURED] mark=5 use=1\n",
    );
    expect(
      run("conntrack -L -o save 2>/dev/null").replace(/-t 999 |-t 1000 /, "-t 1000 "),
    ).to.equal(
      "-A -t 1000 -u SEEN_REPLY,ASSURED -s 1.1.1.1 -d 2.2.2.2 -g 5.5.5.5 -q 1.1.1.1 -p udp " +
        "--sport 10 --dport 20 --reply-port-src 80 --reply-port-dst 10\n",
    );
  });

  it("changes the mark of the entries that it is told by an address", () => {
    const run = world(`conntrack -I ${FLOW} -t 1000`);

    run("conntrack -U -s 1.1.1.1 -m 7");

    expect(run("conntrack -L")).to.contain(" mark=7 ");
    expect(run("conntrack -U -m 8; echo $?")).to.match(/^1\n/);
  });

  it("says what is missing, and that an entry is there already", () => {
    const run = world(`conntrack -I ${FLOW} -t 1000`);
    const problem = (line: string) => run(`conntrack ${line}`).split("\n")[0];

    expect(problem(`-I ${FLOW} -t 5`)).to.equal(
      "conntrack v1.4.7 (conntrack-tools): Operation failed: " +
        "Such conntrack exists, try -U to update",
    );
    expect(problem(`-I ${FLOW}`)).to.contain("You need to supply the `--timeout' option");
    expect(problem("-G -p udp -s 1.1.1.1 -d 2.2.2.2 --sport 9 --dport 9")).to.contain(
      "Operation failed: such conntrack doesn't exist",
    );
    expect(problem("-D -j")).to.contain("Illegal option `--any-nat' with this command");
  });

  it("takes an entry for translated if its address or its port became another", () => {
    const run = world(
      "conntrack -I -p udp -s 1.1.1.1 -d 2.2.2.2 --sport 1 --dport 53 -t 1000 -g 2.2.2.2:80",
      "conntrack -I -p udp -s 1.1.1.1 -d 2.2.2.2 --sport 2 --dport 53 -t 1000 -n 7.7.7.7",
      "conntrack -I -p udp -s 1.1.1.1 -d 2.2.2.2 --sport 3 --dport 53 -t 1000",
    );
    const ports = (options: string) =>
      [...run(`conntrack -L ${options} 2>/dev/null`).matchAll(/ sport=([1-3]) /g)].map(
        ([, port]) => port,
      );

    expect(ports("-g")).to.deep.equal(["1"]);
    expect(ports("-n 7.7.7.7")).to.deep.equal(["2"]);
    expect(ports("-j")).to.deep.equal(["1", "2"]);
    expect(ports("-p udp -j 7.7.7.7")).to.deep.equal([]);
    expect(ports("-s 9.9.9.9 -s 1.1.1.1")).to.deep.equal(["1", "2", "3"]);
  });

  it("sets and chooses zones of one direction", () => {
    const run = world(`conntrack -I ${FLOW} -t 1000 --orig-zone 4`);
    const add = (zone: string) => run(`conntrack -A ${FLOW} -t 1000 ${zone} 2>&1`);

    expect(add("--zone 4")).to.contain(": 0 flow entries have been added");
    expect(add("")).to.contain(": 0 flow entries have been added");
    expect(add("--zone 5")).to.contain(": 1 flow entries have been added");
    expect(run("conntrack -L --orig-zone 4 2>&1 >/dev/null")).to.contain(": 1 flow entries");
    expect(run("conntrack -L --zone 4 2>&1 >/dev/null")).to.contain(": 0 flow entries");
    expect(run("conntrack -L 2>/dev/null")).to.contain("dport=20 zone-orig=4 [UNREPLIED]");
  });
});
