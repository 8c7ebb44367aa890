/**
 * Words of a command line that say what to change, `app=web`, `old-`, behind those that say of
 * which objects.
 *
 * Spec: kubectl v1.36, cmd/util/kubectl_match.go and helpers (GetResourcesAndPairs, ParsePairs).
 */
import { UsageError } from "./arguments.ts";

/** What a command line sets and removes. */
export interface PairChanges {
  readonly set: ReadonlyMap<string, string>;
  readonly remove: readonly string[];
}

/** Words that say which objects, and words that say what to change. */
export interface ResourcesAndPairs {
  readonly resources: readonly string[];
  readonly pairs: readonly string[];
}

/** What kubectl says where no objects are named. */
export const NO_RESOURCES =
  "one or more resources must be specified as <resource> <name> or <resource>/<name>";

/** Takes the words apart; `what` is changed: label, annotation, image. Throws `UsageError`. */
export function resourcesAndPairs(words: readonly string[], what: string): ResourcesAndPairs {
  const isPair = (word: string) => word.indexOf("=") > 0 || (word.endsWith("-") && word !== "-");
  const first = words.findIndex(isPair);
  if (first === -1) return { resources: words, pairs: [] };
  const late = words.slice(first).find((word) => !isPair(word));
  if (late !== undefined) {
    throw new UsageError(`all resources must be specified before ${what} changes: ${late}`);
  }
  return { resources: words.slice(0, first), pairs: words.slice(first) };
}

/** What pairs set, and remove if that is possible. */
export function parsePairs(pairs: readonly string[], what: string, removes: boolean): PairChanges {
  const set = new Map<string, string>();
  const remove: string[] = [];
  const bad: string[] = [];
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    if (equals > 0) set.set(pair.slice(0, equals), pair.slice(equals + 1));
    else if (removes && pair.endsWith("-") && pair !== "-") remove.push(pair.slice(0, -1));
    else bad.push(pair);
  }
  if (bad.length > 0) throw new UsageError(`invalid ${what} format: ${bad.join(", ")}`);
  return { set, remove };
}
