/** Files of manifests as kubectl takes them: every document's value, and where each field stands. */
import type { Place } from "../base/errors.ts";
import type { Manifest } from "../kube/kubectl/manifest.ts";
import type { FieldPath } from "../kube/schema.ts";
import { parseYamlDocuments } from "./yaml.ts";
import type { YamlNode } from "./yaml-node.ts";

/** The manifests in `text`, Lists taken apart. Throws `VW_YAML`. */
export function readKubectlFile(text: string, file: string): Manifest[] {
  return parseYamlDocuments(text, file).flatMap(manifestsOf);
}

/** The value of a node: maps, lists and scalars; nulls stay. */
export function plainOf(node: YamlNode): unknown {
  switch (node.kind) {
    case "scalar":
      return node.value;
    case "list":
      return node.items.map(plainOf);
    case "map":
      return Object.fromEntries(node.entries.map(({ key, value }) => [key, plainOf(value)]));
  }
}

function manifestsOf(node: YamlNode): Manifest[] {
  const value = plainOf(node) as Record<string, unknown>;
  const items = fieldOf(node, "items");
  if (String(value["kind"] ?? "").endsWith("List") && items?.kind === "list") {
    return items.items.flatMap(manifestsOf);
  }
  return [{ value, placeOf: (path) => placeAt(node, path) }];
}

/** Where the field of a path stands, its key if it has one, or the nearest around it. */
function placeAt(root: YamlNode, path: FieldPath): Place {
  let node = root;
  let place = root.place;
  for (const step of path) {
    if (typeof step === "number") {
      const item = node.kind === "list" ? node.items[step] : undefined;
      if (item === undefined) break;
      node = item;
      place = item.place;
      continue;
    }
    const name = step.startsWith("[") ? step.slice(1, -1) : step;
    const entry = node.kind === "map" ? node.entries.find(({ key }) => key === name) : undefined;
    if (entry === undefined) break;
    node = entry.value;
    place = entry.keyPlace;
  }
  return place;
}

function fieldOf(node: YamlNode, name: string): YamlNode | null {
  if (node.kind !== "map") return null;
  return node.entries.find(({ key }) => key === name)?.value ?? null;
}
