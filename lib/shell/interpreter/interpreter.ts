/**
 * Runs a shell's syntax tree: lists, pipelines, compound commands, functions and simple commands.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.8 (exit status), §2.9 (commands), §2.14 (trap).
 */
import { Pipe } from "../../apps/pipe.ts";
import { fromUtf8 } from "../../base/bytes.ts";
import { VethworkError } from "../../base/errors.ts";
import type { Program } from "../../sim/process.ts";
import { type CommandContext, ToolError } from "../command.ts";
import { parseScriptText } from "../grammar/parser.ts";
import type { CommandList, Job, Pipeline, ShellCommand, Word } from "../grammar/syntax.ts";
import type { ShellHost } from "../host.ts";
import { hostAt } from "../host-at.ts";
import { readFile } from "../system-files.ts";
import { compound } from "./compound.ts";
import type { Descriptor } from "./descriptor.ts";
import { Expander } from "./expand.ts";
import { Jump } from "./jump.ts";
import { connected } from "./pipeline.ts";
import { type Redirected, redirected } from "./redirect.ts";
import { runProgram, simple } from "./simple.ts";
import type { ShellState } from "./state.ts";

/** How a command is run: whether a failure ends the script, whether it takes the shell's place. */
interface Mode {
  /** The last command of `sh -c`, which busybox's shell starts in its own place. */
  readonly last: boolean;
}

const PLAIN: Mode = { last: false };

/** One shell with its streams. */
export class Interpreter {
  readonly state: ShellState;
  readonly expander: Expander;
  #context: CommandContext;

  constructor(context: CommandContext, state: ShellState) {
    this.#context = context;
    this.state = state;
    this.expander = new Expander(this);
  }

  /** What commands are started with: their host has its files where `cd` went. */
  get context(): CommandContext {
    const { directory } = this.state;
    if (directory !== null && this.#context.host.files.directory !== directory) {
      this.#context = { ...this.#context, host: hostAt(this.#context.host, directory) };
    }
    return this.#context;
  }

  get host(): ShellHost {
    return this.context.host;
  }

  /** A whole script: its exit status, traps and `exit` included. */
  *script(list: CommandList): Program<number> {
    const { state } = this;
    try {
      yield* this.list(list, { last: state.shell === "ash" });
    } catch (error) {
      if (!(error instanceof Jump)) throw error;
      if (error.kind === "exit" || error.kind === "return") state.status = error.status;
    }
    yield* this.#trap("EXIT");
    return state.status;
  }

  /** Jobs in order. Throws `Jump`. */
  *list(list: CommandList, mode: Mode = PLAIN): Program<number> {
    const last = list.at(-1);
    for (const job of list) {
      if (job.background) this.#background(job);
      else yield* this.#items(job, mode.last && job === last ? mode : PLAIN);
    }
    return this.state.status;
  }

  /** A text as `eval`, `.` and traps run it. */
  *text(text: string): Program<number> {
    return yield* this.list(parseScriptText(text, this.state.shell));
  }

