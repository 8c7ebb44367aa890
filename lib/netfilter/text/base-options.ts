/**
 * iptables' own options, which need no module.
 *
 * Kernel: none; iptables 1.8.9, iptables/iptables.c (original_opts).
 */

/** iptables' options by the letter under which they are handled. */
export interface BaseOption {
  readonly letter: string;
  /** none, needed, or optional (then only joined, or taken by the command itself). */
  readonly argument: "none" | "needed" | "optional";
  readonly names: readonly string[];
}

/** All of them. */
export const BASE_OPTIONS: readonly BaseOption[] = [
  { letter: "A", argument: "needed", names: ["append"] },
  { letter: "D", argument: "needed", names: ["delete"] },
  { letter: "C", argument: "needed", names: ["check"] },
  { letter: "I", argument: "needed", names: ["insert"] },
  { letter: "R", argument: "needed", names: ["replace"] },
  { letter: "L", argument: "optional", names: ["list"] },
  { letter: "S", argument: "optional", names: ["list-rules"] },
  { letter: "F", argument: "optional", names: ["flush"] },
  { letter: "Z", argument: "optional", names: ["zero"] },
  { letter: "N", argument: "needed", names: ["new-chain"] },
  { letter: "X", argument: "optional", names: ["delete-chain"] },
  { letter: "E", argument: "needed", names: ["rename-chain"] },
  { letter: "P", argument: "needed", names: ["policy"] },
  { letter: "s", argument: "needed", names: ["source", "src"] },
  { letter: "d", argument: "needed", names: ["destination", "dst"] },
  { letter: "p", argument: "needed", names: ["protocol", "proto"] },
  { letter: "i", argument: "needed", names: ["in-interface"] },
  { letter: "o", argument: "needed", names: ["out-interface"] },
  { letter: "j", argument: "needed", names: ["jump"] },
  { letter: "g", argument: "needed", names: ["goto"] },
  { letter: "t", argument: "needed", names: ["table"] },
  { letter: "m", argument: "needed", names: ["match"] },
  { letter: "n", argument: "none", names: ["numeric"] },
  { letter: "v", argument: "none", names: ["verbose"] },
  { letter: "w", argument: "optional", names: ["wait"] },
  { letter: "W", argument: "optional", names: ["wait-interval"] },
  { letter: "x", argument: "none", names: ["exact"] },
  { letter: "f", argument: "none", names: ["fragments"] },
  { letter: "V", argument: "none", names: ["version"] },
  { letter: "h", argument: "optional", names: ["help"] },
  { letter: "0", argument: "none", names: ["line-numbers"] },
  { letter: "M", argument: "needed", names: ["modprobe"] },
  { letter: "c", argument: "needed", names: ["set-counters"] },
  { letter: "4", argument: "none", names: ["ipv4"] },
  { letter: "6", argument: "none", names: ["ipv6"] },
];

const BY_LETTER = new Map(BASE_OPTIONS.map((option) => [option.letter, option]));
const BY_NAME = new Map(
  BASE_OPTIONS.flatMap((option) => option.names.map((name) => [name, option] as const)),
);

/** The option of a letter, or undefined. */
export function baseOption(letter: string): BaseOption | undefined {
  return BY_LETTER.get(letter);
}

/** The option of a long name, or undefined. */
export function baseOptionNamed(name: string): BaseOption | undefined {
  return BY_NAME.get(name);
}
