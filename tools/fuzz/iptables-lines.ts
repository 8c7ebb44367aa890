/**
 * Random `iptables` command lines over a few chains: all commands, with rules by text and by number,
 * listings in all forms, and mistakes of every kind.
 */
import { Random, type RandomStream } from "../../lib/sim/random.ts";
import type { LineGrammar } from "./command-lines.ts";
import { RuleGrammar } from "./rule-grammar.ts";
import { joined, WordMaker } from "./word-maker.ts";

/** The grammar. */
export class IptablesLines implements LineGrammar {
  lines(random: RandomStream): string[] {
    const maker = new LineMaker(random);
    const lines = ["iptables -N A", "iptables -N B"];
    const count = 6 + random.below(12);
    while (lines.length < count) lines.push(maker.line());
    lines.push(`iptables-save | grep -v '^#'`);
    return lines;
  }

  plain(_line: string, text: string): string {
    return text;
  }
}

/** Things that no command is. */
const MISTAKES: readonly [string, ...string[]] = [
  "",
  "-A",
  "-A INPUT -A OUTPUT",
  "-L -F",
  "-L INPUT FORWARD extra",
  "-S -n",
  "-F INPUT -s 10.0.0.1",
  "-L -j DROP",
  "-N C -j DROP",
  "-X A -p tcp",
  "-D INPUT 1 -j ACCEPT",
  "-P INPUT DROP -j ACCEPT",
  "--bogus",
  "-y",
  "-A INPUT bogus",
  "-A INPUT ! -j ACCEPT",
  "-A INPUT ! ! -s 10.0.0.1",
  "-A INPUT -s ! 10.0.0.1",
  "-A INPUT -j",
  "-A INPUT -p",
  "-A INPUT -s 10.0.0.1 -s 10.0.0.2",
  "-A INPUT -p tcp -p udp",
  "-A INPUT -j ACCEPT -j DROP",
  "-A INPUT -i a -i b",
  "-A INPUT !",
  "! -A INPUT",
  "-A INPUT -n",
  "-A INPUT --line-numbers",
  "-A INPUT -x -j ACCEPT",
  "-L -c 1 2",
  "-A INPUT -c 5 7 -j ACCEPT",
  "-A INPUT -c 5 -j ACCEPT",
  "-A INPUT -c x 7 -j ACCEPT",
  "-A INPUT -c 5 x -j ACCEPT",
  "-A INPUT -c 5,7 -j ACCEPT",
  "-I A 1 2",
  "-D A",
  "-C A",
  "-R A",
  "-E A",
  "-P INPUT",
  "-t",
  "-6 -A INPUT",
  "-4 -A INPUT -j ACCEPT",
  "-A INPUT -m",
  "-A INPUT -m nosuch",
  "-A INPUT -p all -m tcp --dport 80",
  "-A INPUT -m tcp --dport 80",
  "-A INPUT -p udp -m tcp",
  "-A INPUT ! -p tcp -m tcp --dport 80",
  "-A INPUT ! -p tcp --dport 80",
  "-A INPUT --dport 80",
  "-A INPUT -p tcp --sports 80",
  "-A INPUT ! -p all",
  "-A INPUT -p 300",
  "-A INPUT -p nosuch",
  "-A INPUT -p TCP -j ACCEPT",
  "-A INPUT -f -f",
  "-A INPUT -fj ACCEPT",
  "-A INPUT --frag -j ACCEPT",
  "-A INPUT --in eth0 --out eth1",
  "-A INPUT --sou 10.0.0.1",
  "-A INPUT --s 10.0.0.1",
  "-A INPUT --protocol=tcp --jump=ACCEPT",
  "-A INPUT -jACCEPT -ptcp -s10.0.0.1",
  "-A INPUT -j ACCEPT --reject-with tcp-reset",
  "-A INPUT -g NOWHERE",
  "-A INPUT -g ACCEPT",
  "-A INPUT -g A -j B",
  "-A A -j A",
  "-A INPUT -j INPUT",
  "-A INPUT -g OUTPUT",
  "-V",
  "-L INPUT -V",
];

class LineMaker extends WordMaker {
  /** Rules that were written before, which deletions and checks may name again. */
  readonly #rules: string[] = [];
  readonly #texts: RuleGrammar;

  constructor(random: RandomStream) {
    super(random);
    this.#texts = new RuleGrammar(new Random(random.uint32()).stream("rules"));
  }

  line(): string {
    const wait = this.maybe(0.05, () =>
      this.pick("-w", "-w 5", "--wait", "-w 0", "-w x", "-w -W 5"),
    );
    const command = this.#command();
    const verbose = this.maybe(command.includes("v") ? 0 : 0.15, () =>
      this.pick("-v", "--verbose"),
    );
    const table = this.#table();
    const parts = this.chance(0.8) ? [table, wait, command, verbose] : [command, table, verbose];
    return joined("iptables", ...parts);
  }

