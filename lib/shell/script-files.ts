/**
 * Scripts among a host's files as commands: a path whose file begins with `#!` and a shell.
 *
 * Kernel: fs/binfmt_script.c, 6.18: the interpreter is given the path and then the words.
 * Not modelled: modes of files, so that every script can be run.
 */
import { fromUtf8 } from "../base/bytes.ts";
import type { Command } from "./command.ts";
import type { CommandSet } from "./command-set.ts";
import { shellCommand } from "./commands/sh.ts";
import type { FileSystem } from "./files.ts";

const SHEBANG =
  /^#![ \t]*(?:\S*\/)?(?:env[ \t]+)?(?:\S*\/)?((?:ba|da|a)?sh)(?:[ \t]+(-\S+))?[ \t]*\r?\n/;
/** As long as the kernel looks (BINPRM_BUF_SIZE). */
const LINE_LENGTH = 256;

/** `commands`, and beside them the scripts that are files here (borrowed) by their paths. */
export function withScripts(commands: CommandSet, files: FileSystem): CommandSet {
  return {
    shell: commands.shell,
    find: (name) => commands.find(name) ?? scriptCommand(files, name),
    names: () => commands.names(),
  };
}

function scriptCommand(files: FileSystem, path: string): Command | null {
  if (!path.includes("/")) return null;
  const bytes = files.read(path);
  if (bytes === null) return null;
  const match = SHEBANG.exec(fromUtf8(bytes.subarray(0, LINE_LENGTH)));
  if (match === null) return null;
  const [, shell = "sh", option] = match;
  const before = option === undefined ? [path] : [option, path];
  return {
    name: path,
    parse: (args, parseNested) => shellCommand(shell).parse([...before, ...args], parseNested),
  };
}
