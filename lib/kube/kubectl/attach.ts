/**
 * `kubectl attach`, and `kubectl run -i [--rm]`, which makes a Pod, shows what it prints until it
 * has ended, and may take it away again.
 *
 * Spec: kubectl v1.36, cmd/attach, cmd/run.
 * Differs: standard input reaches no program that runs already; what was printed before is shown
 * too, as kubectl does for a container that was quicker than it.
 */
import { NS_PER_S, parseDuration } from "../../base/units.ts";
import type { CommandStreams } from "../../shell/command.ts";
import { type Program, waitFor } from "../../sim/process.ts";
import { ApiError } from "../api/errors.ts";
import type { Pod } from "../api/types.ts";
import { objectKey } from "../store.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { runPod } from "./imperative.ts";
import { follow } from "./logs.ts";
import { containerOf, podsOf } from "./pod-of.ts";
import { type KubectlSurroundings, printed } from "./surroundings.ts";

/** --pod-running-timeout. */
const RUNNING_NS = 60 * NS_PER_S;
const HINT = "If you don't see a command prompt, try pressing enter.\n";

/** Whether `run` stays with its Pod. */
export function isAttached(args: Arguments): boolean {
  const isInteractive = ["i", "it", "ti", "stdin"].some((name) => args.flag(name));
  return args.option("attach") === "true" || (isInteractive && args.option("attach") === null);
}

/** `kubectl attach POD [-c CONTAINER]`. */
export function* attach(
  around: KubectlSurroundings,
  args: Arguments,
  io: CommandStreams,
): Program<number> {
  const found: { pod: Pod | null; container: string } = { pod: null, container: "" };
  const refused = printed(io, () => {
    const [word] = args.words;
    if (word === undefined) {
      throw new UsageError("at least 1 argument is required for attach");
    }
    const [pod] = podsOf(around.server, args, word);
    if (pod === undefined) throw new UsageError("timed out waiting for the condition");
    const { phase } = pod.status;
    if (phase === "Succeeded" || phase === "Failed") {
      const text = `cannot attach a container in a completed pod; current phase is ${phase}`;
      throw new UsageError(text);
    }
    found.pod = pod;
    found.container = containerOf(pod, args, (text) => io.stderr(text)).name;
  });
  if (refused !== 0 || found.pod === null) return refused;
  if (!args.flag("q") && !args.flag("quiet")) io.stderr(HINT);
  return yield* follow(around, found.pod, found.container, textOf, io);
}

/** `kubectl run NAME -i [--rm]`: the exit status is that of the container. */
export function* runAttached(
  around: KubectlSurroundings,
  args: Arguments,
  io: CommandStreams,
): Program<number> {
  const { server } = around;
  const [name = ""] = args.words;
  const key = objectKey(args.namespace, name);
  const isQuiet = args.flag("q") || args.flag("quiet");
  const refused = printed(io, (output) => {
    if (args.flag("rm") && !isAttached(args)) {
      throw new UsageError("--rm should only be used for attached containers");
    }
    runPod(server, args, output);
    // Who stays with a Pod is not told that it was made.
    output.stdout = "";
  });
  if (refused !== 0) return refused;
  const wantsTerminal = ["t", "it", "ti", "tty"].some((each) => args.flag(each));
  if (wantsTerminal) {
    io.stderr("Unable to use a TTY - input is not a terminal or the right kind of file\n");
  }
  try {
    const started = yield* awaitStart(around, key, args);
    if (started === null) {
      io.stderr("error: timed out waiting for the condition\n");
      return 1;
    }
    const before = around.pods.logs(started, name, false);
    if (!isQuiet && !hasEnded(started)) io.stderr(HINT);
    io.stdout(before?.text ?? "");
    if (before !== null && !hasEnded(started)) {
      yield* follow(around, started, name, textOf, io);
    }
    return yield* statusOf(around, key, args);
  } finally {
    if (args.flag("rm")) {
      printed(io, (output) => {
        server.delete("Pod", key, "kubectl", { gracePeriodSeconds: 0 });
        if (!isQuiet) output.print(`pod "${name}" deleted from ${args.namespace} namespace`);
      });
    }
  }
}

function textOf(lines: readonly { readonly text: string }[]): string {
  return lines.map(({ text }) => text).join("");
}

function hasEnded({ status }: Pod): boolean {
  return status.phase === "Succeeded" || status.phase === "Failed";
}

/** The Pod once its container runs or has ended; null if that takes too long. */
function* awaitStart(
  { server, changes }: KubectlSurroundings,
  key: string,
  args: Arguments,
): Program<Pod | null> {
  const timeout = args.option("pod-running-timeout");
  const deadline = server.now + (timeout === null ? RUNNING_NS : parseDuration(timeout));
  for (;;) {
    const pod = server.store.get("Pod", key);
    if (pod === null) throw new ApiError("NotFound", `pods "${key}" not found`);
    const [status] = pod.status.containerStatuses ?? [];
    const { running, terminated } = status?.state ?? {};
    if (hasEnded(pod) || running !== undefined || terminated !== undefined) return pod;
    if (server.now >= deadline) return null;
    yield waitFor([changes], deadline - server.now);
  }
}

/** The container's exit status; 0 if it is to start again. */
function* statusOf(
  { server, changes }: KubectlSurroundings,
  key: string,
  args: Arguments,
): Program<number> {
  if ((args.option("restart") ?? "Always") !== "Never") return 0;
  const deadline = server.now + RUNNING_NS;
  for (;;) {
    const pod = server.store.get("Pod", key);
    const ended = pod?.status.containerStatuses?.[0]?.state.terminated;
    if (ended !== undefined) return ended.exitCode;
    if (pod === null || server.now >= deadline) return 1;
    yield waitFor([changes], deadline - server.now);
  }
}
