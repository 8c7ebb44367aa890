import { expect } from "chai";
import { Netfilter } from "../../lib/netfilter/netfilter.ts";
import { emptyHost } from "../../tools/empty-host.ts";

const OPTIONS = { noflush: true, counters: true };
const LINES = ["-A A -p tcp -j B", "-A A -p udp -j B", "-A A -j RETURN"];

function text(...lines: readonly string[]): string {
  return ["*nat", ...lines, "COMMIT", ""].join("\n");
}

function filled(): Netfilter {
  const netfilter = new Netfilter(emptyHost());
  netfilter.restore(text(":A - [0:0]", ":B - [0:0]", ...LINES), OPTIONS);
  return netfilter;
}

function rulesOf(netfilter: Netfilter): string[] {
  return netfilter
    .save("nat")
    .split("\n")
    .filter((line) => line.startsWith("-A A"));
}

function count(netfilter: Netfilter): void {
  for (const rule of netfilter.table("nat")?.chains.get("A")?.rules ?? []) rule.packets = 7;
}

function counts(netfilter: Netfilter): number[] {
  return (netfilter.table("nat")?.chains.get("A")?.rules ?? []).map(({ packets }) => packets);
}

describe("netfilter/table-edit: chains that are flushed and filled again", () => {
  it("have the lines in their new order, with counters at 0", () => {
    const netfilter = filled();
    count(netfilter);
    const lines = [LINES[0] ?? "", "-A A -p sctp -j B", LINES[2] ?? "", LINES[1] ?? ""];

    netfilter.restore(text(":A - [0:0]", ...lines), OPTIONS);

    expect(rulesOf(netfilter)).to.deep.equal(lines);
    expect(counts(netfilter)).to.deep.equal([0, 0, 0, 0]);
  });

  it("keep their counters if the edit is refused", () => {
    const netfilter = filled();
    count(netfilter);

    const refused = text(":A - [0:0]", ...LINES, "-A A -j NONE");

    expect(() => netfilter.restore(refused, OPTIONS)).to.throw();
    expect(counts(netfilter)).to.deep.equal([7, 7, 7]);
  });

  it("still hold on to the chains that they jump to", () => {
    const netfilter = filled();
    netfilter.restore(text(":A - [0:0]", LINES[0] ?? ""), OPTIONS);

    expect(() => netfilter.restore(text("-X B"), OPTIONS)).to.throw();
    netfilter.restore(text(":A - [0:0]", "-X B"), OPTIONS);

    expect(netfilter.table("nat")?.chains.has("B")).to.equal(false);
  });

  it("are refused if they have come to call themselves", () => {
    const netfilter = filled();
    netfilter.restore(text("-A OUTPUT -j A"), OPTIONS);

    expect(() => netfilter.restore(text(":B - [0:0]", "-A B -j A"), OPTIONS)).to.throw();
    expect(() => netfilter.restore(text(":A - [0:0]", "-A A -j A"), OPTIONS)).to.throw();
    expect(rulesOf(netfilter)).to.deep.equal(LINES);
  });
});
