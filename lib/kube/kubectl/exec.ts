/**
 * `kubectl exec`: a command in a container of a Pod.
 *
 * Spec: kubectl v1.36, cmd/exec.
 */
import type { CommandStreams } from "../../shell/command.ts";
import type { Program } from "../../sim/process.ts";
import { ApiError } from "../api/errors.ts";
import type { Container, Pod } from "../api/types.ts";
import { isTerminal } from "../controllers/pods.ts";
import { NotStarted } from "../images/not-started.ts";
import { hexDigest } from "../kubelet/image-names.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { containerOf, podsOf } from "./pod-of.ts";
import { type KubectlSurroundings, printed } from "./surroundings.ts";

/** `kubectl exec`: the command's exit status. */
export function* exec(
  { server, pods }: KubectlSurroundings,
  args: Arguments,
  io: CommandStreams,
): Program<number> {
  let running: Program<number> | null = null;
  const refused = printed(io, () => {
    const [word, ...old] = args.words;
    const command = args.rest ?? old;
    if (word === undefined) throw new UsageError("pod, type/name or --filename must be specified");
    if (command.length === 0) {
      throw new UsageError("you must specify at least one command for the container");
    }
    const [pod] = podsOf(server, args, word);
    if (pod === undefined) throw new UsageError("timed out waiting for the condition");
    const container = containerOf(pod, args, (text) => io.stderr(text));
    running = pods.exec(pod, container.name, command, io);
    if (running === null) throw notRunning(pod, container);
  });
  if (refused !== 0 || running === null) return refused;
  let status: number;
  try {
    status = yield* running as Program<number>;
  } catch (error) {
    if (!(error instanceof NotStarted)) throw error;
    const id = hexDigest(`exec ${args.words.join(" ")} ${server.time}`);
    io.stderr(
      `error: Internal error occurred: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "${id}": ${error.message}\n`,
    );
    return 1;
  }
  if (status !== 0) io.stderr(`command terminated with exit code ${status}\n`);
  return status;
}

function notRunning(pod: Pod, { name }: Container): Error {
  if (isTerminal(pod)) {
    return new UsageError(
      `cannot exec into a container in a completed pod; current phase is ${pod.status.phase}`,
    );
  }
  if (pod.spec.nodeName === undefined) {
    return new ApiError("BadRequest", `pod ${pod.metadata.name} does not have a host assigned`);
  }
  return new UsageError(
    `Internal error occurred: unable to upgrade connection: container not found ("${name}")`,
  );
}
