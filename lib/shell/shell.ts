/**
 * Runs command lines on a host: lists, pipes, redirections and background jobs around the commands
 * of `commands.ts`.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.8.2 (exit status), §2.9 (lists, pipelines).
 * Differs: the commands of a pipe run one after another, each with all that the one before printed.
 */
import { utf8 } from "../base/bytes.ts";
import { VethworkError } from "../base/errors.ts";
import type { Program } from "../sim/process.ts";
import { type CommandBody, type CommandContext, ToolError } from "./command.ts";
import { commandNames, findCommand } from "./commands.ts";
import type { CommandIo, ShellHost } from "./host.ts";
import { type Job, type Pipeline, parseCommandLine, type SimpleCommand } from "./parse.ts";

/** Exit status of a command that does not exist. */
const NOT_FOUND = 127;

/**
 * A program that carries out a command line and ends with its exit status; jobs in the background
 * go on as processes of their own. Throws `VW_COMMAND` at once if the line is not one.
 */
export function runCommand(host: ShellHost, line: string, io: CommandIo): Program<number> {
  return runJobs({ host, io }, parseCommandLine(line));
}

/** A program for the words of one command: no shell syntax in them. */
export function runWords(context: CommandContext, words: readonly string[]): Program<number> {
  return runSimple(context, { words, redirects: [] });
}

/**
 * Finds in a command line what can be known before a run: wrong syntax, commands and options that
 * do not exist here. Throws `VW_COMMAND`. What the real tool would refuse is left to the run.
 */
export function checkCommand(line: string): void {
  for (const job of parseCommandLine(line)) {
    for (const item of job.items) {
      for (const { words } of item.pipeline.commands) checkWords(words);
    }
  }
}

/** `checkCommand` for the words of one command. */
export function checkWords(words: readonly string[]): void {
  try {
    bodyOf(words);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
  }
}

function* runJobs(context: CommandContext, jobs: readonly Job[]): Program<number> {
  let status = 0;
  for (const job of jobs) {
    if (job.background) {
      const io = { ...context.io, stdin: null };
      context.host.processes.spawn(job.text, runList({ ...context, io }, job));
      status = 0;
    } else {
      status = yield* runList(context, job);
    }
  }
  return status;
}

function* runList(context: CommandContext, job: Job): Program<number> {
  let status = 0;
  for (const { condition, pipeline } of job.items) {
    if (condition === "and" ? status === 0 : condition === "or" ? status !== 0 : true) {
      status = yield* runPipeline(context, pipeline);
    }
  }
  return status;
}

function* runPipeline(context: CommandContext, pipeline: Pipeline): Program<number> {
  let stdin = context.io.stdin;
  let status = 0;
  for (const [index, command] of pipeline.commands.entries()) {
    const isLast = index === pipeline.commands.length - 1;
    let printed = "";
    const stdout = isLast
      ? context.io.stdout
      : (text: string): void => {
          printed += text;
        };
    const io: CommandIo = { stdin, stdout, stderr: context.io.stderr };
    status = yield* runSimple({ ...context, io }, command);
    stdin = utf8(printed);
  }
  return pipeline.negated ? Number(status === 0) : status;
}

function* runSimple(context: CommandContext, command: SimpleCommand): Program<number> {
  const redirected = redirect(context, command);
  if (redirected === null) return 1;
  const { stderr } = redirected.io;
  try {
    return yield* bodyOf(command.words)(redirected);
  } catch (error) {
    if (error instanceof ToolError) {
      stderr(error.text);
      return error.status;
    }
    if (error instanceof VethworkError) {
      stderr(`${error.message}\n`);
      return error.hint.startsWith(COMMANDS_HINT) ? NOT_FOUND : 2;
    }
    throw error;
  }
}

function bodyOf(words: readonly string[]): CommandBody {
  const [name = "", ...args] = words;
  const command = findCommand(name);
  if (command === null) throw unknownCommand(name);
  return command.parse(args, bodyOf);
}

function redirect(context: CommandContext, command: SimpleCommand): CommandContext | null {
  const { files } = context.host;
  let { stdin, stdout, stderr } = context.io;
  for (const { descriptor, kind, target } of command.redirects) {
    let to: (text: string) => void;
    switch (kind) {
      case "text":
        stdin = utf8(target);
        continue;
      case "read":
        stdin = files.read(target);
        if (stdin === null) {
          stderr(`sh: 1: cannot open ${target}: No such file\n`);
          return null;
        }
        continue;
      case "duplicate":
        to = target === "1" ? stdout : stderr;
        break;
      default:
        if (kind === "write") files.write(target, new Uint8Array(0));
        to = (text) => files.append(target, utf8(text));
    }
    if (descriptor === 2) stderr = to;
    else stdout = to;
  }
  return { ...context, io: { stdin, stdout, stderr } };
}

const COMMANDS_HINT = "commands of a lab:";

function unknownCommand(name: string): VethworkError {
  return new VethworkError(
    "VW_COMMAND",
    `${name}: command not found`,
    `${COMMANDS_HINT} ${commandNames().join(" ")}`,
  );
}
