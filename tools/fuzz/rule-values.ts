/** Random values for the options of rules: mostly what the real tool takes, sometimes not. */
import type { RandomStream } from "../../lib/sim/random.ts";

/** Names of sets that the fuzzer makes on both sides. */
export const FUZZ_SETS = ["fz-ip", "fz-ipport"] as const;

/** Makes values from one stream. */
export class RuleValues {
  readonly #random: RandomStream;

  constructor(random: RandomStream) {
    this.#random = random;
  }

  /** `VALUE` or `VALUE/MASK`. */
  mark(): string {
    return this.pick([
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

  /** `NUMBER/UNIT`. */
  rate(): string {
    return this.pick([
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

  /** A TCP flag. */
  flag(): string {
    return this.pick(["SYN", "ACK", "FIN", "RST", "URG", "PSH", "ALL", "NONE", "XXX"]);
  }

  /** A port or a range of ports. */
  portRange(): string {
    const low = this.number(40000);
    return this.pick([
      `${low}`,
      `${low}`,
      `${low}:${low + this.number(20000)}`,
      "http",
      `:${low}`,
      `${low}:`,
      "70000",
      "5:1",
    ]);
  }

  /** An address with or without a mask, or several. */
  network(): string {
    return this.pick([
      this.address(),
      `${this.address()}/${this.number(34)}`,
      `${this.address()}/255.255.0.0`,
      `${this.address()}/255.0.255.0`,
      "0.0.0.0/0",
      "10.0.0.0/8",
      `${this.address()},${this.address()}`,
      "300.1.1.1",
    ]);
  }

  /** An address. */
  address(): string {
    return `${1 + this.number(222)}.${this.number(255)}.${this.number(255)}.${this.number(255)}`;
  }

  /** The name of a device, or the beginning of some. */
  device(): string {
    return this.pick(["eth0", "eth+", "lo", "veth1234", "+", "a-very-long-device-name"]);
  }

  /** A word, quoted if it must be. */
  string(): string {
    return this.pick([
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

  /** Some of what `make` makes, with commas. */
  list(make: () => string): string {
    const words = [make()];
    while (this.chance(0.4)) words.push(make());
    return words.join(",");
  }

  /** Sometimes `! `. */
  not(): string {
    return this.chance(0.2) ? "! " : "";
  }

  /** Sometimes what `make` makes, else nothing. */
  maybe(make: () => string): string {
    return this.chance(0.4) ? make() : "";
  }

  /** 0 … `bound` - 1. */
  number(bound: number): number {
    return this.#random.below(bound);
  }

  /** True in that share of cases. */
  chance(share: number): boolean {
    return this.#random.chance(share);
  }

  /** One of them. */
  pick<T>(values: readonly T[]): T {
    return values[this.number(values.length)] as T;
  }
}
