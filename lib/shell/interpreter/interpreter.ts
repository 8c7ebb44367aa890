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
import { DECLARATIONS } from "../grammar/assignment.ts";
import { parseScriptText } from "../grammar/parser.ts";
import type {
  CommandList,
  Job,
  Pipeline,
  ShellCommand,
  SimpleCommand,
  Word,
} from "../grammar/syntax.ts";
import type { ShellHost } from "../host.ts";
import { hostAt } from "../host-at.ts";
import { readFile } from "../system-files.ts";
import { ShellArray } from "./array.ts";
import { assignedText } from "./assign.ts";
import { findBuiltin, isSpecial } from "./builtins.ts";
import { compound } from "./compound.ts";
import type { Descriptor } from "./descriptor.ts";
import { Expander } from "./expand.ts";
import { Jump } from "./jump.ts";
import { NOT_FOUND, resolveCommand } from "./lookup.ts";
import { connected } from "./pipeline.ts";
import { type Redirected, redirected } from "./redirect.ts";
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
          ? yield* inner.#simple(command, mode)
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

  *#simple(command: SimpleCommand, mode: Mode): Program<number> {
    const { state, expander } = this;
    const before = state.status;
    const hasSubstitution = command.assignments.some(({ value }) =>
      value.parts.some(({ kind }) => kind === "substitution"),
    );
    const words = yield* expander.fields(command.words);
    const values = new Map<string, string>();
    const [name] = words;
    for (const assignment of command.assignments) {
      const isDeclared = name !== undefined && DECLARATIONS.has(name);
      if (isDeclared && name !== "export") state.makeLocal(assignment.name);
      if (isDeclared && words.includes("-A")) {
        state.setArray(assignment.name, new ShellArray(true));
      }
      const text = yield* assignedText(expander, state, assignment);
      if (text === null) continue;
      values.set(assignment.name, text);
      if (name === undefined) state.assign(assignment.name, text);
    }
    if (state.options.has("x")) this.#trace(values, words);
    if (name === undefined) return hasSubstitution ? state.status : 0;
    state.status = before;
    const body = state.functions.get(name);
    if (body !== undefined) return yield* this.#call(body, words.slice(1));
    const builtin = findBuiltin(name, state.shell);
    if (builtin !== null) {
      const old = isSpecial(name) ? [] : [...values.keys()];
      const kept = old.map((key) => [key, state.variables.get(key)] as const);
      for (const [key, value] of values) state.assign(key, value);
      try {
        return yield* builtin(this, words.slice(1));
      } finally {
        for (const [key, value] of kept) {
          if (value === undefined) state.variables.delete(key);
          else state.variables.set(key, value);
        }
      }
    }
    return yield* this.run(words, mode.last && state.traps.size === 0, values);
  }

  /** A command that is neither builtin nor function; `inPlace` hands it the shell's signals. */
  *run(
    words: readonly string[],
    inPlace: boolean,
    values: ReadonlyMap<string, string> = new Map(),
  ): Program<number> {
    const { state } = this;
    const body = resolveCommand(state.commands, words);
    if (body === null) {
      this.context.io.stderr(`${notFound(state, words[0] ?? "")}\n`);
      return NOT_FOUND;
    }
    const environment = new Map([...state.environment(), ...values]);
    const signal = inPlace ? this.context.signal : null;
    return yield* body({ ...this.context, commands: state.commands, environment, signal });
  }

  *#call(body: ShellCommand, positional: readonly string[]): Program<number> {
    const { state } = this;
    const before = state.positional;
    state.positional = positional;
    state.enter();
    try {
      return yield* this.command(body);
    } catch (error) {
      if (error instanceof Jump && error.kind === "return") return error.status;
      throw error;
    } finally {
      state.positional = before;
      state.leave();
    }
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

  #trace(values: ReadonlyMap<string, string>, words: readonly string[]): void {
    const shown = [...values].map(([name, value]) => `${name}=${value}`);
    this.context.io.stderr(`+ ${[...shown, ...words].join(" ")}\n`);
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

/** What a shell says of a command that is not there. */
function notFound({ shell, name }: ShellState, command: string): string {
  if (shell === "bash") {
    const what = command.includes("/") ? "No such file or directory" : "command not found";
    return `${name}: line 1: ${command}: ${what}`;
  }
  return `${name}: ${shell === "dash" ? "1: " : ""}${command}: not found`;
}
