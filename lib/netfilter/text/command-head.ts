/**
 * The head of a command while its words are read: what it does, to which chain, and the words that
 * belong to that (`-I INPUT 3`, `-E OLD NEW`).
 *
 * Kernel: none; iptables 1.8.9, iptables/xshared.c (struct xt_cmd_parse, add_command, do_parse).
 */
import type { CommandLetter } from "./command.ts";
import { refuse } from "./errors.ts";
import type { OptionReader } from "./options.ts";
import { parseNumber } from "./values.ts";

/** Commands whose chain need not be named. */
const OF_ALL_CHAINS = "LSFZX";

/** One object, reused for all lines of a text. */
export class CommandHead {
  /** "": none has come. */
  letter: CommandLetter | "" = "";
  /** null: all chains. */
  chain: string | null = null;
  /** Rule number from 1; 0 if none was given. */
  number = 0;
  /** -E: the new name; -P: the policy. */
  extra = "";
  /** -L or -S with -Z. */
  zeroes = false;

  /** Forgets the command before. */
  reset(): void {
    this.letter = "";
    this.chain = null;
    this.number = 0;
    this.extra = "";
    this.zeroes = false;
  }

  /** Takes a command, and the further words that it has from the reader. */
  take(letter: CommandLetter, value: string, reader: OptionReader): void {
    this.#setLetter(letter);
    const chain = value === "" && OF_ALL_CHAINS.includes(letter) ? reader.takeWord() : value;
    if (chain !== undefined) this.chain = chain;
    this.#takeFurther(letter, reader);
  }

  /** There is one command, but that a listing and -Z go together. */
  #setLetter(letter: CommandLetter): void {
    const before = this.letter;
    if (before === "") {
      this.letter = letter;
    } else if (isListing(before) && letter === "Z") {
      this.zeroes = true;
    } else if (isListing(letter) && before === "Z") {
      this.zeroes = true;
      this.letter = letter;
    } else {
      refuse(`Cannot use -${letter} with -${before}`);
    }
  }

  #takeFurther(letter: CommandLetter, reader: OptionReader): void {
    switch (letter) {
      case "D":
      case "L":
      case "S":
      case "Z":
      case "I": {
        const word = reader.takeWord();
        if (word !== undefined) this.number = ruleNumber(word);
        else if (letter === "I") this.number = 1;
        return;
      }
      case "R":
        this.number = ruleNumber(needed(reader, "-R requires a rule number"));
        return;
      case "E":
        this.extra = needed(reader, "-E requires old-chain-name and new-chain-name");
        return;
      case "P":
        this.extra = needed(reader, "-P requires a chain and a policy");
        return;
      default:
    }
  }
}

function isListing(letter: string): boolean {
  return letter === "L" || letter === "S";
}

function needed(reader: OptionReader, problem: string): string {
  return reader.takeWord() ?? refuse(problem);
}

function ruleNumber(text: string): number {
  const number = parseNumber(text, 1, 0x7fffffff);
  if (number === undefined) refuse(`Invalid rule number \`${text}'`);
  return number;
}
