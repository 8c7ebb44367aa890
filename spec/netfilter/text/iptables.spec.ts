import { expect } from "chai";
import { Netfilter } from "../../../lib/netfilter/netfilter.ts";
import { runIptables } from "../../../lib/netfilter/text/iptables.ts";
import { emptyHost } from "../../../tools/empty-host.ts";

const NO_CHAIN = "iptables: No chain/target/match by that name.\n";

const NO_FILE = " RULE_APPEND failed (No such file or directory): rule in chain INPUT";
const EVERY = 'statistic: bad value for option "--every", or out of range (1-4294967295).\n';

/** Runs commands one after the other; what the last one says to standard error. */
function run(netfilter: Netfilter, ...commands: readonly string[]): string {
  let error = "";
  for (const command of commands) error = runIptables(netfilter, command.split(" ")).error;
  return error;
}

describe("netfilter/text/iptables", () => {
  it("makes no table to flush, zero and delete all of it", () => {
    const netfilter = new Netfilter(emptyHost());

    run(netfilter, "-F", "-t nat -F", "-Z", "-X");

    expect(netfilter.save()).to.equal("");
  });

  it("makes the table of a chain that is flushed by name", () => {
    const netfilter = new Netfilter(emptyHost());

    run(netfilter, "-F FORWARD");

    expect(netfilter.save()).to.include(":INPUT ACCEPT [0:0]\n:FORWARD ACCEPT");
  });

  it("deletes a built-in chain that is empty, and does not find it then", () => {
    const netfilter = new Netfilter(emptyHost());

    expect(run(netfilter, "-F FORWARD", "-X FORWARD")).to.equal("");
    expect(run(netfilter, "-X FORWARD")).to.equal(NO_CHAIN);
    expect(run(netfilter, "-Z FORWARD")).to.equal(NO_CHAIN);
    expect(run(netfilter, "-P FORWARD DROP", "-X FORWARD")).to.equal(
      "iptables: Directory not empty.\n",
    );
  });

  // Status and words are those of iptables 1.8.9 (nf_tables) in an empty namespace.
  const refusals: readonly (readonly [line: string, status: number, error: string])[] = [
    ["-A INPUT ! ! -s 10.0.0.1", 2, "multiple consecutive ! not allowed"],
    ["-A INPUT ! -j ACCEPT", 2, "cannot have ! before -j"],
    ["! -A INPUT", 2, "unexpected '!' flag"],
    ["-A INPUT -A OUTPUT", 2, "Cannot use -A with -A"],
    ["-A INPUT -ptcp", 2, 'unknown protocol "-ptcp" specified'],
    ["-A INPUT --s 10.0.0.1", 2, 'unknown option "--s"'],
    ["-L -j DROP", 2, "Illegal option `-j' with this command"],
    ["-F INPUT -s 10.0.0.1", 2, "Illegal option `-s' with this command"],
    ["-N ACCEPT", 2, "chain name may not clash with target name"],
    ["-A INPUT -o eth0", 2, "Can't use -o with INPUT\n"],
    ["-A INPUT -m tcp --dport 80", 2, "TCP match requires '-p tcp'"],
    ["-A INPUT -j NOWHERE", 2, "Chain 'NOWHERE' does not exist"],
    ["-A INPUT -s 10.0.0.0/8/8", 2, "host/network `10.0.0.0/8' not found"],
    ["-A INPUT -m statistic --mode nth --every x", 2, EVERY],
    ["-A INPUT -j INPUT", 4, " RULE_APPEND failed (Operation not supported): rule in chain INPUT"],
    ["-A INPUT -j OUTPUT", 4, NO_FILE],
    ["-I INPUT -j MASQUERADE", 4, " RULE_INSERT failed (Invalid argument): rule in chain INPUT"],
    ["-A INPUT ! -s 0/0", 4, " RULE_APPEND failed (Invalid argument): rule in chain INPUT"],
    ["-L INPUT -Z -t raw", 1, "chain `INPUT' in table `raw' is incompatible, use 'nft' tool."],
    ["-L OUTPUT -Z -t raw", 4, " CHAIN_ZERO failed (No such file or directory): chain OUTPUT"],
    ["-t none -L", 3, "table 'none' does not exist"],
  ];
  for (const [line, status, error] of refusals) {
    it(`refuses ${line}`, () => {
      const netfilter = new Netfilter(emptyHost());

      const result = runIptables(netfilter, line.split(" "));

      expect(result.status).to.equal(status);
      expect(result.error).to.satisfy((text: string) =>
        text.startsWith(`iptables v1.8.9 (nf_tables): ${error}\n`),
      );
    });
  }

  it("takes addresses in all forms of inet_aton, and leaves out what is missing", () => {
    const netfilter = new Netfilter(emptyHost());

    run(netfilter, "-A INPUT -s 10/8", "-A INPUT -s 10.1", "-A INPUT -s 0x0a000001,10.0.0.010");

    expect(netfilter.save().match(/-s \S+/g)).to.deep.equal([
      "-s 10.0.0.0/8",
      "-s 10.1.0.0/32",
      "-s 10.0.0.1/32",
      "-s 10.0.0.8/32",
    ]);
  });

  it("tells with -v of what was done before a refusal", () => {
    const netfilter = new Netfilter(emptyHost());

    const { output, status } = runIptables(netfilter, "-v -A NOWHERE -p 47 -i +".split(" "));

    expect(status).to.equal(1);
    expect(output).to.equal("  47 opt -- in * out *  0.0.0.0/0  -> 0.0.0.0/0  \n");
  });
});
