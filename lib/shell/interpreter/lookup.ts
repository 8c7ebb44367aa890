/** Finds what the words of a simple command stand for. */

import { VethworkError } from "../../base/errors.ts";
import type { CommandBody } from "../command.ts";
import type { CommandSet } from "../command-set.ts";

/** Exit status of a command that does not exist. */
export const NOT_FOUND = 127;

/**
 * The command with its arguments read, or null if there is none of that name. Throws `VW_COMMAND`
 * for what this project lacks, `ToolError` for what the real tool refuses.
 */
export function resolveCommand(commands: CommandSet, words: readonly string[]): CommandBody | null {
  const [name = "", ...args] = words;
  const command = commands.find(name);
  return command === null ? null : command.parse(args, (nested) => nestedBody(commands, nested));
}

function nestedBody(commands: CommandSet, words: readonly string[]): CommandBody {
  const body = resolveCommand(commands, words);
  if (body === null) throw unknownCommand(commands, words[0] ?? "");
  return body;
}

/** The error for a command that does not exist here. */
export function unknownCommand(commands: CommandSet, name: string): VethworkError {
  return new VethworkError(
    "VW_COMMAND",
    `${name}: command not found`,
    `commands are: ${commands.names().join(" ")}`,
  );
}
