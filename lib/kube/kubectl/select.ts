/** The objects that words of a command line mean: `pods`, `pod web-0`, `deploy/web`, `-l app=web`. */
import { matchesSelector } from "../api/labels.ts";
import { findResource, qualifiedKind, RESOURCES, type Resource } from "../api/resources.ts";
import type { ApiServer } from "../api/server.ts";
import type { ApiObject, LabelRequirement, LabelSelector } from "../api/types.ts";
import { objectKey } from "../store.ts";
import { type Arguments, UsageError } from "./arguments.ts";

/** `deployment.apps/web`. */
export function nameOf({ apiVersion, kind, metadata }: ApiObject): string {
  return `${qualifiedKind(apiVersion, kind)}/${metadata.name}`;
}

/** The resource of a word; throws as kubectl does for one that it does not know. */
export function requireResource(server: ApiServer, word: string): Resource {
  const found = findResource(word);
  if (found !== null) return found;
  for (const kind of server.store.kinds()) {
    const [sample] = server.store.list(kind);
    const name = kind.toLowerCase();
    if (
      sample !== undefined &&
      [name, `${name}s`].includes(word.toLowerCase().split(".")[0] ?? "")
    ) {
      return {
        kind,
        apiVersion: sample.apiVersion,
        plural: `${name}s`,
        shortNames: [],
        namespaced: sample.metadata.namespace !== undefined,
      };
    }
  }
  throw new UsageError(`the server doesn't have a resource type "${word}"`);
}

/** One resource type with the names asked for; none: all. */
export interface Selection {
  readonly resource: Resource;
  readonly names: readonly string[];
}

/** The kinds that `kubectl get all` shows. */
const ALL = ["Pod", "Service", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"];

/** What the words select, type by type. */
export function selections(server: ApiServer, words: readonly string[]): Selection[] {
  const [first, ...names] = words;
  if (first === undefined)
    throw new UsageError(
      'You must specify the type of resource to get. Use "kubectl api-resources" for a complete list of supported resources.',
    );
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
export function objectsOf(
  server: ApiServer,
  { resource, names }: Selection,
  args: Arguments,
): ApiObject[] {
  const namespace = resource.namespaced ? args.namespace : undefined;
  if (names.length > 0) {
    return names.map((name) => {
      const object = server.find(resource.kind, objectKey(namespace, name));
      if (object === null) throw server.notFound(resource.kind, name);
      return object;
    });
  }
  const selector = parseSelector(args.option("l") ?? args.option("selector") ?? "");
  return server.store
    .list(resource.kind)
    .filter(
      ({ metadata }) =>
        args.allNamespaces || namespace === undefined || metadata.namespace === namespace,
    )
    .filter(({ metadata }) => matchesSelector(selector, metadata.labels));
}

/** All objects that the words mean, which must name them or select them in some way. */
export function selectObjects(
  server: ApiServer,
  args: Arguments,
  words: readonly string[],
): ApiObject[] {
  const chosen = selections(server, words);
  const isVague =
    chosen.some(({ names }) => names.length === 0) &&
    args.option("l") === null &&
    args.option("selector") === null &&
    !args.flag("all");
  if (isVague) throw new UsageError("resource(s) were provided, but no name was specified");
  return chosen.flatMap((selection) => objectsOf(server, selection, args));
}

/** `a=b,c!=d,e in (f,g),!h` */
function parseSelector(text: string): LabelSelector {
  const parts = text.match(/(?:[^,(]|\([^)]*\))+/g) ?? [];
  return { matchExpressions: parts.map((part) => parseRequirement(part.trim())) };
}

function parseRequirement(text: string): LabelRequirement {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(text);
  if (set !== null) {
    const values = (set[3] ?? "").split(",").map((value) => value.trim());
    return { key: set[1] ?? "", operator: set[2] === "in" ? "In" : "NotIn", values };
  }
  const unequal = text.indexOf("!=");
  if (unequal > 0)
    return { key: text.slice(0, unequal), operator: "NotIn", values: [text.slice(unequal + 2)] };
  const equal = /^([^=]+)==?(.*)$/.exec(text);
  if (equal !== null) return { key: equal[1] ?? "", operator: "In", values: [equal[2] ?? ""] };
  if (text.startsWith("!")) return { key: text.slice(1), operator: "DoesNotExist" };
  return { key: text, operator: "Exists" };
}
