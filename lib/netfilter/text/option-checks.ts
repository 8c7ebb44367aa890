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
const BY_LETTER = new Map(OPTIONS.map((option) => [option.letter, option]));

/** Adds an option, -g as -j, to those that have come before; refuses it if it may not come here. */
export function withOption(seen: number, letter: string, inverted: boolean): number {
  const option = BY_LETTER.get(letter);
  if (option === undefined) return seen;
  if ((seen & option.bit) !== 0 && letter !== "v") {
    refuse(`multiple -${letter} flags not allowed`);
  }
  if (inverted && !option.inverts) refuse(`cannot have ! before -${letter}`);
  return seen | option.bit;
}

/** Refuses options that have nothing to do with the command, or with either of two. */
export function checkOptions(seen: number, commands: string): void {
  for (let index = 0; index < OPTIONS.length; index += 1) {
    const option = OPTIONS[index];
    if (option === undefined || (seen & option.bit) === 0) continue;
    if (option.commands.includes(commands) || option.commands.includes(commands.charAt(0))) {
      continue;
    }
    refuse(`Illegal option \`-${option.letter}' with this command`);
  }
}
