/**
 * Random rule sets for the router, over all tables, and all targets whose effect is decided: no
 * random choices, and nothing that depends on milliseconds.
 */
import type { RandomStream } from "../../lib/sim/random.ts";
import { RouterMatches } from "./router-matches.ts";

const RAW = [
  "-j NOTRACK",
  "-j CT --notrack",
  "-j CT --zone 1",
  "-j CT --zone-orig 2",
  "-j CT --zone-reply 3",
  "-j ACCEPT",
  "-j DROP",
];
const MANGLE = [
  "-j MARK --set-xmark 0x1/0x1",
  "-j MARK --or-mark 0x4000",
  "-j MARK --xor-mark 0x2",
  "-j MARK --and-mark 0xfffe",
  "-j CONNMARK --set-mark 1",
  "-j CONNMARK --set-xmark 0x3/0xf",
  "-j CONNMARK --save-mark",
  "-j CONNMARK --save-mark --nfmask 0x3 --ctmask 0x3",
  "-j CONNMARK --restore-mark",
  "-j CONNMARK --restore-mark --mask 0x1",
  "-j CONNMARK --xor-mark 0x2",
  "-j TOS --set-tos 0x10",
  "-j TOS --or-tos 0x08",
  "-j TOS --and-tos 0xf0",
  "-j DSCP --set-dscp 10",
  "-j DSCP --set-dscp-class EF",
  "-j TTL --ttl-dec 1",
  "-j TTL --ttl-inc 2",
  "-j TTL --ttl-set 9",
  "-j CLASSIFY --set-class 1:10",
  "-j CHECKSUM --checksum-fill",
  "-j SET --add-set fz-ip src",
  "-j SET --del-set fz-ip dst",
  "-j SET --add-set fz-ipport src,dst",
  "-j RETURN",
  "-j ACCEPT",
];
const MSS = ["--set-mss 1000", "--set-mss 1400", "--clamp-mss-to-pmtu"];
const DESTINATIONS = [
  "10.2.0.2:8080",
  "10.2.0.3",
  "10.2.0.2",
  "10.1.0.3:80",
  "10.2.0.2-10.2.0.5",
  "10.2.0.2-10.2.0.5 --persistent",
  ":8080",
];
const SOURCES = ["10.2.0.5", "10.2.0.5-10.2.0.8", "10.2.0.5-10.2.0.8 --persistent"];
const FILTER = [
  "-j ACCEPT",
  "-j ACCEPT",
  "-j DROP",
  "-j RETURN",
  "-j U2",
  "-g U2",
  "",
  "-j REJECT",
  "-j REJECT --reject-with icmp-net-unreachable",
  "-j REJECT --reject-with icmp-host-unreachable",
  "-j REJECT --reject-with icmp-proto-unreachable",
  "-j REJECT --reject-with icmp-net-prohibited",
  "-j REJECT --reject-with icmp-host-prohibited",
  "-j REJECT --reject-with icmp-admin-prohibited",
  "-j MARK --or-mark 1",
  "-j LOG --log-prefix fz",
  "-j NFLOG --nflog-group 5",
  "-j SET --add-set fz-ip dst --exist",
];

/** Text for iptables-restore. The router itself hears nothing, so that it does not answer. */
export function routerRules(random: RandomStream): string {
  return new RouterRules(random).text();
}

class RouterRules {
  readonly #random: RandomStream;
  readonly #matches: RouterMatches;
  readonly #lines: string[] = [];

  constructor(random: RandomStream) {
    this.#random = random;
    this.#matches = new RouterMatches(random);
  }

  text(): string {
    if (this.#chance(0.3)) this.#section("raw", [], this.#rules("raw", 3, ["PREROUTING"], RAW));
    if (this.#chance(0.6)) this.#mangle();
    if (this.#chance(0.8)) this.#nat();
    this.#filter();
    return `${this.#lines.join("\n")}\n`;
  }

  #mangle(): void {
    const chains = ["PREROUTING", "FORWARD", "POSTROUTING", "MU"];
    this.#section(
      "mangle",
      ["MU"],
      [
        ...this.#rules("mangle", 5, chains, MANGLE),
        ...this.#sometimes(0.5, "-A FORWARD -j MU"),
        ...this.#sometimes(
          0.3,
          `-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS ${this.#pick(MSS)}`,
        ),
      ],
    );
  }

