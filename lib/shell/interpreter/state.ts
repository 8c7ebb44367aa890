/**
 * What a shell remembers from command to command: variables, functions, options, jobs.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.5 (parameters), §2.12 (execution environment).
 */
import type { Process } from "../../sim/process.ts";
import type { SignalSource } from "../command.ts";
import type { CommandSet } from "../command-set.ts";
import type { ShellCommand } from "../grammar/syntax.ts";

/** How a shell is started. */
export interface ShellSettings {
  readonly commands: CommandSet;
  /** Exported variables at the start. */
  readonly environment: ReadonlyMap<string, string>;
  /** `$0`, which also begins the shell's own messages. */
  readonly name: string;
  /** `$1` and what follows. */
  readonly positional: readonly string[];
  /** `$$`. */
  readonly pid: number;
  /** SIGTERM, if the shell is what is signalled. */
  readonly signal: SignalSource | null;
}

/** One shell. */
export class ShellState {
  readonly commands: CommandSet;
  readonly name: string;
  readonly pid: number;
  readonly signal: SignalSource | null;
  readonly variables: Map<string, string>;
  readonly exported: Set<string>;
  readonly functions: Map<string, ShellCommand>;
  /** Commands of `trap`, by the signal's name. */
  readonly traps: Map<string, string>;
  positional: readonly string[];
  /** `$?`. */
  status = 0;
  /** `set -e`, `set -u`, `set -x`. */
  readonly options: Set<string>;
  /** Jobs in the background. */
  readonly jobs: Process[] = [];
  /** How many conditions are being evaluated, in which a failure does not end the script. */
  conditions = 0;
  /** Whether the trap of SIGTERM has been run. */
  trapped = false;

  constructor(settings: ShellSettings) {
    this.commands = settings.commands;
    this.name = settings.name;
    this.pid = settings.pid;
    this.signal = settings.signal;
    this.positional = settings.positional;
    this.variables = new Map(settings.environment);
    this.exported = new Set(settings.environment.keys());
    this.functions = new Map();
    this.traps = new Map();
    this.options = new Set();
  }

  /** A copy for a subshell: what is changed there is not seen here. */
  subshell(): ShellState {
    const copy = new ShellState({ ...this, environment: this.variables, signal: null });
    copy.exported.clear();
    for (const name of this.exported) copy.exported.add(name);
    for (const [name, body] of this.functions) copy.functions.set(name, body);
    for (const option of this.options) copy.options.add(option);
    copy.status = this.status;
    return copy;
  }

  /** The environment of a command. */
  environment(): ReadonlyMap<string, string> {
    return new Map([...this.variables].filter(([name]) => this.exported.has(name)));
  }

  /** The value of a parameter other than `@` and `*`; null if it is unset. */
  parameter(name: string): string | null {
    switch (name) {
      case "?":
        return String(this.status);
      case "#":
        return String(this.positional.length);
      case "$":
        return String(this.pid);
      case "!":
        return this.jobs.length === 0 ? null : String(this.jobs.at(-1)?.pid);
      case "-":
        return [...this.options].join("");
      case "0":
        return this.name;
      default:
        if (/^[0-9]+$/.test(name)) return this.positional[Number(name) - 1] ?? null;
        return this.variables.get(name) ?? null;
    }
  }
}
