/** Random matches of all modules, for rules: `-m MODULE OPTIONS`. */
import { FUZZ_SETS, type RuleValues } from "./rule-values.ts";

const MATCHES = [
  ...["protocol", "protocol", "protocol", "multiport", "comment", "conntrack", "state", "mark"],
  ...["connmark", "addrtype", "statistic", "recent", "limit", "hashlimit", "iprange", "length"],
  ...["ttl", "mac", "pkttype", "physdev", "owner", "set", "rpfilter", "dscp", "tos", "connlimit"],
  ...["connbytes", "broken"],
];

/** Makes matches of random values. */
export class MatchGrammar {
  readonly #values: RuleValues;

  constructor(values: RuleValues) {
    this.#values = values;
  }

  /** A match for a rule of that protocol ("" for any). */
  match(protocol: string): string {
    switch (this.#values.pick(MATCHES)) {
      case "protocol":
        return this.#protocolMatch(protocol);
      case "multiport":
        return `-m multiport ${this.#values.not()}--${this.#values.pick(["sports", "dports", "ports"])} ${this.#values.list(() => this.#values.portRange())}`;
      case "comment":
        return `-m comment --comment ${this.#values.string()}`;
      case "conntrack":
        return `-m conntrack ${this.#conntrack()}`;
      case "state":
        return `-m state ${this.#values.not()}--state ${this.#values.list(() => this.#values.pick(["NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED", "BAD"]))}`;
      case "mark":
        return `-m mark ${this.#values.not()}--mark ${this.#values.mark()}`;
      case "connmark":
        return `-m connmark ${this.#values.not()}--mark ${this.#values.mark()}`;
      case "addrtype":
        return this.#addrtype();
      case "statistic":
        return this.#statistic();
      case "recent":
        return this.#recent();
      case "limit":
        return `-m limit --limit ${this.#values.rate()}${this.#values.maybe(() => ` --limit-burst ${this.#values.number(100)}`)}`;
      case "hashlimit":
        return this.#hashlimit();
      case "iprange":
        return `-m iprange ${this.#values.not()}--${this.#values.pick(["src", "dst"])}-range ${this.#values.address()}-${this.#values.address()}`;
      case "length":
        return `-m length ${this.#values.not()}--length ${this.#values.pick([`${this.#values.number(2000)}`, `${this.#values.number(100)}:${200 + this.#values.number(2000)}`, `:${this.#values.number(900)}`, "100:"])}`;
      case "ttl":
        return `-m ttl ${this.#values.pick(["--ttl-eq", "! --ttl-eq", "--ttl-gt", "--ttl-lt", "--ttl"])} ${this.#values.number(260)}`;
      case "mac":
        return `-m mac ${this.#values.not()}--mac-source ${this.#values.pick(["02:00:00:00:00:01", "AA:bb:cc:dd:ee:ff", "1:2:3:4:5:6", "02:00"])}`;
      case "pkttype":
        return `-m pkttype ${this.#values.not()}--pkt-type ${this.#values.pick(["unicast", "broadcast", "multicast", "host", "any"])}`;
      case "physdev":
        return this.#physdev();
      case "owner":
        return `-m owner ${this.#values.not()}${this.#values.pick(["--uid-owner 1000", "--gid-owner 5-10", "--socket-exists", "--uid-owner root", "--gid-owner 3 --suppl-groups"])}`;
      case "set":
        return `-m set ${this.#values.not()}--match-set ${this.#values.pick([...FUZZ_SETS, "missing"])} ${this.#values.pick(["src", "dst", "src,dst", "dst,src", "both"])}`;
      case "rpfilter":
        return `-m rpfilter${this.#values.maybe(() => " --loose")}${this.#values.maybe(() => " --invert")}${this.#values.maybe(() => " --validmark")}`;
      case "dscp":
        return `-m dscp ${this.#values.not()}${this.#values.pick([`--dscp ${this.#values.number(70)}`, "--dscp 0x0a", "--dscp-class EF", "--dscp-class af11", "--dscp-class XX"])}`;
      case "tos":
        return `-m tos ${this.#values.not()}--tos ${this.#values.pick(["0x10", "4/7", "Minimize-Delay", "300"])}`;
      case "connlimit":
        return `-m connlimit --connlimit-${this.#values.pick(["above", "upto"])} ${this.#values.number(10)}${this.#values.maybe(() => ` --connlimit-mask ${this.#values.number(34)}`)}${this.#values.maybe(() => " --connlimit-daddr")}`;
      case "connbytes":
        return `-m connbytes ${this.#values.not()}--connbytes ${this.#values.pick(["100", "100:200", ":5", "7:3"])} --connbytes-dir ${this.#values.pick(["both", "original", "reply"])} --connbytes-mode ${this.#values.pick(["packets", "bytes", "avgpkt"])}`;
      default:
        return this.#values.pick([
          "-m nosuchmatch",
          "-m",
          "--nosuchoption 5",
          "! -m mark --mark 1",
        ]);
    }
  }

  #protocolMatch(protocol: string): string {
    const explicit = this.#values.chance(0.5) ? `-m ${protocol === "" ? "tcp" : protocol} ` : "";
    const ports = (): string =>
      `${this.#values.not()}${this.#values.pick(["--sport", "--dport", "--source-port", "--destination-port"])} ${this.#values.portRange()}`;
    switch (protocol) {
      case "tcp":
        return `${explicit}${this.#values.pick([
          ports(),
          ports(),
          `${ports()} ${ports()}`,
          `${this.#values.not()}--syn`,
          `${this.#values.not()}--tcp-flags ${this.#values.list(() => this.#values.flag())} ${this.#values.list(() => this.#values.flag())}`,
          `${this.#values.not()}--tcp-option ${this.#values.number(300)}`,
          "",
        ])}`;
      case "icmp":
        return `${explicit}${this.#values.not()}--icmp-type ${this.#values.pick(["8", "3/4", "echo-request", "any", "network-unreachable", "300", "echo", "host-", "11/0"])}`;
      case "sctp":
        return this.#values.chance(0.5) ? `${explicit}${ports()}` : `${explicit}${this.#chunks()}`;
      case "udp":
        return `${explicit}${ports()}`;
      default:
        return this.#values.chance(0.2) ? ports() : "";
    }
  }

