import { expect } from "chai";
import { LineBlock, LineText } from "../../lib/base/line-text.ts";
import { RuleHistory } from "../../lib/netfilter/history.ts";
import { Netfilter } from "../../lib/netfilter/netfilter.ts";
import { runIptables } from "../../lib/netfilter/text/iptables.ts";
import { emptyHost } from "../../tools/empty-host.ts";

const OPTIONS = { noflush: true, counters: true };

function input(table: string, ...lines: readonly string[]): LineText {
  return new LineText([`*${table}`, ...lines, "COMMIT"].map((line) => new LineBlock([line])));
}

function host(...inputs: readonly LineText[]): Netfilter {
  const netfilter = new Netfilter(emptyHost());
  for (const one of inputs) netfilter.restore(one, OPTIONS);
  return netfilter;
}

describe("netfilter/history", () => {
  it("is the same after the same steps, and another after others", () => {
    const first = RuleHistory.NONE.after("-N A");

    expect(RuleHistory.NONE.after("-N A")).to.equal(first);
    expect(RuleHistory.NONE.after("-N B")).not.to.equal(first);
    expect(first.after("-N A")).not.to.equal(first);
  });

  it("knows an input by itself, not by its text", () => {
    const [one, other] = [input("nat", ":A - [0:0]"), input("nat", ":A - [0:0]")];

    expect(RuleHistory.NONE.after(one)).to.equal(RuleHistory.NONE.after(one));
    expect(RuleHistory.NONE.after(one)).not.to.equal(RuleHistory.NONE.after(other));
  });

  it("leads to the same rules where they are carried out later", () => {
    const inputs = [
      input("nat", ":A - [0:0]", "-A A -j RETURN"),
      input("nat", ":A - [0:0]", ":B - [0:0]", "-A A -j B"),
      input("filter", ":C - [0:0]"),
    ];

    const [one, other] = [host(...inputs), host(...inputs)];

    expect(other.chainChanges).to.be.greaterThan(0);
    expect(other.table("nat")?.chains.get("B")?.references).to.equal(1);
    expect(other.save()).to.equal(one.save());
  });

  it("ends where a host is changed by hand", () => {
    const make = input("nat", ":A - [0:0]", "-A A -j RETURN");
    const remove = input("nat", ":A - [0:0]", "-X A");
    host(make, remove);
    const netfilter = host(make);

    runIptables(netfilter, ["-t", "nat", "-A", "OUTPUT", "-j", "A"]);

    expect(() => netfilter.restore(remove, OPTIONS)).to.throw();
    expect(netfilter.save("nat")).to.contain("-A OUTPUT -j A");
  });

  it("tells of refusals on each host", () => {
    const wrong = input("nat", ":A - [0:0]", "-A A -j NONE");

    expect(() => host(wrong)).to.throw();
    expect(() => host(wrong)).to.throw();
  });
});
