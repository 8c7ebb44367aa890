/**
 * What a kind of value is. A kind reads a YAML node and says as JSON Schema what it reads, so the
 * checker and the schema that editors use are two faces of one declaration.
 *
 * Spec: JSON Schema, draft 2020-12.
 */
import { type Place, VethworkError } from "../../base/errors.ts";
import { describeNode, type YamlNode } from "../yaml-node.ts";

/** A JSON Schema, or a part of one. */
export type JsonSchema = { readonly [key: string]: unknown };

/** A kind of value. */
export interface Kind<T> {
  /** What such a value is, for messages: `a duration such as 10ms`. */
  readonly expected: string;
  /** The value of a node. Throws `VW_LAB` at the place that is wrong. */
  read(node: YamlNode): T;
  readonly jsonSchema: JsonSchema;
}

/** A value together with where it stands, for checks that come later. */
export interface Located<T> {
  readonly value: T;
  readonly place: Place;
}

/** A value that is wrong: what it is and what would be right. */
export function wrong(node: YamlNode, expected: string): VethworkError {
  return new VethworkError(
    "VW_LAB",
    `${describeNode(node)} where ${expected} belongs`,
    "",
    node.place,
  );
}

/** Runs `action`; bad input that it reports without a place is reported at `place`. */
export function withPlace<T>(place: Place, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw error instanceof VethworkError ? error.at(place) : error;
  }
}

/** A kind whose values keep their place. */
export function located<T>(kind: Kind<T>): Kind<Located<T>> {
  return {
    expected: kind.expected,
    jsonSchema: kind.jsonSchema,
    read: (node) => ({ value: kind.read(node), place: node.place }),
  };
}

/** Another value made of what a kind reads. */
export function mapped<A, B>(kind: Kind<A>, convert: (value: A, place: Place) => B): Kind<B> {
  return {
    expected: kind.expected,
    jsonSchema: kind.jsonSchema,
    read: (node) => withPlace(node.place, () => convert(kind.read(node), node.place)),
  };
}