  #chunks(): string {
    const types = this.#values.list(() =>
      this.#values.pick([
        ...["DATA", "DATA:Be", "init", "INIT_ACK", "SACK", "HEARTBEAT", "ABORT:T", "SHUTDOWN"],
        ...["COOKIE_ECHO", "SHUTDOWN_COMPLETE:t", "ASCONF", "FORWARD_TSN", "DATA:UI", "INIT:T"],
        ...["I_DATA:b", "FOO"],
      ]),
    );
    const kind = this.#values.pick(["any", "all", "only", "ANY", "some"]);
    return `${this.#values.not()}--chunk-types ${kind} ${this.#values.pick([types, types, types, "ALL", "none"])}`;
  }

  #conntrack(): string {
    const parts: string[] = [];
    const states = ["NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED", "SNAT", "DNAT"];
    if (this.#values.chance(0.7)) {
      parts.push(
        `${this.#values.not()}--ctstate ${this.#values.list(() => this.#values.pick(states))}`,
      );
    }
    if (this.#values.chance(0.2))
      parts.push(
        `${this.#values.not()}--ctproto ${this.#values.pick(["tcp", "17", "all", "nope"])}`,
      );
    if (this.#values.chance(0.2))
      parts.push(`${this.#values.not()}--ctorigsrc ${this.#values.network()}`);
    if (this.#values.chance(0.2))
      parts.push(`${this.#values.not()}--ctrepldst ${this.#values.network()}`);
    if (this.#values.chance(0.2))
      parts.push(`${this.#values.not()}--ctorigdstport ${this.#values.portRange()}`);
    if (this.#values.chance(0.2)) {
      parts.push(
        `${this.#values.not()}--ctstatus ${this.#values.list(() => this.#values.pick(["NONE", "EXPECTED", "SEEN_REPLY", "ASSURED", "CONFIRMED"]))}`,
      );
    }
    if (this.#values.chance(0.2))
      parts.push(`${this.#values.not()}--ctexpire ${this.#values.pick(["5", "5:10", "0:3", "x"])}`);
    if (this.#values.chance(0.2))
      parts.push(`--ctdir ${this.#values.pick(["ORIGINAL", "REPLY", "original", "UP"])}`);
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
    if (this.#values.chance(0.8))
      parts.push(
        `${this.#values.not()}--dst-type ${this.#values.list(() => this.#values.pick(types))}`,
      );
    if (this.#values.chance(0.4))
      parts.push(`${this.#values.not()}--src-type ${this.#values.pick(types)}`);
    if (this.#values.chance(0.2))
      parts.push(this.#values.pick(["--limit-iface-in", "--limit-iface-out"]));
    return `-m addrtype ${parts.join(" ")}`;
  }

  #statistic(): string {
    return `-m statistic --mode ${this.#values.pick([
      `random ${this.#values.not()}--probability ${this.#values.pick(["0.5", "0.33333333349", "1", "0", "0.1", "2", "x"])}`,
      `nth ${this.#values.not()}--every ${this.#values.number(6)} --packet ${this.#values.number(4)}`,
      "nth --every 3",
      "random",
      "other --probability 0.5",
    ])}`;
  }

  #recent(): string {
    const parts = [
      `${this.#values.not()}--${this.#values.pick(["set", "rcheck", "update", "remove"])}`,
    ];
    if (this.#values.chance(0.4)) parts.push(`--seconds ${this.#values.number(100)}`);
    if (this.#values.chance(0.3)) parts.push(`--hitcount ${this.#values.number(20)}`);
    if (this.#values.chance(0.2)) parts.push("--reap");
    if (this.#values.chance(0.2)) parts.push("--rttl");
    if (this.#values.chance(0.5))
      parts.push(`--name ${this.#values.pick(["fz", "DEFAULT", "a-b"])}`);
    if (this.#values.chance(0.2)) parts.push("--mask 255.255.255.0");
    if (this.#values.chance(0.3)) parts.push(this.#values.pick(["--rsource", "--rdest"]));
    return `-m recent ${parts.join(" ")}`;
  }

  #hashlimit(): string {
    const bytes = this.#values.chance(0.3);
    const rate = bytes
      ? `${this.#values.pick(["1kb", "512b", "16b", "100kb", "2mb", "1000b", "0b", "7kb"])}/s`
      : this.#values.rate();
    const burst = bytes
      ? this.#values.pick(["5", "1000b", "10kb", "5mb", "x", "2000kb"])
      : this.#values.pick([`${1 + this.#values.number(50)}`, "5kb"]);
    let text = `-m hashlimit --hashlimit-${this.#values.pick(["above", "upto"])} ${rate} --hashlimit-name fz${this.#values.number(1000)}`;
    if (this.#values.chance(0.3)) text += ` --hashlimit-burst ${burst}`;
    if (this.#values.chance(0.5)) {
      text += ` --hashlimit-mode ${this.#values.list(() => this.#values.pick(["srcip", "dstip", "srcport", "dstport"]))}`;
    }
    if (this.#values.chance(0.2)) text += ` --hashlimit-srcmask ${this.#values.number(33)}`;
    if (this.#values.chance(0.2))
      text += ` --hashlimit-htable-expire ${1000 + this.#values.number(100000)}`;
    return text;
  }

  #physdev(): string {
    const parts: string[] = [];
    if (this.#values.chance(0.4))
      parts.push(`${this.#values.not()}--physdev-in ${this.#values.device()}`);
    if (this.#values.chance(0.2)) parts.push(`${this.#values.not()}--physdev-is-in`);
    if (this.#values.chance(0.2)) parts.push(`${this.#values.not()}--physdev-is-bridged`);
    return `-m physdev ${parts.join(" ")}`;
  }
}
