import { expect } from "chai";
import { Netfilter } from "../../../lib/netfilter/netfilter.ts";
import { RuleError } from "../../../lib/netfilter/text/errors.ts";
import { runIptables } from "../../../lib/netfilter/text/iptables.ts";
import { emptyHost } from "../../../tools/empty-host.ts";

function host(): Netfilter {
  return new Netfilter(emptyHost());
}

/** The error with which a text is refused. */
function refusal(netfilter: Netfilter, text: string): RuleError {
  try {
    netfilter.restore(text, { file: "rules" });
  } catch (error) {
    expect(error).to.be.instanceOf(RuleError);
    return error as RuleError;
  }
  throw new Error("the text was taken");
}

// The expected texts are those of iptables 1.8.9 (nf_tables).
describe("netfilter/text/restore", () => {
  it("prints options in the tool's own spelling and order", () => {
    const netfilter = host();

    netfilter.restore(`*nat
:X - [0:0]
-A X -p tcp --dport 80 -d 10.96.0.1 ! -s 10.244.1.2/16 -m comment --comment "a b" -j DNAT --to 10.0.0.1:8080
-A X -j MARK --xor-mark 0x4000
-A X -m statistic --mode random --probability 0.5 -m mark ! --mark 0x00004000/0x00004000 -j RETURN
COMMIT
`);

    expect(netfilter.save("nat")).to.equal(`*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:X - [0:0]
-A X ! -s 10.244.0.0/16 -d 10.96.0.1/32 -p tcp -m tcp --dport 80 -m comment --comment "a b" -j DNAT --to-destination 10.0.0.1:8080
-A X -j MARK --set-xmark 0x4000/0x0
-A X -m statistic --mode random --probability 0.50000000000 -m mark ! --mark 0x4000/0x4000 -j RETURN
COMMIT
`);
  });

  it("changes nothing of a table in which something is wrong, and says where", () => {
    const netfilter = host();
    netfilter.restore("*filter\n-A INPUT -j ACCEPT\nCOMMIT\n");

    const error = refusal(
      netfilter,
      "*filter\n-A INPUT -j DROP\n-A INPUT -p tcp --dport 99999 -j DROP\nCOMMIT\n",
    );

    expect(error.message).to.match(/^rules:3:17: invalid port\/service `99999' specified/);
    expect(netfilter.save("filter")).to.contain("-A INPUT -j ACCEPT\n");
  });

  it("keeps tables that were committed before the error", () => {
    const netfilter = host();

    refusal(netfilter, "*raw\n-A OUTPUT -j NOTRACK\nCOMMIT\n*filter\n-A NOPE\nCOMMIT\n");

    expect(netfilter.save("raw")).to.contain("-A OUTPUT -j NOTRACK\n");
    expect(netfilter.save("filter")).to.equal("");
  });

  it("refuses loops, and chains that call each other more than sixteen deep", () => {
    const netfilter = host();
    const chain = (count: number): string => {
      const names = Array.from({ length: count }, (_, index) => `C${index}`);
      const jumps = names.slice(1).map((name, index) => `-A C${index} -j ${name}`);
      const declared = names.map((name) => `:${name} - [0:0]`);
      return ["*filter", ...declared, "-A INPUT -j C0", ...jumps, "COMMIT", ""].join("\n");
    };

    netfilter.restore(chain(15));
    const deep = refusal(netfilter, chain(16));
    const loop = refusal(netfilter, "*filter\n:A - [0:0]\n-A A -j A\n-A INPUT -j A\nCOMMIT\n");

    expect(deep.problem).to.equal("RULE_APPEND failed (Too many links): rule in chain INPUT");
    expect(loop.problem).to.equal(deep.problem);
  });

  it("names a module that is not modelled", () => {
    const error = refusal(host(), "*filter\n-A INPUT -m string --string x\nCOMMIT\n");

    expect(error.code).to.equal("VW_RULE_UNSUPPORTED");
    expect(error.message).to.match(/^rules:2:10: match "string" is not modelled/);
  });

  it("brings a table into being with its first rule, and not by listing or flushing it", () => {
    const netfilter = host();

    runIptables(netfilter, ["-t", "nat", "-L"]);
    runIptables(netfilter, ["-t", "nat", "-F"]);
    expect(netfilter.save()).to.equal("");
    runIptables(netfilter, ["-t", "nat", "-N", "X"]);

    expect(netfilter.save()).to.contain("*nat\n:PREROUTING ACCEPT [0:0]\n");
  });

  it("renames a chain that rules jump to", () => {
    const netfilter = host();
    netfilter.restore("*filter\n:X - [0:0]\n-A INPUT -j X\n-A X -j ACCEPT\nCOMMIT\n");

    const { status } = runIptables(netfilter, ["-E", "X", "Y"]);

    expect(status).to.equal(0);
    expect(runIptables(netfilter, ["-S", "INPUT"]).output).to.equal(
      "-P INPUT ACCEPT\n-A INPUT -j Y\n",
    );
    expect(runIptables(netfilter, ["-nL", "Y"]).output).to.match(/^Chain Y \(1 references\)\n/);
  });

  it("prints with -v what it does", () => {
    const netfilter = host();
    const added = runIptables(
      netfilter,
      "-vA INPUT -s 1.2.3.4 -p tcp --dport 80 -j DROP".split(" "),
    );
    const counted = runIptables(netfilter, ["-vS", "INPUT"]);
    const flushed = runIptables(netfilter, ["-vF", "INPUT"]);

    expect(added.output).to.equal(
      "DROP  tcp opt -- in * out *  1.2.3.4  -> 0.0.0.0/0   tcp dpt:80\n",
    );
    expect(counted.output).to.equal(
      "-P INPUT ACCEPT -c 0 0\n-A INPUT -s 1.2.3.4/32 -p tcp -m tcp --dport 80 -c 0 0 -j DROP\n",
    );
    expect(flushed.output).to.equal("Flushing chain `INPUT'\n");
  });

  it("ends with the tool's exit status and message", () => {
    const netfilter = host();
    const run = (words: string): [number, string] => {
      const { status, error } = runIptables(netfilter, words.split(" "));
      return [status, error.split("\n")[0] ?? ""];
    };

    expect(run("-C INPUT -j DROP")).to.deep.equal([
      1,
      "iptables: Bad rule (does a matching rule exist in that chain?).",
    ]);
    expect(run("-A INPUT --foo")).to.deep.equal([
      2,
      'iptables v1.8.9 (nf_tables): unknown option "--foo"',
    ]);
    expect(run("-t foo -L")).to.deep.equal([
      3,
      "iptables v1.8.9 (nf_tables): table 'foo' does not exist",
    ]);
    expect(run("-A INPUT -j ACCEPT")).to.deep.equal([0, ""]);
    expect(run("-D INPUT 7")).to.deep.equal([1, "iptables: Index of deletion too big."]);
  });

  it("lists rules as iptables -L -n -v --line-numbers does", () => {
    const netfilter = host();
    netfilter.restore(
      "*nat\n:G - [0:0]\n-A OUTPUT -g G\n[123456789:98765432100] -A G -d 10.96.0.1/32 -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.0.0.1:6443\nCOMMIT\n",
      { counters: true },
    );

    const { output } = runIptables(netfilter, "-t nat -L G -n -v --line-numbers".split(" "));

    expect(output).to.equal(`Chain G (1 references)
num   pkts bytes target     prot opt in     out     source               destination         
1     123M   99G DNAT       6    --  *      *       0.0.0.0/0            10.96.0.1            tcp dpt:443 to:10.0.0.1:6443
`);
  });
});
