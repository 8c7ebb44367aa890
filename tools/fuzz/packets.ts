/**
 * Differential fuzzing of packets: random rule sets and packets go through netfilter of a router on
 * the real kernel and in vethwork. What leaves, the counters of all rules and chains, the members of
 * sets and the connections with the time they have left must be the same. Needs root, iptables
 * 1.8.9, ipset, conntrack and python3.
 *
 *     node build/tools/fuzz/packets.js --seed 1 --count 50
 *     node build/tools/fuzz/packets.js --flows --seed 1 --count 50
 */
import { parseArgs } from "node:util";
import { Random, type RandomStream } from "../../lib/sim/random.ts";
import * as icmp from "../../lib/wire/icmp.ts";
import { compareConnections } from "./connections.ts";
import { type Emitted, FakeRouter } from "./fake-router.ts";
import { FlowGrammar } from "./flow-grammar.ts";
import { PacketGrammar, type PacketSource } from "./packet-grammar.ts";
import { RealRouter } from "./real-router.ts";
import { routerRules } from "./router-rules.ts";
import { makeSets, savedSets, setsText } from "./router-sets.ts";
import { flowSettings, ruleSettings, type Settings } from "./router-settings.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    count: { type: "string", default: "20" },
    packets: { type: "string", default: "20" },
    only: { type: "string", default: "" },
    /** Compare connections after each packet. */
    each: { type: "boolean", default: false },
    /** No rules but states, and one flow between two hosts: conntrack alone. */
    flows: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
});
/** Connections are tracked, and nothing is dropped. */
const TRACKING_ONLY =
  "*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m conntrack --ctstate INVALID\n" +
  "-A FORWARD -m conntrack --ctstate NEW\n-A FORWARD -m conntrack --ctstate RELATED\n" +
  "-A INPUT -j DROP\nCOMMIT\n";

/** One rule set with its packets. */
class Case {
  readonly #real: RealRouter;
  readonly #mine = new FakeRouter();
  readonly #rules: string;
  readonly #packets: PacketSource;
  readonly #settings: Settings;
  #began = 0;
  /** Packets that went through both. */
  compared = 0;

  constructor(real: RealRouter, random: RandomStream) {
    this.#real = real;
    this.#rules = values.flows ? TRACKING_ONLY : routerRules(random);
    this.#settings = values.flows ? flowSettings(random) : ruleSettings(random);
    // What the kernel does once in a tick of 4 ms it must do for each packet.
    const waitMs = this.#rules.includes("connlimit") ? 5 : 0;
    this.#packets = values.flows ? new FlowGrammar(random) : new PacketGrammar(random, waitMs);
  }

