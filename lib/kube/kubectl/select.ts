/** The objects that words of a command line mean: `pods`, `pod web-0`, `deploy/web`, `-l app=web`. */

import { notFound } from "../api/errors.ts";
import {
  findResource,
  groupOf,
  isBuiltIn,
  qualifiedKind,
  RESOURCES,
  type Resource,
  writtenKind,
} from "../api/resources.ts";
import type { ApiServer } from "../api/server.ts";
import type { ApiObject } from "../api/types.ts";
import { objectKey } from "../store.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { Failures } from "./failures.ts";
import type { Output } from "./output.ts";
import { listOptions } from "./selectors.ts";

/** `deployment.apps/web`. */
export function nameOf({ apiVersion, kind, metadata }: ApiObject): string {
  return `${qualifiedKind(apiVersion, kind)}/${metadata.name}`;
}

/** The resource of a word; throws as kubectl does for one that it does not know. */
export function requireResource(server: ApiServer, word: string): Resource {
  const wanted = word.toLowerCase();
  for (const kind of server.store.kinds()) {
    const [sample] = isBuiltIn(kind) ? [] : server.store.list(kind);
    if (sample === undefined) continue;
    const { apiVersion, metadata } = sample;
    const resource = server.resourceOf(apiVersion, kind);
    if (resource === null) continue;
    const own = writtenKind(apiVersion, kind).toLowerCase();
    const names = [own, resource.plural, ...resource.shortNames];
    const group = groupOf(apiVersion);
    const isFull = names.some((name) => wanted === `${name}.${group}`);
    const isShort = kind.toLowerCase() === own && names.includes(wanted.split(".")[0] ?? "");
    if (isFull || isShort) return { ...resource, namespaced: metadata.namespace !== undefined };
  }
  const found = findResource(word);
  if (found !== null) return found;
  throw new UsageError(`the server doesn't have a resource type "${word}"`);
}

/** One resource type with the names asked for; none: all. */
export interface Selection {
  readonly resource: Resource;
  readonly names: readonly string[];
}

/** The kinds that `kubectl get all` shows. */
const ALL = [
  "Pod",
  "ReplicationController",
  "Service",
  "DaemonSet",
  "Deployment",
  "ReplicaSet",
  "StatefulSet",
  "HorizontalPodAutoscaler",
  "CronJob",
  "Job",
];

/** What kubectl says where nothing says which objects are meant. */
const NO_RESOURCE = [
  "You must provide one or more resources by argument or filename.",
  "Example resource specifications include:",
  "   '-f rsrc.yaml'",
  "   '--filename=rsrc.json'",
  "   '<resource> <name>'",
  "   '<resource>'",
].join("\n");

/** What the words select, type by type. */
export function selections(server: ApiServer, words: readonly string[]): Selection[] {
  const [first, ...names] = words;
  if (first === undefined) throw new UsageError(NO_RESOURCE);
  if (first.includes("/")) {
    return words.map((word) => {
      const slash = word.indexOf("/");
      return {
        resource: requireResource(server, word.slice(0, slash)),
        names: [word.slice(slash + 1)],
      };
    });
  }
  return first.split(",").flatMap((word) => {
    if (word !== "all") return [{ resource: requireResource(server, word), names }];
    return ALL.flatMap((kind) => RESOURCES.filter((each) => each.kind === kind)).map(
      (resource) => ({ resource, names: [] }),
    );
  });
}

/** The objects of one selection, by name. Throws `NotFound` for a name that is not there. */
export function objectsOf(server: ApiServer, selection: Selection, args: Arguments): ApiObject[] {
  const failures = new Failures();
  const objects = findIn(server, selection, args, failures);
  failures.throwFirst();
  return objects;
}

/** The same; names that are not there go to `failures`. */
export function findIn(
  server: ApiServer,
  { resource, names }: Selection,
  args: Arguments,
  failures: Failures,
): ApiObject[] {
  const namespace = resource.namespaced ? args.namespace : undefined;
  if (names.length > 0) {
    return names.flatMap((name) => {
      const object = server.find(resource.kind, objectKey(namespace, name));
      if (object === null && !args.flag("ignore-not-found")) {
        failures.add(notFound(resource.kind, name));
      }
      return object ?? [];
    });
  }
  const asked = listOptions(args, resource);
  return server.store
    .list(resource.kind)
    .filter(
      ({ metadata }) =>
        args.allNamespaces || namespace === undefined || metadata.namespace === namespace,
    )
    .filter(asked);
}

/** Whether a command line says which objects it means, and not all of a type. */
export function isNamed(args: Arguments): boolean {
  return args.words.length > 1 || args.words.some((word) => word.includes("/"));
}

/** All objects that the words mean, which must name them or select them in some way. */
export function selectObjects(
  server: ApiServer,
  args: Arguments,
  words: readonly string[],
): ApiObject[] {
  const failures = new Failures();
  const objects = foundObjects(server, args, words, failures);
  failures.throwFirst();
  return objects;
}

/**
 * Does something with each object that the words mean; what goes wrong with one does not stop the
 * others, and is printed at the end.
 */
export function visitObjects(
  server: ApiServer,
  args: Arguments,
  words: readonly string[],
  output: Output,
  act: (object: ApiObject) => void,
): void {
  const failures = new Failures();
  for (const object of foundObjects(server, args, words, failures)) {
    failures.collect(null, () => act(object));
  }
  failures.print(output);
}

/** The same as `selectObjects`; names that are not there go to `failures`. */
export function foundObjects(
  server: ApiServer,
  args: Arguments,
  words: readonly string[],
  failures: Failures,
): ApiObject[] {
  const chosen = selections(server, words);
  const isVague =
    chosen.some(({ names }) => names.length === 0) &&
    ["l", "selector", "field-selector"].every((name) => args.option(name) === null) &&
    !args.flag("all");
  if (isVague) throw new UsageError("resource(s) were provided, but no name was specified");
  return chosen.flatMap((selection) => findIn(server, selection, args, failures));
}