  #table(): string {
    if (!this.chance(0.25)) return "";
    const table = this.pick("filter", "nat", "mangle", "raw", "security", "nat", "mangle", "none");
    return this.chance(0.9) ? `-t ${table}` : this.pick(`--table=${table}`, `-t${table}`);
  }

  #command(): string {
    const kind = this.below(19);
    if (kind < 8) return this.#ruleCommand(kind);
    if (kind === 17) return joined("-A", this.#chain(), this.#address());
    if (kind > 17) return this.pick(...MISTAKES);
    return this.#chainCommand(kind);
  }

  /** Commands that are about one rule. */
  #ruleCommand(kind: number): string {
    const number = () => this.#number();
    switch (kind) {
      case 0:
      case 1:
        return joined(this.pick("-A", "--append"), this.#chain(), this.#rule());
      case 2:
      case 3:
        return joined("-I", this.#chain(), this.maybe(0.6, number), this.#rule());
      case 4:
        return joined(
          "-D",
          this.#chain(),
          this.#number(),
          this.maybe(0.1, () => this.#rule()),
        );
      case 5:
        return joined("-D", this.#chain(), this.#oldRule());
      case 6:
        return joined("-R", this.#chain(), this.maybe(0.9, number), this.#rule());
      default:
        return joined("-C", this.#chain(), this.#oldRule());
    }
  }

  /** Commands that are about whole chains. */
  #chainCommand(kind: number): string {
    const chain = () => this.#chain();
    const number = () => this.#number();
    switch (kind) {
      case 8:
        return joined(this.pick("-N", "--new-chain", "--new"), this.#newChain());
      case 9:
        return joined("-X", this.maybe(0.8, chain));
      case 10:
        return joined(
          "-E",
          this.#userChain(),
          this.maybe(0.95, () => this.#newChain()),
        );
      case 11:
        return joined("-P", this.#chain(), this.pick("ACCEPT", "DROP", "REJECT", "A", "QUEUE", ""));
      case 12:
        return joined("-F", this.maybe(0.7, chain));
      case 13:
        return joined("-Z", this.maybe(0.7, chain), this.maybe(0.3, number));
      case 16:
        return joined("-S", this.maybe(0.7, chain), this.maybe(0.3, number));
      default:
        return this.#listing();
    }
  }

  #listing(): string {
    const flags = this.pick("-L", "-nL", "-L -n", "-nvL", "-vnxL", "--list -n", "-L -v -n -x");
    return joined(
      flags,
      this.maybe(0.6, () => this.#chain()),
      this.maybe(0.2, () => this.#number()),
      this.maybe(0.3, () => "--line-numbers"),
      this.maybe(0.1, () => "-Z"),
    );
  }

  #userChain(): string {
    return this.pick("A", "A", "B", "C", "missing");
  }

  #chain(): string {
    return this.pick(
      ...(["INPUT", "INPUT", "OUTPUT", "FORWARD", "PREROUTING", "POSTROUTING"] as const),
      ...(["A", "A", "A", "B", "B", "C", "missing"] as const),
    );
  }

  #newChain(): string {
    return this.pick(
      ...(["A", "B", "C", "C", "D", "E-1", "INPUT", "PREROUTING", "ACCEPT", "REJECT"] as const),
      ...(["QUEUE", "MASQUERADE", "'a b'", "-x", "'!x'", "''", "LOG", "input", "\u00e4"] as const),
      "a234567890123456789012345678",
      "a2345678901234567890123456789",
    );
  }

  #number(): string {
    return this.pick("1", "1", "2", "3", "4", "9", "0", "x", "1x", "0x1", "99999999999");
  }

  #rule(): string {
    const rule = this.chance(0.3) ? this.#texts.rule().text : this.#simpleRule();
    this.#rules.push(rule);
    return rule;
  }

  #oldRule(): string {
    if (this.#rules.length === 0 || this.chance(0.2)) return this.#simpleRule();
    return this.#rules[this.below(this.#rules.length)] ?? "";
  }

  #simpleRule(): string {
    return joined(
      this.maybe(0.4, () => this.#address()),
      this.maybe(
        0.2,
        () => `${this.#not()}-i ${this.pick("eth0", "eth+", "+", "a234567890123456")}`,
      ),
      this.maybe(0.2, () => `${this.#not()}-o ${this.pick("eth0", "veth+", "lo")}`),
      this.maybe(
        0.3,
        () => `${this.#not()}-p ${this.pick("tcp", "udp", "icmp", "0", "47", "all")}`,
      ),
      this.maybe(0.2, () => this.pick("--dport 80", "-m mark --mark 1", "-m comment --comment x")),
      this.maybe(0.8, () => this.#target()),
    );
  }

  #address(): string {
    return `${this.#not()}${this.pick("-s", "-d", "--src", "--destination")} ${this.pick(
      ...(["10.0.0.1", "10.0.0.5/24", "10.0.0.0/255.255.0.0", "10.0.0.1/255.0.255.0"] as const),
      ...(["0/0", "10/8", "10.1", "0.0.0.0/0", "10.0.0.1/33", "10.0.0.1/x", "10.0.0.1/"] as const),
      ...(["10.0.0.1,10.0.0.2", "10.0.0.0/8,10.1.0.0/8", "10.0.0.1,,10.0.0.2", "''"] as const),
      ...(["10.0.0.1,10.0.0.1", "300.1.1.1", "nosuchhost.invalid", "10.0.0.1/8/8", "::1"] as const),
      ...(["localhost", "/8", "1.2.3.4.5", "0x0a000001", "10.0.0.010"] as const),
    )}`;
  }

  #target(): string {
    return this.pick(
      ...(["-j ACCEPT", "-j DROP", "-j RETURN", "-j A", "-j B", "-j C", "-g A", "-g B"] as const),
      ...(["-j missing", "-j REJECT", "-j LOG", "-j MARK --set-mark 1", "-j DNAT"] as const),
      ...(["-j MASQUERADE", "-j accept", "-j INPUT", "-j ''"] as const),
      "-j a2345678901234567890123456789",
    );
  }

  #not(): string {
    return this.chance(0.15) ? "! " : "";
  }
}
