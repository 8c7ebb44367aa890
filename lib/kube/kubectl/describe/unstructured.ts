/**
 * Descriptions of objects of which kubectl knows nothing but their fields.
 *
 * Spec: kubectl pkg/describe (genericDescriber, printUnstructuredContent, smartLabelFor), v1.36.
 */
import type { ApiObject } from "../../api/types.ts";
import type { LooseFields } from "../../field-at.ts";
import { isRecord } from "../../schema.ts";
import { annotationRows, mapRows, type Row } from "./rows.ts";

const ACRONYMS = ["API", "URL", "UID", "GUID"];
/** What stands in front already, and what nobody wants to see. */
const SKIPPED = new Set([
  ".metadata.managedFields",
  ".metadata.name",
  ".metadata.namespace",
  ".metadata.labels",
  ".metadata.annotations",
]);

/** An object of any kind. */
export function unstructuredRows(object: ApiObject): Row[] {
  const { name, namespace, labels, annotations } = object.metadata;
  return [
    ["Name:", name],
    ["Namespace:", namespace ?? ""],
    ...mapRows("Labels:", labels, "="),
    ...annotationRows("Annotations:", annotations),
    ...contentRows(object as unknown as LooseFields, "", ""),
  ];
}

function contentRows(content: LooseFields, indent: string, path: string): Row[] {
  return Object.keys(content)
    .filter((name) => content[name] !== undefined && !SKIPPED.has(`${path}.${name}`))
    .sort()
    .flatMap((name): Row[] => {
      const value = content[name];
      const label = `${indent}${labelOf(name)}:`;
      const inner = `${indent}  `;
      if (Array.isArray(value)) {
        const items = value.flatMap((item): Row[] =>
          isRecord(item) ? contentRows(item, inner, `${path}.${name}`) : [`${inner}${item}`],
        );
        return [label, ...items];
      }
      if (isRecord(value)) return [label, ...contentRows(value, inner, `${path}.${name}`)];
      return [[label, value === null ? "<nil>" : String(value)]];
    });
}

/** `creationTimestamp` is `Creation Timestamp`, `apiVersion` `API Version`. */
function labelOf(name: string): string {
  if (!/^[A-Za-z-]+$/.test(name)) return name;
  const parts = name.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+|-+/g) ?? [name];
  return parts
    .map((part) => {
      if (ACRONYMS.includes(part.toUpperCase())) return part.toUpperCase();
      return part === part.toLowerCase() ? `${part.charAt(0).toUpperCase()}${part.slice(1)}` : part;
    })
    .join(" ");
}
