/**
 * The fields of the API's Go types, which is what a strict decoder knows. A manifest's fields are
 * looked up here, and so are the type names that a decoder's message says, and which empty values
 * are left out when an object is written.
 *
 * Spec: Kubernetes API v1.36 reference; encoding/json, "omitempty".
 */
import { CORE_TYPES } from "./go-types/core.ts";
import { POD_TYPES } from "./go-types/pod.ts";
import { WORKLOAD_TYPES } from "./go-types/workloads.ts";

/** A type: a scalar's name, a struct's name, or a list or map of a type. */
export type GoType =
  | { readonly kind: "scalar"; readonly name: string }
  | { readonly kind: "struct"; readonly name: string }
  | { readonly kind: "list"; readonly item: GoType }
  | { readonly kind: "map"; readonly item: GoType };

/** A field of a struct. */
export interface GoField {
  readonly type: GoType;
  /** Whether an empty value is left out: not of pointers, nor of fields that are always there. */
  readonly omitsEmpty: boolean;
}

const SCALARS = new Set([
  "string",
  "bytes",
  "bool",
  "int32",
  "int64",
  "IntOrString",
  "Quantity",
  "Time",
  "any",
]);

/** Scalars that are pointers, or have no zero value that is left out. */
const NEVER_OMITTED = new Set(["IntOrString", "Quantity", "Time", "any"]);

/** Fields of each struct, by the struct's name. */
export const GO_TYPES: ReadonlyMap<string, ReadonlyMap<string, GoField>> = new Map(
  `${CORE_TYPES}${POD_TYPES}${WORKLOAD_TYPES}`
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const colon = line.indexOf(":");
      const fields = line
        .slice(colon + 1)
        .split(",")
        .map((field): [string, GoField] => {
          const [name = "", ...type] = field.trim().split(" ");
          return [name, readField(type.join(" "))];
        });
      return [line.slice(0, colon), new Map(fields)];
    }),
);

function readField(text: string): GoField {
  const isPointer = text.startsWith("*");
  const isAlways = text.endsWith("!");
  const type = readType(text.replace(/^\*/, "").replace(/!$/, ""));
  const hasZero =
    type.kind !== "struct" && !(type.kind === "scalar" && NEVER_OMITTED.has(type.name));
  return { type, omitsEmpty: hasZero && !isPointer && !isAlways };
}

function readType(text: string): GoType {
  if (text.startsWith("[]")) return { kind: "list", item: readType(text.slice(2)) };
  if (text.startsWith("map ")) return { kind: "map", item: readType(text.slice(4)) };
  return { kind: SCALARS.has(text) ? "scalar" : "struct", name: text };
}

/** The type as Go prints it: `[]v1.ServicePort`, `map[string]string`. */
function goTypeName(type: GoType): string {
  switch (type.kind) {
    case "list":
      return `[]${goTypeName(type.item)}`;
    case "map":
      return `map[string]${goTypeName(type.item)}`;
    case "struct":
      return `v1.${type.name.slice(type.name.indexOf(".") + 1)}`;
    case "scalar":
      if (type.name === "bytes") return "[]uint8";
      if (type.name === "Quantity") return "resource.Quantity";
      return type.name;
  }
}

/** The type that a message names for a single value: some read themselves from a simpler one. */
export function goValueName(type: GoType): string {
  if (type.kind !== "scalar") return goTypeName(type);
  if (type.name === "IntOrString") return "int32";
  return type.name === "Time" ? "string" : goTypeName(type);
}
