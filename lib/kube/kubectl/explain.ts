/**
 * `kubectl explain`: the fields of a kind, or of what one of them holds.
 *
 * Spec: kubectl v1.36, cmd/explain (the plaintext template of explain/v2).
 * Differs: fields have their types, but no descriptions, and it is not said which are required or
 * what values they may have; kinds whose fields are not listed here are refused.
 */
import { GO_TYPES, type GoType } from "../api/go-types.ts";
import { groupOf } from "../api/resources.ts";
import type { ApiServer } from "../api/server.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import type { Output } from "./output.ts";
import { requireResource } from "./select.ts";

/** The fields that every kind begins with. */
const COMMON: ReadonlyMap<string, GoType> = new Map([
  ["apiVersion", { kind: "scalar", name: "string" }],
  ["kind", { kind: "scalar", name: "string" }],
  ["metadata", { kind: "struct", name: "ObjectMeta" }],
]);

/** `explain pods`, `explain deployment.spec.strategy [--recursive]`. */
export function explain(server: ApiServer, args: Arguments, output: Output): void {
  const [word] = args.words;
  if (word === undefined) {
    throw new UsageError(
      'You must specify the type of resource to explain. Use "kubectl api-resources" for a complete list of supported resources.',
    );
  }
  const [name = "", ...path] = word.split(".");
  const { kind, apiVersion } = requireResource(server, name);
  if (!GO_TYPES.has(kind)) {
    throw new UsageError(`the fields of ${kind} are not listed here`);
  }
  let type: GoType = { kind: "struct", name: kind };
  for (const field of path) {
    const next = fieldsOf(type, kind).get(field);
    if (next === undefined) throw new UsageError(`field "${field}" does not exist`);
    type = next;
  }
  const group = groupOf(apiVersion);
  if (group !== "") output.print(`GROUP:      ${group}`);
  output.print(`KIND:       ${kind}`);
  output.print(`VERSION:    ${apiVersion.slice(apiVersion.indexOf("/") + 1)}`);
  output.print("");
  const last = path.at(-1);
  if (last !== undefined) output.print(`FIELD: ${last} <${shownType(type)}>\n`);
  const fields = fieldsOf(type, kind);
  if (fields.size > 0) {
    output.print("FIELDS:");
    writeFields(fields, kind, args.flag("recursive"), "  ", [], output);
  }
  output.print("");
}

function writeFields(
  fields: ReadonlyMap<string, GoType>,
  root: string,
  isRecursive: boolean,
  indent: string,
  above: readonly string[],
  output: Output,
): void {
  for (const [name, type] of [...fields].sort(([a], [b]) => (a < b ? -1 : 1))) {
    output.print(`${indent}${name}\t<${shownType(type)}>`);
    const inner = innermost(type);
    if (!isRecursive || inner.kind !== "struct" || above.includes(inner.name)) continue;
    const next = fieldsOf(inner, root);
    writeFields(next, root, true, `${indent}  `, [...above, inner.name], output);
  }
}

/** The fields of a struct, or of what a list or map holds; none of a scalar. */
function fieldsOf(type: GoType, root: string): ReadonlyMap<string, GoType> {
  const inner = innermost(type);
  if (inner.kind !== "struct") return new Map();
  const own = [...(GO_TYPES.get(inner.name) ?? [])].map(
    ([name, field]) => [name, field.type] as const,
  );
  return new Map([...(inner.name === root ? COMMON : []), ...own]);
}

function innermost(type: GoType): GoType {
  return type.kind === "list" || type.kind === "map" ? innermost(type.item) : type;
}

/** `[]Container`, `map[string]string`, `integer`: as OpenAPI has them. */
function shownType(type: GoType): string {
  switch (type.kind) {
    case "list":
      return `[]${shownType(type.item)}`;
    case "map":
      return `map[string]${shownType(type.item)}`;
    case "struct":
      return type.name.slice(type.name.indexOf(".") + 1);
    case "scalar":
      return SCALARS.get(type.name) ?? type.name;
  }
}

const SCALARS: ReadonlyMap<string, string> = new Map([
  ["int32", "integer"],
  ["int64", "integer"],
  ["bool", "boolean"],
  ["bytes", "string"],
  ["any", "Object"],
]);
