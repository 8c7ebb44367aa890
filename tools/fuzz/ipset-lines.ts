/**
 * Random `ipset` command lines: sets of all modelled types with their options, elements in all
 * spellings, listings, and mistakes.
 */
import type { RandomStream } from "../../lib/sim/random.ts";
import type { LineGrammar } from "./command-lines.ts";
import { joined, WordMaker } from "./word-maker.ts";

const TYPES = [
  ...(["hash:ip", "hash:net", "hash:ip,port", "hash:ip,port,ip", "hash:ip,port,net"] as const),
  "bitmap:port",
] as const;

/** The grammar. */
export class IpsetLines implements LineGrammar {
  lines(random: RandomStream): string[] {
    const maker = new LineMaker(random);
    const lines = [maker.create("a"), maker.create("b")];
    const count = 8 + random.below(16);
    while (lines.length < count) lines.push(maker.line());
    lines.push("ipset list", "ipset save");
    return lines;
  }

  /** Without what is random, and elements of hashes in order. */
  plain(_line: string, text: string): string {
    const lines = text
      .replace(/initval 0x[0-9a-f]{8}/g, "initval 0x")
      // A hash of the kernel grows, and this one does not.
      .replace(/hashsize (32768|65536)/g, "hashsize 1024")
      .replace(/^Size in memory: .*\n/gm, "")
      // A second may begin between two commands.
      .replace(
        /( timeout )([0-9]+)/g,
        (_all, word, seconds) => `${word}${Math.ceil(Number(seconds) / 5)}`,
      )
      .split("\n");
    const isMember = (line = ""): boolean => /^(add )|^[0-9][0-9./:,a-zA-Z-]*( |$)/.test(line);
    for (let from = 0; from < lines.length; from += 1) {
      if (!isMember(lines[from])) continue;
      let to = from;
      while (isMember(lines[to])) to += 1;
      lines.splice(from, to - from, ...lines.slice(from, to).sort());
      from = to;
    }
    return lines.join("\n");
  }
}

class LineMaker extends WordMaker {
  readonly #types = new Map<string, string>();
  readonly #elements: string[] = [];

  line(): string {
    const flag = this.maybe(0.15, () => this.pick("-exist", "-!", "-q", "-quiet", "--exist"));
    const [command = "", ...rest] = this.#command();
    return joined(
      "ipset",
      ...(this.chance(0.5) ? [flag, command, ...rest] : [command, ...rest, flag]),
    );
  }

