/**
 * Commands that change one thing of an object: `scale`, `patch`, `label`, `annotate`, `set`.
 *
 * Spec: kubectl v1.36, cmd/scale, cmd/patch, cmd/label, cmd/annotate, cmd/set.
 */

import { ApiError } from "../api/errors.ts";
import { jsonPatch, mergePatch } from "../api/json-patch.ts";
import { canonical } from "../api/names.ts";
import type { ApiServer } from "../api/server.ts";
import type { Json } from "../api/strategic-merge.ts";
import type { ApiObject, Deployment, JsonMap, Pod, PodSpec } from "../api/types.ts";
import { keyOf } from "../store.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import type { ManifestFiles } from "./kubectl.ts";
import type { KubectlFile } from "./manifest.ts";
import type { Output } from "./output.ts";
import { nameOf, selectObjects } from "./select.ts";

const USER = "kubectl";
const CHANGE_CAUSE = "kubernetes.io/change-cause";
const SCALABLE = new Set(["Deployment", "ReplicaSet", "StatefulSet", "ReplicationController"]);

/** `kubectl scale --replicas`. */
export function scale(server: ApiServer, args: Arguments, output: Output): void {
  const count = args.option("replicas");
  if (count === null) throw new UsageError('required flag(s) "replicas" not set');
  const replicas = Number(count);
  if (!Number.isInteger(replicas) || count === "") {
    throw new UsageError(
      `invalid argument "${count}" for "--replicas" flag: strconv.ParseInt: parsing "${count}": invalid syntax`,
    );
  }
  if (replicas < 0) {
    throw new UsageError(
      "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0",
    );
  }
  const expected = args.option("current-replicas");
  for (const object of selectObjects(server, args, args.words)) {
    if (!SCALABLE.has(object.kind)) {
      throw new ApiError("NotFound", "the server could not find the requested resource");
    }
    const { replicas: now } = object.spec as { readonly replicas?: number };
    if (expected !== null && Number(expected) >= 0 && Number(expected) !== now) {
      throw new UsageError(`Expected replicas to be ${expected}, was ${now ?? 0}`);
    }
    const change = (current: ApiObject) => withSpec(current, { replicas });
    server.patch(object.kind, keyOf(object), change, USER, "patch scale");
    output.print(`${nameOf(object)} scaled`);
  }
}

/** `kubectl patch -p`, with `--patch-file` as well. */
export function patch(
  server: ApiServer,
  args: Arguments,
  output: Output,
  files: ManifestFiles,
): void {
  const text = args.option("p") ?? args.option("patch");
  const file = args.option("patch-file");
  if (text === null && file === null)
    throw new UsageError(
      "must specify --patch or --patch-file containing the contents of the patch",
    );
  const type = args.option("type") ?? "strategic";
  if (!["json", "merge", "strategic"].includes(type)) {
    throw new UsageError(`--type must be one of [json merge strategic], not "${type}"`);
  }
  const change = text === null ? valueIn(files(file ?? ""), file ?? "") : parsedPatch(text, files);
  for (const object of selectObjects(server, args, args.words)) {
    const key = keyOf(object);
    let next: ApiObject;
    if (type === "strategic") next = server.strategicPatch(object.kind, key, change as Json, USER);
    else {
      const apply = (current: unknown) =>
        type === "merge"
          ? mergePatch(current, change)
          : jsonPatch(current, change as Parameters<typeof jsonPatch>[1]);
      next = server.patch(object.kind, key, (current) => apply(current) as ApiObject, USER);
    }
    output.print(`${nameOf(object)} patched${next === object ? " (no change)" : ""}`);
  }
}

/** The value of a text in JSON or YAML. */
function parsedPatch(text: string, files: ManifestFiles): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return valueIn(files.read?.(text) ?? null, text);
  }
}

function valueIn(file: KubectlFile | null, text: string): unknown {
  const [manifest] = file?.manifests ?? [];
  if (manifest !== undefined && file?.problem === null) return manifest.value;
  throw new UsageError(
    `unable to parse ${JSON.stringify(text)}: error converting YAML to JSON: yaml: did not find expected node content`,
  );
}

/** What a command line sets and removes. */
interface PairChanges {
  readonly set: ReadonlyMap<string, string>;
  readonly remove: readonly string[];
}

/** `kubectl label`, `kubectl annotate`. */
export function label(server: ApiServer, args: Arguments, output: Output): void {
  const field = args.command === "label" ? "labels" : "annotations";
  const isChange = (word: string, index: number) =>
    index > 0 && (word.includes("=") || word.endsWith("-"));
  const changes = readPairs(args.words.filter(isChange), args.command);
  const words = args.words.filter((word, index) => !isChange(word, index));
  for (const object of selectObjects(server, args, words)) {
    const before = object.metadata[field] ?? {};
    if (!args.flag("overwrite")) refuseOverwrites(before, changes.set, field);
    if (field === "labels") {
      for (const name of changes.remove) {
        if (!(name in before)) output.print(`label "${name}" not found.`);
      }
    }
    const change = (current: ApiObject) => withPairs(current, field, changes);
    const next = server.patch(object.kind, keyOf(object), change, USER);
    output.print(`${nameOf(object)} ${labelOutcome(object, next, field, args.flag("overwrite"))}`);
  }
}

