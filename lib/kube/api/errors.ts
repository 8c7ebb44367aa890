/**
 * What the API server answers when it refuses a request: a reason, a message, and for objects that
 * are wrong the causes with their fields.
 *
 * Spec: Kubernetes API, metav1.Status; field errors of apimachinery's util/validation/field.
 */
import { type FieldPath, formatPath } from "../schema.ts";
import { groupOfKind, qualifiedPlural } from "./resources.ts";

/** The reasons of refusals, as `metav1.Status` names them; some have none. */
export type ApiErrorReason =
  | ""
  | "NotFound"
  | "AlreadyExists"
  | "Conflict"
  | "Invalid"
  | "BadRequest"
  | "Forbidden"
  | "MethodNotAllowed"
  | "TooManyRequests"
  | "InternalError";

/** One field that is wrong. */
export interface FieldError {
  readonly path: FieldPath;
  /** The path that is said, where it is not that of the field. */
  readonly shownPath?: FieldPath;
  /** What is said after the path: `Required value`, `Invalid value: 0: must be …`. */
  readonly text: string;
}

/** The object that an `Invalid` is about; both empty: a patch that makes no object. */
export interface ErrorSubject {
  readonly kind: string;
  readonly name: string;
}

/** A refused request. Thrown by the API server, caught by its clients. */
export class ApiError extends Error {
  readonly reason: ApiErrorReason;
  /** The fields it is about: of `Invalid` all, of `BadRequest` the first. */
  readonly fields: readonly FieldError[];
  readonly subject: ErrorSubject | null;

  constructor(
    reason: ApiErrorReason,
    message: string,
    fields: readonly FieldError[] = [],
    subject: ErrorSubject | null = null,
  ) {
    super(message);
    this.name = "ApiError";
    this.reason = reason;
    this.fields = fields;
    this.subject = subject;
  }
}

/** The refusal of a new object with a resourceVersion: it was copied from a cluster. */
export function versionOfNew(): ApiError {
  const text = "resourceVersion should not be set on objects to be created";
  return new ApiError("", text, [{ path: ["metadata", "resourceVersion"], text }]);
}

/** The refusal of an object: `Deployment.apps "web" is invalid: spec.replicas: …`. */
export function invalidError(kind: string, name: string, fields: readonly FieldError[]): ApiError {
  const texts = fieldTexts(fields);
  const list = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  const group = groupOfKind(kind);
  const message = `${kind}${group === "" ? "" : `.${group}`} "${name}" is invalid: ${list}`;
  return new ApiError("Invalid", message, fields, { kind, name });
}

/** `services "web" not found` and the like. */
export function notFound(kind: string, name: string): ApiError {
  return new ApiError("NotFound", `${qualifiedPlural(kind)} "${name}" not found`);
}

/** `services "web" already exists` and the like. */
export function alreadyExists(kind: string, name: string): ApiError {
  return new ApiError("AlreadyExists", `${qualifiedPlural(kind)} "${name}" already exists`);
}

/** The refusal of an object whose version is not the present one. */
export function staleVersion(kind: string, name: string): ApiError {
  const what = `Operation cannot be fulfilled on ${qualifiedPlural(kind)} "${name}"`;
  const why = "the object has been modified";
  const advice = "please apply your changes to the latest version and try again";
  return new ApiError("Conflict", `${what}: ${why}; ${advice}`);
}

/** The refusal of a new object in a namespace that is being deleted. */
export function endingNamespace(namespace: string, kind: string, name: string): ApiError {
  const what = `${qualifiedPlural(kind)} "${name}" is forbidden`;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  return new ApiError("Forbidden", `${what}: ${why}`);
}

/** The refusal of a patch; `shown` is the patch as Go prints it. */
export function invalidPatch(shown: string, problem: string, path: FieldPath = []): ApiError {
  const text = `patch: Invalid value: ${JSON.stringify(shown)}: ${problem}`;
  const fields = [{ path, text: text.slice("patch: ".length), shownPath: ["patch"] }];
  return new ApiError("Invalid", ` "" is invalid: ${text}`, fields, { kind: "", name: "" });
}

/** Fields and what is wrong with them, each once. */
export function fieldTexts(fields: readonly FieldError[]): string[] {
  return [
    ...new Set(
      fields.map(({ path, shownPath, text }) => `${formatPath(shownPath ?? path)}: ${text}`),
    ),
  ];
}

/** Collects field errors on the way through an object. */
export class FieldErrors {
  readonly list: FieldError[] = [];

  required(path: FieldPath, detail = ""): void {
    this.#add(path, "Required value", detail);
  }

  invalid(path: FieldPath, value: unknown, detail: string): void {
    this.#add(path, `Invalid value: ${shownValue(value)}`, detail);
  }

  /** Each of the problems of one value. */
  invalidFor(path: FieldPath, value: unknown, problems: readonly string[]): void {
    for (const problem of problems) this.invalid(path, value, problem);
  }

  duplicate(path: FieldPath, value: unknown, detail = ""): void {
    this.#add(path, `Duplicate value: ${shownValue(value)}`, detail);
  }

  notFound(path: FieldPath, value: unknown, detail = ""): void {
    this.#add(path, `Not found: ${shownValue(value)}`, detail);
  }

  forbidden(path: FieldPath, detail: string): void {
    this.#add(path, "Forbidden", detail);
  }

  tooLong(path: FieldPath, maxBytes: number): void {
    this.#add(path, "Too long", `may not be more than ${maxBytes} bytes`);
  }

  tooMany(path: FieldPath, count: number, max: number): void {
    this.#add(path, `Too many: ${count}`, `must have at most ${max} items`);
  }

  /** `allowed` in the order in which the API says them. */
  notSupported(path: FieldPath, value: unknown, allowed: readonly string[]): void {
    const values = allowed.map((each) => `"${each}"`).join(", ");
    this.#add(path, `Unsupported value: ${shownValue(value)}`, `supported values: ${values}`);
  }

  #add(path: FieldPath, text: string, detail: string): void {
    this.list.push({ path, text: detail === "" ? text : `${text}: ${detail}` });
  }
}

/** A value as a field error quotes it: Go's JSON of it, `null` if it is not there. */
function shownValue(value: unknown): string {
  if (value === undefined || value === null) return typeof value === "object" ? "null" : '"null"';
  if (typeof value !== "object") return JSON.stringify(value);
  return goEscaped(JSON.stringify(value));
}

/** JSON as Go writes it: `<`, `>` and `&` escaped. */
export function goEscaped(json: string): string {
  return json.replace(/[<>&]/g, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`);
}
