/**
 * Commands that change one thing of a workload or Service: `scale`, `set`.
 *
 * Spec: kubectl v1.36, cmd/scale, cmd/set.
 * Not modelled: `set subject`, `set env --from`, `set … --local`.
 */

import { ApiError } from "../api/errors.ts";
import { resourceOf } from "../api/resources.ts";
import type { ApiServer } from "../api/server.ts";
import type { ApiObject, Deployment, JsonMap, Pod, PodSpec } from "../api/types.ts";
import { keyOf } from "../store.ts";
import { type Arguments, integerOption, UsageError } from "./arguments.ts";
import { Failures } from "./failures.ts";
import type { Output } from "./output.ts";
import { NO_RESOURCES, type PairChanges, parsePairs, resourcesAndPairs } from "./pairs.ts";
import { nameOf, selectObjects, visitObjects } from "./select.ts";

const USER = "kubectl";
const SCALABLE = new Set(["Deployment", "ReplicaSet", "StatefulSet", "ReplicationController"]);

/** `kubectl scale --replicas`. */
export function scale(server: ApiServer, args: Arguments, output: Output): void {
  const count = args.option("replicas");
  if (count === null) throw new UsageError('required flag(s) "replicas" not set');
  const replicas = integerOption(count, "replicas", args.command);
  if (replicas < 0) {
    throw new UsageError(
      "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0",
    );
  }
  const expected = args.option("current-replicas");
  visitObjects(server, args, args.words, output, (object) => {
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
  });
}

/** What `set` changes, how its words are read, and what it says when it is done. */
interface Setter {
  /** What the pairs of the command line are called; null: it has none. */
  readonly pairs: string | null;
  readonly removes?: boolean;
  /** What is said when nothing is to be changed. */
  readonly nothing: string;
  readonly done: string;
  readonly change: (object: ApiObject, changes: PairChanges, args: Arguments) => ApiObject;
}

const SETTERS: ReadonlyMap<string, Setter> = new Map<string, Setter>([
  [
    "image",
    {
      pairs: "image",
      nothing: "at least one image update is required",
      done: "image updated",
      change: (object, changes) => withPodSpec(object, (spec) => withImages(spec, changes)),
    },
  ],
  [
    "env",
    {
      pairs: "environment",
      removes: true,
      nothing: "at least one environment variable must be provided",
      done: "env updated",
      change: (object, changes, args) =>
        withPodSpec(object, (spec) => withEnvironment(spec, changes, args)),
    },
  ],
]);

/** `kubectl set image`, `kubectl set env`, `kubectl set selector`. */
export function set(server: ApiServer, args: Arguments, output: Output): void {
  const [what = "", ...rest] = args.words;
  if (what === "selector") {
    setSelector(server, args, rest, output);
    return;
  }
  const setter = SETTERS.get(what);
  if (
    setter === undefined &&
    (what === "resources" || what === "serviceaccount" || what === "sa")
  ) {
    setPodSpec(server, args, rest, output);
    return;
  }
  if (setter === undefined) {
    throw new UsageError(`unknown command "${what}"\nSee 'kubectl set -h' for help and examples`);
  }
  const { resources, pairs } = resourcesAndPairs(rest, setter.pairs ?? "");
  const changes = parsePairs(pairs, setter.pairs ?? "", setter.removes === true);
  if (resources.length === 0) throw new UsageError(NO_RESOURCES);
  if (pairs.length === 0) throw new UsageError(setter.nothing);
  const failures = new Failures();
  for (const object of selectObjects(server, args, resources)) {
    failures.collect(null, () => {
      if (!hasPodSpec(object)) throw noPodSpec(object);
      const change = (current: ApiObject) => setter.change(current, changes, args);
      const next = server.patch(object.kind, keyOf(object), change, USER);
      if (next !== object) output.print(`${nameOf(object)} ${setter.done}`);
    });
  }
  failures.print(output);
}

