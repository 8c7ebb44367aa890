/**
 * Which of iptables' own options may come twice, may have a `!` before them, and go with which
 * command.
 *
 * Kernel: none; iptables 1.8.9, iptables/xshared.c (set_option, generic_opt_check).
 */
import { refuse } from "./errors.ts";

/** Of each option that is checked: its bit, whether it may be inverted, its commands. */
interface CheckedOption {
  readonly letter: string;
  readonly bit: number;
  readonly inverts: boolean;
  /** Letters; D is -D with a rule, d with a number. */
  readonly commands: string;
}

const WITH_RULE = "IDRAC";
/** In the order in which they are checked. */
const OPTIONS: readonly CheckedOption[] = [
  ["n", false, "L"],
  ["s", true, WITH_RULE],
  ["d", true, WITH_RULE],
  ["p", true, WITH_RULE],
  ["j", false, WITH_RULE],
  ["v", false, "IDdRACLSFZNXEP"],
  ["x", false, "L"],
  ["i", true, WITH_RULE],
  ["o", true, WITH_RULE],
  ["0", false, "L"],
  ["c", false, "IRAP"],
  ["f", true, WITH_RULE],
].map(([letter, inverts, commands], index) => ({
  letter: String(letter),
  bit: 1 << index,
  inverts: inverts === true,
  commands: String(commands),
}));
/** The position of an option among them, by its letter's code; 0 of one that is not checked. */
const PLACES = new Uint8Array(128);
OPTIONS.forEach(({ letter }, index) => {
  PLACES[letter.charCodeAt(0)] = index + 1;
});
/** The options that do not go with a command, by its letter. */
const ILLEGAL = new Map(
  Array.from("IDdRACLSFZNXEP", (command) => [
    command,
    OPTIONS.reduce((bits, one) => (one.commands.includes(command) ? bits : bits | one.bit), 0),
  ]),
);

/** Adds an option, -g as -j, to those that have come before; refuses it if it may not come here. */
export function withOption(seen: number, letter: string, inverted: boolean): number {
  const place = PLACES[letter.charCodeAt(0)] ?? 0;
  if (place === 0) return seen;
  const bit = 1 << (place - 1);
  if ((seen & bit) !== 0 && letter !== "v") refuse(`multiple -${letter} flags not allowed`);
  if (inverted && OPTIONS[place - 1]?.inverts !== true) refuse(`cannot have ! before -${letter}`);
  return seen | bit;
}

/** Refuses options that have nothing to do with the command. */
export function checkOptions(seen: number, command: string): void {
  const illegal = seen & (ILLEGAL.get(command) ?? 0);
  if (illegal === 0) return;
  const option = OPTIONS.find(({ bit }) => (illegal & bit) !== 0);
  refuse(`Illegal option \`-${option?.letter}' with this command`);
}
