/**
 * Commands about nodes: `cordon`, `uncordon`, `taint`, `drain`.
 *
 * Spec: kubectl v1.36, cmd/drain, cmd/taint; kubectl pkg/drain.
 * Not modelled: PodDisruptionBudgets do not hold an eviction back.
 */
import type { ApiServer } from "../api/server.ts";
import type { ApiObject, Node, Pod, Taint } from "../api/types.ts";
import { controllerOf } from "../informer.ts";
import { keyOf } from "../store.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { withSpec } from "./edit.ts";
import type { Output } from "./output.ts";
import { selectObjects } from "./select.ts";

const USER = "kubectl";
const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/** `cordon NODE…`, `uncordon NODE…`. */
export function cordon(server: ApiServer, args: Arguments, output: Output): void {
  for (const node of nodesOf(server, args)) {
    setUnschedulable(server, node, args.command === "cordon", output);
  }
}

function nodesOf(server: ApiServer, args: Arguments): Node[] {
  const isSelected = args.option("l") !== null || args.option("selector") !== null;
  if (args.words.length === 0 && !isSelected) {
    throw new UsageError(
      `USAGE: ${args.command} NODE [flags]\nSee 'kubectl ${args.command} -h' for help and examples`,
    );
  }
  return selectObjects(server, args, ["node", ...args.words]) as Node[];
}

function setUnschedulable(
  server: ApiServer,
  node: Node,
  unschedulable: boolean,
  output: Output,
): void {
  const { name } = node.metadata;
  const already = (node.spec.unschedulable === true) === unschedulable;
  const change = (current: ApiObject) =>
    withSpec(current, { unschedulable: unschedulable ? true : undefined });
  if (!already) server.patch("Node", name, change, USER);
  output.print(
    `node/${name} ${already ? "already " : ""}${unschedulable ? "cordoned" : "uncordoned"}`,
  );
}

/** What a `taint` adds and removes. */
interface TaintChanges {
  readonly add: readonly Taint[];
  readonly remove: readonly { readonly key: string; readonly effect: string }[];
}

/** `taint node NODE KEY=VALUE:EFFECT`, `KEY:EFFECT-`, `KEY-`. */
export function taint(server: ApiServer, args: Arguments, output: Output): void {
  const [, ...words] = args.words;
  const isChange = (word: string) => word.includes(":") || word.includes("=") || word.endsWith("-");
  const changes = readTaints(words.filter(isChange));
  const names = words.filter((word) => !isChange(word));
  for (const node of selectObjects(server, args, ["node", ...names]) as Node[]) {
    const { name } = node.metadata;
    const before = node.spec.taints ?? [];
    for (const { key, effect } of changes.remove) {
      if (!before.some((each) => each.key === key && (effect === "" || each.effect === effect))) {
        throw new UsageError(`taint "${effect === "" ? key : `${key}:${effect}`}" not found`);
      }
    }
    const taken = changes.add.filter((each) => before.some((other) => isSameTaint(each, other)));
    if (taken.length > 0 && !args.flag("overwrite")) {
      const list = taken.map(({ key }) => key).join(",");
      throw new UsageError(
        `node ${name} already has ${list} taint(s) with same effect(s) and --overwrite is false`,
      );
    }
    const taints = tainted(before, changes);
    const change = (current: ApiObject) =>
      withSpec(current, { taints: taints.length === 0 ? undefined : taints });
    server.patch("Node", name, change, USER);
    output.print(`node/${name} ${taintOutcome(changes, taken.length)}`);
  }
}

function taintOutcome({ add, remove }: TaintChanges, overwritten: number): string {
  if (add.length === 0) return "untainted";
  if (remove.length > 0) return "modified";
  return overwritten > 0 ? "modified" : "tainted";
}

function tainted(before: readonly Taint[], { add, remove }: TaintChanges): Taint[] {
  const kept = before.filter(
    (each) =>
      !add.some((other) => isSameTaint(each, other)) &&
      !remove.some(
        ({ key, effect }) => each.key === key && (effect === "" || each.effect === effect),
      ),
  );
  return [...add, ...kept];
}

function readTaints(words: readonly string[]): TaintChanges {
  const add: Taint[] = [];
  const remove: { key: string; effect: string }[] = [];
  if (words.length === 0) throw new UsageError("at least one taint update is required");
  for (const word of words) {
    const [left = "", effect = ""] = word.replace(/-$/, "").split(":");
    const [key = "", value = ""] = left.split("=");
    if (word.endsWith("-")) {
      remove.push({ key, effect });
      continue;
    }
    if (!EFFECTS.includes(effect)) {
      throw new UsageError(`invalid taint effect: ${effect}, unsupported taint effect`);
    }
    add.push({ key, ...(value !== "" && { value }), effect });
  }
  return { add, remove };
}

