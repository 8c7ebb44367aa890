/** Values of code as the nodes that a YAML file would have for them, so that one check does for both. */
import { VethworkError } from "../base/errors.ts";
import type { YamlNode } from "./yaml-node.ts";

const PLACE = { file: "", line: 1, column: 1 };

/** The node of a value made of plain objects, arrays, texts, numbers and truth values. */
export function yamlOf(value: unknown): YamlNode {
  if (Array.isArray(value)) return { kind: "list", items: value.map(yamlOf), place: PLACE };
  if (value === null || value === undefined) return scalar(null, "");
  if (typeof value === "object") {
    const entries = Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .map(([key, each]) => ({ key, keyPlace: PLACE, value: yamlOf(each) }));
    return { kind: "map", entries, place: PLACE };
  }
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return scalar(value, String(value));
  }
  throw new VethworkError("VW_LAB", `a ${typeof value} where a value belongs`);
}

function scalar(value: string | number | boolean | null, text: string): YamlNode {
  return { kind: "scalar", value, text, place: PLACE };
}
