/**
 * Manifests as kubectl takes and prints them, YAML or JSON, to records: several documents, Lists,
 * defaults filled in. What is wrong is said with file, line and field. The same for a
 * KubeProxyConfiguration.
 *
 * Spec: Kubernetes API conventions (kinds, Lists); kubeproxy.config.k8s.io/v1alpha1.
 */
import { type ErrorCode, type Place, VethworkError } from "../base/errors.ts";
import { withDefaults } from "../kube/defaults.ts";
import { type KubeObject, objectName } from "../kube/objects.ts";
import type { KubeProxyConfiguration } from "../kube/proxy/config.ts";
import { CONFIGURATION_CHECK, readConfiguration } from "../kube/proxy/config-file.ts";
import { type Check, type FieldPath, formatPath } from "../kube/schema.ts";
import { OBJECT_CHECKS } from "../kube/validation.ts";
import { goYamlScalar } from "./go-yaml-scalars.ts";
import { parseYamlDocuments } from "./yaml.ts";
import { describeNode, type YamlMap, type YamlNode } from "./yaml-node.ts";

/** An object of a kind that nothing here reads. */
export interface SkippedObject {
  readonly kind: string;
  readonly name: string;
  readonly place: Place;
}

/** The objects of a file, and those that are left out. */
export interface Manifests {
  readonly objects: readonly KubeObject[];
  readonly skipped: readonly SkippedObject[];
}

/** The API version in which each kind is read; other groups use the same names for other things. */
const API_VERSIONS: ReadonlyMap<string, string> = new Map([
  ["Service", "v1"],
  ["Node", "v1"],
  ["EndpointSlice", "discovery.k8s.io/v1"],
]);

/** The objects in `text`. Throws `VW_YAML` or `VW_OBJECT` at the first thing that is wrong. */
export function readManifests(text: string, file: string): Manifests {
  const objects: KubeObject[] = [];
  const skipped: SkippedObject[] = [];
  const seen = new Map<string, Place>();
  for (const document of parseYamlDocuments(text, file, { scalars: goYamlScalar })) {
    for (const node of itemsOf(document)) {
      const kind = textField(node, "kind");
      const apiVersion = textField(node, "apiVersion");
      const check = OBJECT_CHECKS.get(kind);
      if (check === undefined || API_VERSIONS.get(kind) !== apiVersion) {
        skipped.push({ kind: `${kind} (${apiVersion})`, name: nameOf(node), place: node.place });
        continue;
      }
      const object = withDefaults(
        checked(node, check, "VW_OBJECT", objectLabel(node)) as KubeObject,
      );
      refuseTwice(object, node.place, seen);
      objects.push(object);
    }
  }
  return { objects, skipped };
}

/**
 * The configuration that `text` makes of `base`; what it does not say stays as it is. Throws
 * `VW_YAML` or `VW_OBJECT`.
 */
export function readProxyConfiguration(
  text: string,
  file: string,
  base: KubeProxyConfiguration,
): KubeProxyConfiguration {
  const [document, second] = parseYamlDocuments(text, file, { scalars: goYamlScalar });
  if (second !== undefined) {
    throw new VethworkError(
      "VW_OBJECT",
      "a second document begins",
      "one configuration",
      second.place,
    );
  }
  return document === undefined ? base : proxyConfigurationIn(document, base);
}

/** The configuration that a part of a file makes of `base`. Throws `VW_OBJECT`. */
export function proxyConfigurationIn(
  node: YamlNode,
  base: KubeProxyConfiguration,
): KubeProxyConfiguration {
  const value = checked(node, CONFIGURATION_CHECK, "VW_OBJECT", "KubeProxyConfiguration");
  return readConfiguration(value, base);
}

/** A List's items, or the object itself. */
function itemsOf(node: YamlNode): YamlMap[] {
  if (node.kind !== "map") {
    throw new VethworkError(
      "VW_OBJECT",
      `${describeNode(node)} is not an object`,
      "a manifest has apiVersion, kind and metadata",
      node.place,
    );
  }
  if (!textField(node, "kind").endsWith("List")) return [node];
  const items = fieldOf(node, "items");
  if (items === null || (items.kind === "scalar" && items.value === null)) return [];
  if (items.kind !== "list") {
    throw new VethworkError(
      "VW_OBJECT",
      `items: ${describeNode(items)} is not a list`,
      "",
      items.place,
    );
  }
  return items.items.flatMap(itemsOf);
}

/** The value of a node that has passed its check; the first problem is thrown. */
function checked(node: YamlNode, check: Check, code: ErrorCode, label: string): unknown {
  const value = plainValue(node);
  check(value, [], (path, problem, hint) => {
    const field = formatPath(path);
    const where = field === "" ? label : `${label}: ${field}`;
    throw new VethworkError(code, `${where}: ${problem}`, hint, placeAtPath(node, path));
  });
  return value;
}

/** Two objects of one kind and name cannot both be what the API server has. */
function refuseTwice(object: KubeObject, place: Place, seen: Map<string, Place>): void {
  const name = `${object.kind} ${objectName(object.metadata)}`;
  const first = seen.get(name);
  if (first !== undefined) {
    throw new VethworkError(
      "VW_OBJECT",
      `${name} is there twice`,
      `the first is at line ${first.line}`,
      place,
    );
  }
  seen.set(name, place);
}

/** Plain values; fields that are null are left out, as the API has them. */
function plainValue(node: YamlNode): unknown {
  switch (node.kind) {
    case "scalar":
      return node.value;
    case "list":
      return node.items.map(plainValue);
    case "map": {
      const entries = node.entries.map(({ key, value }) => [key, plainValue(value)] as const);
      return Object.fromEntries(entries.filter(([, value]) => value !== null));
    }
  }
}

/** Where the field of a path stands, or the nearest around it. */
function placeAtPath(node: YamlNode, path: FieldPath): Place {
  let at = node;
  for (const step of path) {
    const next =
      typeof step === "number"
        ? at.kind === "list"
          ? (at.items[step] ?? null)
          : null
        : fieldOf(at, step);
    if (next === null) break;
    at = next;
  }
  return at.place;
}

function fieldOf(node: YamlNode, name: string): YamlNode | null {
  if (node.kind !== "map") return null;
  return node.entries.find((entry) => entry.key === name)?.value ?? null;
}

function textField(node: YamlMap, name: "kind" | "apiVersion"): string {
  const field = fieldOf(node, name);
  if (field?.kind === "scalar" && typeof field.value === "string") return field.value;
  throw new VethworkError(
    "VW_OBJECT",
    `${objectLabel(node)}: field ${name} is missing`,
    name === "kind" ? "for example kind: Service" : "for example apiVersion: v1",
    node.place,
  );
}

function nameOf(node: YamlMap): string {
  const name = fieldOf(fieldOf(node, "metadata") ?? node, "name");
  return name?.kind === "scalar" ? name.text : "";
}

function objectLabel(node: YamlMap): string {
  const kind = fieldOf(node, "kind");
  const label = `${kind?.kind === "scalar" ? kind.text : "object"} ${nameOf(node)}`;
  return label.trimEnd();
}
