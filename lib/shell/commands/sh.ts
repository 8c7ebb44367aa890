/** `sh`, `ash`, `bash`: a script from `-c`, a file or standard input. */
import { fromUtf8 } from "../../base/bytes.ts";
import type { Program } from "../../sim/process.ts";
import { type Command, type CommandContext, ToolError } from "../command.ts";
import { shellOf } from "../grammar/dialect.ts";
import { parseScriptText } from "../grammar/parser.ts";
import { Interpreter } from "../interpreter/interpreter.ts";
import { ShellState } from "../interpreter/state.ts";
import { optionOf } from "../interpreter/variable-builtins.ts";

/** As Debian 12 has it. */
const BASH_VERSION = "5.2.15(1)-release";

/** What the words of a shell's command line ask for. */
interface Invocation {
  readonly options: readonly string[];
  /** The script of `-c`; null: the first word is a file, or standard input is read. */
  readonly script: string | null;
  readonly words: readonly string[];
}

/** The script of `sh -c SCRIPT`, or null. */
export function inlineScript(words: readonly string[]): string | null {
  const [name = "", ...args] = words;
  return /^(?:.*\/)?(?:sh|ash|bash|dash)$/.test(name) ? readInvocation(args).script : null;
}

/** A shell of that name. */
export function shellCommand(name: string): Command {
  return {
    name,
    parse(args) {
      const { options, script, words } = readInvocation(args);
      return function* (context) {
        const shell = shellOf(name, context.commands.shell);
        const [first = name, ...rest] = words;
        const text = script ?? (yield* readScript(context, name, words[0] ?? null));
        const state = new ShellState({
          commands: context.commands,
          shell,
          environment: context.environment,
          name: first,
          positional: rest,
          pid: context.host.processes.takePid(),
          signal: context.signal,
        });
        if (shell === "bash") state.variables.set("BASH_VERSION", BASH_VERSION);
        for (const option of options) state.options.add(option);
        return yield* new Interpreter(context, state).script(parseScriptText(text, shell));
      };
    },
  };
}

function readInvocation(args: readonly string[]): Invocation {
  const words = [...args];
  const options: string[] = [];
  let inline = false;
  for (let word = words[0]; word !== undefined && /^[-+]./.test(word); word = words[0]) {
    words.shift();
    if (word === "--") break;
    if (word.startsWith("--")) continue;
    inline ||= word.includes("c");
    options.push(...word.slice(1).replace(/[cilo]/g, ""));
    if (word.includes("o")) options.push(optionOf(words.shift() ?? ""));
  }
  return { options, script: inline ? (words.shift() ?? "") : null, words };
}

function* readScript(
  { io, host }: CommandContext,
  name: string,
  path: string | null,
): Program<string> {
  if (path === null) return fromUtf8(yield* io.stdin.readAll());
  const bytes = host.files.read(path);
  if (bytes === null)
    throw new ToolError(`${name}: can't open '${path}': No such file or directory`, 2);
  return fromUtf8(bytes);
}
