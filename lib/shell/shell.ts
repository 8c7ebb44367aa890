/**
 * Runs command lines on a host: lists, pipes, redirections and background jobs around the commands
 * of `commands.ts`.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.8.2 (exit status), §2.9 (lists, pipelines).
 */
import { Pipe } from "../apps/pipe.ts";
import { fromUtf8, utf8 } from "../base/bytes.ts";
import { VethworkError } from "../base/errors.ts";
import { type Process, type Program, waitFor } from "../sim/process.ts";
import {
  type Command,
  type CommandBody,
  type CommandContext,
  type CommandStreams,
  ToolError,
} from "./command.ts";
import { commandNames, findCommand } from "./commands.ts";
import type { CommandIo, ShellHost } from "./host.ts";
import { type Job, type Pipeline, parseCommandLine, type SimpleCommand } from "./parse.ts";
import { SIGTERM } from "./process-table.ts";

/** Finds a command by its name; null if there is none. */
export type FindCommand = (name: string) => Command | null;

/** Exit status of a command that does not exist. */
const NOT_FOUND = 127;

/**
 * A program that carries out a command line and ends with its exit status; jobs in the background
 * go on as processes of their own. Throws `VW_COMMAND` at once if the line is not one.
 */
export function runCommand(host: ShellHost, line: string, io: CommandIo): Program<number> {
  return runJobs({ host, io: streamsOf(io) }, parseCommandLine(line));
}

/** A program for the words of one command: no shell syntax in them. */
export function runWords(
  host: ShellHost,
  words: readonly string[],
  io: CommandIo,
): Program<number> {
  return runSimple({ host, io: streamsOf(io) }, { words, redirects: [] });
}

/**
 * Finds in a command line what can be known before a run: wrong syntax, commands and options that
 * do not exist here. Throws `VW_COMMAND`. What the real tool would refuse is left to the run.
 * `find` knows the commands.
 */
export function checkCommand(line: string, find: FindCommand = findCommand): void {
  for (const job of parseCommandLine(line)) {
    for (const item of job.items) {
      for (const { words } of item.pipeline.commands) checkWords(words, find);
    }
  }
}

/** `checkCommand` for the words of one command. */
export function checkWords(words: readonly string[], find: FindCommand = findCommand): void {
  try {
    bodyOf(words, find);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
  }
}

function streamsOf(io: CommandIo): CommandStreams {
  return {
    stdin: Pipe.of(io.stdin),
    stdout: (text) => io.stdout(text),
    write: (bytes) => io.stdout(fromUtf8(bytes)),
    stderr: (text) => io.stderr(text),
  };
}

function* runJobs(context: CommandContext, jobs: readonly Job[]): Program<number> {
  let status = 0;
  for (const job of jobs) {
    if (job.background) {
      const io = { ...context.io, stdin: Pipe.of(null) };
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

/** All commands but the last run as processes of their own; the pipe ends when its writer does. */
function* runPipeline(context: CommandContext, { commands, negated }: Pipeline): Program<number> {
  const last = commands.at(-1);
  let { stdin } = context.io;
  const writers: Process[] = [];
  try {
    for (const command of commands.slice(0, -1)) {
      const pipe = new Pipe();
      const write = (bytes: Uint8Array): void => pipe.write(bytes);
      const io = { ...context.io, stdin, write, stdout: (text: string) => write(utf8(text)) };
      const program = runWriter({ ...context, io }, command, pipe);
      writers.push(context.host.processes.spawn(command.words.join(" "), program));
      stdin = pipe;
    }
    const io = { ...context.io, stdin };
    const status = last === undefined ? 0 : yield* runSimple({ ...context, io }, last);
    for (const writer of writers) {
      while (writer.status === null) yield waitFor([writer.exited]);
    }
    return negated ? Number(status === 0) : status;
  } finally {
    for (const writer of writers) writer.kill(SIGTERM);
  }
}

function* runWriter(context: CommandContext, command: SimpleCommand, pipe: Pipe): Program<number> {
  try {
    return yield* runSimple(context, command);
  } finally {
    pipe.end();
  }
}

function* runSimple(context: CommandContext, command: SimpleCommand): Program<number> {
  const redirected = redirect(context, command);
  if (redirected === null) return 1;
  const { stderr } = redirected.io;
  try {
    return yield* bodyOf(command.words, (name) => findOn(context.host, name))(redirected);
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

function bodyOf(words: readonly string[], find: FindCommand): CommandBody {
  const [name = "", ...args] = words;
  const command = find(name);
  if (command === null) throw unknownCommand(name);
  return command.parse(args, (nested) => bodyOf(nested, find));
}

function findOn(host: ShellHost, name: string): Command | null {
  return host.findCommand?.(name) ?? findCommand(name);
}

function redirect(context: CommandContext, command: SimpleCommand): CommandContext | null {
  const { files } = context.host;
  let { stdin, write, stderr } = context.io;
  let printed = context.io.stdout;
  for (const { descriptor, kind, target } of command.redirects) {
    let to: (bytes: Uint8Array) => void;
    switch (kind) {
      case "text":
        stdin = Pipe.of(utf8(target));
        continue;
      case "read": {
        const bytes = files.read(target);
        if (bytes === null) {
          stderr(`sh: 1: cannot open ${target}: No such file\n`);
          return null;
        }
        stdin = Pipe.of(bytes);
        continue;
      }
      case "duplicate": {
        const text = target === "1" ? printed : stderr;
        to = target === "1" ? write : (bytes) => text(fromUtf8(bytes));
        break;
      }
      default:
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

const COMMANDS_HINT = "commands of a lab:";

function unknownCommand(name: string): VethworkError {
  return new VethworkError(
    "VW_COMMAND",
    `${name}: command not found`,
    `${COMMANDS_HINT} ${commandNames().join(" ")}`,
  );
}
