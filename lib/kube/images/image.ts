/**
 * What an image is: the command line that it starts, and the commands in it.
 *
 * Spec: OCI image specification (config: Entrypoint, Cmd); Kubernetes "Define a Command and
 * Arguments for a Container".
 */
import type { Command, CommandBody, CommandContext } from "../../shell/command.ts";
import type { CommandSet } from "../../shell/command-set.ts";
import type { Program } from "../../sim/process.ts";
import type { Container } from "./container.ts";

/** An image as the catalogue has it. */
export interface Image {
  readonly entrypoint: readonly string[];
  readonly arguments: readonly string[];
  /** Where relative paths begin, if that is not `/`. */
  readonly workingDir?: string;
  /** The commands that can be started in a container of this image. */
  commands(container: Container): CommandSet;
}

/** The words that a container starts with: its own, else the image's. */
export function commandLine(
  { command, args }: Pick<Container, "command" | "args">,
  image: Image,
): readonly string[] {
  if (command.length > 0) return [...command, ...args];
  return [...image.entrypoint, ...(args.length > 0 ? args : image.arguments)];
}

/** A command that is an image's own program. */
export function imageCommand(
  name: string,
  program: (context: CommandContext, args: readonly string[]) => Program<number>,
): Command {
  const parse =
    (args: readonly string[]): CommandBody =>
    (context) =>
      program(context, args);
  return { name, parse };
}
