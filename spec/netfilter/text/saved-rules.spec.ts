import { expect } from "chai";
import * as fc from "fast-check";
import { VethworkError } from "../../../lib/base/errors.ts";
import { Netfilter } from "../../../lib/netfilter/netfilter.ts";
import { runIptables } from "../../../lib/netfilter/text/iptables.ts";
import { SavedRules } from "../../../lib/netfilter/text/saved-rules.ts";
import { emptyHost } from "../../../tools/empty-host.ts";

const HEAD = "*nat\n:A - [0:0]\n:B - [0:0]\n:C - [0:0]\n";

/** Conditions that are printed otherwise than they are written, or not at all. */
const condition = fc.constantFrom(
  "-s 10.0.0.1",
  "-s 10.1/255.255.0.0",
  "--src 0.0.0.0/0",
  "! -d 10.0.0.7/24",
  "-d 10.0.0.1,10.0.0.2",
  "-i +",
  "-i eth+",
  "-p 6",
  "-p tcp --dport http",
  "-p udp --sport 0:65535",
  "-p tcp -m tcp --tcp-flags ALL SYN",
  "-p TCP --syn",
  "-m comment --comment plain",
  '-m comment --comment "two \\" words"',
  "-m comment --comment it's",
  "-m mark --mark 0X10/0xffffffff",
  "-m mark ! --mark 010/0xf",
  "-m limit",
  "-m limit --limit 1/second --limit-burst 5",
  "-m statistic --mode random --probability 0.3",
  "-m conntrack --ctstate NEW,ESTABLISHED",
  "-m addrtype --dst-type LOCAL",
);

const target = fc.constantFrom(
  "",
  "-j A",
  "-j B",
  "-g C",
  "-j RETURN",
  "-j MARK --or-mark 16",
  "-p tcp -j DNAT --to 10.0.0.1:80-0080",
  "-p tcp -j REDIRECT --to-ports 80",
  "-j MASQUERADE --random",
  "-j LOG --log-prefix it's --log-level 4",
);

const counters = fc.constantFrom("", "[3:4] ");
const chain = fc.constantFrom("A", "B", "C", "OUTPUT", "PREROUTING");

const rule = fc
  .tuple(chain, fc.uniqueArray(condition, { maxLength: 3 }), target)
  .map(([name, conditions, then]) => `${name} ${conditions.join(" ")} ${then}`);

const appended = fc.tuple(counters, rule).map(([count, text]) => `${count}-A ${text}`);

/** What happens to the rules once they have been read. */
const change = fc.oneof(
  rule.map((text) => `-A ${text}`),
  rule.map((text) => `-D ${text}`),
  fc.tuple(chain, rule).map(([name, text]) => `-I ${name} 1${text.slice(text.indexOf(" "))}`),
  fc.tuple(chain, rule).map(([name, text]) => `-R ${name} 1${text.slice(text.indexOf(" "))}`),
  fc.constantFrom("-E A D", "-E B A", "-E D B", "-Z", "-Z A", "-D A 1", "-D OUTPUT 2", "-F B"),
);

/** Restores, whatever there is to be refused. */
function tryRestore(netfilter: Netfilter, text: string, noflush = true): void {
  try {
    netfilter.restore(text, { noflush, counters: true });
  } catch (error) {
    if (!(error instanceof VethworkError)) throw error;
  }
}

/** All rules, printed from their parts. */
function printed(netfilter: Netfilter): string {
  for (const { rules } of netfilter.table("nat")?.chains.values() ?? []) {
    for (const one of rules) one.saved = null;
  }
  return netfilter.save(null, { counters: true });
}

describe("netfilter/text/saved-rules", () => {
  it("saves rules as they are printed, whatever happens to them once they are read", () => {
    const step = fc.tuple(change, fc.boolean());
    const steps = fc.array(step, { maxLength: 6 });
    fc.assert(
      fc.property(fc.array(appended, { maxLength: 10 }), steps, (lines, changes) => {
        const netfilter = new Netfilter(emptyHost());
        tryRestore(netfilter, `${HEAD}COMMIT\n`);
        for (const line of lines) tryRestore(netfilter, `*nat\n${line}\n${line}\nCOMMIT\n`);
        for (const [text, inRestore] of changes) {
          if (inRestore) tryRestore(netfilter, `*nat\n${text}\nCOMMIT\n`);
          else runIptables(netfilter, ["-t", "nat", ...text.split(" ").filter(Boolean)]);
        }

        const saved = netfilter.save(null, { counters: true });

        expect(saved).to.equal(printed(netfilter));
      }),
      { numRuns: 100 },
    );
  });

  it("keeps what rules print, not what their lines say", () => {
    const netfilter = new Netfilter(emptyHost());

    netfilter.restore(`${HEAD}-A A -p 6 --dport http -s 10.0.0.1 -j B\nCOMMIT\n`);

    const [rule] = netfilter.table("nat")?.chains.get("A")?.rules ?? [];
    expect(rule?.saved?.at(rule.savedAt)).to.equal(" -s 10.0.0.1/32 -p tcp -m tcp --dport 80 -j B");
  });

  it("forgets what is kept of a rule whose target has another name", () => {
    const netfilter = new Netfilter(emptyHost());
    netfilter.restore(`${HEAD}-A A -j B\n-A C -j A\nCOMMIT\n`);

    runIptables(netfilter, ["-t", "nat", "-E", "B", "D"]);

    expect(netfilter.save()).to.contain("-A A -j D\n-A C -j A\n");
  });

  it("finds forms while others are still being added, and says when it has enough", () => {
    const saved = new SavedRules();
    const first = saved.add(" -j A");
    const second = saved.add("");
    expect(saved.at(first)).to.equal(" -j A");

    const others = new SavedRules();
    let last = others.add(" -j B");
    while (!others.isFull) last = others.add(" -j C");

    expect(saved.at(second)).to.equal("");
    expect(others.at(0)).to.equal(" -j B");
    expect(others.at(last)).to.equal(" -j C");
  });
});
