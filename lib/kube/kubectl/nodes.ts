/**
 * Commands about nodes: `cordon`, `uncordon`, `taint`.
 *
 * Spec: kubectl v1.36, cmd/drain, cmd/taint.
 */
import type { ApiServer } from "../api/server.ts";
import type { ApiObject, Node, Taint } from "../api/types.ts";
import { labelKeyProblems, labelValueProblems } from "../api/validation/text-rules.ts";
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

/** The nodes that the words name or a selector means. */
export function nodesOf(server: ApiServer, args: Arguments): Node[] {
  const isSelected = args.option("l") !== null || args.option("selector") !== null;
  if (args.words.length === 0 && !isSelected) {
    throw new UsageError(
      `USAGE: ${args.command} NODE [flags]\nSee 'kubectl ${args.command} -h' for help and examples`,
    );
  }
  return selectObjects(server, args, ["node", ...args.words]) as Node[];
}

/** Cordons a node, or lets Pods onto it again. */
export function setUnschedulable(
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
    if (word.endsWith("-")) {
      const [left = "", effect = ""] = word.slice(0, -1).split(":");
      remove.push({ key: left.split("=")[0] ?? "", effect });
    } else add.push(readTaint(word));
  }
  return { add, remove };
}

/** `KEY=VALUE:EFFECT`, `KEY:EFFECT`. Throws what kubectl says of others. */
function readTaint(text: string): Taint {
  const refusal = (problems: readonly string[] = []) =>
    new UsageError(["invalid taint spec: ".concat(text), ...problems.slice(0, 1)].join(", "));
  const [left = "", effect, ...rest] = text.split(":");
  if (rest.length > 0) throw refusal();
  if (effect !== undefined && !EFFECTS.includes(effect)) {
    throw new UsageError(`invalid taint effect: ${effect}, unsupported taint effect`);
  }
  // Without an effect the whole word is the key.
  const [key = "", value = "", ...more] = effect === undefined ? [left] : left.split("=");
  if (more.length > 0) throw refusal();
  for (const problems of [labelValueProblems(value), labelKeyProblems(key)]) {
    if (problems.length > 0) throw refusal([problems.join("; ")]);
  }
  if (effect === undefined) throw refusal();
  return { key, ...(value !== "" && { value }), effect };
}

function isSameTaint(a: Taint, b: Taint): boolean {
  return a.key === b.key && a.effect === b.effect;
}
