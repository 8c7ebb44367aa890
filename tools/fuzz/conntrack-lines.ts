/**
 * Random `conntrack` command lines over entries that the tool itself has made: filters of all kinds,
 * forms of output, changes, and mistakes.
 */
import type { RandomStream } from "../../lib/sim/random.ts";
import type { LineGrammar } from "./command-lines.ts";
import { joined, WordMaker } from "./word-maker.ts";

/** Seconds that are left, in all forms of output. */
const SECONDS = /((?:^|ipv4 {5}2 )[a-z]+ +[0-9]+ |-t |<timeout>)([0-9]+)/gm;

/** Source port and the port of the answer, which is drawn if another entry has it already. */
const RANDOM_PORT = /(?<=sport[= ])([0-9]+)( .* (?:dport=|--reply-port-dst ))([0-9]+)/g;

/** The grammar. */
export class ConntrackLines implements LineGrammar {
  lines(random: RandomStream): string[] {
    const maker = new LineMaker(random);
    const lines = [maker.create(), maker.create(), maker.create()];
    const count = 8 + random.below(14);
    while (lines.length < count) lines.push(maker.line());
    lines.push("conntrack -L -o extended", "conntrack -L -o save", "conntrack -C");
    return lines;
  }

  /** Without identifiers, of which the kernel makes secrets, and entries in order. */
  plain(line: string, text: string): string {
    // Of several entries that it changes the real tool prints one.
    if (line.includes(" -U ")) return text.replace(/^[a-z]+ +[0-9]+ [0-9]+ .*\n/gm, "");
    if (line.includes("-S")) return text.replace(/^cpu=[0-9]+ .*\n/gm, "");
    return text
      .replace(/id=[0-9]+/g, "id=")
      .replace(/<id>[0-9]+/g, "<id>")
      .replace(RANDOM_PORT, (all, port, between, reply) =>
        reply === port || reply === "99" ? all : `${port}${between}random`,
      )
      .replace(SECONDS, (_all, before, seconds) => `${before}${Math.round(Number(seconds) / 100)}`)
      .split("\n")
      .sort()
      .join("\n");
  }
}

