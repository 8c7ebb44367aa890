import { expect } from "chai";
import * as fc from "fast-check";
import { VethworkError } from "../../lib/base/errors.ts";
import { LineBlock, LineText } from "../../lib/base/line-text.ts";
import { NetfilterIptables } from "../../lib/kube/netfilter-iptables.ts";
import type { NetfilterHost } from "../../lib/netfilter/hooks.ts";
import { Netfilter } from "../../lib/netfilter/netfilter.ts";
import { runIptables } from "../../lib/netfilter/text/iptables.ts";
import { emptyHost } from "../../tools/empty-host.ts";

const OPTIONS = { noflush: true, counters: true };
const CHAINS = ["A", "B", "C", "D"];
const ENDS = [
  "-j B",
  "-p tcp -m tcp --dport 80 -j C",
  "-m addrtype --dst-type LOCAL -j D",
  "-m comment --comment x -j D",
  "-m statistic --mode random --probability 0.5 -j D",
  "-m limit --limit 5/sec -j RETURN",
  "-p tcp -j DNAT --to-destination 10.0.0.1:80",
  "-j RETURN",
  "-j A",
  "-j NONE",
  "-j OUTPUT",
  "-p nonsense",
];

/** The same block each time that the same lines are asked for. */
const made = new Map<string, LineBlock>();

function block(lines: readonly string[]): LineBlock {
  const key = lines.join("\n");
  const known = made.get(key) ?? new LineBlock(lines);
  made.set(key, known);
  return known;
}

interface Filling {
  readonly chain: string;
  readonly blocks: readonly (readonly number[])[];
}
type Step =
  | { readonly fill: readonly Filling[]; readonly gone: readonly string[] }
  | { readonly command: string };

const filling: fc.Arbitrary<Filling> = fc.record({
  chain: fc.constantFrom(...CHAINS),
  blocks: fc.array(fc.array(fc.nat(ENDS.length - 1), { minLength: 1, maxLength: 3 }), {
    maxLength: 3,
  }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      fill: fc.array(filling, { minLength: 1, maxLength: 4 }),
      gone: fc.oneof(fc.constant([]), fc.subarray(CHAINS)),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      command: fc.constantFrom(
        "ensure OUTPUT -j A",
        "ensure C -m set --match-set known src -j D",
        "ensure B -m conntrack --ctstate NEW -j C",
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      command: fc.constantFrom(
        "-A OUTPUT -j A",
        "-D OUTPUT 1",
        "-I A 1 -j RETURN",
        "-A B -j C",
        "-D B 1",
        "-F C",
        "-X D",
        "-E C E",
        "-Z",
        "-X",
      ),
    }),
  },
);

function blocksOf(fill: readonly Filling[], gone: readonly string[] = []): LineBlock[] {
  const chains = [...new Set([...fill.map(({ chain }) => chain), ...gone])];
  return [
    block(["*nat"]),
    block(chains.map((chain) => `:${chain} - [0:0]`)),
    ...fill.flatMap(({ chain, blocks }) =>
      blocks.map((ends) => block(ends.map((end) => `-A ${chain} ${ENDS[end]}`))),
    ),
    block(gone.map((chain) => `-X ${chain}`)),
    block(["COMMIT"]),
  ];
}

function outcome(netfilter: Netfilter, text: string | LineText): string {
  try {
    netfilter.restore(text, OPTIONS);
    return "";
  } catch (error) {
    if (!(error instanceof VethworkError)) throw error;
    return "refused";
  }
}

/** What a step does: a command line, or an input. */
type Action = { readonly command: string } | { readonly input: LineText };

function actionOf(one: Step): Action {
  return "command" in one ? one : { input: new LineText(blocksOf(one.fill, one.gone)) };
}

function perform(netfilter: Netfilter, one: Action, asBlocks: boolean): string {
  if ("input" in one) return outcome(netfilter, asBlocks ? one.input : one.input.text);
  const words = one.command.split(" ");
  if (words[0] === "ensure") {
    const [, chain = "", ...rule] = words;
    return String(new NetfilterIptables(netfilter).ensureRule("append", "nat", chain, rule));
  }
  const { status, error } = runIptables(netfilter, ["-t", "nat", ...words]);
  return `${status} ${error}`;
}

