/**
 * `kubectl logs`: what a container has printed.
 *
 * Spec: kubectl v1.36, cmd/logs.
 * Not modelled: --follow, --since, --timestamps: the log has no times.
 */
import type { CommandStreams } from "../../shell/command.ts";
import { notModelled } from "../../shell/command.ts";
import type { Program } from "../../sim/process.ts";
import { ApiError } from "../api/errors.ts";
import type { ApiServer } from "../api/server.ts";
import type { Pod } from "../api/types.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import type { Output } from "./output.ts";
import { containerOf, podsOf } from "./pod-of.ts";
import { objectsOf, selections } from "./select.ts";
import { type KubectlSurroundings, printed } from "./surroundings.ts";

const MISSING = ["f", "follow", "since", "since-time", "timestamps"];

/** `kubectl logs`. */
export function* logs(
  around: KubectlSurroundings,
  args: Arguments,
  io: CommandStreams,
): Program<number> {
  const missing = MISSING.find((name) => args.option(name) !== null);
  if (missing !== undefined)
    throw notModelled("kubectl logs", `--${missing}`, "--tail, --previous");
  return printed(io, (output) => {
    for (const pod of wantedPods(around.server, args, output)) printLog(around, pod, args, output);
  });
}

function wantedPods(server: ApiServer, args: Arguments, output: Output): readonly Pod[] {
  const [word] = args.words;
  const isSelected = args.option("l") !== null || args.option("selector") !== null;
  if (word === undefined && !isSelected) {
    throw new UsageError("expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.");
  }
  if (word === undefined) {
    const [all] = selections(server, ["pods"]);
    return all === undefined ? [] : (objectsOf(server, all, args) as Pod[]);
  }
  const pods = podsOf(server, args, word);
  const [first] = pods;
  if (first === undefined) throw new UsageError("timed out waiting for the condition");
  if (args.flag("all-pods")) return pods;
  if (pods.length > 1) {
    output.warn(`Found ${pods.length} pods, using pod/${first.metadata.name}`);
  }
  return [first];
}

function printLog({ pods }: KubectlSurroundings, pod: Pod, args: Arguments, output: Output): void {
  const all = args.flag("all-containers");
  const containers = all
    ? pod.spec.containers
    : [containerOf(pod, args, (text) => output.warn(text.trimEnd()))];
  for (const { name } of containers) {
    const previous = args.flag("p") || args.flag("previous");
    const text = pods.logs(pod, name, previous);
    if (text === null) throw noLog(pod, name, previous);
    const prefix = args.flag("prefix") ? `[pod/${pod.metadata.name}/${name}] ` : "";
    output.write(tail(text, args.option("tail"), prefix));
  }
}

function tail(text: string, count: string | null, prefix: string): string {
  if (count === null && prefix === "") return text;
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const wanted = count === null || Number(count) < 0 ? lines : lines.slice(-Number(count));
  const kept = count === "0" ? [] : wanted;
  return kept.map((line) => `${prefix}${line}\n`).join("");
}

function noLog(pod: Pod, name: string, previous: boolean): ApiError {
  const label = `container "${name}" in pod "${pod.metadata.name}"`;
  if (previous) {
    return new ApiError("BadRequest", `previous terminated ${label} not found`);
  }
  if (pod.spec.nodeName === undefined) {
    return new ApiError("BadRequest", `pod ${pod.metadata.name} does not have a host assigned`);
  }
  const status = pod.status.containerStatuses?.find((each) => each.name === name);
  const reason = status?.state.waiting?.reason ?? "ContainerCreating";
  const why =
    reason === "ErrImagePull" || reason === "ImagePullBackOff"
      ? "trying and failing to pull image"
      : reason;
  return new ApiError("BadRequest", `${label} is waiting to start: ${why}`);
}
