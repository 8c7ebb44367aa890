/**
 * Random matches over all modules whose answer a packet on the router decides: nothing random, and
 * nothing that depends on milliseconds.
 */
import type { RandomStream } from "../../lib/sim/random.ts";

const STATES = [
  "NEW",
  "ESTABLISHED",
  "RELATED,ESTABLISHED",
  "INVALID",
  "DNAT",
  "SNAT",
  "UNTRACKED",
  "NEW,DNAT",
];
const SIDES = ["src", "dst"];

/** Makes matches from one stream. */
export class RouterMatches {
  readonly #random: RandomStream;
  /** Numbers the tables of hashlimit. */
  #tables = 0;
  /** Whether those of this rule set count bytes. */
  readonly #countsBytes: boolean;

  constructor(random: RandomStream) {
    this.#random = random;
    this.#countsBytes = random.chance(0.3);
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.#random.below(choices.length)] as T;
  }

  /** "! " now and then. */
  not(): string {
    return this.#random.chance(0.2) ? "! " : "";
  }

  #host(): string {
    return this.pick([
      "10.1.0.2",
      "10.1.0.3",
      "10.2.0.2",
      "10.2.0.3",
      "10.96.0.1",
      "10.96.0.2",
      "10.1.0.0/16",
      "10.2.0.0/16",
    ]);
  }

  /** A match that any chain takes, or "". */
  any(): string {
    const kinds = [this.#header, this.#ports, this.#connection, this.#field, this.#counted];
    if (this.#random.chance(0.15)) return "";
    return this.pick(kinds).call(this);
  }

  /** A match for rules of one chain only, or one for all. */
  in(table: string, chain: string): string {
    if (!this.#random.chance(0.25)) return this.any();
    const not = this.not();
    switch (chain) {
      case "PREROUTING":
        if (table !== "nat" && this.#random.chance(0.5)) return this.#rpfilter();
        return this.pick([
          `${not}-i ${this.pick(["va", "vb", "v+"])}`,
          `-m mac ${not}--mac-source 02:00:00:00:00:f${this.pick(["a", "b"])}`,
          `-m addrtype ${not}--dst-type LOCAL --limit-iface-in`,
        ]);
      case "FORWARD":
        return this.pick([
          `${not}-i ${this.pick(["va", "vb"])}`,
          `${not}-o ${this.pick(["va", "vb"])}`,
          `-m mac ${not}--mac-source 02:00:00:00:00:f${this.pick(["a", "b"])}`,
          `-m physdev ${not}--physdev-is-bridged`,
        ]);
      case "OUTPUT":
        return this.pick([
          `${not}-o ${this.pick(["va", "vb"])}`,
          `-m owner ${not}--uid-owner 0`,
          `-m owner ${not}--socket-exists`,
        ]);
      default:
        return this.any();
    }
  }

  #rpfilter(): string {
    const flags = ["--loose", "--validmark", "--invert", "--accept-local"];
    return `-m rpfilter ${flags.filter(() => this.#random.chance(0.3)).join(" ")}`.trim();
  }

  #header(): string {
    const not = this.not();
    return this.pick([
      `${not}-s ${this.#host()}`,
      `${not}-d ${this.#host()}`,
      `${not}-p ${this.pick(["tcp", "udp", "icmp", "sctp", "50"])}`,
      `-m iprange ${not}--src-range 10.1.0.2-10.1.0.${2 + this.#random.below(3)}`,
      `-m iprange ${not}--dst-range 10.2.0.3-10.96.0.1`,
      `-m addrtype ${not}--dst-type ${this.pick(["LOCAL", "UNICAST", "UNICAST,BROADCAST"])}`,
      `-m addrtype ${not}--src-type ${this.pick(["LOCAL", "UNICAST"])}`,
      `-m pkttype ${not}--pkt-type ${this.pick(["unicast", "broadcast", "multicast"])}`,
      `-m set ${not}--match-set ${this.pick(["fz-ip", "fz-net"])} ${this.pick(SIDES)}`,
      `-m set ${not}--match-set fz-ipport ${this.pick(["src,src", "dst,dst", "src,dst"])}`,
      "-f",
      "-m comment --comment any",
    ]);
  }

  #ports(): string {
    const not = this.not();
    const many = `-m multiport ${not}--${this.pick(["dports", "sports", "ports"])}`;
    return this.pick([
      `-p tcp -m tcp ${not}--dport ${this.pick(["80", "443", "80:500"])}`,
      `-p tcp -m tcp ${not}--sport ${this.pick(["80", "20000:20300"])}`,
      `-p tcp -m tcp ${not}--tcp-flags ${this.pick(["SYN,ACK SYN", "FIN FIN", "RST RST", "ALL SYN,ACK", "ALL NONE"])}`,
      `-p tcp -m tcp ${not}--syn`,
      `-p tcp -m tcp ${not}--tcp-option ${this.pick(["2", "3", "4", "8"])}`,
      `-p udp -m udp ${not}--dport ${this.pick(["53", "123"])}`,
      `-p tcp ${many} 80,8080:9000`,
      `-p udp ${many} 53,123,20000:20250`,
      `-p icmp -m icmp ${not}--icmp-type ${this.pick(["8", "0", "3", "3/3", "any", "time-exceeded"])}`,
      `-p sctp -m sctp ${not}--dport 80`,
      `-p sctp -m sctp ${not}--chunk-types ${this.pick(["any", "all", "only"])} ${this.pick(["INIT", "DATA,INIT", "DATA:e", "INIT_ACK,SACK,COOKIE_ECHO", "ALL", "NONE"])}`,
    ]);
  }

  #connection(): string {
    const not = this.not();
    return this.pick([
      `-m conntrack ${not}--ctstate ${this.pick(STATES)}`,
      `-m state ${not}--state ${this.pick(["NEW", "ESTABLISHED", "RELATED"])}`,
      `-m conntrack --ctdir ${this.pick(["ORIGINAL", "REPLY"])}`,
      `-m conntrack ${not}--ctstatus ${this.pick(["NONE", "EXPECTED", "SEEN_REPLY", "ASSURED", "CONFIRMED", "ASSURED,CONFIRMED"])}`,
      `-m conntrack ${not}--ctorigdst ${this.pick(["10.96.0.1", "10.2.0.0/16"])}`,
      `-m conntrack ${not}--ctorigsrc 10.1.0.2`,
      `-m conntrack ${not}--ctreplsrc 10.2.0.0/16`,
      `-m conntrack ${not}--ctrepldst ${this.pick(["10.2.0.1", "10.1.0.0/16"])}`,
      `-m conntrack ${not}--ctproto ${this.pick(["tcp", "udp", "1"])}`,
      `-m conntrack ${not}--ctorigdstport ${this.pick(["80", "53:443"])}`,
      `-m conntrack ${not}--ctreplsrcport ${this.pick(["80", "8080"])}`,
      `-m conntrack ${not}--ctexpire ${this.pick(["0:20", "20:100", "100:90000"])}`,
      `-m connmark ${not}--mark ${this.pick(["0x1/0x1", "0x3"])}`,
      `-m connbytes ${not}--connbytes ${this.pick(["2", "1:2", "60:150", "40"])} --connbytes-dir ${this.pick(["original", "reply", "both"])} --connbytes-mode ${this.pick(["packets", "bytes", "avgpkt"])}`,
    ]);
  }

  #field(): string {
    const not = this.not();
    return this.pick([
      `-m mark ${not}--mark ${this.pick(["0x1/0x1", "0x4000/0x4000", "0x2"])}`,
      `-m length ${not}--length ${this.pick(["0:60", "100:200", "40", "52:"])}`,
      `-m ttl ${this.pick(["--ttl-eq 62", "! --ttl-eq 63", "--ttl-gt 62", "--ttl-lt 63"])}`,
      `-m tos ${not}--tos ${this.pick(["0x10/0xff", "0x28", "0x08/0x08"])}`,
      `-m dscp ${not}--dscp ${this.pick(["0x0a", "0x2e", "0"])}`,
    ]);
  }

  /** Matches that remember what came before. */
  #counted(): string {
    const random = this.#random;
    const slow = `${1 + random.below(3)}/hour`;
    switch (random.below(4)) {
      case 0:
        return `-m statistic --mode nth ${this.not()}--every ${1 + random.below(4)} --packet 0`;
      case 1:
        return `-m limit --limit ${slow} --limit-burst ${1 + random.below(4)}`;
      case 2: {
        // A name that comes again is the same table, with what its first rule says.
        if (this.#tables === 0 || random.chance(0.7)) this.#tables += 1;
        const mode = this.pick(["", "srcip", "dstip", "srcip,dstport", "srcip,dstip,srcport"]);
        const by = mode === "" ? "" : ` --hashlimit-mode ${mode}`;
        const mask = mode.includes("srcip") && random.chance(0.3) ? " --hashlimit-srcmask 16" : "";
        const rate = `${slow} --hashlimit-burst ${1 + random.below(4)}`;
        return `-m hashlimit --hashlimit-${this.pick(["upto", "above"])} ${this.#countsBytes ? this.#byteRate() : rate}${by}${mask} --hashlimit-name fz${this.#tables}`;
      }
      default:
        return `-m recent ${this.#recent()} --name ${this.pick(["fz", "fy"])}${this.pick(["", " --rdest"])}${this.pick(["", "", " --mask 255.255.0.0"])}`;
    }
  }

  /** So slow that no test lasts until a bucket is full again. */
  #byteRate(): string {
    return `16b/s${this.pick(["", " --hashlimit-burst 16b", " --hashlimit-burst 48b"])}`;
  }

  #recent(): string {
    const seconds = this.pick(["", " --seconds 100"]);
    const hits = this.pick(["", ` --hitcount ${1 + this.#random.below(4)}`]);
    const ttl = this.pick(["", "", " --rttl"]);
    const reap = seconds === "" ? "" : this.pick(["", " --reap"]);
    return this.pick([
      `${this.not()}--set`,
      `${this.not()}--rcheck${seconds}${reap}${hits}${ttl}`,
      `${this.not()}--update${seconds}${reap}${hits}${ttl}`,
      `${this.not()}--remove`,
    ]);
  }
}