class LineMaker extends WordMaker {
  line(): string {
    switch (this.below(12)) {
      case 0:
      case 1:
        return this.create();
      case 2:
        return joined("conntrack -D", ...this.#filters());
      case 3:
        return joined("conntrack -U", ...this.#filters(), this.#change());
      case 4:
        return joined("conntrack -G", this.#flow());
      case 5:
        return joined("conntrack", this.#mistake());
      default:
        return joined(
          "conntrack -L",
          ...this.#filters(),
          this.maybe(0.4, () => this.#output()),
        );
    }
  }

  create(): string {
    const status = this.maybe(0.4, () => `-u ${this.#status()}`);
    const nat = this.maybe(0.2, () => this.#nat());
    return joined(
      `conntrack ${this.pick("-I", "-I", "-I", "-A")}`,
      this.#flow(),
      this.maybe(0.95, () => `-t ${this.pick("1000", "5000", "300")}`),
      status,
      nat,
      this.maybe(0.2, () => `-m ${this.#mark()}`),
      this.maybe(0.1, () => `-w ${this.pick("0", "3")}`),
      this.maybe(0.1, () => this.#oneWayZone()),
    );
  }

  #flow(): string {
    const protocol = this.pick("tcp", "tcp", "udp", "udp", "icmp");
    const ends = joined(`-p ${protocol}`, `-s ${this.#address()}`, `-d ${this.#address()}`);
    if (protocol === "icmp")
      return `${ends} --icmp-type 8 --icmp-code 0 --icmp-id ${this.below(3)}`;
    const ports = `--sport ${this.pick("10", "11", "12")} --dport ${this.pick("80", "53")}`;
    if (protocol === "tcp") {
      const state = this.pick("ESTABLISHED", "SYN_SENT", "TIME_WAIT", "NONE", "CLOSE");
      return joined(
        ends,
        ports,
        this.maybe(0.95, () => `--state ${state}`),
      );
    }
    return joined(ends, ports);
  }

  #filters(): string[] {
    const protocol = this.pick("tcp", "udp", "icmp", "6", "foo", "47");
    const filters = [
      this.maybe(0.4, () => `-p ${protocol}`),
      this.maybe(0.15, () => `--sport ${this.pick("10", "11", "x", "99")}`),
      this.maybe(0.15, () => `--dport ${this.pick("80", "53")}`),
      this.maybe(0.1, () => `--reply-port-src ${this.pick("80", "53")}`),
      this.maybe(0.1, () => `--state ${this.pick("ESTABLISHED", "TIME_WAIT", "FOO")}`),
      this.maybe(
        0.2,
        () => `${this.pick("-s", "-d", "-r", "-q", "--src", "--orig-dst")} ${this.#network()}`,
      ),
      this.maybe(0.1, () => `-m ${this.#mark()}`),
      this.maybe(0.1, () => `-u ${this.#status()}`),
      this.maybe(0.1, () =>
        this.pick(
          "-n",
          "-g",
          "-j",
          "-n 7.7.7.7",
          "-g 5.5.5.5:80",
          "-j 5.5.5.5",
          "-g 1:x",
          "-n 1.1.1.1:",
          "-j 7.7.7.7:99",
        ),
      ),
      this.maybe(0.05, () => `-w ${this.pick("0", "3")}`),
      this.maybe(0.05, () => this.#oneWayZone()),
      this.maybe(0.03, () => this.pick("-f ipv4", "-f foo", "-x", "--foo", "-e NEW")),
    ];
    return filters;
  }

  #change(): string {
    return joined(
      this.maybe(0.7, () => `-m ${this.pick("7", "0x10", "0")}`),
      this.maybe(0.3, () => "-t 2000"),
    );
  }

  #nat(): string {
    return this.pick("--dst-nat 5.5.5.5:80", "--src-nat 7.7.7.7", "-g 5.5.5.5", "-n 7.7.7.7:99");
  }

  #oneWayZone(): string {
    return `--${this.pick("orig", "reply")}-zone ${this.pick("0", "3", "3")}`;
  }

  #mark(): string {
    return this.pick("5", "7", "0x10", "0", "5/7", "x", "4294967295");
  }

  #status(): string {
    return this.pick(
      "ASSURED",
      "SEEN_REPLY",
      "SEEN_REPLY,ASSURED",
      "FIXED_TIMEOUT",
      "EXPECTED",
      "FOO",
    );
  }

  #address(): string {
    return this.pick("1.1.1.1", "1.1.1.2", "2.2.2.2", "2.2.2.3");
  }

  #network(): string {
    return this.pick(
      "1.1.1.1",
      "1.1.1.0/24",
      "2.2.2.2/32",
      "1.1.1.1/33",
      "x",
      "1.2.3",
      "0.0.0.0/0",
    );
  }

  #output(): string {
    return `-o ${this.pick("extended", "id", "id,extended", "save", "xml", "timestamp", "labels", "foo", "extended,foo", "xml,extended")}`;
  }

  #mistake(): string {
    return this.pick(
      ...([
        "-L -D",
        "-X",
        "--foo",
        "-C",
        "-F",
        "-S",
        "-C expect",
        "-L expect",
        "-L dying",
      ] as const),
      ...([
        "-L foo",
        "-V",
        "-I",
        "-I -p tcp",
        "-G",
        "-U",
        "-D -p",
        "-L -o",
        "-I -p udp -t 5",
      ] as const),
      ...([
        "-I -p udp -s 1.1.1.1 -d 2.2.2.2 -t 5",
        "-L conntrack",
        "--dump",
        "--count",
        "-F -s 1.1.1.1",
      ] as const),
      ...([
        "-I -p udp -s 1.1.1.1 -d 2.2.2.2 --sport 1 --dport 2",
        "-L -t 5",
        "-D -t 5",
        "-E -C",
      ] as const),
      ...(["-U -p tcp", "-G -p udp", "-L -p tcp --icmp-type 8", "-L --orig-src 1.1.1.1"] as const),
    );
  }
}
