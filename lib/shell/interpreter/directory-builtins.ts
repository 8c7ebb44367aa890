/**
 * `cd` and `pwd`.
 *
 * Spec: POSIX.1-2017, cd, pwd.
 */
import { ToolError } from "../command.ts";
import type { BuiltinShell } from "./builtins.ts";

/** `cd [DIRECTORY | -]`. Throws `ToolError` if there is none. */
export function changeDirectory({ state, context }: BuiltinShell, args: readonly string[]): number {
  const { files } = context.host;
  const [word] = args.filter((each) => !/^-[LP]$/.test(each));
  const path =
    word === "-"
      ? (state.variables.get("OLDPWD") ?? "")
      : (word ?? state.variables.get("HOME") ?? "/");
  if (!files.isDirectory(path)) {
    const isFile = files.read(path) !== null;
    const why = isFile ? "Not a directory" : "No such file or directory";
    if (state.shell === "dash") throw new ToolError(`${state.name}: 1: cd: can't cd to ${path}`, 2);
    if (state.shell === "ash") {
      throw new ToolError(`${state.name}: cd: can't cd to ${path}: ${why}`, 1);
    }
    throw new ToolError(`${state.name}: line 1: cd: ${path}: ${why}`, 1);
  }
  const place = files.absolute(path);
  state.variables.set("OLDPWD", files.directory);
  state.variables.set("PWD", place);
  state.directory = place;
  if (word === "-") context.io.stdout(`${place}\n`);
  return 0;
}

/** `pwd`. */
export function printDirectory({ context }: BuiltinShell): number {
  context.io.stdout(`${context.host.files.directory}\n`);
  return 0;
}
