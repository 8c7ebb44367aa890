/** Random targets, for rules: `-j TARGET OPTIONS`. */
import { FUZZ_SETS, type RuleValues } from "./rule-values.ts";

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

/** Makes targets of random values. */
export class TargetGrammar {
  readonly #values: RuleValues;

  constructor(values: RuleValues) {
    this.#values = values;
  }

  /** A target for a rule of that table and protocol; "" for none. */
  target(table: string, protocol: string): string {
    const own = TARGETS[table] ?? [];
    const name =
      this.#values.chance(0.6) && own.length > 0
        ? this.#values.pick(own)
        : this.#values.pick(COMMON_TARGETS);
    switch (name) {
      case "":
        return "";
      case "DNAT":
        return `-j DNAT --to-destination ${this.#natRange(protocol)}${this.#natFlags()}`;
      case "SNAT":
        return `-j SNAT --to-source ${this.#natRange(protocol)}${this.#natFlags()}${this.#values.maybe(() => " --random-fully")}`;
      case "MASQUERADE":
        return `-j MASQUERADE${this.#values.maybe(() => ` --to-ports ${this.#values.pick(["80", "1000-2000", "90-80", "x"])}`)}${this.#values.maybe(() => " --random-fully")}${this.#values.maybe(() => " --random")}`;
      case "REDIRECT":
        return `-j REDIRECT${this.#values.maybe(() => ` --to-ports ${this.#values.pick(["80", "1000-2000", "http"])}`)}${this.#values.maybe(() => " --random")}`;
      case "NETMAP":
        return `-j NETMAP --to ${this.#values.network()}`;
      case "MARK":
        return `-j MARK --${this.#values.pick(["set-mark", "set-xmark", "and-mark", "or-mark", "xor-mark"])} ${this.#values.mark()}`;
      case "CONNMARK":
        return `-j CONNMARK --${this.#values.pick([`set-mark ${this.#values.mark()}`, `set-xmark ${this.#values.mark()}`, "save-mark", "restore-mark", "restore-mark --nfmask 0xff --ctmask 0xff", "save-mark --mask 0xf0", "or-mark 3", "and-mark 0xff"])}`;
      case "REJECT":
        return `-j REJECT${this.#values.maybe(() => ` --reject-with ${this.#values.pick(["icmp-port-unreachable", "icmp-net-unreachable", "host-unreach", "tcp-reset", "icmp-admin-prohibited", "icmp-proto-unreachable", "nonsense"])}`)}`;
      case "LOG":
        return `-j LOG${this.#values.maybe(() => ` --log-prefix ${this.#values.string()}`)}${this.#values.maybe(() => ` --log-level ${this.#values.pick(["debug", "3", "warning", "9", "err"])}`)}${this.#values.maybe(() => " --log-uid")}`;
      case "NFLOG":
        return `-j NFLOG${this.#values.maybe(() => ` --nflog-group ${this.#values.number(70000)}`)}${this.#values.maybe(() => ` --nflog-prefix ${this.#values.string()}`)}${this.#values.maybe(() => ` --nflog-threshold ${this.#values.number(5)}`)}`;
      case "CT":
        return `-j CT ${this.#values.pick(["--notrack", `--zone ${this.#values.number(70000)}`, "--zone-orig 5", "--zone-reply mark", "--ctevents new,destroy", "--ctevents bad", ""])}`;
      case "TCPMSS":
        return `-j TCPMSS ${this.#values.pick(["--set-mss 1400", "--clamp-mss-to-pmtu", "--set-mss 70000", ""])}`;
      case "TTL":
        return `-j TTL --ttl-${this.#values.pick(["set", "inc", "dec"])} ${this.#values.number(260)}`;
      case "DSCP":
        return `-j DSCP ${this.#values.pick(["--set-dscp 10", "--set-dscp-class EF", "--set-dscp 64"])}`;
      case "TOS":
        return `-j TOS ${this.#values.pick(["--set-tos 4", "--set-tos 4/7", "--or-tos 4", "--and-tos 4", "--xor-tos 4", "--set-tos Maximize-Throughput"])}`;
      case "CLASSIFY":
        return `-j CLASSIFY --set-class ${this.#values.pick(["1:10", "ffff:0", "x:1"])}`;
      case "CHECKSUM":
        return "-j CHECKSUM --checksum-fill";
      case "SET":
        return this.#setTarget();
      case "goto":
        return `-g ${this.#values.pick(["USER1", "USER2", "MISSING"])}`;
      default:
        return `-j ${name}`;
    }
  }

  #setTarget(): string {
    const words = [
      `-j SET --${this.#values.pick(["add-set", "add-set", "del-set", "map-set"])} ${this.#values.pick(FUZZ_SETS)} ${this.#values.pick(["src", "dst", "src,dst"])}`,
      this.#values.maybe(() => "--exist"),
      this.#values.maybe(() => `--timeout ${this.#values.number(100)}`),
      this.#values.chance(0.3)
        ? this.#values.pick(["--map-mark", "--map-prio", "--map-queue"])
        : "",
    ];
    return words
      .map((word) => word.trim())
      .filter((word) => word !== "")
      .join(" ");
  }

  #natRange(protocol: string): string {
    const address = this.#values.pick([
      this.#values.address(),
      `${this.#values.address()}-${this.#values.address()}`,
    ]);
    const hasPort = protocol === "tcp" || protocol === "udp" ? 0.5 : 0.1;
    if (!this.#values.chance(hasPort)) return address;
    return `${this.#values.chance(0.2) ? "" : address}:${this.#values.pick(["80", "1000-2000", "90-80", "0", "http", "80:90", "99999"])}`;
  }

  #natFlags(): string {
    return `${this.#values.maybe(() => " --random")}${this.#values.maybe(() => " --persistent")}`;
  }
}
