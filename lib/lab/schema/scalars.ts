/** Kinds of single values: text, numbers, truth values, words. */
import { VethworkError } from "../../base/errors.ts";
import { describeNode } from "../yaml-node.ts";
import { type JsonSchema, type Kind, withPlace, wrong } from "./kind.ts";

/** Any text. A number or truth value is refused: quotes make it text. */
export function text(
  expected = "text",
  check: (value: string) => boolean = () => true,
  schema: JsonSchema = {},
): Kind<string> {
  return {
    expected,
    jsonSchema: { type: "string", ...schema },
    read(node) {
      if (node.kind !== "scalar" || node.value === null) throw wrong(node, expected);
      if (typeof node.value !== "string") {
        throw new VethworkError(
          "VW_LAB",
          `${describeNode(node)} where ${expected} belongs`,
          `write "${node.text}" in quotes if it is meant`,
          node.place,
        );
      }
      if (!check(node.value)) throw wrong(node, expected);
      return node.value;
    },
  };
}

/** Text of a pattern, which the whole text must match. */
export function pattern(expected: string, regex: RegExp): Kind<string> {
  return text(expected, (value) => regex.test(value), { pattern: regex.source });
}

/** A whole number in a range. */
export function integer(expected: string, minimum: number, maximum: number): Kind<number> {
  return {
    expected,
    jsonSchema: { type: "integer", minimum, maximum },
    read(node) {
      const value = node.kind === "scalar" ? node.value : null;
      if (typeof value !== "number" || !Number.isSafeInteger(value)) throw wrong(node, expected);
      if (value < minimum || value > maximum) throw wrong(node, expected);
      return value;
    },
  };
}

/** true or false. */
export const truth: Kind<boolean> = {
  expected: "true or false",
  jsonSchema: { type: "boolean" },
  read(node) {
    if (node.kind !== "scalar" || typeof node.value !== "boolean") throw wrong(node, this.expected);
    return node.value;
  },
};

/** One of a few words. */
export function word<W extends string>(...words: readonly W[]): Kind<W> {
  const expected = `one of ${words.join(", ")}`;
  return {
    expected,
    jsonSchema: { enum: words },
    read(node) {
      const found = words.find((candidate) => node.kind === "scalar" && node.value === candidate);
      if (found === undefined) throw wrong(node, expected);
      return found;
    },
  };
}

/** Text or a number that `parse` turns into a value; its errors get the place of the node. */
export function parsed<T>(
  expected: string,
  parse: (text: string) => T,
  schema: JsonSchema,
): Kind<T> {
  return {
    expected,
    jsonSchema: schema,
    read(node) {
      if (node.kind !== "scalar" || node.value === null || typeof node.value === "boolean") {
        throw wrong(node, expected);
      }
      return withPlace(node.place, () => parse(node.text));
    },
  };
}
