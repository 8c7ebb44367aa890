/**
 * `kubectl drain`: Pods are evicted from a node, and again every five seconds while their budgets
 * do not let them go, until all have gone.
 *
 * Spec: kubectl v1.36, cmd/drain; kubectl pkg/drain (filters.go, evictPods).
 */
import { NS_PER_S, type Ns } from "../../base/units.ts";
import type { CommandStreams } from "../../shell/command.ts";
import { type Program, waitFor } from "../../sim/process.ts";
import type { DeleteOptions } from "../api/deletion.ts";
import { ApiError } from "../api/errors.ts";
import type { ApiServer } from "../api/server.ts";
import type { Node, Pod } from "../api/types.ts";
import { formatGoDuration } from "../go-duration.ts";
import { controllerOf } from "../informer.ts";
import { keyOf } from "../store.ts";
import type { Arguments } from "./arguments.ts";
import { nodesOf, setUnschedulable } from "./nodes.ts";
import { Output } from "./output.ts";
import { type KubectlSurroundings, printed } from "./surroundings.ts";
import { timeoutOf } from "./wait.ts";

const USER = "kubectl";
const RETRY_NS = 5 * NS_PER_S;

/** The command. */
export function* drain(
  around: KubectlSurroundings,
  args: Arguments,
  io: CommandStreams,
): Program<number> {
  const { server } = around;
  let nodes: readonly Node[] = [];
  const refused = printed(io, () => {
    nodes = nodesOf(server, args);
  });
  if (refused !== 0) return refused;
  say(io, (output) => {
    for (const node of nodes) setUnschedulable(server, node, true, output);
  });
  const problems: string[] = [];
  const pending: string[] = [];
  for (const { metadata } of nodes) {
    const errors = yield* drainOne(around, metadata.name, args, io);
    if (errors.length === 0) {
      io.stdout(`node/${metadata.name} drained\n`);
      continue;
    }
    problems.push(...errors);
    pending.push(metadata.name);
    say(io, (output) => tellPending(output, errors, pending));
  }
  for (const problem of problems) io.stderr(`${problem}\n`);
  return problems.length === 0 ? 0 : 1;
}

function tellPending(output: Output, errors: readonly string[], pending: readonly string[]): void {
  const text = errors.length === 1 ? errors[0] : `[${errors.join(", ")}]`;
  const node = pending.at(-1) ?? "";
  output.fail(`error: unable to drain node "${node}" due to error: ${text}, continuing command...`);
  output.fail("There are pending nodes to be drained:");
  for (const each of pending) output.fail(` ${each}`);
}

/** What `write` says, on the command's streams. */
function say(io: CommandStreams, write: (output: Output) => void): void {
  const output = new Output();
  write(output);
  io.stdout(output.stdout);
  io.stderr(output.stderr);
}

/** Empties a node; what keeps it from that. */
function* drainOne(
  around: KubectlSurroundings,
  node: string,
  args: Arguments,
  io: CommandStreams,
): Program<string[]> {
  const { pods, errors, warnings } = podsToGo(around.server, node, args);
  if (errors.length > 0) return errors;
  if (warnings.length > 0) io.stderr(`Warning: ${warnings.join("; ")}\n`);
  if (args.option("dry-run") !== null && args.option("dry-run") !== "none") return [];
  return yield* evictAll(around, pods, args, io);
}

/** The Pods that a drain evicts, and why it does not, or what it warns of. */
function podsToGo(server: ApiServer, node: string, args: Arguments) {
  const pods = server.store.list("Pod").filter((pod) => pod.spec.nodeName === node);
  const running = pods.filter(
    ({ status }) => status.phase !== "Succeeded" && status.phase !== "Failed",
  );
  const daemons = running.filter((pod) => controllerOf(pod)?.kind === "DaemonSet");
  const others = running.filter((pod) => !daemons.includes(pod));
  const errors: string[] = [];
  const warnings: string[] = [];
  const refuse = (list: readonly Pod[], flags: readonly string[], what: string, how: string) => {
    if (list.length === 0) return false;
    if (flags.some((flag) => args.flag(flag))) return true;
    errors.push(`cannot delete ${what} (${how}): ${keysOf(list)}`);
    return false;
  };
  const ignored = refuse(
    daemons,
    ["ignore-daemonsets"],
    "DaemonSet-managed Pods",
    "use --ignore-daemonsets to ignore",
  );
  if (ignored) warnings.push(`ignoring DaemonSet-managed Pods: ${keysOf(daemons)}`);
  refuse(
    others.filter(hasLocalStorage),
    ["delete-emptydir-data", "delete-local-data"],
    "Pods with local storage",
    "use --delete-emptydir-data to override",
  );
  const bare = others.filter((pod) => controllerOf(pod) === null);
  if (refuse(bare, ["force"], "Pods that declare no controller", "use --force to override")) {
    warnings.push(`deleting Pods that declare no controller: ${keysOf(bare)}`);
  }
  return { pods: pods.filter((pod) => !daemons.includes(pod)), errors, warnings };
}

