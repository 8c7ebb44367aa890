/**
 * How a match or target module says which options it takes and what becomes of them. Parsing is
 * driven by these tables: that an option may come only once, may be inverted, excludes or needs
 * another, is said here and enforced in one place (text/options.ts).
 *
 * Each module keeps what it has read so far in a state of its own type; `defineMatch` and
 * `defineTarget` hide that type, so that all modules fit in one table.
 */
import type { Engine } from "./engine.ts";
import type { HeaderMatch, Match, Target } from "./rule.ts";
import type { TableName } from "./table.ts";
import { ExitStatus, RuleError, refuse } from "./text/errors.ts";

/** One option of a module. */
export interface OptionSpec<S> {
  /** Long name without the dashes. */
  readonly name: string;
  /** Whether a value follows; it does unless this is false. */
  readonly argument?: boolean;
  /** Whether two words follow; they arrive joined by a space. */
  readonly second?: boolean;
  /** Whether `!` may stand before it. */
  readonly inverts?: boolean;
  /** Whether it may come more than once. */
  readonly repeats?: boolean;
  /** Whether it must come. */
  readonly required?: boolean;
  /** Options that must not come beside it. */
  readonly excludes?: readonly string[];
  /** An option that must come beside it. */
  readonly needs?: string;
  /** The option of which this is another name. */
  readonly alias?: string;
  /** Takes the option's value into the state; refuses it with `refuse`. */
  read(state: S, value: string, inverted: boolean, context: OptionContext): void;
}

/** What an option may look at while it is read. */
export interface OptionContext {
  readonly engine: Engine;
  /** As far as it has been read. */
  readonly header: HeaderMatch;
  /** The tool says something and goes on; whole lines. */
  warn(text: string): void;
}

/** What a module is told about the rule that it becomes part of. */
export interface RuleContext {
  readonly engine: Engine;
  readonly table: TableName;
  readonly header: HeaderMatch;
  /** The rule's matches, when a target is made. */
  readonly matches: readonly Match[];
  /** Why the rule cannot be put into a table, although its text is right; null if it can be. */
  refusal: RuleError | null;
}

/**
 * What of a rule that was read once serves other hosts as well: nothing, what its options say, or
 * the very match or target. The first two have to do with a host. Options may serve others if
 * `finish` refuses nothing because of its host and what it makes claims nothing of it, but that
 * connections are tracked.
 */
export type Reuse = "none" | "options" | "instance";

/** A module's options and what is made of them. */
export interface ModuleSpec<S, T> {
  readonly name: string;
  /** "none" by default. */
  readonly reuse?: Reuse;
  readonly options: readonly OptionSpec<S>[];
  start(): S;
  finish(state: S, context: RuleContext): T;
}

/** One use of a module in a rule that is being parsed. */
export interface Session<T> {
  readonly module: Module<T>;
  /** Takes an option that is in the module's table. */
  option(index: number, value: string, inverted: boolean, context: OptionContext): void;
  /** All options are there; may be called for several hosts if the module's reuse allows it. */
  finish(context: RuleContext): T;
}

/** A module with its state hidden. */
export interface Module<T> {
  readonly name: string;
  readonly reuse: Reuse;
  readonly options: readonly OptionName[];
  begin(): Session<T>;
}

/** What the command line parser has to know about an option. */
export interface OptionName {
  readonly name: string;
  readonly argument: boolean;
  readonly second: boolean;
}

/** A match that rules may name with -m. */
export type MatchModule = Module<Match>;
/** A target that rules may name with -j. */
export type TargetModule = Module<Target>;

/** Makes a match module. */
export function defineMatch<S>(spec: ModuleSpec<S, Match>): MatchModule {
  return defineModule(spec);
}

/** Makes a target module. */
export function defineTarget<S>(spec: ModuleSpec<S, Target>): TargetModule {
  return defineModule(spec);
}

