/**
 * `getopts`.
 *
 * Spec: POSIX.1-2017, getopts.
 */
import type { BuiltinShell } from "./builtins.ts";

/** `getopts LETTERS NAME [WORD…]`: one option a call, until there are none. */
export function getopts(
  { state, context }: BuiltinShell,
  [letters = "", name = "", ...given]: readonly string[],
): number {
  const words = given.length > 0 ? given : state.positional;
  const quiet = letters.startsWith(":");
  const index = Number(state.variables.get("OPTIND") ?? "1");
  const word = words[index - 1] ?? "";
  const end = (next: number): number => {
    state.assign(name, "?");
    state.assign("OPTIND", String(next));
    state.optionAt = 1;
    return 1;
  };
  if (word === "--") return end(index + 1);
  if (!/^-./.test(word)) return end(index);
  const letter = word[state.optionAt] ?? "";
  const rest = word.slice(state.optionAt + 1);
  const at = letter === ":" ? -1 : letters.indexOf(letter);
  let next = index;
  if (rest === "") {
    next += 1;
    state.optionAt = 1;
  } else state.optionAt += 1;
  state.unset("OPTARG");
  const refuse = (mark: string, why: string): void => {
    state.assign(name, quiet ? mark : "?");
    if (quiet) state.assign("OPTARG", letter);
    else context.io.stderr(`${state.name}: ${why} -- ${letter}\n`);
  };
  if (at === -1) refuse("?", "illegal option");
  else if (letters[at + 1] === ":") {
    const value = rest !== "" ? rest : words[index];
    next = rest !== "" ? index + 1 : index + 2;
    state.optionAt = 1;
    if (value === undefined) refuse(":", "option requires an argument");
    else {
      state.assign(name, letter);
      state.assign("OPTARG", value);
    }
  } else state.assign(name, letter);
  state.assign("OPTIND", String(next));
  return 0;
}
