/**
 * Kinds of lists and mappings. The keys of a mapping are declared as fields, of which the type of
 * what is read follows.
 */
import { type Place, VethworkError } from "../../base/errors.ts";
import type { YamlEntry, YamlMap, YamlNode } from "../yaml-node.ts";
import { type JsonSchema, type Kind, wrong } from "./kind.ts";

/** One key of a mapping. */
export interface Field<T> {
  readonly kind: Kind<T>;
  readonly description: string;
  readonly required: boolean;
  /** The value when the key is missing or has no value. */
  readonly absent: T;
}

/** The keys of a mapping. */
export type Fields = { readonly [key: string]: Field<unknown> };

/** What a mapping with these keys reads as. */
export type ValueOf<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never;
};

/** A key that must be there. */
export function required<T>(kind: Kind<T>, description: string): Field<T> {
  // `absent` is never read: a missing key is an error before.
  return { kind, description, required: true, absent: undefined as T };
}

/** A key that may be missing, which reads as null. */
export function optional<T>(kind: Kind<T>, description: string): Field<T | null> {
  return { kind, description, required: false, absent: null };
}

/** A key that may be missing, which reads as `absent`. */
export function withDefault<T>(kind: Kind<T>, absent: T, description: string): Field<T> {
  return { kind, description, required: false, absent };
}

/** A list of values of one kind. */
export function list<T>(item: Kind<T>, minimum = 0, maximum = Number.POSITIVE_INFINITY): Kind<T[]> {
  const count = minimum === maximum ? `${minimum} values` : `at least ${minimum} value`;
  const expected = minimum === 0 ? "a list" : `a list of ${count}`;
  const limits = {
    ...(minimum > 0 ? { minItems: minimum } : {}),
    ...(maximum < Number.POSITIVE_INFINITY ? { maxItems: maximum } : {}),
  };
  return {
    expected,
    jsonSchema: { type: "array", items: item.jsonSchema, ...limits },
    read(node) {
      if (node.kind !== "list") throw wrong(node, expected);
      if (node.items.length < minimum || node.items.length > maximum) {
        throw new VethworkError(
          "VW_LAB",
          `a list of ${node.items.length} where ${expected} belongs`,
          "",
          node.place,
        );
      }
      return node.items.map((one) => item.read(one));
    },
  };
}

/** A mapping whose keys are names of the user's choice. Order is that of the file. */
export interface NamedEntry<T> {
  readonly name: string;
  /** Where the name stands. */
  readonly place: Place;
  readonly value: T;
}

/** A mapping from names to values of one kind; `names` says which names there may be. */
export function mapping<T>(names: Kind<string>, value: Kind<T>, absent?: T): Kind<NamedEntry<T>[]> {
  const expected = `a mapping from ${names.expected} to ${value.expected}`;
  const valueSchema =
    absent === undefined ? value.jsonSchema : { anyOf: [value.jsonSchema, { type: "null" }] };
  return {
    expected,
    jsonSchema: {
      type: "object",
      propertyNames: names.jsonSchema,
      additionalProperties: valueSchema,
    },
    read(node) {
      if (node.kind !== "map") throw wrong(node, expected);
      return node.entries.map((entry) => {
        const name = names.read(keyNode(entry));
        const missing = absent !== undefined && isNothing(entry.value);
        return { name, place: entry.keyPlace, value: missing ? absent : value.read(entry.value) };
      });
    },
  };
}

/** A mapping with known keys. */
export function object<F extends Fields>(expected: string, fields: F): Kind<ValueOf<F>> {
  const names = Object.keys(fields);
  const needed = names.filter((name) => fields[name]?.required === true);
  return {
    expected,
    jsonSchema: {
      type: "object",
      properties: Object.fromEntries(names.map((name) => [name, fieldSchema(fields[name])])),
      ...(needed.length > 0 ? { required: needed } : {}),
      additionalProperties: false,
    },
    read(node) {
      if (node.kind !== "map") throw wrong(node, expected);
      checkKeys(node, expected, names);
      const values: { [key: string]: unknown } = {};
      for (const name of names) {
        const field = fields[name];
        if (field !== undefined) values[name] = readField(node, expected, name, field);
      }
      // Sound by construction: each key of F was read by the kind that F gives it.
      return values as ValueOf<F>;
    },
  };
}

/** A value of the first kind if it is a scalar or a list, of the second if it is a mapping. */
export function shortOrLong<S, L>(short: Kind<S>, long: Kind<L>): Kind<S | L> {
  const expected = `${short.expected}, or ${long.expected}`;
  return {
    expected,
    jsonSchema: { anyOf: [short.jsonSchema, long.jsonSchema] },
    read: (node) => (node.kind === "map" ? long.read(node) : short.read(node)),
  };
}

/** A mapping whose kind is known by which of `kinds` is among its keys. */
export function byKey<T>(expected: string, kinds: { readonly [key: string]: Kind<T> }): Kind<T> {
  const keys = Object.keys(kinds);
  const hint = `with one of the keys ${keys.join(", ")}`;
  return {
    expected,
    jsonSchema: { oneOf: keys.map((key) => kinds[key]?.jsonSchema) },
    read(node) {
      if (node.kind !== "map") throw wrong(node, `${expected} ${hint}`);
      const found = node.entries.filter(({ key }) => keys.includes(key));
      const [first, second] = found;
      if (first === undefined) {
        const unknown = node.entries.length > 0 ? ` with the keys ${keysOf(node)}` : "";
        throw new VethworkError("VW_LAB", `${expected}${unknown} says nothing`, hint, node.place);
      }
      if (second !== undefined) {
        throw new VethworkError(
          "VW_LAB",
          `"${second.key}" beside "${first.key}" in one entry`,
          `${expected} has one of ${keys.join(", ")}`,
          second.keyPlace,
        );
      }
      const kind = kinds[first.key];
      if (kind === undefined) throw wrong(node, expected);
      return kind.read(node);
    },
  };
}

function fieldSchema(field: Field<unknown> | undefined): JsonSchema {
  return { ...field?.kind.jsonSchema, description: field?.description };
}

function readField(map: YamlMap, owner: string, name: string, field: Field<unknown>): unknown {
  const entry = map.entries.find(({ key }) => key === name);
  if (entry !== undefined && !(isNothing(entry.value) && !field.required)) {
    return field.kind.read(entry.value);
  }
  if (field.required && entry === undefined) {
    throw new VethworkError(
      "VW_LAB",
      `${owner} has no "${name}"`,
      `${name}: ${field.kind.expected}`,
      map.place,
    );
  }
  return entry === undefined || !field.required ? field.absent : field.kind.read(entry.value);
}

function checkKeys(map: YamlMap, owner: string, allowed: readonly string[]): void {
  const unknown = map.entries.find(({ key }) => !allowed.includes(key));
  if (unknown !== undefined) {
    throw new VethworkError(
      "VW_LAB",
      `unknown key "${unknown.key}" in ${owner}`,
      `allowed: ${allowed.join(", ")}`,
      unknown.keyPlace,
    );
  }
}

function keysOf(map: YamlMap): string {
  return map.entries.map(({ key }) => key).join(", ");
}

function keyNode(entry: YamlEntry): YamlNode {
  return { kind: "scalar", value: entry.key, text: entry.key, place: entry.keyPlace };
}

function isNothing(node: YamlNode): boolean {
  return node.kind === "scalar" && node.value === null;
}