/** `set selector service NAME KEY=VALUE,…`: another selector for a Service. */
function setSelector(
  server: ApiServer,
  args: Arguments,
  words: readonly string[],
  output: Output,
): void {
  const expression = words.at(-1) ?? "";
  const resources = words.slice(0, -1);
  if (resources.length === 0) throw new UsageError(NO_RESOURCES);
  const { set: selector } = parsePairs(expression.split(","), "selector", false);
  visitObjects(server, args, resources, output, (object) => {
    if (object.kind !== "Service") {
      throw new UsageError("setting a selector is only supported for Services");
    }
    const change = (current: ApiObject) =>
      withSpec(current, { selector: Object.fromEntries(selector) });
    server.patch(object.kind, keyOf(object), change, USER);
    output.print(`${nameOf(object)} selector updated`);
  });
}

/** `set resources TYPE NAME --limits=… --requests=…`, `set serviceaccount TYPE NAME ACCOUNT`. */
function setPodSpec(
  server: ApiServer,
  args: Arguments,
  words: readonly string[],
  output: Output,
): void {
  const isAccount = args.words[0] !== "resources";
  const resources = isAccount ? words.slice(0, -1) : words;
  if (resources.length === 0) throw new UsageError(NO_RESOURCES);
  const change = isAccount
    ? (spec: PodSpec): PodSpec => ({ ...spec, serviceAccountName: words.at(-1) ?? "" })
    : withResources(args);
  const done = isAccount ? "serviceaccount updated" : "resource requirements updated";
  const failures = new Failures();
  for (const object of selectObjects(server, args, resources)) {
    failures.collect(null, () => {
      if (!hasPodSpec(object)) throw noPodSpec(object);
      const patch = (current: ApiObject) => withPodSpec(current, change);
      const next = server.patch(object.kind, keyOf(object), patch, USER);
      if (next !== object) output.print(`${nameOf(object)} ${done}`);
    });
  }
  failures.print(output);
}

function withResources(args: Arguments): (spec: PodSpec) => PodSpec {
  const only = args.option("c") ?? args.option("containers") ?? "*";
  const wanted = ["limits", "requests"].flatMap((field): [string, JsonMap][] => {
    const text = args.option(field);
    if (text === null) return [];
    const pairs = text.split(",").map((pair): [string, string] => {
      const [name = "", amount] = pair.split("=");
      if (amount === undefined)
        throw new UsageError(`invalid argument syntax ${pair}, expected <resource>=<value>`);
      return [name, amount];
    });
    return [[field, Object.fromEntries(pairs)]];
  });
  if (wanted.length === 0) {
    throw new UsageError(
      "you must specify an update to requests or limits (in the form of --requests/--limits)",
    );
  }
  return (spec) => {
    if (only !== "*" && !spec.containers.some(({ name }) => name === only)) {
      throw new UsageError(`unable to find container named ${only}`);
    }
    const containers = spec.containers.map((container) => {
      if (only !== "*" && container.name !== only) return container;
      const known: Record<string, unknown> = { ...container.resources };
      for (const [field, amounts] of wanted) {
        known[field] = { ...(known[field] as JsonMap | undefined), ...amounts };
      }
      return { ...container, resources: known };
    });
    return { ...spec, containers } as PodSpec;
  };
}

function hasPodSpec(object: ApiObject): boolean {
  const { template, jobTemplate } = (object.spec ?? {}) as Record<string, unknown>;
  return object.kind === "Pod" || template !== undefined || jobTemplate !== undefined;
}

function noPodSpec({ apiVersion, kind, metadata }: ApiObject): UsageError {
  const version = apiVersion.split("/").at(-1);
  return new UsageError(
    `error: ${resourceOf(apiVersion, kind)?.plural ?? ""}/${metadata.name} the object is not a pod or does not have a pod template: *${version}.${kind}`,
  );
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
  const { jobTemplate } = object.spec as { readonly jobTemplate?: ApiObject };
  if (jobTemplate !== undefined) {
    return withSpec(object, { jobTemplate: withPodSpec(jobTemplate, change) });
  }
  const { template } = (object as Deployment).spec;
  return withSpec(object, { template: { ...template, spec: change(template.spec) } });
}

/** An object with other values in its spec. */
export function withSpec(object: ApiObject, change: Readonly<Record<string, unknown>>): ApiObject {
  return { ...object, spec: { ...(object.spec as Record<string, unknown>), ...change } };
}
