/** Which commands a host or an image has. */
import type { Command } from "./command.ts";
import type { ShellKind } from "./grammar/dialect.ts";

/** Commands by name. */
export interface CommandSet {
  /** Which shell `/bin/sh` is: of Debian, of busybox, or bash. */
  readonly shell: ShellKind;
  /** The command of that name, with or without the path in front of it; null if there is none. */
  find(name: string): Command | null;
  /** All names, sorted. */
  names(): readonly string[];
}

/** A set of `commands` and of those of `base` that they do not replace. */
export function commandSet(
  shell: ShellKind,
  commands: readonly Command[],
  base: CommandSet | null = null,
): CommandSet {
  const byName = new Map(commands.map((command) => [command.name, command]));
  return {
    shell,
    find(name) {
      const plain = /^\/(?:usr\/)?(?:local\/)?s?bin\/([^/]+)$/.exec(name)?.[1] ?? name;
      return byName.get(plain) ?? byName.get(name) ?? base?.find(name) ?? null;
    },
    names: () => [...new Set([...byName.keys(), ...(base?.names() ?? [])])].sort(),
  };
}

/** What `first` has, and what only `second` has; the shell is that of `first`. */
export function layered(first: CommandSet, second: CommandSet): CommandSet {
  return {
    shell: first.shell,
    find: (name) => first.find(name) ?? second.find(name),
    names: () => [...new Set([...first.names(), ...second.names()])].sort(),
  };
}
