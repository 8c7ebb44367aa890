/** All commands of the shell, by name. */
import type { Command } from "./command.ts";
import {
  cat,
  echo,
  falseCommand,
  head,
  hostname,
  kill,
  printf,
  sleepCommand,
  timeout,
  trueCommand,
} from "./commands/basic.ts";
import { ip } from "./commands/ip.ts";
import { ping } from "./commands/ping.ts";
import { sysctl } from "./commands/sysctl.ts";

const COMMANDS: readonly Command[] = [
  cat,
  echo,
  falseCommand,
  head,
  hostname,
  ip,
  kill,
  ping,
  printf,
  sleepCommand,
  sysctl,
  timeout,
  trueCommand,
];

const BY_NAME: ReadonlyMap<string, Command> = new Map(
  COMMANDS.map((command) => [command.name, command]),
);

/** The command of that name, with or without the path in front of it; null if there is none. */
export function findCommand(name: string): Command | null {
  const base = /^\/(?:usr\/)?s?bin\/([^/]+)$/.exec(name)?.[1] ?? name;
  return BY_NAME.get(base) ?? null;
}

/** All names, sorted. */
export function commandNames(): string[] {
  return [...BY_NAME.keys()].sort();
}
