/**
 * Checks that many kinds share, in the API server's words: names, labels, selectors, numbers.
 *
 * Spec: apimachinery util/validation and apis/meta/v1/validation, v1.36.
 */
import type { FieldPath } from "../schema.ts";
import type { FieldErrors } from "./errors.ts";
import { type Fields, mapIn, mapsIn, textIn, textsIn } from "./fields.ts";

const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?";
const QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const VALUE = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";

/** One rule of text: its form, length and how the API says it. */
interface TextRule {
  readonly form: RegExp;
  readonly maxLength: number;
  readonly message: string;
}

function rule(
  pattern: string,
  maxLength: number,
  what: string,
  examples: readonly string[],
): TextRule {
  const shown = examples.map((example) => `'${example}', `).join(" or ");
  return {
    form: new RegExp(`^${pattern}$`),
    maxLength,
    message: `${what} (e.g. ${shown}regex used for validation is '${pattern}')`,
  };
}

export const RFC1123_SUBDOMAIN = rule(
  SUBDOMAIN,
  253,
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  ["example.com"],
);
export const RFC1123_LABEL = rule(
  LABEL,
  63,
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  ["my-name", "123-abc"],
);
export const RFC1035_LABEL = rule(
  LABEL_1035,
  63,
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  ["my-name", "abc-123"],
);
const QUALIFIED_NAME = rule(
  QUALIFIED,
  63,
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  ["MyName", "my.name", "123-abc"],
);
const LABEL_VALUE = rule(
  VALUE,
  63,
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  ["MyValue", "my_value", "12345"],
);

/** What a text breaks of a rule. */
export function textProblems(text: string, { form, maxLength, message }: TextRule): string[] {
  const problems: string[] = [];
  if (text.length > maxLength) problems.push(`must be no more than ${maxLength} characters`);
  if (!form.test(text)) problems.push(message);
  return problems;
}

/** Reports each problem of a text. */
export function checkText(
  errors: FieldErrors,
  path: FieldPath,
  text: string,
  textRule: TextRule,
): void {
  for (const problem of textProblems(text, textRule)) errors.invalid(path, text, problem);
}

/** Kinds whose names are labels; all others are subdomains. */
const NAME_RULES: ReadonlyMap<string, TextRule> = new Map([
  ["Service", RFC1035_LABEL],
  ["Namespace", RFC1123_LABEL],
]);

/** metadata of any kind: name, labels, annotations. */
export function checkMetadata(errors: FieldErrors, object: Fields): void {
  const metadata = mapIn(object, "metadata");
  const name = textIn(metadata, "name");
  if (name === "") errors.required(["metadata", "name"], "name or generateName is required");
  else {
    checkText(
      errors,
      ["metadata", "name"],
      name,
      NAME_RULES.get(textIn(object, "kind")) ?? RFC1123_SUBDOMAIN,
    );
  }
  checkLabels(errors, ["metadata", "labels"], mapIn(metadata, "labels"));
  for (const key of Object.keys(mapIn(metadata, "annotations") ?? {})) {
    checkQualifiedName(errors, ["metadata", "annotations"], key);
  }
}

/** Keys and values of labels. */
export function checkLabels(errors: FieldErrors, path: FieldPath, labels: Fields | null): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    checkQualifiedName(errors, path, key);
    checkText(errors, path, String(value), LABEL_VALUE);
  }
}

/** `prefix/name` of a label, annotation or taint. */
export function checkQualifiedName(errors: FieldErrors, path: FieldPath, key: string): void {
  const slash = key.indexOf("/");
  const prefix = slash === -1 ? null : key.slice(0, slash);
  const name = key.slice(slash + 1);
  if (prefix !== null) {
    for (const problem of textProblems(prefix, RFC1123_SUBDOMAIN))
      errors.invalid(path, key, `prefix part ${problem}`);
  }
  if (name === "") errors.invalid(path, key, "name part must be non-empty");
  for (const problem of textProblems(name, QUALIFIED_NAME)) {
    errors.invalid(path, key, problem.startsWith("must") ? `name part ${problem}` : problem);
  }
}

/** A whole number from 0. */
export function checkNonNegative(errors: FieldErrors, path: FieldPath, value: unknown): void {
  if (typeof value === "number" && value < 0) {
    errors.invalid(path, value, "must be greater than or equal to 0");
  }
}

/** A port number. */
export function checkPort(errors: FieldErrors, path: FieldPath, value: unknown): void {
  if (typeof value === "number" && (value < 1 || value > 65535)) {
    errors.invalid(path, value, "must be between 1 and 65535, inclusive");
  }
}

/** The name of a port, as IANA's service names are formed. */
export function checkPortName(errors: FieldErrors, path: FieldPath, name: string): void {
  for (const problem of portNameProblems(name)) errors.invalid(path, name, problem);
}

function portNameProblems(name: string): string[] {
  const problems: string[] = [];
  if (name.length > 15) problems.push("must be no more than 15 characters");
  if (!/^[-a-z0-9]+$/.test(name))
    problems.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (!/[a-z]/.test(name)) problems.push("must contain at least one letter (a-z)");
  if (name.includes("--")) problems.push("must not contain consecutive hyphens");
  if (name.startsWith("-") || name.endsWith("-"))
    problems.push("must not begin or end with a hyphen");
  return problems;
}

/** A port number or the name of one. */
export function checkPortOrName(errors: FieldErrors, path: FieldPath, value: unknown): void {
  if (typeof value === "string") checkPortName(errors, path, value);
  else checkPort(errors, path, value);
}

/** A number, or a share of 100 %. */
export function checkIntOrPercent(errors: FieldErrors, path: FieldPath, value: unknown): void {
  if (typeof value === "number") {
    checkNonNegative(errors, path, value);
    return;
  }
  if (!/^[0-9]+%$/.test(String(value))) {
    errors.invalid(
      path,
      value,
      "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
    );
  }
}

const OPERATORS = ["In", "NotIn", "Exists", "DoesNotExist"];

/** A label selector; reports whether it can be used at all. */
export function checkSelector(errors: FieldErrors, path: FieldPath, selector: Fields): boolean {
  const before = errors.list.length;
  checkLabels(errors, [...path, "matchLabels"], mapIn(selector, "matchLabels"));
  for (const [index, expression] of mapsIn(selector, "matchExpressions").entries()) {
    const at = [...path, "matchExpressions", index];
    const operator = textIn(expression, "operator");
    const values = textsIn(expression, "values");
    if (operator === "In" || operator === "NotIn") {
      if (values.length === 0) {
        errors.required([...at, "values"], "must be specified when `operator` is 'In' or 'NotIn'");
      }
    } else if (operator === "Exists" || operator === "DoesNotExist") {
      if (values.length > 0) {
        errors.forbidden(
          [...at, "values"],
          "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        );
      }
    }
    if (!OPERATORS.includes(operator)) {
      errors.invalid([...at, "operator"], operator, "not a valid selector operator");
    }
    checkQualifiedName(errors, [...at, "key"], textIn(expression, "key"));
  }
  return errors.list.length === before;
}
