/**
 * What a command is to the shell. Reading its arguments is a step of its own, so that a lab can be
 * told before the run that an option does not exist here.
 */

import type { Pipe } from "../apps/pipe.ts";
import { VethworkError } from "../base/errors.ts";
import type { Program, WaitQueue } from "../sim/process.ts";
import type { CommandSet } from "./command-set.ts";
import type { ShellHost } from "./host.ts";

/** The standard streams of a command. */
export interface CommandStreams {
  readonly stdin: Pipe;
  /** Text that is printed; whoever has bytes uses `write`. */
  stdout(text: string): void;
  write(bytes: Uint8Array): void;
  stderr(text: string): void;
}

/** A signal that asks a process to end, for those that handle it. */
export interface SignalSource {
  /** Whether it has come. */
  readonly raised: boolean;
  /** Woken when it comes. */
  readonly waitQueue: WaitQueue;
}

/** Where a command runs and what it is connected to. */
export interface CommandContext {
  readonly host: ShellHost;
  readonly io: CommandStreams;
  /** What can be started from here. */
  readonly commands: CommandSet;
  /** Exported variables. */
  readonly environment: ReadonlyMap<string, string>;
  /** SIGTERM for this command; null if nobody signals it but by ending its process. */
  readonly signal: SignalSource | null;
}

/** A command whose arguments have been read: a program whose result is the exit status. */
export type CommandBody = (context: CommandContext) => Program<number>;

/** Reads the words of a command that another one starts (`timeout 1 ping …`). */
export type ParseNested = (words: readonly string[]) => CommandBody;

/** One command of the shell. */
export interface Command {
  readonly name: string;
  /**
   * Reads the arguments (without the command's name). Throws `VW_COMMAND` for what exists in the
   * real tool and not here, and `ToolError` for what the real tool refuses.
   */
  parse(args: readonly string[], parseNested: ParseNested): CommandBody;
}

/** The real tool's refusal: the text that it prints to standard error, and its exit status. */
export class ToolError extends Error {
  /** Whole lines, newline included. */
  readonly text: string;
  readonly status: number;

  constructor(text: string, status: number) {
    super(text);
    this.name = "ToolError";
    this.text = text.endsWith("\n") || text === "" ? text : `${text}\n`;
    this.status = status;
  }
}

/** A command that is carried out at once, without waiting for anything. */
export function immediate(act: (context: CommandContext) => number): CommandBody {
  // biome-ignore lint/correctness/useYield: it never waits
  return function* (context) {
    const { cpu } = context.host.namespace;
    cpu.spend(cpu.costs.syscallNs);
    return act(context);
  };
}

/** A command that reads all of its standard input first. */
export function afterInput(
  act: (context: CommandContext, input: Uint8Array) => number,
): CommandBody {
  return function* (context) {
    const { cpu } = context.host.namespace;
    const input = yield* context.io.stdin.readAll();
    cpu.spend(cpu.costs.syscallNs);
    return act(context, input);
  };
}

/** An option or word that the real tool knows and this one does not. */
export function notModelled(command: string, word: string, allowed: string): VethworkError {
  return new VethworkError("VW_COMMAND", `${command}: "${word}" is not modelled`, allowed);
}
