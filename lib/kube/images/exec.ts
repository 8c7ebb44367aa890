/**
 * Commands beside a container's program: `kubectl exec`, and what probes and hooks run.
 *
 * Spec: CRI v1 (Exec, ExecSync); runc's error for a command that is not there.
 */
import { Pipe } from "../../apps/pipe.ts";
import { fromUtf8 } from "../../base/bytes.ts";
import { VethworkError } from "../../base/errors.ts";
import { type CommandStreams, ToolError } from "../../shell/command.ts";
import type { CommandIo } from "../../shell/host.ts";
import { NOT_FOUND, resolveCommand } from "../../shell/interpreter/lookup.ts";
import type { Program } from "../../sim/process.ts";
import { contextOf, isKnownImage } from "./catalogue.ts";
import type { Container } from "./container.ts";
import { NotStarted } from "./not-started.ts";
import { isRunnable, isStandIn } from "./stand-in.ts";

/**
 * Runs words with the image's commands. Throws `NotStarted` for a program that is not in the image,
 * and `VW_COMMAND` for what this project lacks.
 */
export function* execCommand(
  container: Container,
  words: readonly string[],
  io: CommandStreams,
): Program<number> {
  const context = { ...contextOf(container), io, signal: null };
  try {
    const body = resolveCommand(context.commands, words);
    if (body !== null) return yield* body(context);
    throw new NotStarted(words[0] ?? "");
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    io.stderr(error.text);
    return error.status;
  }
}

/** The same for the kubelet: what only an unknown image could tell succeeds. */
export function* execProgram(
  container: Container,
  words: readonly string[],
  { stdout, stderr }: CommandIo,
): Program<number> {
  const { commands } = contextOf(container);
  if (!isKnownImage(container.image) && !isRunnable(commands, container, words)) return 0;
  const write = (bytes: Uint8Array): void => stdout(fromUtf8(bytes));
  const streams = { stdin: Pipe.of(null), stdout, stderr, write };
  const isReal = !isStandIn(container);
  try {
    const status = yield* execCommand(container, words, streams);
    return isReal ? status : 0;
  } catch (error) {
    if (error instanceof NotStarted) {
      stderr(`${error.message}\n`);
      return isReal ? NOT_FOUND : 0;
    }
    if (isReal || !(error instanceof VethworkError)) throw error;
  }
  return 0;
}
