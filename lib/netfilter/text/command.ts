/** One iptables command: what it does, to which table and chain, with which rules. */
import type { Rule } from "../rule.ts";
import type { TableName } from "../table.ts";
import type { RuleError } from "./errors.ts";

/** The commands, by their letters. */
export type CommandLetter =
  | "A"
  | "I"
  | "D"
  | "R"
  | "C"
  | "L"
  | "S"
  | "F"
  | "Z"
  | "N"
  | "X"
  | "E"
  | "P";

/** A command, parsed. */
export interface Command {
  readonly letter: CommandLetter;
  readonly table: TableName;
  /** null: all chains (-L, -F, -X …). */
  readonly chain: string | null;
  /** Rule number from 1; 0 if none was given. */
  readonly number: number;
  /** -E: the new name; -P: the policy. */
  readonly extra: string;
  /** Rules to add, delete or look for: one for each pair of addresses given. */
  readonly rules: readonly Rule[];
  readonly numeric: boolean;
  readonly verbose: boolean;
  readonly exact: boolean;
  readonly lineNumbers: boolean;
  /** -L with -Z: counters start from 0 after the listing. */
  readonly zeroes: boolean;
  /** Why the rules can be written but not be put into a table; null if they can. */
  readonly refusal: RuleError | null;
}