function readPairs(words: readonly string[], command: string): PairChanges {
  const set = new Map<string, string>();
  const remove: string[] = [];
  for (const word of words) {
    const equals = word.indexOf("=");
    if (equals === -1) remove.push(word.slice(0, -1));
    else set.set(word.slice(0, equals), word.slice(equals + 1));
  }
  if (words.length === 0)
    throw new UsageError(
      `at least one ${command === "label" ? "label" : "annotation"} update is required`,
    );
  const both = remove.find((name) => set.has(name));
  if (both !== undefined) {
    const what = command === "label" ? "a label" : "an annotation";
    throw new UsageError(`can not both modify and remove ${what} in the same command`);
  }
  return { set, remove };
}

function refuseOverwrites(
  before: Readonly<Record<string, string>>,
  set: ReadonlyMap<string, string>,
  field: "labels" | "annotations",
): void {
  const taken = [...set].filter(
    ([name, value]) =>
      name !== CHANGE_CAUSE && before[name] !== undefined && before[name] !== value,
  );
  if (taken.length === 0) return;
  const texts = taken.map(([name]) => `'${name}' already has a value (${before[name]})`);
  throw new UsageError(
    field === "labels"
      ? texts.map((text) => `${text}, and --overwrite is false`).join(", ")
      : `--overwrite is false but found the following declared annotation(s): ${texts.join("; ")}`,
  );
}

function withPairs(
  current: ApiObject,
  field: "labels" | "annotations",
  changes: PairChanges,
): ApiObject {
  const pairs = { ...current.metadata[field], ...Object.fromEntries(changes.set) };
  for (const name of changes.remove) delete pairs[name];
  const kept = Object.keys(pairs).length === 0 ? undefined : pairs;
  return { ...current, metadata: { ...current.metadata, [field]: kept } };
}

function labelOutcome(
  before: ApiObject,
  after: ApiObject,
  field: "labels" | "annotations",
  overwrites: boolean,
): string {
  if (field === "annotations") return "annotated";
  if (before === after) return "not labeled";
  const length = (object: ApiObject) => canonical(object.metadata.labels ?? {}).length;
  return !overwrites && length(after) < length(before) ? "unlabeled" : "labeled";
}

/** `kubectl set image`, `kubectl set env`. */
export function set(server: ApiServer, args: Arguments, output: Output): void {
  const [what = "", ...rest] = args.words;
  if (what !== "image" && what !== "env") throw new UsageError(`unknown command "set ${what}"`);
  const isChange = (word: string, index: number) =>
    index > 0 && (word.includes("=") || (what === "env" && word.endsWith("-")));
  const changes = readPairs(rest.filter(isChange), what);
  const words = rest.filter((word, index) => !isChange(word, index));
  for (const object of selectObjects(server, args, words)) {
    const change = what === "image" ? withImages : withEnvironment;
    const next = server.patch(
      object.kind,
      keyOf(object),
      (current) => withPodSpec(current, (spec) => change(spec, changes, args)),
      USER,
    );
    if (next !== object) output.print(`${nameOf(object)} ${what} updated`);
  }
}

function withImages(spec: PodSpec, { set: images }: PairChanges): PodSpec {
  const known = [...spec.containers, ...(spec.initContainers ?? [])].map(({ name }) => name);
  for (const name of images.keys()) {
    if (name !== "*" && !known.includes(name)) {
      throw new UsageError(`unable to find container named "${name}"`);
    }
  }
  const changed = <T extends { readonly name: string; readonly image: string }>(
    container: T,
  ): T => ({
    ...container,
    image: images.get(container.name) ?? images.get("*") ?? container.image,
  });
  const { initContainers } = spec;
  return {
    ...spec,
    containers: spec.containers.map(changed),
    ...(initContainers !== undefined && { initContainers: initContainers.map(changed) }),
  };
}

function withEnvironment(spec: PodSpec, changes: PairChanges, args: Arguments): PodSpec {
  const only = args.option("c") ?? args.option("containers") ?? "*";
  const containers = spec.containers.map((container) => {
    if (only !== "*" && container.name !== only) return container;
    const nameIn = (each: JsonMap) => String(each["name"]);
    const kept = (container.env ?? []).filter((each) => !changes.remove.includes(nameIn(each)));
    const env: JsonMap[] = kept.map((each) => {
      const name = nameIn(each);
      const value = changes.set.get(name);
      return value === undefined ? each : { name, value };
    });
    for (const [name, value] of changes.set) {
      if (!env.some((each) => each["name"] === name)) env.push({ name, value });
    }
    return { ...container, env };
  });
  return { ...spec, containers };
}

function withPodSpec(object: ApiObject, change: (spec: PodSpec) => PodSpec): ApiObject {
  if (object.kind === "Pod") {
    const pod = object as Pod;
    return { ...pod, spec: change(pod.spec) };
  }
  const { template } = (object as Deployment).spec;
  return withSpec(object, { template: { ...template, spec: change(template.spec) } });
}

/** An object with other values in its spec. */
export function withSpec(object: ApiObject, change: Readonly<Record<string, unknown>>): ApiObject {
  return { ...object, spec: { ...(object.spec as Record<string, unknown>), ...change } };
}