function hasLocalStorage({ spec }: Pod): boolean {
  return (spec.volumes ?? []).some(
    (volume) => (volume as { emptyDir?: unknown }).emptyDir !== undefined,
  );
}

function keysOf(pods: readonly Pod[]): string {
  return pods.map((pod) => keyOf(pod)).join(", ");
}

/** A Pod on its way out. */
interface Leaving {
  readonly pod: Pod;
  /** When its eviction is asked for again; Infinity: it has been granted. */
  retryAt: Ns;
}

function* evictAll(
  { server, changes }: KubectlSurroundings,
  pods: readonly Pod[],
  args: Arguments,
  io: CommandStreams,
): Program<string[]> {
  const timeout = timeoutOf(args, 0);
  const deadline = server.now + timeout;
  const errors: string[] = [];
  let leaving: Leaving[] = pods.map((pod) => ({ pod, retryAt: server.now }));
  for (;;) {
    leaving = leaving.filter((each) => {
      const isLate = server.now >= deadline;
      const problem = isLate
        ? late(each, server.now, timeout, io)
        : tryEviction(server, each, args, io);
      if (problem !== null) errors.push(problem);
      return problem === null && !hasGone(server, each.pod, args, io);
    });
    if (leaving.length === 0) return errors;
    const retry = Math.min(...leaving.map(({ retryAt }) => retryAt));
    // Who waits for another try does not look at the time before it.
    const next = retry === Number.POSITIVE_INFINITY ? deadline : retry;
    yield waitFor([changes], next - server.now);
  }
}

/** Asks for the eviction if it is time; what is wrong beside the budget. */
function tryEviction(
  server: ApiServer,
  leaving: Leaving,
  args: Arguments,
  io: CommandStreams,
): string | null {
  const { pod } = leaving;
  const { name, namespace } = pod.metadata;
  if (leaving.retryAt > server.now) return null;
  const isDirect = args.flag("disable-eviction");
  if (!isDirect) io.stdout(`evicting pod ${keyOf(pod)}\n`);
  try {
    const options = { ...graceOf(args), uid: pod.metadata.uid };
    if (isDirect) server.delete("Pod", keyOf(pod), USER, options);
    else server.evict(keyOf(pod), USER, options);
    leaving.retryAt = Number.POSITIVE_INFINITY;
    return null;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const what = `error when evicting pods/"${name}" -n "${namespace}"`;
    if (error.reason === "TooManyRequests") {
      io.stderr(`${what} (will retry after 5s): ${error.message}\n`);
      leaving.retryAt = server.now + RETRY_NS;
      return null;
    }
    if (error.reason !== "NotFound" && error.reason !== "Conflict") {
      return `${what}: ${error.message}`;
    }
    leaving.retryAt = Number.POSITIVE_INFINITY;
    return null;
  }
}

function graceOf(args: Arguments): DeleteOptions {
  const text = args.option("grace-period") ?? "-1";
  return /^[0-9]+$/.test(text) ? { gracePeriodSeconds: Number(text) } : {};
}

/** Whether the Pod is no more, or another has its name; said once. */
function hasGone(server: ApiServer, pod: Pod, args: Arguments, io: CommandStreams): boolean {
  if (server.find("Pod", keyOf(pod))?.metadata.uid === pod.metadata.uid) return false;
  const verb = args.flag("disable-eviction") ? "deleted" : "evicted";
  io.stdout(`pod/${pod.metadata.name} ${verb}\n`);
  return true;
}

/** What is said of a Pod when the time is up; null: it is not looked at yet. */
function late({ pod, retryAt }: Leaving, now: Ns, timeout: Ns, io: CommandStreams): string | null {
  const { name, namespace } = pod.metadata;
  if (retryAt !== Number.POSITIVE_INFINITY) {
    if (retryAt > now) return null;
    io.stdout(`evicting pod ${keyOf(pod)}\n`);
  }
  const why = `global timeout reached: ${formatGoDuration(timeout)}`;
  return retryAt === Number.POSITIVE_INFINITY
    ? `error when waiting for pod "${name}" in namespace "${namespace}" to terminate: ${why}`
    : `error when evicting pods/"${name}" -n "${namespace}": ${why}`;
}
