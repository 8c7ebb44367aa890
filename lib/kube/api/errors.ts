/**
 * What the API server answers when it refuses a request: a reason, a message, and for objects that
 * are wrong the causes with their fields.
 *
 * Spec: Kubernetes API, metav1.Status; field errors of apimachinery's util/validation/field.
 */
import { type FieldPath, formatPath } from "../schema.ts";

export type ApiErrorReason =
  | "NotFound"
  | "AlreadyExists"
  | "Conflict"
  | "Invalid"
  | "BadRequest"
  | "Forbidden";

/** One field that is wrong. */
export interface FieldError {
  readonly path: FieldPath;
  /** What is said after the path: `Required value`, `Invalid value: 0: must be …`. */
  readonly text: string;
}

/** A refused request. Thrown by the API server, caught by its clients. */
export class ApiError extends Error {
  readonly reason: ApiErrorReason;
  /** The fields it is about: of `Invalid` all, of `BadRequest` the first. */
  readonly fields: readonly FieldError[];

  constructor(reason: ApiErrorReason, message: string, fields: readonly FieldError[] = []) {
    super(message);
    this.name = "ApiError";
    this.reason = reason;
    this.fields = fields;
  }
}

/** The refusal of an object, in the words that kubectl prints. */
export function invalidError(kind: string, name: string, fields: readonly FieldError[]): ApiError {
  const lines = [...new Set(fields.map(({ path, text }) => `${formatPath(path)}: ${text}`))];
  const list =
    lines.length === 1 ? ` ${lines[0]}` : ` \n${lines.map((line) => `* ${line}`).join("\n")}`;
  return new ApiError("Invalid", `The ${kind} "${name}" is invalid:${list}`, fields);
}

/** Collects field errors on the way through an object. */
export class FieldErrors {
  readonly list: FieldError[] = [];

  required(path: FieldPath, detail = ""): void {
    this.list.push({ path, text: detail === "" ? "Required value" : `Required value: ${detail}` });
  }

  invalid(path: FieldPath, value: unknown, detail: string): void {
    this.list.push({ path, text: `Invalid value: ${quoted(value)}: ${detail}` });
  }

  duplicate(path: FieldPath, value: unknown): void {
    this.list.push({ path, text: `Duplicate value: ${quoted(value)}` });
  }

  forbidden(path: FieldPath, detail: string): void {
    this.list.push({ path, text: `Forbidden: ${detail}` });
  }

  /** `allowed` in the order in which the API says them. */
  notSupported(path: FieldPath, value: unknown, allowed: readonly string[]): void {
    const values = allowed.map((each) => `"${each}"`).join(", ");
    this.list.push({
      path,
      text: `Unsupported value: ${quoted(value)}: supported values: ${values}`,
    });
  }
}

function quoted(value: unknown): string {
  return typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : JSON.stringify(value);
}
