/**
 * Small checks that say of a value from outside what is wrong with it, and where, by the path of
 * fields. They are put together to the checks of whole objects; fields that no check names pass,
 * as a record may be of a newer API than this.
 */

/** Field names and indices from the object's root. */
export type FieldPath = readonly (string | number)[];

/** Takes note of a problem: what is wrong, and what is allowed. */
export type Report = (path: FieldPath, problem: string, hint: string) => void;

/** Looks at one value and reports what is wrong with it. */
export type Check = (value: unknown, path: FieldPath, report: Report) => void;

/** A field that must be there. */
export interface Required {
  readonly required: Check;
}

/** `spec.ports[0].port`, `metadata.labels[app]` */
export function formatPath(path: FieldPath): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += text === "" || step.startsWith("[") ? step : `.${step}`;
  }
  return text;
}

/** The step to an entry of a map whose keys are data, not fields. */
export function keyStep(key: string): string {
  return `[${key}]`;
}

/** Marks a field that must be there. */
export function required(check: Check): Required {
  return { required: check };
}

/** A record whose named fields pass their checks; null counts as absent, as in the API. */
export function record(fields: Readonly<Record<string, Check | Required>>): Check {
  return (value, path, report) => {
    if (!isRecord(value)) {
      report(path, `${describe(value)} is not a map`, "fields as name: value");
      return;
    }
    for (const [name, check] of Object.entries(fields)) {
      const field = value[name];
      const mustBe = typeof check !== "function";
      if (field === undefined || field === null) {
        if (mustBe) report(path, `field ${name} is missing`, `add ${name}`);
        continue;
      }
      (mustBe ? check.required : check)(field, [...path, name], report);
    }
  };
}

/** A list whose items pass `item`. */
export function list(item: Check): Check {
  return (value, path, report) => {
    if (!Array.isArray(value)) {
      report(path, `${describe(value)} is not a list`, "items under - or in [ ]");
      return;
    }
    for (const [index, entry] of value.entries()) item(entry, [...path, index], report);
  };
}

/** A map of strings, such as labels. */
export const stringMap: Check = (value, path, report) => {
  if (!isRecord(value)) {
    report(path, `${describe(value)} is not a map`, "names and strings");
    return;
  }
  for (const [name, entry] of Object.entries(value)) string(entry, [...path, name], report);
};

/** Any text. */
export const string: Check = (value, path, report) => {
  if (typeof value !== "string") {
    report(path, `${describe(value)} is not a string`, "put it into quotes if it is meant as text");
  }
};

/** true or false. */
export const boolean: Check = (value, path, report) => {
  if (typeof value !== "boolean") {
    report(path, `${describe(value)} is not a boolean`, "true or false");
  }
};

/** A whole number from `least` to `most`. */
export function integer(least: number, most: number): Check {
  return (value, path, report) => {
    if (!Number.isInteger(value) || Number(value) < least || Number(value) > most) {
      report(path, `${describe(value)} is out of range`, `a whole number from ${least} to ${most}`);
    }
  };
}

/** One of a closed set of words. */
export function oneOf(...words: readonly string[]): Check {
  return (value, path, report) => {
    if (typeof value === "string" && words.includes(value)) return;
    const known = words.filter((word) => word !== "");
    report(path, `${describe(value)} is not known here`, `one of ${known.join(", ")}`);
  };
}

/** A string that `valid` accepts; `what` and `hint` say what it should be. */
export function text(valid: (value: string) => boolean, what: string, hint: string): Check {
  return (value, path, report) => {
    if (typeof value !== "string" || !valid(value)) {
      report(path, `${describe(value)} is not ${what}`, hint);
    }
  };
}

/** Whether a value is a map of fields. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value as an error quotes it. */
function describe(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (isRecord(value)) return "a map";
  return typeof value === "string" ? `"${value}"` : String(value);
}
