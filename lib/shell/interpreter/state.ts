/**
 * What a shell remembers from command to command: variables, functions, options, jobs.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.5 (parameters), §2.12 (execution environment).
 */
import type { Process } from "../../sim/process.ts";
import type { SignalSource } from "../command.ts";
import type { CommandSet } from "../command-set.ts";
import { type Dialect, dialectOf, type ShellKind } from "../grammar/dialect.ts";
import type { ShellCommand } from "../grammar/syntax.ts";
import { evaluateArithmetic, type Numbers } from "./arithmetic.ts";
import { ShellArray } from "./array.ts";
import type { Descriptor } from "./descriptor.ts";

/** How a shell is started. */
export interface ShellSettings {
  readonly commands: CommandSet;
  /** Exported variables at the start. */
  readonly environment: ReadonlyMap<string, string>;
  /** Which shell it is. */
  readonly shell: ShellKind;
  /** `$0`, which also begins the shell's own messages. */
  readonly name: string;
  /** `$1` and what follows. */
  readonly positional: readonly string[];
  /** `$$`. */
  readonly pid: number;
  /** SIGTERM, if the shell is what is signalled. */
  readonly signal: SignalSource | null;
}

/** A variable while a function has its own of that name. */
interface Saved {
  readonly value: string | undefined;
  readonly array: ShellArray | undefined;
}

/** One shell. */
export class ShellState {
  readonly commands: CommandSet;
  readonly shell: ShellKind;
  readonly name: string;
  readonly pid: number;
  readonly signal: SignalSource | null;
  readonly variables: Map<string, string>;
  readonly arrays: Map<string, ShellArray>;
  readonly exported: Set<string>;
  readonly functions: Map<string, ShellCommand>;
  /** Commands of `trap`, by the signal's name. */
  readonly traps: Map<string, string>;
  positional: readonly string[];
  /** Where `cd` went; null: where the host's files begin. */
  directory: string | null = null;
  /** Where in its word `getopts` is. */
  optionAt = 1;
  /** Descriptors above 2, which `exec` opens. */
  readonly descriptors = new Map<number, Descriptor>();
  /** `$?`. */
  status = 0;
  /** `set -e`, `set -u`, `set -x`; long names for what has no letter. */
  readonly options: Set<string>;
  /** Jobs in the background. */
  readonly jobs: Process[] = [];
  /** How many conditions are being evaluated, in which a failure does not end the script. */
  conditions = 0;
  /** Whether the trap of SIGTERM has been run. */
  trapped = false;
  /** What the variables of the functions that run were before: the innermost one is the last. */
  readonly #frames: Map<string, Saved>[] = [];

  constructor(settings: ShellSettings) {
    this.commands = settings.commands;
    this.shell = settings.shell;
    this.name = settings.name;
    this.pid = settings.pid;
    this.signal = settings.signal;
    this.positional = settings.positional;
    this.variables = new Map(settings.environment);
    this.arrays = new Map();
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
    for (const [name, array] of this.arrays) copy.arrays.set(name, array.copy());
    for (const [number, file] of this.descriptors) copy.descriptors.set(number, file);
    copy.directory = this.directory;
    copy.status = this.status;
    return copy;
  }

  get dialect(): Dialect {
    return dialectOf(this.shell);
  }

  /** Gives a variable its value; of an array, its first element. */
  assign(name: string, value: string): void {
    const array = this.arrays.get(name);
    if (array === undefined) this.variables.set(name, value);
    else array.set("0", value);
  }

  /** Makes an array of a variable, which keeps its value as the first element. */
  arrayFor(name: string): ShellArray {
    const known = this.arrays.get(name);
    if (known !== undefined) return known;
    const array = new ShellArray(false);
    const value = this.variables.get(name);
    if (value !== undefined) array.set("0", value);
    this.setArray(name, array);
    return array;
  }

  /** Takes `array`. */
  setArray(name: string, array: ShellArray): void {
    this.variables.delete(name);
    this.arrays.set(name, array);
  }

  /** Forgets a variable or array. */
  unset(name: string): void {
    this.variables.delete(name);
    this.arrays.delete(name);
    this.exported.delete(name);
  }

  /** The variables as arithmetic sees them: `name` or `name[index]`. */
  get numbers(): Numbers {
    const elementOf = (name: string): readonly [ShellArray, string] | null => {
      const [, array = "", index = ""] = /^(\w+)\[(.*)\]$/.exec(name) ?? [];
      return array === "" ? null : [this.arrayFor(array), this.key(array, index)];
    };
    return {
      get: (name) => {
        const element = elementOf(name);
        return element === null ? this.parameter(name) : element[0].get(element[1]);
      },
      set: (name, value) => {
        const element = elementOf(name);
        if (element === null) this.assign(name, value);
        else element[0].set(element[1], value);
      },
    };
  }

  /** The key of an element: of an indexed array, the value of its expression. */
  key(name: string, index: string): string {
    if (this.arrays.get(name)?.isAssociative === true) return index;
    const value = evaluateArithmetic(index, this.numbers);
    const last = Number(this.arrays.get(name)?.keys().at(-1) ?? -1);
    return String(value < 0 ? value + last + 1 : value);
  }

  /** Begins a function, whose `local` variables end with it. */
  enter(): void {
    this.#frames.push(new Map());
  }

  /** Ends a function: its variables are again what they were. */
  leave(): void {
    for (const [name, { value, array }] of this.#frames.pop() ?? []) {
      this.variables.delete(name);
      this.arrays.delete(name);
      if (value !== undefined) this.variables.set(name, value);
      if (array !== undefined) this.arrays.set(name, array);
    }
  }

  /** Makes a variable one of the function that runs; false outside of functions. */
  makeLocal(name: string): boolean {
    const frame = this.#frames.at(-1);
    if (frame === undefined) return false;
    if (!frame.has(name)) {
      frame.set(name, { value: this.variables.get(name), array: this.arrays.get(name) });
      this.arrays.delete(name);
      if (!this.exported.has(name)) this.variables.delete(name);
    }
    return true;
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
        return this.variables.get(name) ?? this.arrays.get(name)?.get("0") ?? null;
    }
  }
}