  /** What differs, or nothing. */
  async differences(): Promise<string[]> {
    const problems = (await this.#load()) ?? (await this.#inject());
    if (problems.length === 0) return problems;
    const settings = Object.entries(this.#settings).map(([name, value]) => `${name}=${value}`);
    return [...settings, this.#rules, ...problems];
  }

  async #load(): Promise<string[] | null> {
    const real = this.#real;
    const { netfilter } = this.#mine;
    real.run("nft", ["flush", "ruleset"]);
    for (const [name, value] of Object.entries(this.#settings)) {
      await real.sysctl(`net.netfilter.${name}`, value);
    }
    Object.assign(netfilter.conntrack.settings, this.#settings);
    if (!values.flows) {
      real.run("ipset", ["restore"], setsText());
      makeSets(netfilter.sets);
    }
    const loaded = real.run("iptables-restore", [], this.#rules);
    if (loaded.status !== 0) return [`the real tool refused: ${loaded.stderr}`];
    netfilter.restore(this.#rules);
    real.run("conntrack", ["-F"]);
    this.#began = performance.now();
    return null;
  }

  async #inject(): Promise<string[]> {
    for (let number = 0; number < Number(values.packets); number += 1) {
      const { side, bytes, what, waitMs } = this.#packets.next();
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      const mine = this.#mine.inject(side, bytes, this.#now());
      const theirs = await this.#real.inject(side, bytes, mine.length);
      // A port chosen at random is another one there: the case ends here.
      if (this.#mine.netfilter.nat.randomChoices > 0) return [];
      this.#packets.learn(theirs);
      this.compared += 1;
      const a = show(mine);
      const b = show(theirs);
      if (values.verbose)
        console.log(`  ${number} ${side} ${what} → ${b.join(" | ") || "nothing"}`);
      const where = `packet ${number} (${side}: ${what})`;
      if (a.join("\n") !== b.join("\n")) {
        const sent = Buffer.from(bytes).toString("hex");
        return [`${where}\n  in       ${sent}\n${twoSides(b.join("\n"), a.join("\n"))}`];
      }
      if (!values.each && !values.flows) continue;
      const problem = (await this.#compareConnections()) || this.#compareCounters();
      if (problem !== "") return [`after ${where}`, problem];
    }
    return [await this.#compareConnections(), this.#compareCounters(), this.#compareSets()].filter(
      (problem) => problem !== "",
    );
  }

  /** Time since the rules were loaded, on the kernel and so here as well. */
  #now(): number {
    return Math.round((performance.now() - this.#began) * 1e6);
  }

  async #compareConnections(): Promise<string> {
    this.#mine.cpu.scheduler.now = this.#now();
    return compareConnections(await this.#real.connections(), this.#mine.netfilter.conntrack);
  }

  #compareCounters(): string {
    const want = withoutComments(this.#real.run("iptables-save", ["-c"]).stdout);
    const got = withoutComments(this.#mine.netfilter.save(null, { counters: true }));
    const at = want.findIndex((line, index) => line !== got[index]);
    return at === -1 ? "" : `counters\n${twoSides(want[at] ?? "", got[at] ?? "")}`;
  }

  #compareSets(): string {
    if (values.flows) return "";
    const saved = this.#real.run("ipset", ["save"]).stdout.split("\n");
    const want = saved.filter((line) => line.startsWith("add ")).sort();
    const got = savedSets(this.#mine.netfilter.sets);
    const missing = want.filter((line) => !got.includes(line));
    const added = got.filter((line) => !want.includes(line));
    if (missing.length + added.length === 0) return "";
    return `sets\n${twoSides(missing.join(", "), added.join(", "))}`;
  }
}

function twoSides(real: string, mine: string): string {
  return `  real     ${real || "nothing"}\n  vethwork ${mine || "nothing"}`;
}

/** Without what the kernel chooses at random for its own packets: identification and checksum. */
function show(emitted: readonly Emitted[]): string[] {
  return emitted
    .map(({ side, bytes }) => {
      const copy = Buffer.from(bytes);
      const protocol = copy.readUInt8(9);
      const isError = protocol === 1 && icmp.isError(copy.readUInt8(20));
      if (isError || (protocol === 6 && copy.length === 40)) {
        copy.writeUInt16BE(0, 4);
        copy.writeUInt16BE(0, 10);
        // The kernel leaves the checksum of its own segments to the veth, which leaves it undone.
        if (!isError) copy.writeUInt16BE(0, 36);
      }
      return `${side} ${copy.toString("hex")}`;
    })
    .sort();
}

function withoutComments(text: string): string[] {
  return text.split("\n").filter((line) => !line.startsWith("#"));
}

let differences = 0;
let cases = 0;
let packets = 0;
const real = new RealRouter(`vwpkt${process.pid}`);
try {
  for (let index = 0; index < Number(values.count); index += 1) {
    if (values.only !== "" && Number(values.only) !== index) continue;
    const one = new Case(real, new Random(Number(values.seed)).stream(`case ${index}`));
    const problems = await one.differences();
    cases += 1;
    packets += one.compared;
    if (problems.length === 0) continue;
    differences += 1;
    console.log([`case ${index}`, ...problems].join("\n"));
  }
} finally {
  real.close();
}
const kind = values.flows ? "sequences" : "rule sets";
console.log(
  `seed ${values.seed}: ${cases} ${kind}, ${packets} packets through both, ${differences} differences`,
);
process.exitCode = differences === 0 ? 0 : 1;
