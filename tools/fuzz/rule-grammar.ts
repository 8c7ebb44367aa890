/**
 * Random rule text over all modules: mostly what the real tool takes, sometimes not.
 */
import type { RandomStream } from "../../lib/sim/random.ts";
import { MatchGrammar } from "./match-grammar.ts";
import { RuleValues } from "./rule-values.ts";
import { TargetGrammar } from "./target-grammar.ts";

/** A rule and the table and chain it goes to. */
export interface RandomRule {
  readonly table: string;
  readonly chain: string;
  /** Behind `-A CHAIN`. */
  readonly text: string;
}

const CHAINS: Readonly<Record<string, readonly string[]>> = {
  filter: ["INPUT", "FORWARD", "OUTPUT"],
  nat: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
  mangle: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  raw: ["PREROUTING", "OUTPUT"],
  security: ["INPUT", "FORWARD", "OUTPUT"],
};
const TABLES = ["filter", "filter", "nat", "mangle", "raw", "security"];

/** Makes random rules from one stream. */
export class RuleGrammar {
  readonly #values: RuleValues;
  readonly #matches: MatchGrammar;
  readonly #targets: TargetGrammar;

  constructor(random: RandomStream) {
    this.#values = new RuleValues(random);
    this.#matches = new MatchGrammar(this.#values);
    this.#targets = new TargetGrammar(this.#values);
  }

  /** The next rule. */
  rule(): RandomRule {
    const table = this.#values.pick(TABLES);
    const chain = this.#values.pick(CHAINS[table] ?? []);
    const words = [this.#header(chain)];
    const protocol = this.#protocol();
    words.push(protocol.text);
    const count = this.#values.number(3);
    for (let index = 0; index < count; index += 1) words.push(this.#matches.match(protocol.name));
    words.push(this.#targets.target(table, protocol.name));
    return { table, chain, text: words.filter((word) => word !== "").join(" ") };
  }

  #header(chain: string): string {
    const words: string[] = [];
    if (this.#values.chance(0.3)) words.push(`${this.#values.not()}-s ${this.#values.network()}`);
    if (this.#values.chance(0.3)) words.push(`${this.#values.not()}-d ${this.#values.network()}`);
    const mayIn = chain !== "OUTPUT" && chain !== "POSTROUTING";
    const mayOut = chain !== "INPUT" && chain !== "PREROUTING";
    if (this.#values.chance(mayIn ? 0.2 : 0.02))
      words.push(`${this.#values.not()}-i ${this.#values.device()}`);
    if (this.#values.chance(mayOut ? 0.2 : 0.02))
      words.push(`${this.#values.not()}-o ${this.#values.device()}`);
    if (this.#values.chance(0.03)) words.push(`${this.#values.not()}-f`);
    return words.join(" ");
  }

  #protocol(): { name: string; text: string } {
    const name = this.#values.pick([
      "",
      "",
      "tcp",
      "tcp",
      "tcp",
      "udp",
      "udp",
      "icmp",
      "sctp",
      "47",
      "all",
    ]);
    if (name === "") return { name, text: "" };
    const not = this.#values.chance(0.05) ? "! " : "";
    return { name: not === "" ? name : "", text: `${not}-p ${name}` };
  }
}
