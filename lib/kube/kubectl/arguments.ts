/** A kubectl command line: words, flags, options, in any order. */

import { readFlags } from "./flags.ts";

/** A command line that kubectl refuses. */
export class UsageError extends Error {}

/** A command line, taken apart. */
export interface Arguments {
  readonly command: string;
  readonly words: readonly string[];
  /** What stands after `--`; null without it. */
  readonly rest: readonly string[] | null;
  readonly namespace: string;
  readonly allNamespaces: boolean;
  /** What kubectl says of the first flag that it does not know, or null. */
  readonly problem: string | null;
  /** The value of an option, the last of several, or null. */
  option(name: string): string | null;
  /** All values of an option. */
  options(name: string): readonly string[];
  /** Whether a flag is set. */
  flag(name: string): boolean;
}

/** Takes the words behind `kubectl` apart; `problem` says what cannot be read. */
export function parseArguments(input: readonly string[], defaultNamespace = "default"): Arguments {
  const words: string[] = [];
  const options = new Map<string, string[]>();
  const add = (name: string, value: string) => {
    options.set(name, [...(options.get(name) ?? []), value]);
  };
  const end = input.indexOf("--");
  const rest = end === -1 ? [...input] : input.slice(0, end);
  const command = rest.find((word) => !word.startsWith("-")) ?? "";
  let problem: string | null = null;
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (!word.startsWith("-") || word === "-") {
      words.push(word);
      continue;
    }
    const read = readFlags(word, command, () => rest.shift());
    for (const [name, value] of read.flags) add(name, value);
    problem ??= read.problem;
  }
  const all = (name: string) => options.get(name) ?? [];
  const option = (name: string) => all(name).at(-1) ?? null;
  const flag = (name: string) => option(name) === "true";
  return {
    command: words[0] ?? "",
    words: words.slice(1),
    problem,
    rest: end === -1 ? null : input.slice(end + 1),
    namespace: option("n") ?? option("namespace") ?? defaultNamespace,
    allNamespaces: flag("A") || flag("all-namespaces"),
    option,
    options: all,
    flag,
  };
}

/** Commands that have commands of their own. */
const PARENTS = new Set(["auth", "config", "create", "rollout", "set", "top"]);

/** Throws what kubectl says of a flag that it does not know. */
export function checkFlags({ command, words: [action], problem }: Arguments): void {
  if (problem === null) return;
  const path = PARENTS.has(command) && action !== undefined ? `${command} ${action}` : command;
  throw new UsageError(`${problem}\nSee 'kubectl ${path} --help' for usage.`);
}

/** The number that an option says. Throws what Go's flags say of one that is none. */
export function integerOption(text: string, option: string, command: string): number {
  if (/^[+-]?[0-9]+$/.test(text)) return Number(text);
  throw new UsageError(
    `invalid argument "${text}" for "--${option}" flag: strconv.ParseInt: parsing "${text}": invalid syntax\nSee 'kubectl ${command} --help' for usage.`,
  );
}

/** The files that `-f` names: several options, or a list in one. */
export function filenames(args: Arguments): readonly string[] {
  return [...args.options("f"), ...args.options("filename")].flatMap((text) => text.split(","));
}
