import { expect } from "chai";
import { LineBlock, LineText } from "../../lib/base/line-text.ts";
import { NetfilterIptables } from "../../lib/kube/netfilter-iptables.ts";
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

/** A host where packets come from built-in chains to others, once the first input has made them. */
function enteredHost(
  jumps: readonly (readonly [from: string, to: string])[],
  first: LineText,
  ...others: readonly LineText[]
): Netfilter {
  const netfilter = host(first);
  for (const [from, to] of jumps) {
    new NetfilterIptables(netfilter).ensureRule("append", "nat", from, ["-j", to]);
  }
  for (const one of others) netfilter.restore(one, OPTIONS);
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

  it("takes away what is gone, with what the rules of a host have claimed", () => {
    const make = input("nat", ":A - [0:0]", ":B - [0:0]", "-A A -j RETURN");
    const remove = input("nat", ":A - [0:0]", ":B - [0:0]", "-X B");

    const outcomes = [1, 2].map(() => {
      const netfilter = new Netfilter(emptyHost());
      const known = netfilter.sets.create("known", "hash:ip");
      netfilter.restore(make, OPTIONS);
      const rule = ["-m", "set", "--match-set", "known", "src", "-j", "RETURN"];
      new NetfilterIptables(netfilter).ensureRule("append", "nat", "B", rule);
      const before = known?.references;
      netfilter.restore(remove, OPTIONS);
      return [before, netfilter.save(), known?.references];
    });

    expect(outcomes[0]).to.deep.equal([1, outcomes[0]?.[1], 0]);
    expect(outcomes[1]).to.deep.equal(outcomes[0]);
    expect(outcomes[0]?.[1]).not.to.contain(":B");
  });

  it("knows how deep chains call each other where they came to do so unseen", () => {
    const jumps = [["OUTPUT", "A"]] as const;
    const make = input("nat", ...["A", "B", "C", "D"].map((name) => `:${name} - [0:0]`));
    const deepen = [
      input("nat", ":B - [0:0]", ":C - [0:0]", "-A B -j C", "-A C -j D"),
      input("nat", ":A - [0:0]", "-A A -j B"),
    ];
    const loop = input("nat", ":B - [0:0]", "-A B -j A");
    enteredHost(jumps, make, ...deepen);

    expect(() => enteredHost(jumps, make, ...deepen, loop)).to.throw();
  });

  it("knows at which hooks chains may be where they came to be so unseen", () => {
    const jumps = [
      ["OUTPUT", "C"],
      ["POSTROUTING", "A"],
    ] as const;
    const make = input(
      "nat",
      ...["A", "B", "C", "X", "Y"].map((name) => `:${name} - [0:0]`),
      ...["-A A -j X", "-A X -j Y", "-A Y -j RETURN", "-A C -j B"],
    );
    const bind = input("nat", ":B - [0:0]", "-A B -p tcp -j DNAT --to-destination 10.0.0.1");
    const enter = input("nat", ":A - [0:0]", "-A A -j C");
    enteredHost(jumps, make, bind);

    expect(() => enteredHost(jumps, make, bind, enter)).to.throw();
  });

  it("tells of refusals on each host", () => {
    const wrong = input("nat", ":A - [0:0]", "-A A -j NONE");

    expect(() => host(wrong)).to.throw();
    expect(() => host(wrong)).to.throw();
  });
});
