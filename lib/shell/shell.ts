/** Runs command lines on a host, and checks them before a run. */
import { Pipe } from "../apps/pipe.ts";
import { fromUtf8 } from "../base/bytes.ts";
import type { Program } from "../sim/process.ts";
import { type CommandContext, type CommandStreams, ToolError } from "./command.ts";
import type { CommandSet } from "./command-set.ts";
import { inlineScript } from "./commands/sh.ts";
import { LAB_COMMANDS } from "./commands.ts";
import { shellOf } from "./grammar/dialect.ts";
import { parseScriptText } from "./grammar/parser.ts";
import { type CommandList, literalText } from "./grammar/syntax.ts";
import type { CommandIo, ShellHost } from "./host.ts";
import { findBuiltin } from "./interpreter/builtins.ts";
import { Interpreter } from "./interpreter/interpreter.ts";
import { resolveCommand, unknownCommand } from "./interpreter/lookup.ts";
import { ShellState } from "./interpreter/state.ts";
import { visitCommands } from "./parse.ts";

/** What a command line finds besides the host: the commands of an image, its variables. */
export interface ShellSurroundings {
  readonly commands: CommandSet;
  readonly environment: ReadonlyMap<string, string>;
}

/** A lab's hosts: their commands, and no variables. */
export const LAB_SURROUNDINGS: ShellSurroundings = {
  commands: LAB_COMMANDS,
  environment: new Map(),
};

/**
 * A program that carries out a command line and ends with its exit status; jobs in the background
 * go on as processes of their own. Throws `VW_COMMAND` at once if the line is not one.
 */
export function runCommand(
  host: ShellHost,
  line: string,
  io: CommandIo,
  surroundings: ShellSurroundings = LAB_SURROUNDINGS,
): Program<number> {
  const list = parseScriptText(line, surroundings.commands.shell);
  return interpreter(host, io, surroundings).script(list);
}

/**
 * Finds in a command line what can be known before a run: wrong syntax, commands and options that
 * do not exist here. Throws `VW_COMMAND`. What the real tool would refuse is left to the run, and
 * so are the arguments of commands in which something is expanded.
 */
export function checkCommand(line: string, commands: CommandSet = LAB_COMMANDS): void {
  checkList(parseScriptText(line, commands.shell), commands);
}

function checkList(list: CommandList, commands: CommandSet): void {
  const functions = new Set<string>();
  visitCommands(list, (command) => {
    if (command.kind === "function") functions.add(command.name);
  });
  visitCommands(list, (command) => {
    if (command.kind !== "simple") return;
    const words = command.words.map(literalText);
    const [name] = words;
    if (name === undefined || name === null || functions.has(name)) return;
    const known = words.filter((word) => word !== null);
    if (known.length === words.length) checkWords(known, commands);
    else if (!isKnown(commands, name)) throw unknownCommand(commands, name);
  });
}

/** `checkCommand` for the words of one command. */
function checkWords(words: readonly string[], commands: CommandSet = LAB_COMMANDS): void {
  const [name = ""] = words;
  if (findBuiltin(name) !== null) return;
  try {
    const script = inlineScript(words);
    const shell = shellOf(name, commands.shell);
    if (script !== null) checkList(parseScriptText(script, shell), commands);
    if (resolveCommand(commands, words) === null) throw unknownCommand(commands, name);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
  }
}

function isKnown(commands: CommandSet, name: string): boolean {
  return findBuiltin(name) !== null || commands.find(name) !== null;
}

function interpreter(
  host: ShellHost,
  io: CommandIo,
  { commands, environment }: ShellSurroundings,
): Interpreter {
  const streams = streamsOf(io);
  const context: CommandContext = { host, io: streams, commands, environment, signal: null };
  const state = new ShellState({
    commands,
    shell: commands.shell,
    environment,
    name: "sh",
    positional: [],
    pid: 0,
    signal: null,
  });
  return new Interpreter(context, state);
}

/** The surroundings of a command on a lab's host. */
export function labContext(host: ShellHost, io: CommandStreams): CommandContext {
  return { host, io, ...LAB_SURROUNDINGS, signal: null };
}

/** The streams of a command whose standard input is known from the start. */
function streamsOf(io: CommandIo): CommandStreams {
  return {
    stdin: Pipe.of(io.stdin),
    stdout: (text) => io.stdout(text),
    write: (bytes) => io.stdout(fromUtf8(bytes)),
    stderr: (text) => io.stderr(text),
  };
}
