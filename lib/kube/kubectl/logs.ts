/**
 * `kubectl logs`: what a container has printed.
 *
 * Spec: kubectl v1.36, cmd/logs.
 * Not modelled: --follow of several containers at once, --limit-bytes.
 */
import { NS_PER_MS, NS_PER_S, type Ns, parseDuration } from "../../base/units.ts";
import type { CommandStreams } from "../../shell/command.ts";
import { type Program, sleep } from "../../sim/process.ts";
import { ApiError } from "../api/errors.ts";
import type { ApiServer } from "../api/server.ts";
import { parseTime, timeOf } from "../api/time.ts";
import type { Pod } from "../api/types.ts";
import type { LogLine } from "../kubelet/container-log.ts";
import { keyOf } from "../store.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import type { Output } from "./output.ts";
import { containerOf, podsOf } from "./pod-of.ts";
import { objectsOf, selections } from "./select.ts";
import { type KubectlSurroundings, printed } from "./surroundings.ts";

/** With a selector, so many lines of each container are enough. */
const SELECTED_LINES = 10;
/** How often a log that is followed is looked at. */
const FOLLOW_NS = 100 * NS_PER_MS;

/** `kubectl logs`. */
export function* logs(
  around: KubectlSurroundings,
  args: Arguments,
  io: CommandStreams,
): Program<number> {
  const followed: (readonly [Pod, string])[] = [];
  const status = printed(io, (output) => {
    for (const pod of wantedPods(around.server, args, output)) {
      for (const name of printLog(around, pod, args, output)) followed.push([pod, name]);
    }
  });
  const [first] = followed;
  if (status !== 0 || first === undefined || !(args.flag("f") || args.flag("follow"))) {
    return status;
  }
  return yield* follow(around, ...first, linesOf(around, args), io);
}

/** Prints what a container goes on to print, until it ends. */
export function* follow(
  { server, pods }: KubectlSurroundings,
  pod: Pod,
  name: string,
  format: (lines: readonly LogLine[]) => string,
  io: CommandStreams,
): Program<number> {
  const log = pods.logs(pod, name, false);
  if (log === null) return 1;
  let shown = log.lines().length;
  for (;;) {
    const lines = log.lines();
    if (lines.length > shown) io.stdout(format(lines.slice(shown)));
    shown = lines.length;
    const isOver = pods.hostOf(pod, name) === null || pods.logs(pod, name, false) !== log;
    if (isOver || server.find("Pod", keyOf(pod)) === null) return 0;
    yield sleep(FOLLOW_NS);
  }
}

/** How lines are printed: with their times, with a prefix. */
function linesOf({ server }: KubectlSurroundings, args: Arguments, prefix = "") {
  const hasTimes = args.flag("timestamps");
  return (lines: readonly LogLine[]): string =>
    lines
      .map(({ at, text }) => `${prefix}${hasTimes ? `${stamp(server, at)} ` : ""}${text}`)
      .join("");
}

/** `2026-01-01T00:00:01.500000000Z` */
function stamp(server: ApiServer, at: Ns): string {
  const nanoseconds = String(Math.floor(at % NS_PER_S)).padStart(9, "0");
  return timeOf(server.epochSeconds, at).replace(/Z$/, `.${nanoseconds}Z`);
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

/** Prints the logs of a Pod that are asked for; the names of their containers. */
function printLog(
  around: KubectlSurroundings,
  pod: Pod,
  args: Arguments,
  output: Output,
): readonly string[] {
  const { containers, initContainers = [] } = pod.spec;
  const names = args.flag("all-containers")
    ? [...initContainers, ...containers].map(({ name }) => name)
    : [containerOf(pod, args, (text) => output.warn(text.trimEnd())).name];
  for (const name of names) {
    const previous = args.flag("p") || args.flag("previous");
    const log = around.pods.logs(pod, name, previous);
    if (log === null) throw noLog(pod, name, previous);
    const prefix = args.flag("prefix") ? `[pod/${pod.metadata.name}/${name}] ` : "";
    const lines = log.lines().filter(({ at }) => at >= sinceOf(around.server, args));
    output.write(linesOf(around, args, prefix)(tail(lines, args)));
  }
  return names;
}

/** The time from which on lines are wanted. */
function sinceOf(server: ApiServer, args: Arguments): Ns {
  const duration = args.option("since");
  if (duration !== null) return server.now - parseDuration(duration);
  const time = args.option("since-time");
  return time === null ? 0 : (parseTime(time) - server.epochSeconds) * NS_PER_S;
}

function tail(lines: readonly LogLine[], args: Arguments): readonly LogLine[] {
  const isSelected = args.option("l") !== null || args.option("selector") !== null;
  const count = Number(args.option("tail") ?? (isSelected ? SELECTED_LINES : -1));
  if (count < 0) return lines;
  return count === 0 ? [] : lines.slice(-count);
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