function isSameTaint(a: Taint, b: Taint): boolean {
  return a.key === b.key && a.effect === b.effect;
}

/** `drain NODE…`. */
export function drain(server: ApiServer, args: Arguments, output: Output): void {
  const nodes = nodesOf(server, args);
  for (const node of nodes) setUnschedulable(server, node, true, output);
  const problems: string[] = [];
  const pending: string[] = [];
  for (const { metadata } of nodes) {
    const { name } = metadata;
    const errors = drainOne(server, name, args, output);
    if (errors.length === 0) {
      output.print(`node/${name} drained`);
      continue;
    }
    problems.push(...errors);
    pending.push(name);
    const text = errors.length === 1 ? errors[0] : `[${errors.join(", ")}]`;
    output.fail(
      `error: unable to drain node "${name}" due to error: ${text}, continuing command...`,
    );
    output.fail("There are pending nodes to be drained:");
    for (const each of pending) output.fail(` ${each}`);
  }
  for (const problem of problems) output.fail(problem);
}

/** Evicts a node's Pods; what keeps it from that. */
function drainOne(server: ApiServer, node: string, args: Arguments, output: Output): string[] {
  const pods = podsOn(server, node);
  const running = pods.filter(
    ({ status }) => status.phase !== "Succeeded" && status.phase !== "Failed",
  );
  const daemons = running.filter((pod) => controllerOf(pod)?.kind === "DaemonSet");
  const others = running.filter((pod) => !daemons.includes(pod));
  const local = others.filter(hasLocalStorage);
  const bare = others.filter((pod) => controllerOf(pod) === null);
  const errors: string[] = [];
  const warnings: string[] = [];
  const refuse = (list: readonly Pod[], flags: readonly string[], what: string, how: string) => {
    if (list.length === 0) return false;
    if (flags.some((flag) => args.flag(flag))) return true;
    errors.push(`cannot delete ${what} (${how}): ${keysOf(list)}`);
    return false;
  };
  if (
    refuse(
      daemons,
      ["ignore-daemonsets"],
      "DaemonSet-managed Pods",
      "use --ignore-daemonsets to ignore",
    )
  ) {
    warnings.push(`ignoring DaemonSet-managed Pods: ${keysOf(daemons)}`);
  }
  refuse(
    local,
    ["delete-emptydir-data", "delete-local-data"],
    "Pods with local storage",
    "use --delete-emptydir-data to override",
  );
  if (refuse(bare, ["force"], "Pods that declare no controller", "use --force to override")) {
    warnings.push(`deleting Pods that declare no controller: ${keysOf(bare)}`);
  }
  if (errors.length > 0) return errors;
  if (warnings.length > 0) output.warn(`Warning: ${warnings.join("; ")}`);
  const evicted = pods.filter((pod) => !daemons.includes(pod));
  for (const pod of evicted) output.print(`evicting pod ${keyOf(pod)}`);
  for (const pod of evicted) evict(server, pod);
  for (const pod of evicted) output.print(`pod/${pod.metadata.name} evicted`);
  return [];
}

function podsOn(server: ApiServer, node: string): Pod[] {
  return server.store
    .list("Pod")
    .filter((pod) => pod.spec.nodeName === node && pod.metadata.deletionTimestamp === undefined);
}

function hasLocalStorage({ spec }: Pod): boolean {
  return (spec.volumes ?? []).some(
    (volume) => (volume as { emptyDir?: unknown }).emptyDir !== undefined,
  );
}

function keysOf(pods: readonly Pod[]): string {
  return pods.map((pod) => keyOf(pod)).join(", ");
}

/** The eviction API: says why in a condition, then deletes. */
function evict(server: ApiServer, pod: Pod): void {
  server.patchStatus(
    "Pod",
    keyOf(pod),
    (current) => ({
      ...current.status,
      conditions: [
        ...(current.status.conditions ?? []).filter(({ type }) => type !== "DisruptionTarget"),
        {
          type: "DisruptionTarget",
          observedGeneration: pod.metadata.generation,
          status: "True",
          reason: "EvictionByEvictionAPI",
          message: "Eviction API: evicting",
          lastProbeTime: null,
          lastTransitionTime: server.time,
        },
      ],
    }),
    USER,
  );
  server.delete("Pod", keyOf(pod), USER);
}
