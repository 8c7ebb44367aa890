/**
 * Redirections of a command.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.7.
 */
import { Pipe } from "../../apps/pipe.ts";
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { errnoMessage } from "../../base/errno.ts";
import type { Program } from "../../sim/process.ts";
import { type CommandContext, ToolError } from "../command.ts";
import type { Redirect } from "../grammar/syntax.ts";
import { isSystemFile, readFile, writeSystemFile } from "../system-files.ts";
import type { Expander } from "./expand.ts";
import type { ShellState } from "./state.ts";

/** The context with its streams redirected. Throws `ToolError` for a file that cannot be opened. */
export function* redirected(
  context: CommandContext,
  redirects: readonly Redirect[],
  expander: Expander,
  state: ShellState,
): Program<CommandContext> {
  const { files } = context.host;
  let { stdin, write, stderr } = context.io;
  let printed = context.io.stdout;
  for (const redirect of redirects) {
    const { descriptor, kind } = redirect;
    const target = yield* expander.text(redirect.target);
    let to: (bytes: Uint8Array) => void;
    switch (kind) {
      case "text":
        stdin = Pipe.of(utf8(target));
        continue;
      case "read": {
        const bytes = readFile(context.host, target);
        if (bytes === null) throw cannotOpen(state, target);
        stdin = Pipe.of(bytes);
        continue;
      }
      case "duplicate": {
        const text = target === "1" ? printed : stderr;
        to = target === "1" ? write : (bytes) => text(fromUtf8(bytes));
        break;
      }
      default:
        if (target === "/dev/stdout" || target === "/dev/stderr") {
          const text = stderr;
          to = target === "/dev/stdout" ? write : (bytes) => text(fromUtf8(bytes));
          break;
        }
        if (isSystemFile(target)) {
          to = (bytes) => setParameter(context, target, fromUtf8(bytes));
          break;
        }
        if (kind === "write") files.write(target, new Uint8Array(0));
        to = (bytes) => files.append(target, bytes);
    }
    if (descriptor === 2) {
      stderr = (text) => to(utf8(text));
    } else {
      write = to;
      printed = (text) => to(utf8(text));
    }
  }
  return { ...context, io: { stdin, stdout: printed, write, stderr } };
}

function setParameter({ host }: CommandContext, path: string, text: string): void {
  const error = writeSystemFile(host, path, text);
  if (error !== 0) throw new ToolError(`sh: write error: ${errnoMessage(error)}`, 1);
}

function cannotOpen({ name, commands }: ShellState, target: string): ToolError {
  if (commands.shell === "ash")
    return new ToolError(`${name}: can't open ${target}: no such file`, 1);
  return new ToolError(`${name}: 1: cannot open ${target}: No such file`, 1);
}