  #command(): string[] {
    switch (this.below(16)) {
      case 0:
        return this.#create(this.#name()).split(" ").slice(1);
      case 1:
        return [this.pick("list", "-L", "l"), this.maybe(0.7, () => this.#name()), this.#listing()];
      case 2:
        return ["save", this.maybe(0.7, () => this.#name())];
      case 3:
        return ["flush", this.maybe(0.9, () => this.#name())];
      case 4:
        return [this.pick("destroy", "x", "-X"), this.maybe(0.95, () => this.#name())];
      case 5:
        return ["rename", this.#name(), this.maybe(0.95, () => this.pick("c", "d", "a"))];
      case 6:
        return ["swap", this.#name(), this.maybe(0.95, () => this.#name())];
      case 7:
      case 8:
        return [this.pick("test", "t", "-T"), ...this.#entry(false)];
      case 9:
      case 10:
        return [this.pick("del", "-D", "d"), ...this.#entry(false)];
      case 11:
        return [this.#mistake()];
      default:
        return [this.pick("add", "-A", "a"), ...this.#entry(true)];
    }
  }

  create(name: string): string {
    return this.#create(name);
  }

  #create(name: string): string {
    const type = this.pick(...TYPES);
    this.#types.set(name, type);
    const options: string[] = [];
    if (type === "bitmap:port") {
      options.push(
        this.maybe(
          0.95,
          () => `range ${this.pick("0-65535", "80-90", "100-10", "1024", "x", "http-443")}`,
        ),
      );
    } else {
      options.push(
        this.maybe(0.15, () => `family ${this.pick("inet", "inet", "ipv4", "-4", "unix")}`),
        this.maybe(0.15, () => `hashsize ${this.pick("64", "100", "1", "4096", "0", "x")}`),
        this.maybe(0.2, () => `maxelem ${this.pick("2", "3", "100", "0", "x", "4294967296")}`),
        this.maybe(0.05, () => `bucketsize ${this.pick("12", "2", "4", "255", "256")}`),
        this.maybe(0.1, () => `netmask ${this.pick("24", "16", "0", "33", "32")}`),
        this.maybe(0.05, () => `bitmask ${this.pick("255.255.255.0", "255.0.255.0", "x")}`),
        this.maybe(0.1, () => "forceadd"),
      );
    }
    options.push(
      this.maybe(0.3, () => `timeout ${this.pick("0", "100", "600", "x", "2147484", "-1")}`),
      this.maybe(0.3, () => "counters"),
      this.maybe(0.3, () => "comment"),
      this.maybe(0.2, () => "skbinfo"),
      this.maybe(0.05, () => this.pick("bogus", "nomatch", "counters", "timeout", "hashsize")),
    );
    return joined("ipset", this.pick("create", "-N", "n"), name, type, ...options);
  }

  #entry(withExtensions: boolean): string[] {
    const name = this.#name();
    const old = this.#elements.length > 0 && this.chance(0.5);
    const element = old
      ? (this.#elements[this.below(this.#elements.length)] ?? "")
      : this.#element(name);
    if (!old) this.#elements.push(element);
    const more = withExtensions || this.chance(0.1) ? this.#extensions() : [];
    return [name, this.maybe(0.98, () => element), ...more];
  }

  #extensions(): string[] {
    return [
      this.maybe(0.15, () => `timeout ${this.pick("50", "0", "x", "3000000", "200")}`),
      this.maybe(0.1, () => `packets ${this.pick("5", "x", "18446744073709551615")}`),
      this.maybe(0.1, () => `bytes ${this.pick("500", "-1")}`),
      this.maybe(0.1, () => "nomatch"),
      this.maybe(
        0.15,
        () => `comment ${this.pick("hello", "'two words'", "''", `'a"b'`, "'a\\b'")}`,
      ),
      this.maybe(0.1, () => `skbmark ${this.pick("0x10", "0x10/0xff", "5", "x", "1/")}`),
      this.maybe(0.08, () => `skbprio ${this.pick("1:10", "10", "1:", "x:y")}`),
      this.maybe(0.08, () => `skbqueue ${this.pick("3", "x", "70000")}`),
      this.maybe(0.03, () => this.pick("bogus", "timeout", "counters")),
    ];
  }

  #element(name: string): string {
    const type = this.chance(0.9) ? (this.#types.get(name) ?? "hash:ip") : this.pick(...TYPES);
    switch (type) {
      case "bitmap:port":
        return this.pick(
          "80",
          "85",
          "80-82",
          "90-85",
          "tcp:80",
          "http",
          "udp:80",
          "70000",
          "x",
          "",
          "79",
        );
      case "hash:ip":
        return this.#address();
      case "hash:net":
        return this.#network();
      case "hash:ip,port":
        return `${this.#address()},${this.#port()}`;
      case "hash:ip,port,ip":
        // The real tool calls a third part with /32 a bug of its own.
        return `${this.#address()},${this.#port()},${this.#address().replace("/32", "")}`;
      default:
        return `${this.#address()},${this.#port()},${this.#network()}`;
    }
  }

  #address(): string {
    return this.pick(
      ...(["10.0.0.1", "10.0.0.1", "10.0.0.2", "192.168.1.7", "10.0.0.1", "10.0.0.3"] as const),
      ...(["10.0.0.0/30", "10.0.0.1-10.0.0.3", "10.0.0.3-10.0.0.1", "300.0.0.1", "x"] as const),
      ...(["0.0.0.0", "10.0.0.0/33", "10.0.0.0/0", "::1", "10.1", "10.0.0.1/32"] as const),
    );
  }

  #network(): string {
    return this.pick(
      ...(["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/16", "10.0.0.1", "192.168.0.0/24"] as const),
      ...(["10.0.0.0/0", "10.0.0.0/33", "10.0.0.0/x", "0.0.0.0/0", "10.0.0.1/32"] as const),
      ...(["10.0.0.0-10.0.0.7", "10.0.0.1-10.0.0.4", "x/8"] as const),
    );
  }

  #port(): string {
    return this.pick(
      ...([
        "80",
        "tcp:80",
        "udp:53",
        "tcp:80-82",
        "icmp:ping",
        "icmp:8/0",
        "icmp:8",
        "http",
      ] as const),
      ...([
        "udp:http",
        "47:0",
        "47:80",
        "tcp:x",
        "nosuch:80",
        "70000",
        "sctp:5",
        "tcp:",
        "132:5",
      ] as const),
      ...(["tcp:82-80", "udplite:9", "domain", "0", "tcp:0", "all:80"] as const),
    );
  }

  #listing(): string {
    return this.maybe(0.4, () =>
      this.pick("-t", "-n", "-terse", "-name", "-o save", "-o plain", "-s", "-sorted"),
    );
  }

  #mistake(): string {
    return this.pick(
      ...([
        "",
        "bogus",
        "create",
        "create x",
        "create x hash:none",
        "add",
        "add a",
        "test a",
        "del",
      ] as const),
      ...([
        "swap a",
        "rename a",
        "list a b",
        "save a b",
        "destroy a b",
        "flush a b",
        "-o bogus list",
      ] as const),
      ...([
        "create x hash:ip hash:ip",
        "create '' hash:ip",
        "version",
        "-v",
        "list -o",
        "-L -N",
      ] as const),
      "create a2345678901234567890123456789012 hash:ip",
      "add a 10.0.0.1 10.0.0.2",
      "create a hash:ip",
      "rename a a",
      "swap a a",
      "-exist create a hash:ip",
      "-exist create a hash:net",
    );
  }

  #name(): string {
    return this.pick("a", "a", "a", "b", "b", "c", "missing");
  }
}
