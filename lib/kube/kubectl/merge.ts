/**
 * What `kubectl apply` makes of three objects: the manifest applied before, the manifest now, and
 * what the server has. Fields that the earlier manifest had and the new one has not are removed;
 * others that the server has stay. Lists of named things are merged by their key.
 *
 * Spec: Kubernetes, "Declarative Management of Kubernetes Objects Using Configuration Files";
 * patchMergeKey of the API types; RFC 7386 for merge patches.
 */

type Json = Readonly<Record<string, unknown>>;

/** The merge keys of lists, by the list's name; the first that all items have counts. */
const MERGE_KEYS: ReadonlyMap<string, readonly string[]> = new Map([
  ["containers", ["name"]],
  ["initContainers", ["name"]],
  ["ephemeralContainers", ["name"]],
  ["volumes", ["name"]],
  ["env", ["name"]],
  ["imagePullSecrets", ["name"]],
  ["volumeMounts", ["mountPath"]],
  ["volumeDevices", ["devicePath"]],
  ["hostAliases", ["ip"]],
  ["ports", ["containerPort", "port"]],
  ["topologySpreadConstraints", ["topologyKey"]],
  ["conditions", ["type"]],
  ["ownerReferences", ["uid"]],
  ["taints", ["key"]],
  ["addresses", ["type"]],
]);

/** Kinds whose lists are replaced as a whole. */
const ATOMIC_KINDS = new Set(["EndpointSlice", "Endpoints", "Ingress"]);

/** The object that an apply asks for. */
export function mergeThreeWay(kind: string, original: Json, modified: Json, current: Json): Json {
  return mergeMaps(original, modified, current, !ATOMIC_KINDS.has(kind));
}

function mergeMaps(original: Json, modified: Json, current: Json, byKey: boolean): Json {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(current)) {
    const removed = name in original && !(name in modified);
    if (!removed) result[name] = value;
  }
  for (const [name, value] of Object.entries(modified)) {
    if (value === null) delete result[name];
    else result[name] = mergeValues(name, original[name], value, current[name], byKey);
  }
  return result;
}

function mergeValues(
  name: string,
  original: unknown,
  modified: unknown,
  current: unknown,
  byKey: boolean,
): unknown {
  if (isMap(modified)) {
    return mergeMaps(
      isMap(original) ? original : {},
      modified,
      isMap(current) ? current : {},
      byKey,
    );
  }
  if (!Array.isArray(modified) || !Array.isArray(current) || !byKey) return modified;
  const key = mergeKey(name, modified);
  if (key === null) return modified;
  return mergeLists(key, Array.isArray(original) ? original : [], modified, current, byKey);
}

function mergeLists(
  key: string,
  original: readonly unknown[],
  modified: readonly unknown[],
  current: readonly unknown[],
  byKey: boolean,
): unknown[] {
  const find = (list: readonly unknown[], id: unknown): Json => {
    const item = list.find((each) => isMap(each) && each[key] === id);
    return isMap(item) ? item : {};
  };
  const merged = modified.map((item) => {
    if (!isMap(item)) return item;
    return mergeMaps(find(original, item[key]), item, find(current, item[key]), byKey);
  });
  const own = new Set(
    [...modified, ...original].map((item) => (isMap(item) ? item[key] : undefined)),
  );
  const others = current.filter((item) => isMap(item) && !own.has(item[key]));
  return [...merged, ...others];
}

function mergeKey(name: string, items: readonly unknown[]): string | null {
  const keys = MERGE_KEYS.get(name) ?? [];
  return keys.find((key) => items.every((item) => isMap(item) && item[key] !== undefined)) ?? null;
}

/** A merge patch (RFC 7386) carried out: null removes, maps are merged, all else is replaced. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch;
  const result: Record<string, unknown> = isMap(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = mergePatch(result[name], value);
  }
  return result;
}

/** A strategic merge patch: as a merge patch, but lists of named things are merged by key. */
export function strategicPatch(target: Json, patch: Json): Json {
  return mergeMaps({}, patch, target, true);
}

function isMap(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