  #background(job: Job): void {
    const { host, io } = this.context;
    const context = { ...this.context, signal: null, io: { ...io, stdin: Pipe.of(null) } };
    const child = new Interpreter(context, this.state.subshell());
    const list = [{ ...job, background: false }];
    this.state.jobs.push(host.processes.spawn(job.text, child.script(list)));
    this.state.status = 0;
  }

  *#items({ items }: Job, mode: Mode): Program<void> {
    const { state } = this;
    for (const [index, { condition, pipeline }] of items.entries()) {
      if (condition === "and" && state.status !== 0) continue;
      if (condition === "or" && state.status === 0) continue;
      const isLast = index === items.length - 1;
      state.conditions += isLast ? 0 : 1;
      try {
        state.status = yield* this.#pipeline(pipeline, isLast ? mode : PLAIN);
      } finally {
        state.conditions -= isLast ? 0 : 1;
      }
      const fails = state.status !== 0 && isLast && !pipeline.negated && state.conditions === 0;
      if (fails && state.options.has("e")) throw new Jump("exit", 1, state.status);
    }
  }

  *#pipeline({ commands, negated }: Pipeline, mode: Mode): Program<number> {
    const [first, ...more] = commands;
    if (first === undefined) return 0;
    const status =
      more.length === 0
        ? yield* this.command(first, negated ? PLAIN : mode)
        : yield* connected(this, commands);
    return negated ? Number(status === 0) : status;
  }

  /** A shell of its own in the state of this one, as a subshell is. */
  child(io: CommandContext["io"]): Interpreter {
    return new Interpreter({ ...this.context, signal: null, io }, this.state.subshell());
  }

  /** One command, which a jump cannot leave. */
  *inSubshell(command: ShellCommand): Program<number> {
    try {
      return yield* this.command(command);
    } catch (error) {
      if (error instanceof Jump) return error.status;
      throw error;
    }
  }

  /** What a list prints; of a lone `<FILE`, the file. */
  *substitute(list: CommandList): Program<string> {
    const path = fileOf(list);
    if (path !== null && this.state.shell !== "dash") {
      const bytes = readFile(this.host, yield* this.expander.text(path));
      this.state.status = bytes === null ? 1 : 0;
      return fromUtf8(bytes ?? new Uint8Array(0));
    }
    let text = "";
    const io = {
      ...this.context.io,
      stdout: (printed: string) => {
        text += printed;
      },
      write: (bytes: Uint8Array) => {
        text += fromUtf8(bytes);
      },
    };
    this.state.status = yield* this.child(io).script(list);
    return text;
  }

  /** One command of a pipeline, with its redirections; its exit status. Throws `Jump`. */
  *command(command: ShellCommand, mode: Mode = PLAIN): Program<number> {
    let { io } = this.context;
    let opened: readonly Descriptor[] = [];
    try {
      let inner: Interpreter = this;
      if (command.redirects.length > 0) {
        const to = yield* redirected(this.context, command.redirects, this.expander, this.state);
        if (isExec(command)) this.#keep(to);
        else opened = to.opened;
        inner = new Interpreter(to.context, this.state);
      }
      // What a tool complains of goes where the command's own standard error goes.
      io = inner.context.io;
      this.state.status =
        command.kind === "simple"
          ? yield* simple(inner, command, mode.last)
          : yield* compound(inner, command);
    } catch (error) {
      if (error instanceof ToolError) {
        io.stderr(error.text);
        this.state.status = error.status;
      } else if (error instanceof VethworkError) {
        io.stderr(`${error.message}\n`);
        this.state.status = 2;
      } else throw error;
    } finally {
      for (const file of opened) file.close();
    }
    if (this.state.signal?.raised === true && !this.state.trapped) yield* this.#trap("TERM");
    return this.state.status;
  }

  /** Redirections of `exec` are the shell's from now on. */
  #keep({ context, descriptors }: Redirected): void {
    this.#context = context;
    for (const [number, file] of descriptors) {
      this.state.descriptors.get(number)?.close();
      if (file === null) this.state.descriptors.delete(number);
      else this.state.descriptors.set(number, file);
    }
  }

  /** A command that is neither builtin nor function; `inPlace` hands it the shell's signals. */
  *run(words: readonly string[], inPlace: boolean): Program<number> {
    return yield* runProgram(this, words, inPlace);
  }

  /** Runs what `trap` has set for a signal, once. */
  *#trap(signal: "TERM" | "EXIT"): Program<void> {
    const { state } = this;
    const action = state.traps.get(signal);
    if (action === undefined) return;
    if (signal === "TERM") state.trapped = true;
    else state.traps.delete(signal);
    const { status } = state;
    try {
      yield* this.text(action);
      state.status = status;
    } catch (error) {
      if (signal === "TERM" || !(error instanceof Jump)) throw error;
      state.status = error.status;
    }
  }
}

function isExec(command: ShellCommand): boolean {
  if (command.kind !== "simple" || command.words.length !== 1) return false;
  return command.words[0]?.text === "exec";
}

/** The file of a list that is nothing but `<FILE`; null for any other. */
function fileOf(list: CommandList): Word | null {
  const [job, ...more] = list;
  const [command, ...others] = job?.items[0]?.pipeline.commands ?? [];
  if (more.length + others.length > 0 || command?.kind !== "simple") return null;
  const [redirect, ...rest] = command.redirects;
  if (command.words.length + command.assignments.length + rest.length > 0) return null;
  return redirect?.kind === "read" && redirect.descriptor === 0 ? redirect.target : null;
}
