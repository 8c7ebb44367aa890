/** Files of manifests as kubectl takes them: every document's value, and where each field stands. */
import { type Place, VethworkError } from "../base/errors.ts";
import type { KubectlFile, Manifest } from "../kube/kubectl/manifest.ts";
import type { FieldPath } from "../kube/schema.ts";
import { goYamlError } from "./go-yaml-errors.ts";
import { goYamlScalar } from "./go-yaml-scalars.ts";
import { parseYamlDocuments, YamlSyntaxError } from "./yaml.ts";
import type { YamlNode } from "./yaml-node.ts";

/** The manifests in `text`, Lists taken apart. Throws `VW_YAML`. */
export function readManifestsOf(text: string, file: string): Manifest[] {
  return jsonValues(text).flatMap((one) =>
    parseYamlDocuments(one, file, { lastKeyCounts: true, scalars: goYamlScalar }).flatMap(
      manifestsOf,
    ),
  );
}

/**
 * The values of a JSON text, which may stand one after the other; each with as many lines before it
 * as there are in the file. Any other text is left whole.
 */
function jsonValues(text: string): readonly string[] {
  if (!/^\s*\{/.test(text) || isJson(text)) return [text];
  const values: string[] = [];
  let from = 0;
  for (const { index } of text.matchAll(/\}(?=\s*(?:\{|$))/g)) {
    const value = text.slice(from, index + 1);
    if (!isJson(value)) continue;
    values.push(text.slice(0, from).replace(/[^\n]/g, "") + value);
    from = index + 1;
  }
  return text.slice(from).trim() === "" ? values : [text];
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The manifests in `text`, Lists taken apart, up to the first document that is no YAML. */
export function readKubectlFile(text: string, file: string): KubectlFile {
  const manifests: Manifest[] = [];
  for (const { first, lines } of documentsOf(text)) {
    // Lines before the document, so that places are those of the file.
    const padded = `${"\n".repeat(first)}${lines.join("\n")}\n`;
    try {
      manifests.push(...readManifestsOf(padded, file));
    } catch (error) {
      if (!(error instanceof VethworkError)) throw error;
      return { manifests, problem: problemOf(error, first, lines, file) };
    }
  }
  return { manifests, problem: null };
}

function problemOf(
  error: VethworkError,
  first: number,
  lines: readonly string[],
  file: string,
): NonNullable<KubectlFile["problem"]> {
  const place = error.place ?? { file, line: first + 1, column: 1 };
  const code = error instanceof YamlSyntaxError ? error.syntax : "";
  const message = error.problem.charAt(0).toUpperCase() + error.problem.slice(1);
  const anchor = /^No anchor &(\S+)/.exec(message);
  const yaml =
    code === "NO_ANCHOR"
      ? `yaml: unknown anchor '${anchor?.[1] ?? ""}' referenced`
      : goYamlError({ code, message, line: place.line - first }, lines);
  return { text: `error converting YAML to JSON: ${yaml}`, place };
}

/** The documents of a text: the lines of each, and how many stand before them. */
function documentsOf(
  text: string,
): { readonly first: number; readonly lines: readonly string[] }[] {
  const all = text.split(/\r?\n/);
  if (all.at(-1) === "") all.pop();
  const documents: { first: number; lines: string[] }[] = [{ first: 0, lines: [] }];
  for (const [index, line] of all.entries()) {
    const last = documents.at(-1);
    if (line.startsWith("---") && last !== undefined && last.lines.length > 0) {
      documents.push({ first: index + 1, lines: [] });
    } else last?.lines.push(line);
  }
  return documents;
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
