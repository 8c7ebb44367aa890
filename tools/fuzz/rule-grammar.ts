/**
 * Random rule text over all modules: mostly what the real tool takes, sometimes not.
 */
import type { RandomStream } from "../../lib/sim/random.ts";

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

/** Names of sets that the fuzzer makes on both sides. */
export const FUZZ_SETS = ["fz-ip", "fz-ipport"] as const;

/** Makes random rules from one stream. */
export class RuleGrammar {
  readonly #random: RandomStream;

  constructor(random: RandomStream) {
    this.#random = random;
  }

  /** The next rule. */
  rule(): RandomRule {
    const table = this.#pick(TABLES);
    const chain = this.#pick(CHAINS[table] ?? []);
    const words = [this.#header(chain)];
    const protocol = this.#protocol();
    words.push(protocol.text);
    const count = this.#below(3);
    for (let index = 0; index < count; index += 1) words.push(this.#match(protocol.name));
    words.push(this.#target(table, protocol.name));
    return { table, chain, text: words.filter((word) => word !== "").join(" ") };
  }

  #header(chain: string): string {
    const words: string[] = [];
    if (this.#chance(0.3)) words.push(`${this.#not()}-s ${this.#network()}`);
    if (this.#chance(0.3)) words.push(`${this.#not()}-d ${this.#network()}`);
    const mayIn = chain !== "OUTPUT" && chain !== "POSTROUTING";
    const mayOut = chain !== "INPUT" && chain !== "PREROUTING";
    if (this.#chance(mayIn ? 0.2 : 0.02)) words.push(`${this.#not()}-i ${this.#device()}`);
    if (this.#chance(mayOut ? 0.2 : 0.02)) words.push(`${this.#not()}-o ${this.#device()}`);
    if (this.#chance(0.03)) words.push(`${this.#not()}-f`);
    return words.join(" ");
  }

  #protocol(): { name: string; text: string } {
    const name = this.#pick([
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
    const not = this.#chance(0.05) ? "! " : "";
    return { name: not === "" ? name : "", text: `${not}-p ${name}` };
  }

  #match(protocol: string): string {
    switch (this.#pick(MATCHES)) {
      case "protocol":
        return this.#protocolMatch(protocol);
      case "multiport":
        return `-m multiport ${this.#not()}--${this.#pick(["sports", "dports", "ports"])} ${this.#list(() => this.#portRange())}`;
      case "comment":
        return `-m comment --comment ${this.#string()}`;
      case "conntrack":
        return `-m conntrack ${this.#conntrack()}`;
      case "state":
        return `-m state ${this.#not()}--state ${this.#list(() => this.#pick(["NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED", "BAD"]))}`;
      case "mark":
        return `-m mark ${this.#not()}--mark ${this.#mark()}`;
      case "connmark":
        return `-m connmark ${this.#not()}--mark ${this.#mark()}`;
      case "addrtype":
        return this.#addrtype();
      case "statistic":
        return this.#statistic();
      case "recent":
        return this.#recent();
      case "limit":
        return `-m limit --limit ${this.#rate()}${this.#maybe(() => ` --limit-burst ${this.#number(100)}`)}`;
      case "hashlimit":
        return this.#hashlimit();
      case "iprange":
        return `-m iprange ${this.#not()}--${this.#pick(["src", "dst"])}-range ${this.#address()}-${this.#address()}`;
      case "length":
        return `-m length ${this.#not()}--length ${this.#pick([`${this.#number(2000)}`, `${this.#number(100)}:${200 + this.#number(2000)}`, `:${this.#number(900)}`, "100:"])}`;
      case "ttl":
        return `-m ttl ${this.#pick(["--ttl-eq", "! --ttl-eq", "--ttl-gt", "--ttl-lt", "--ttl"])} ${this.#number(260)}`;
      case "mac":
        return `-m mac ${this.#not()}--mac-source ${this.#pick(["02:00:00:00:00:01", "AA:bb:cc:dd:ee:ff", "1:2:3:4:5:6", "02:00"])}`;
      case "pkttype":
        return `-m pkttype ${this.#not()}--pkt-type ${this.#pick(["unicast", "broadcast", "multicast", "host", "any"])}`;
      case "physdev":
        return this.#physdev();
      case "owner":
        return `-m owner ${this.#not()}${this.#pick(["--uid-owner 1000", "--gid-owner 5-10", "--socket-exists", "--uid-owner root", "--gid-owner 3 --suppl-groups"])}`;
      case "set":
        return `-m set ${this.#not()}--match-set ${this.#pick([...FUZZ_SETS, "missing"])} ${this.#pick(["src", "dst", "src,dst", "dst,src", "both"])}`;
      case "rpfilter":
        return `-m rpfilter${this.#maybe(() => " --loose")}${this.#maybe(() => " --invert")}${this.#maybe(() => " --validmark")}`;
      case "dscp":
        return `-m dscp ${this.#not()}${this.#pick([`--dscp ${this.#number(70)}`, "--dscp 0x0a", "--dscp-class EF", "--dscp-class af11", "--dscp-class XX"])}`;
      case "tos":
        return `-m tos ${this.#not()}--tos ${this.#pick(["0x10", "4/7", "Minimize-Delay", "300"])}`;
      case "connlimit":
        return `-m connlimit --connlimit-${this.#pick(["above", "upto"])} ${this.#number(10)}${this.#maybe(() => ` --connlimit-mask ${this.#number(34)}`)}${this.#maybe(() => " --connlimit-daddr")}`;
      case "connbytes":
        return `-m connbytes ${this.#not()}--connbytes ${this.#pick(["100", "100:200", ":5", "7:3"])} --connbytes-dir ${this.#pick(["both", "original", "reply"])} --connbytes-mode ${this.#pick(["packets", "bytes", "avgpkt"])}`;
      default:
        return this.#pick(["-m nosuchmatch", "-m", "--nosuchoption 5", "! -m mark --mark 1"]);
    }
  }

  #protocolMatch(protocol: string): string {
    const explicit = this.#chance(0.5) ? `-m ${protocol === "" ? "tcp" : protocol} ` : "";
    const ports = (): string =>
      `${this.#not()}${this.#pick(["--sport", "--dport", "--source-port", "--destination-port"])} ${this.#portRange()}`;
    switch (protocol) {
      case "tcp":
        return `${explicit}${this.#pick([
          ports(),
          ports(),
          `${ports()} ${ports()}`,
          `${this.#not()}--syn`,
          `${this.#not()}--tcp-flags ${this.#list(() => this.#flag())} ${this.#list(() => this.#flag())}`,
          `${this.#not()}--tcp-option ${this.#number(300)}`,
          "",
        ])}`;
      case "icmp":
        return `${explicit}${this.#not()}--icmp-type ${this.#pick(["8", "3/4", "echo-request", "any", "network-unreachable", "300", "echo", "host-", "11/0"])}`;
      case "sctp":
        return this.#chance(0.5) ? `${explicit}${ports()}` : `${explicit}${this.#chunks()}`;
      case "udp":
        return `${explicit}${ports()}`;
      default:
        return this.#chance(0.2) ? ports() : "";
    }
  }

  #chunks(): string {
    const types = this.#list(() =>
      this.#pick([
        ...["DATA", "DATA:Be", "init", "INIT_ACK", "SACK", "HEARTBEAT", "ABORT:T", "SHUTDOWN"],
        ...["COOKIE_ECHO", "SHUTDOWN_COMPLETE:t", "ASCONF", "FORWARD_TSN", "DATA:UI", "INIT:T"],
        ...["I_DATA:b", "FOO"],
      ]),
    );
    const kind = this.#pick(["any", "all", "only", "ANY", "some"]);
    return `${this.#not()}--chunk-types ${kind} ${this.#pick([types, types, types, "ALL", "none"])}`;
  }

  #conntrack(): string {
    const parts: string[] = [];
    const states = ["NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED", "SNAT", "DNAT"];
    if (this.#chance(0.7)) {
      parts.push(`${this.#not()}--ctstate ${this.#list(() => this.#pick(states))}`);
    }
    if (this.#chance(0.2))
      parts.push(`${this.#not()}--ctproto ${this.#pick(["tcp", "17", "all", "nope"])}`);
    if (this.#chance(0.2)) parts.push(`${this.#not()}--ctorigsrc ${this.#network()}`);
    if (this.#chance(0.2)) parts.push(`${this.#not()}--ctrepldst ${this.#network()}`);
    if (this.#chance(0.2)) parts.push(`${this.#not()}--ctorigdstport ${this.#portRange()}`);
    if (this.#chance(0.2)) {
      parts.push(
        `${this.#not()}--ctstatus ${this.#list(() => this.#pick(["NONE", "EXPECTED", "SEEN_REPLY", "ASSURED", "CONFIRMED"]))}`,
      );
    }
    if (this.#chance(0.2))
      parts.push(`${this.#not()}--ctexpire ${this.#pick(["5", "5:10", "0:3", "x"])}`);
    if (this.#chance(0.2))
      parts.push(`--ctdir ${this.#pick(["ORIGINAL", "REPLY", "original", "UP"])}`);
    return parts.join(" ");
  }

  #addrtype(): string {
    const types = [
      "LOCAL",
      "UNICAST",
      "BROADCAST",
      "ANYCAST",
      "MULTICAST",
      "UNSPEC",
      "local",
      "BLACK",
      "PROHIBIT",
      "XX",
    ];
    const parts: string[] = [];
    if (this.#chance(0.8))
      parts.push(`${this.#not()}--dst-type ${this.#list(() => this.#pick(types))}`);
    if (this.#chance(0.4)) parts.push(`${this.#not()}--src-type ${this.#pick(types)}`);
    if (this.#chance(0.2)) parts.push(this.#pick(["--limit-iface-in", "--limit-iface-out"]));
    return `-m addrtype ${parts.join(" ")}`;
  }

  #statistic(): string {
    return `-m statistic --mode ${this.#pick([
      `random ${this.#not()}--probability ${this.#pick(["0.5", "0.33333333349", "1", "0", "0.1", "2", "x"])}`,
      `nth ${this.#not()}--every ${this.#number(6)} --packet ${this.#number(4)}`,
      "nth --every 3",
      "random",
      "other --probability 0.5",
    ])}`;
  }

  #recent(): string {
    const parts = [`${this.#not()}--${this.#pick(["set", "rcheck", "update", "remove"])}`];
    if (this.#chance(0.4)) parts.push(`--seconds ${this.#number(100)}`);
    if (this.#chance(0.3)) parts.push(`--hitcount ${this.#number(20)}`);
    if (this.#chance(0.2)) parts.push("--reap");
    if (this.#chance(0.2)) parts.push("--rttl");
    if (this.#chance(0.5)) parts.push(`--name ${this.#pick(["fz", "DEFAULT", "a-b"])}`);
    if (this.#chance(0.2)) parts.push("--mask 255.255.255.0");
    if (this.#chance(0.3)) parts.push(this.#pick(["--rsource", "--rdest"]));
    return `-m recent ${parts.join(" ")}`;
  }

  #hashlimit(): string {
    const bytes = this.#chance(0.3);
    const rate = bytes
      ? `${this.#pick(["1kb", "512b", "16b", "100kb", "2mb", "1000b", "0b", "7kb"])}/s`
      : this.#rate();
    const burst = bytes
      ? this.#pick(["5", "1000b", "10kb", "5mb", "x", "2000kb"])
      : this.#pick([`${1 + this.#number(50)}`, "5kb"]);
    let text = `-m hashlimit --hashlimit-${this.#pick(["above", "upto"])} ${rate} --hashlimit-name fz${this.#number(1000)}`;
    if (this.#chance(0.3)) text += ` --hashlimit-burst ${burst}`;
    if (this.#chance(0.5)) {
      text += ` --hashlimit-mode ${this.#list(() => this.#pick(["srcip", "dstip", "srcport", "dstport"]))}`;
    }
    if (this.#chance(0.2)) text += ` --hashlimit-srcmask ${this.#number(33)}`;
    if (this.#chance(0.2)) text += ` --hashlimit-htable-expire ${1000 + this.#number(100000)}`;
    return text;
  }

  #physdev(): string {
    const parts: string[] = [];
    if (this.#chance(0.4)) parts.push(`${this.#not()}--physdev-in ${this.#device()}`);
    if (this.#chance(0.2)) parts.push(`${this.#not()}--physdev-is-in`);
    if (this.#chance(0.2)) parts.push(`${this.#not()}--physdev-is-bridged`);
    return `-m physdev ${parts.join(" ")}`;
  }

  #target(table: string, protocol: string): string {
    const own = TARGETS[table] ?? [];
    const name = this.#chance(0.6) && own.length > 0 ? this.#pick(own) : this.#pick(COMMON_TARGETS);
    switch (name) {
      case "":
        return "";
      case "DNAT":
        return `-j DNAT --to-destination ${this.#natRange(protocol)}${this.#natFlags()}`;
      case "SNAT":
        return `-j SNAT --to-source ${this.#natRange(protocol)}${this.#natFlags()}${this.#maybe(() => " --random-fully")}`;
      case "MASQUERADE":
        return `-j MASQUERADE${this.#maybe(() => ` --to-ports ${this.#pick(["80", "1000-2000", "90-80", "x"])}`)}${this.#maybe(() => " --random-fully")}${this.#maybe(() => " --random")}`;
      case "REDIRECT":
        return `-j REDIRECT${this.#maybe(() => ` --to-ports ${this.#pick(["80", "1000-2000", "http"])}`)}${this.#maybe(() => " --random")}`;
      case "NETMAP":
        return `-j NETMAP --to ${this.#network()}`;
      case "MARK":
        return `-j MARK --${this.#pick(["set-mark", "set-xmark", "and-mark", "or-mark", "xor-mark"])} ${this.#mark()}`;
      case "CONNMARK":
        return `-j CONNMARK --${this.#pick([`set-mark ${this.#mark()}`, `set-xmark ${this.#mark()}`, "save-mark", "restore-mark", "restore-mark --nfmask 0xff --ctmask 0xff", "save-mark --mask 0xf0", "or-mark 3", "and-mark 0xff"])}`;
      case "REJECT":
        return `-j REJECT${this.#maybe(() => ` --reject-with ${this.#pick(["icmp-port-unreachable", "icmp-net-unreachable", "host-unreach", "tcp-reset", "icmp-admin-prohibited", "icmp-proto-unreachable", "nonsense"])}`)}`;
      case "LOG":
        return `-j LOG${this.#maybe(() => ` --log-prefix ${this.#string()}`)}${this.#maybe(() => ` --log-level ${this.#pick(["debug", "3", "warning", "9", "err"])}`)}${this.#maybe(() => " --log-uid")}`;
      case "NFLOG":
        return `-j NFLOG${this.#maybe(() => ` --nflog-group ${this.#number(70000)}`)}${this.#maybe(() => ` --nflog-prefix ${this.#string()}`)}${this.#maybe(() => ` --nflog-threshold ${this.#number(5)}`)}`;
      case "CT":
        return `-j CT ${this.#pick(["--notrack", `--zone ${this.#number(70000)}`, "--zone-orig 5", "--zone-reply mark", "--ctevents new,destroy", "--ctevents bad", ""])}`;
      case "TCPMSS":
        return `-j TCPMSS ${this.#pick(["--set-mss 1400", "--clamp-mss-to-pmtu", "--set-mss 70000", ""])}`;
      case "TTL":
        return `-j TTL --ttl-${this.#pick(["set", "inc", "dec"])} ${this.#number(260)}`;
      case "DSCP":
        return `-j DSCP ${this.#pick(["--set-dscp 10", "--set-dscp-class EF", "--set-dscp 64"])}`;
      case "TOS":
        return `-j TOS ${this.#pick(["--set-tos 4", "--set-tos 4/7", "--or-tos 4", "--and-tos 4", "--xor-tos 4", "--set-tos Maximize-Throughput"])}`;
      case "CLASSIFY":
        return `-j CLASSIFY --set-class ${this.#pick(["1:10", "ffff:0", "x:1"])}`;
      case "CHECKSUM":
        return "-j CHECKSUM --checksum-fill";
      case "SET":
        return this.#setTarget();
      case "goto":
        return `-g ${this.#pick(["USER1", "USER2", "MISSING"])}`;
      default:
        return `-j ${name}`;
    }
  }

  #setTarget(): string {
    const words = [
      `-j SET --${this.#pick(["add-set", "add-set", "del-set", "map-set"])} ${this.#pick(FUZZ_SETS)} ${this.#pick(["src", "dst", "src,dst"])}`,
      this.#maybe(() => "--exist"),
      this.#maybe(() => `--timeout ${this.#number(100)}`),
      this.#chance(0.3) ? this.#pick(["--map-mark", "--map-prio", "--map-queue"]) : "",
    ];
    return words
      .map((word) => word.trim())
      .filter((word) => word !== "")
      .join(" ");
  }

  #natRange(protocol: string): string {
    const address = this.#pick([this.#address(), `${this.#address()}-${this.#address()}`]);
    const hasPort = protocol === "tcp" || protocol === "udp" ? 0.5 : 0.1;
    if (!this.#chance(hasPort)) return address;
    return `${this.#chance(0.2) ? "" : address}:${this.#pick(["80", "1000-2000", "90-80", "0", "http", "80:90", "99999"])}`;
  }

  #natFlags(): string {
    return `${this.#maybe(() => " --random")}${this.#maybe(() => " --persistent")}`;
  }

  #mark(): string {
    return this.#pick([
      "1",
      "0x4000/0x4000",
      "0",
      "4294967295",
      "0xff/0x0f",
      "4294967296",
      "5/",
      "x",
    ]);
  }

  #rate(): string {
    return this.#pick([
      "5/min",
      "100/second",
      "3/hour",
      "7",
      "20/s",
      "1/day",
      "0/s",
      "5/year",
      "33/minute",
    ]);
  }

  #flag(): string {
    return this.#pick(["SYN", "ACK", "FIN", "RST", "URG", "PSH", "ALL", "NONE", "XXX"]);
  }

  #portRange(): string {
    const low = this.#number(40000);
    return this.#pick([
      `${low}`,
      `${low}`,
      `${low}:${low + this.#number(20000)}`,
      "http",
      `:${low}`,
      `${low}:`,
      "70000",
      "5:1",
    ]);
  }

  #network(): string {
    return this.#pick([
      this.#address(),
      `${this.#address()}/${this.#number(34)}`,
      `${this.#address()}/255.255.0.0`,
      `${this.#address()}/255.0.255.0`,
      "0.0.0.0/0",
      "10.0.0.0/8",
      `${this.#address()},${this.#address()}`,
      "300.1.1.1",
    ]);
  }

  #address(): string {
    return `${1 + this.#number(222)}.${this.#number(255)}.${this.#number(255)}.${this.#number(255)}`;
  }

  #device(): string {
    return this.#pick(["eth0", "eth+", "lo", "veth1234", "+", "a-very-long-device-name"]);
  }

  #string(): string {
    return this.#pick([
      "plain",
      '"two words"',
      '"quo\\"te"',
      '"back\\\\slash"',
      '"a\'b"',
      '""',
      "x/y:z",
      '"#"',
    ]);
  }

  #list(make: () => string): string {
    const words = [make()];
    while (this.#chance(0.4)) words.push(make());
    return words.join(",");
  }

  #not(): string {
    return this.#chance(0.2) ? "! " : "";
  }

  #maybe(make: () => string): string {
    return this.#chance(0.4) ? make() : "";
  }

  #number(bound: number): number {
    return this.#below(bound);
  }

  #below(bound: number): number {
    return this.#random.below(bound);
  }

  #chance(share: number): boolean {
    return this.#random.chance(share);
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#below(values.length)] as T;
  }
}

const MATCHES = [
  ...["protocol", "protocol", "protocol", "multiport", "comment", "conntrack", "state", "mark"],
  ...["connmark", "addrtype", "statistic", "recent", "limit", "hashlimit", "iprange", "length"],
  ...["ttl", "mac", "pkttype", "physdev", "owner", "set", "rpfilter", "dscp", "tos", "connlimit"],
  ...["connbytes", "broken"],
];
const COMMON_TARGETS = [
  "",
  "ACCEPT",
  "DROP",
  "RETURN",
  "USER1",
  "goto",
  "LOG",
  "NFLOG",
  "CONNMARK",
  "SET",
  "MARK",
  "MISSING",
];
const TARGETS: Readonly<Record<string, readonly string[]>> = {
  filter: ["REJECT", "REJECT", "TCPMSS", "DNAT", "TTL"],
  nat: ["DNAT", "SNAT", "MASQUERADE", "REDIRECT", "NETMAP"],
  mangle: ["MARK", "TCPMSS", "TTL", "DSCP", "TOS", "CLASSIFY", "CHECKSUM"],
  raw: ["CT", "NOTRACK", "TRACE"],
  security: ["ACCEPT"],
};
