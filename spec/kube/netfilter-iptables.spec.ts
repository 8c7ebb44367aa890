import { expect } from "chai";
import { LineText } from "../../lib/base/line-text.ts";
import type { NetfilterIptables } from "../../lib/kube/netfilter-iptables.ts";
import { Scheduler } from "../../lib/sim/scheduler.ts";
import { RecordingNode } from "../../tools/rules/recording-node.ts";

function iptables(): NetfilterIptables {
  return new RecordingNode(new Scheduler(), 1).rules;
}

const input = (...lines: string[]): LineText =>
  LineText.of(["*nat", ...lines, "COMMIT", ""].join("\n"));

describe("kube/netfilter-iptables", () => {
  it("empties declared chains and keeps the others (--noflush)", () => {
    const tool = iptables();
    tool.restore(input(":A - [0:0]", ":B - [0:0]", "-A A -j B", "-A B -j RETURN"));

    tool.restore(input(":A - [0:0]"));

    expect(tool.save()).to.contain("-A B -j RETURN").and.not.contain("-A A");
  });

  it("changes nothing in a table of which a line is refused", () => {
    const tool = iptables();
    tool.restore(input(":A - [0:0]", "-A A -j RETURN"));
    const before = tool.save();

    expect(tool.restore(input(":A - [0:0]", "-A A -j NONE"))).to.equal(false);
    expect(tool.restore(input("-X A"))).to.equal(false);

    expect(tool.save()).to.equal(before);
  });

  it("makes a rule once, at the end or at the top, and deletes it", () => {
    const tool = iptables();
    const comment = ["-m", "comment", "--comment", "two words", "-j", "ACCEPT"];
    tool.ensureRule("append", "nat", "OUTPUT", ["-j", "RETURN"]);
    tool.ensureRule("prepend", "nat", "OUTPUT", comment);
    tool.ensureRule("append", "nat", "OUTPUT", comment);

    expect(tool.save().match(/-A OUTPUT .*/g)).to.deep.equal([
      '-A OUTPUT -m comment --comment "two words" -j ACCEPT',
      "-A OUTPUT -j RETURN",
    ]);

    expect(tool.deleteRule("nat", "OUTPUT", comment)).to.equal(true);
    expect(tool.deleteRule("nat", "OUTPUT", comment)).to.equal(true);
    expect(tool.save().match(/-A OUTPUT .*/g)).to.deep.equal(["-A OUTPUT -j RETURN"]);
  });

  it("fails for a chain that is not there, and makes one once", () => {
    const tool = iptables();

    expect(tool.ensureRule("append", "nat", "NONE", ["-j", "RETURN"])).to.equal(false);
    expect(tool.flushChain("nat", "NONE")).to.equal(false);
    expect(tool.ensureChain("nat", "A")).to.equal(true);
    expect(tool.ensureChain("nat", "A")).to.equal(true);
    expect([...tool.chains("nat")]).to.contain("A");
    expect(tool.hasChain("filter", "A")).to.equal(false);
  });
});
