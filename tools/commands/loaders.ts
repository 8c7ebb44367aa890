/**
 * Commands by name, whose modules are loaded when they are asked for: all of them together take
 * longer to load than most labs to run.
 */
import type { Command } from "commander";

/** Adds a command to `parent`; `args` are those behind its name. */
export type Register = (parent: Command, args: readonly string[]) => void | Promise<void>;
/** By name, what loads the module and gives what registers the command. */
export type Loaders = ReadonlyMap<string, () => Promise<Register>>;

/** Adds the command that `args` begin with, or all if they name none: help, or a slip of the pen. */
export async function register(
  parent: Command,
  loaders: Loaders,
  args: readonly string[],
): Promise<void> {
  const [name = "", ...rest] = args;
  const wanted = loaders.get(name);
  for (const load of wanted === undefined ? loaders.values() : [wanted]) {
    const add = await load();
    await add(parent, rest);
  }
}