function stateOf(netfilter: Netfilter): string {
  const listing = runIptables(netfilter, ["-t", "nat", "-L", "-n", "-v"]).output;
  const { references } = netfilter.sets.get("known") ?? { references: 0 };
  return `${netfilter.save()}${listing}${netfilter.conntrack.active} ${references}`;
}

/** A host of a machine, of which a run has one. */
function hostOn(machine: NetfilterHost): Netfilter {
  const netfilter = new Netfilter({ ...emptyHost(), cpu: machine.cpu });
  netfilter.sets.create("known", "hash:ip");
  return netfilter;
}

function filled(): Netfilter {
  const netfilter = new Netfilter(emptyHost());
  const fill = [
    { chain: "A", blocks: [[0], [7]] },
    { chain: "B", blocks: [[6]] },
  ];
  netfilter.restore(new LineText(blocksOf(fill)), OPTIONS);
  return netfilter;
}

describe("netfilter/rule-block", () => {
  it("leads to the same tables as its lines, whatever is done to them", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        const machine = emptyHost();
        const inBlocks = hostOn(machine);
        const inLines = hostOn(machine);
        const behind = hostOn(machine);
        // Nobody looks at its rules before the end.
        const later = hostOn(machine);
        for (const one of steps.map(actionOf)) {
          const told = perform(inLines, one, false);
          expect(perform(inBlocks, one, true)).to.equal(told);
          expect(perform(behind, one, true)).to.equal(told);
          expect(perform(later, one, true)).to.equal(told);
          expect(stateOf(inBlocks)).to.equal(stateOf(inLines));
          expect(stateOf(behind)).to.equal(stateOf(inLines));
        }
        expect(stateOf(later)).to.equal(stateOf(inLines));
      }),
      { numRuns: 150 },
    );
  });

  it("reads a line for each table by itself, whichever host has read it", () => {
    const input = (table: string): LineText =>
      new LineText([
        new LineBlock([`*${table}`]),
        new LineBlock([":A - [0:0]", "-A A -p tcp -j REDIRECT --to-ports 80"]),
        new LineBlock(["COMMIT"]),
      ]);
    const machine = emptyHost();

    expect(outcome(hostOn(machine), input("nat"))).to.equal("");
    expect(outcome(hostOn(machine), input("filter"))).to.equal("refused");
    expect(outcome(hostOn(machine), input("nat"))).to.equal("");
  });

  it("gives each host rules with counters of its own", () => {
    const [one, other] = [filled(), filled()];

    for (const rule of one.table("nat")?.chains.get("A")?.rules ?? []) rule.packets = 7;

    const packets = (netfilter: Netfilter): (number | undefined)[] =>
      (netfilter.table("nat")?.chains.get("A")?.rules ?? []).map((rule) => rule.packets);
    expect(packets(one)).to.deep.equal([7, 7]);
    expect(packets(other)).to.deep.equal([0, 0]);
  });

  it("keeps the counters of a chain to which a rule is added", () => {
    const netfilter = filled();
    for (const rule of netfilter.table("nat")?.chains.get("A")?.rules ?? []) rule.packets = 7;

    runIptables(netfilter, ["-t", "nat", "-A", "A", "-j", "ACCEPT"]);

    expect(netfilter.save("nat")).to.contain("-A A -j ACCEPT");
    const rules = netfilter.table("nat")?.chains.get("A")?.rules ?? [];
    expect(rules.map(({ packets }) => packets)).to.deep.equal([7, 7, 0]);
  });

  it("tracks connections before any of its rules has been met", () => {
    const netfilter = filled();
    expect(netfilter.conntrack.active).to.equal(true);

    netfilter.restore("*nat\n:B - [0:0]\nCOMMIT\n", OPTIONS);

    expect(netfilter.conntrack.active).to.equal(false);
  });
});
