import { expect } from "chai";
import * as fc from "fast-check";
import { VethworkError } from "../../../lib/base/errors.ts";
import { Netfilter } from "../../../lib/netfilter/netfilter.ts";
import { emptyHost } from "../../../tools/empty-host.ts";

const address = fc.constantFrom("10.0.0.1", "10.0.0.2/24", "192.168.1.0/24", "10.0.0.300", "");
const comment = fc.constantFrom(
  "plain",
  '"two words"',
  '""',
  '"a \\" quote"',
  '"open',
  'half"way"',
);
const port = fc.constantFrom("80", "443", "1024:65535", "http", "70000");
const target = fc.constantFrom("KUBE-A", "KUBE-B", "ACCEPT", "DROP", "DNAT", "NOWHERE");
const blank = fc.constantFrom(" ", "  ", "\t");

/** Lines of a few shapes; some of them are refused, or have other blanks than most. */
const line = fc.oneof(
  fc.tuple(blank, address, target).map(([b, a, t]) => `-A KUBE-A -s${b}${a} -j ${t}`),
  fc
    .tuple(comment, port, blank, target)
    .map(([c, p, b, t]) => `-A KUBE-A -p tcp -m comment --comment ${c} --dport ${p}${b}-j ${t}`),
  fc
    .tuple(comment, address, target)
    .map(([c, a, t]) => `-A KUBE-B -m comment --comment ${c} ! -d ${a} -j ${t}`),
  fc.tuple(port, address).map(([p, a]) => `-A KUBE-B -p udp --dport ${p} -j DNAT --to ${a}:53`),
  fc.tuple(port, blank).map(([p, b]) => `-A KUBE-B -p tcp -m tcp --dport=${p}${b}-j RETURN${b}`),
);

const HEAD = "*nat\n:KUBE-A - [0:0]\n:KUBE-B - [0:0]\n";

/** What a text leads to: the table, or where and why it is refused. */
function outcome(netfilter: Netfilter, text: string, noflush: boolean): string {
  try {
    netfilter.restore(text, { noflush });
    return netfilter.save();
  } catch (error) {
    if (error instanceof VethworkError) return `${error.place?.column}: ${error.problem}`;
    throw error;
  }
}

/** The lines up to the first that is refused, each in a text of its own: no two have a shape. */
function oneByOne(lines: readonly string[]): string {
  const netfilter = new Netfilter(emptyHost());
  let last = outcome(netfilter, `${HEAD}COMMIT\n`, false);
  for (const one of lines) {
    last = outcome(netfilter, `*nat\n${one}\nCOMMIT\n`, true);
    if (/^\d/.test(last)) return last;
  }
  return last;
}

describe("netfilter/text/shape", () => {
  it("reads lines as they are read word for word, errors and their columns included", () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        const text = `${HEAD}${lines.join("\n")}\nCOMMIT\n`;

        expect(outcome(new Netfilter(emptyHost()), text, false)).to.equal(oneByOne(lines));
      }),
      { numRuns: 400 },
    );
  });
});
