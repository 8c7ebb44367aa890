/**
 * A tree of values that know where they stand, as readers of lab files and manifests get it: from
 * YAML text (`yaml.ts`) or from values in code (`yaml-of.ts`).
 */
import type { Place } from "../base/errors.ts";

/** A scalar. `text` is what stands in the file, without quotes. */
export interface YamlScalar {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
  readonly text: string;
  readonly place: Place;
}

/** A list. */
export interface YamlList {
  readonly kind: "list";
  readonly items: readonly YamlNode[];
  readonly place: Place;
}

/** A mapping; keys are text and differ from each other. */
export interface YamlMap {
  readonly kind: "map";
  readonly entries: readonly YamlEntry[];
  readonly place: Place;
}

/** One key of a mapping with its value. */
export interface YamlEntry {
  readonly key: string;
  readonly keyPlace: Place;
  readonly value: YamlNode;
}

/** A value with its place. */
export type YamlNode = YamlScalar | YamlList | YamlMap;

/** What a node is, in words, for messages. */
export function describeNode(node: YamlNode): string {
  if (node.kind === "map") return "a mapping";
  if (node.kind === "list") return "a list";
  if (node.value === null) return "nothing";
  if (typeof node.value === "string") return `"${shorten(node.value)}"`;
  return `${node.text} (a ${typeof node.value})`;
}

function shorten(text: string): string {
  const line = text.split("\n", 1)[0] ?? "";
  return line.length > 60 || line !== text ? `${line.slice(0, 60)}…` : text;
}