function defineModule<S, T>(spec: ModuleSpec<S, T>): Module<T> {
  const identities = spec.options.map((option) => {
    const name = option.alias ?? option.name;
    return spec.options.findIndex((other) => other.name === name);
  });
  const demands = demandsOf(spec.options);
  const module: Module<T> = {
    name: spec.name,
    reuse: spec.reuse ?? "none",
    options: spec.options.map(({ name, argument, second }) => ({
      name,
      argument: argument !== false,
      second: second === true,
    })),
    begin: () => new ModuleSession(module, spec, identities, demands),
  };
  return module;
}

class ModuleSession<S, T> implements Session<T> {
  readonly module: Module<T>;
  readonly #spec: ModuleSpec<S, T>;
  readonly #identities: readonly number[];
  readonly #demands: readonly Demand[];
  readonly #state: S;
  /** Bits of the options that came; modules have fewer than 31. */
  #seen = 0;

  constructor(
    module: Module<T>,
    spec: ModuleSpec<S, T>,
    identities: readonly number[],
    demands: readonly Demand[],
  ) {
    this.module = module;
    this.#spec = spec;
    this.#identities = identities;
    this.#demands = demands;
    this.#state = spec.start();
  }

  option(index: number, value: string, inverted: boolean, context: OptionContext): void {
    const option = this.#spec.options[index];
    if (option === undefined) return;
    const bit = 1 << (this.#identities[index] ?? index);
    if ((this.#seen & bit) !== 0 && option.repeats !== true) {
      refuse(`${this.#spec.name}: option "--${option.name}" can only be used once.\n`);
    }
    if (inverted && option.inverts !== true) {
      refuse(`${this.#spec.name}: option "--${option.name}" cannot be inverted.\n`);
    }
    this.#seen |= bit;
    option.read(this.#state, value, inverted, context);
  }

  finish(context: RuleContext): T {
    const seen = this.#seen;
    for (let index = 0; index < this.#demands.length; index += 1) {
      const demand = this.#demands[index];
      if (demand === undefined) continue;
      if ((seen & demand.bit) === 0) {
        if (demand.required) {
          refuse(`${this.#spec.name}: option "--${demand.name}" must be specified\n`);
        }
      } else if ((seen & demand.excluded) !== 0 || (seen & demand.needed) !== demand.needed) {
        this.#refuseCombination(demand.name);
      }
    }
    return this.#spec.finish(this.#state, context);
  }

  #refuseCombination(option: string): void {
    const { name, options } = this.#spec;
    const { excludes = [], needs = "" } = options.find((one) => one.name === option) ?? {};
    for (const other of excludes) {
      if ((this.#seen & bitOf(options, other)) !== 0) {
        refuse(`${name}: option "--${option}" cannot be used together with "--${other}".\n`);
      }
    }
    refuse(`${name}: option "--${option}" also requires "--${needs}".\n`);
  }
}

/** What an option demands of the others, as bits of their positions in the table. */
interface Demand {
  readonly name: string;
  readonly bit: number;
  readonly required: boolean;
  readonly excluded: number;
  readonly needed: number;
}

/** The demands of those options that have any. */
function demandsOf<S>(options: readonly OptionSpec<S>[]): Demand[] {
  return options
    .filter(({ alias }) => alias === undefined)
    .map(({ name, required = false, excludes = [], needs }) => ({
      name,
      bit: bitOf(options, name),
      required,
      excluded: excludes.reduce((bits, other) => bits | bitOf(options, other), 0),
      needed: needs === undefined ? 0 : bitOf(options, needs),
    }))
    .filter(({ required, excluded, needed }) => required || excluded !== 0 || needed !== 0);
}

function bitOf<S>(options: readonly OptionSpec<S>[], name: string): number {
  const index = options.findIndex((option) => option.name === name);
  return index === -1 ? 0 : 1 << index;
}

/** Refuses a rule as the kernel's module does when the rule is put into a table. */
export function refuseInKernel(context: RuleContext, reason: string): void {
  context.refusal ??= new RuleError("Invalid argument", {
    exitStatus: ExitStatus.RESOURCE_PROBLEM,
    hint: reason,
  });
}

/** Refuses a rule as the tool does once it has read all of it. */
export function refuseInTool(context: RuleContext, problem: string): void {
  context.refusal ??= new RuleError(problem);
}
