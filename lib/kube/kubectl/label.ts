/**
 * `kubectl label` and `kubectl annotate`.
 *
 * Spec: kubectl v1.36, cmd/label, cmd/annotate.
 */
import { canonical } from "../api/names.ts";
import type { ApiServer } from "../api/server.ts";
import type { ApiObject } from "../api/types.ts";
import { labelValueProblems } from "../api/validation/text-rules.ts";
import { keyOf } from "../store.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import type { Output } from "./output.ts";
import { NO_RESOURCES, type PairChanges, parsePairs, resourcesAndPairs } from "./pairs.ts";
import { nameOf, visitObjects } from "./select.ts";

const USER = "kubectl";
const CHANGE_CAUSE = "kubernetes.io/change-cause";

type Field = "labels" | "annotations";

/** `label TYPE NAME KEY=VALUE… KEY-…`, `annotate` likewise. */
export function label(server: ApiServer, args: Arguments, output: Output): void {
  const field = args.command === "label" ? "labels" : "annotations";
  const what = field === "labels" ? "label" : "annotation";
  const { resources, pairs } = resourcesAndPairs(args.words, what);
  const changes = field === "labels" ? parseLabels(pairs) : parsePairs(pairs, what, true);
  if (resources.length === 0) throw new UsageError(NO_RESOURCES);
  if (pairs.length === 0) throw new UsageError(`at least one ${what} update is required`);
  if (field === "annotations") refuseBoth(changes);
  visitObjects(server, args, resources, output, (object) => {
    const before = object.metadata[field] ?? {};
    if (!args.flag("overwrite")) refuseOverwrites(before, changes.set, field);
    if (field === "labels") {
      for (const name of changes.remove) {
        if (!(name in before)) output.print(`label "${name}" not found.`);
      }
    }
    const change = (current: ApiObject) => withPairs(current, field, changes);
    const next = server.patch(object.kind, keyOf(object), change, USER);
    const isMixed = changes.set.size > 0 && changes.remove.length > 0;
    const done = outcome(object, next, field, args.flag("overwrite"));
    const isModified = isMixed && (done === "labeled" || done === "unlabeled");
    output.print(`${nameOf(object)} ${isModified ? "modified" : done}`);
  });
}

function parseLabels(pairs: readonly string[]): PairChanges {
  const set = new Map<string, string>();
  const remove: string[] = [];
  for (const pair of pairs) {
    const [name = "", value, ...rest] = pair.split("=");
    if (value === undefined) {
      remove.push(pair.slice(0, -1));
      continue;
    }
    if (rest.length > 0) throw new UsageError(`invalid label spec: ${pair}`);
    const problems = labelValueProblems(value);
    if (problems.length > 0) {
      throw new UsageError(`invalid label value: "${pair}": ${problems.join(";")}`);
    }
    set.set(name, value);
  }
  if (remove.some((name) => set.has(name))) {
    throw new UsageError("can not both modify and remove a label in the same command");
  }
  return { set, remove };
}

function refuseBoth({ set, remove }: PairChanges): void {
  const both = remove.filter((name) => set.has(name));
  if (both.length === 0) return;
  throw new UsageError(
    `can not both modify and remove the following annotation(s) in the same command: ${both.join(", ")}`,
  );
}

function refuseOverwrites(
  before: Readonly<Record<string, string>>,
  set: ReadonlyMap<string, string>,
  field: Field,
): void {
  const taken = [...set].filter(
    ([name, value]) =>
      name !== CHANGE_CAUSE && before[name] !== undefined && before[name] !== value,
  );
  if (taken.length === 0) return;
  const texts = taken.map(([name]) => `'${name}' already has a value (${before[name]})`);
  if (field === "annotations") {
    throw new UsageError(
      `--overwrite is false but found the following declared annotation(s): ${texts.join("; ")}`,
    );
  }
  const refusals = texts.map((text) => `${text}, and --overwrite is false`);
  throw new UsageError(refusals.length === 1 ? (refusals[0] ?? "") : `[${refusals.join(", ")}]`);
}

function withPairs(current: ApiObject, field: Field, changes: PairChanges): ApiObject {
  const pairs = { ...current.metadata[field], ...Object.fromEntries(changes.set) };
  for (const name of changes.remove) delete pairs[name];
  const kept = Object.keys(pairs).length === 0 ? undefined : pairs;
  return { ...current, metadata: { ...current.metadata, [field]: kept } };
}

function outcome(before: ApiObject, after: ApiObject, field: Field, overwrites: boolean): string {
  if (field === "annotations") return "annotated";
  if (before === after) return "not labeled";
  const length = (object: ApiObject) => canonical(object.metadata.labels ?? {}).length;
  return !overwrites && length(after) < length(before) ? "unlabeled" : "labeled";
}