  #nat(): void {
    const services = ["tcp -m tcp --dport 80", "udp -m udp --dport 53", "tcp", "udp", "sctp"];
    const service = (): string => {
      const to = this.#pick(DESTINATIONS);
      return `-A ${this.#pick(["PREROUTING", "NU"])} -d ${this.#pick(["10.96.0.1", "10.96.0.2"])} -p ${this.#pick(services)} -j DNAT --to-destination ${to}`;
    };
    const before = ["-j ACCEPT", "-j RETURN", "-j NETMAP --to 10.2.0.0/24"];
    const redirect = "-p tcp -m tcp --dport 443 -j REDIRECT --to-ports 8443";
    const after = [
      "-j MASQUERADE",
      "-j ACCEPT",
      "-j RETURN",
      ...SOURCES.map((to) => `-j SNAT --to-source ${to}`),
    ];
    this.#section(
      "nat",
      ["NU"],
      [
        ...this.#some(3, service),
        ...this.#sometimes(0.5, "-A PREROUTING -j NU"),
        ...this.#sometimes(0.2, `-A PREROUTING ${redirect}`),
        ...this.#rules("nat", 2, ["PREROUTING"], before),
        ...this.#rules("nat", 2, ["POSTROUTING"], after),
        ...this.#sometimes(0.1, "-A POSTROUTING -d 10.1.0.0/16 -j NETMAP --to 10.2.0.0/16"),
      ],
    );
  }

  #filter(): void {
    const forward = this.#rules("filter", 6, ["FORWARD", "FORWARD", "U1", "U2"], FILTER);
    this.#section(
      "filter",
      ["U1", "U2"],
      [
        "-A INPUT -j DROP",
        ...forward.map((rule) => rule.replace(/-A U2 (.*)-[jg] U2/, "-A U2 $1-j RETURN")),
        ...this.#sometimes(0.7, `-A FORWARD ${this.#matches.in("filter", "FORWARD")} -j U1`),
        ...this.#sometimes(
          0.3,
          "-A FORWARD -p tcp -m tcp --dport 443 -j REJECT --reject-with tcp-reset",
        ),
        // Earlier than here it counts what may never become a connection, for as long as it takes.
        ...this.#sometimes(
          0.5,
          `-A FORWARD -p udp -m connlimit --connlimit-above ${this.#random.below(3)} -j REJECT`,
        ),
        ...this.#rules("filter", 2, ["OUTPUT"], ["", "-j ACCEPT", "-j DROP"]),
      ],
    );
  }

  #section(table: string, chains: readonly string[], rules: readonly string[]): void {
    const declared = chains.map((chain) => `:${chain} - [0:0]`);
    const plain = rules.map((rule) => rule.replace(/ +/g, " ").trim());
    this.#lines.push(`*${table}`, ...declared, ...plain, "COMMIT");
  }

  /** Up to `most` rules of a table. */
  #rules(
    table: string,
    most: number,
    chains: readonly string[],
    targets: readonly string[],
  ): string[] {
    return this.#some(most, () => {
      const chain = this.#pick(chains);
      const second = this.#chance(0.3) ? this.#matches.in(table, chain) : "";
      const matches = compatible(`${this.#matches.in(table, chain)} ${second}`.trim());
      const target = this.#pick(targets);
      // Traffic classes are for what leaves.
      const mayStand = chain !== "PREROUTING" || !target.includes("CLASSIFY");
      return `-A ${chain} ${matches} ${mayStand ? target : ""}`;
    });
  }

  #some(most: number, make: () => string): string[] {
    return Array.from({ length: this.#random.below(most + 1) }, make);
  }

  #sometimes(probability: number, rule: string): string[] {
    return this.#chance(probability) ? [rule] : [];
  }

  #chance(probability: number): boolean {
    return this.#random.chance(probability);
  }

  #pick<T>(choices: readonly T[]): T {
    return this.#matches.pick(choices);
  }
}

/** Two matches may ask for different protocols or addresses: then only the first one stays. */
function compatible(text: string): string {
  const once = ["-p", "-s", "-d", "-i", "-o", "-f"];
  const words = text.split(" ");
  for (const option of once) {
    const first = words.indexOf(option);
    const second = words.indexOf(option, first + 1);
    if (first === -1 || second === -1) continue;
    const at = words[second - 1] === "!" ? second - 1 : second;
    return compatible(words.slice(0, at).join(" "));
  }
  return text;
}
