/**
 * The selectors of a command line, `-l app=web,tier in (a,b)` and `--field-selector
 * status.phase=Running`, and how the API server refuses ones that it cannot read.
 *
 * Spec: apimachinery pkg/labels (Parse) and pkg/fields, cli-runtime EnhanceListError, v1.36.
 */
import { ApiError } from "../api/errors.ts";
import { matchesSelector } from "../api/labels.ts";
import type { Resource } from "../api/resources.ts";
import type { ApiObject, LabelRequirement, LabelSelector } from "../api/types.ts";
import { labelKeyProblems, labelValueProblems } from "../api/validation/text-rules.ts";
import { isRecord } from "../schema.ts";
import type { Arguments } from "./arguments.ts";

/** Fields by which the kinds can be chosen, beside name and namespace. */
const FIELDS: ReadonlyMap<string, readonly string[]> = new Map([
  [
    "Pod",
    [
      "spec.nodeName",
      "spec.restartPolicy",
      "spec.schedulerName",
      "spec.serviceAccountName",
      "spec.hostNetwork",
      "status.phase",
      "status.podIP",
      "status.podIPs",
      "status.nominatedNodeName",
    ],
  ],
  ["Service", ["spec.clusterIP", "spec.type"]],
  ["Node", ["spec.unschedulable"]],
  ["ReplicationController", ["status.replicas"]],
  ["Secret", ["type"]],
  ["Namespace", ["status.phase"]],
  ["Job", ["status.successful"]],
  [
    "Event",
    [
      "involvedObject.kind",
      "involvedObject.namespace",
      "involvedObject.name",
      "involvedObject.uid",
      "involvedObject.apiVersion",
      "involvedObject.resourceVersion",
      "involvedObject.fieldPath",
      "reason",
      "reportingComponent",
      "source",
      "type",
    ],
  ],
]);

/** What a list of `resource` is asked for: whether an object belongs to it. Throws `BadRequest`. */
export function listOptions(args: Arguments, resource: Resource): (object: ApiObject) => boolean {
  const labels = (args.option("l") ?? args.option("selector") ?? "").trim();
  const fields = (args.option("field-selector") ?? "").trim();
  try {
    const selector = parseSelector(labels);
    const matches = fieldSelector(fields, resource.kind);
    return (object) => matchesSelector(selector, object.metadata.labels) && matches(object);
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    const subject = `${resource.apiVersion.includes("/") ? "" : "/"}${resource.apiVersion}, Resource=${resource.plural}`;
    throw new ApiError(
      "BadRequest",
      `Unable to find ${JSON.stringify(subject)} that match label selector ${JSON.stringify(labels)}, field selector ${JSON.stringify(fields)}: ${error.message}`,
    );
  }
}

/** A selector that cannot be read. */
class SelectorError extends Error {}

/** `status.phase=Running,spec.nodeName!=node1`: what the fields of an object must be. */
function fieldSelector(text: string, kind: string): (object: ApiObject) => boolean {
  if (text === "") return () => true;
  const terms = text.split(",").map((term) => {
    const parts = /^([^!=]+)(!=|==?)(.*)$/.exec(term);
    if (parts === null) {
      throw new SelectorError(`invalid selector: '${text}'; can't understand '${term}'`);
    }
    const [, path = "", operator, value] = parts;
    checkField(path, kind);
    return { path, not: operator === "!=", value };
  });
  return (object) =>
    terms.every(({ path, not, value }) => (fieldText(object, path) === value) !== not);
}

function checkField(path: string, kind: string): void {
  if (path === "metadata.name" || path === "metadata.namespace") return;
  const known = FIELDS.get(kind);
  if (known?.includes(path) === true) return;
  throw new SelectorError(
    known === undefined
      ? `${JSON.stringify(path)} is not a known field selector: only "metadata.name", "metadata.namespace"`
      : `field label not supported: ${path}`,
  );
}

function fieldText(object: ApiObject, path: string): string {
  let value: unknown = object;
  for (const name of path.split(".")) value = isRecord(value) ? value[name] : undefined;
  return value === undefined ? "" : String(value);
}

/** One word of a label selector; `""` is its end. */
interface Token {
  readonly text: string;
  readonly isName: boolean;
}

/** `a=b,c!=d,e in (f,g),!h` */
function parseSelector(text: string): LabelSelector {
  const parser = new SelectorParser(text);
  return { matchExpressions: parser.requirements() };
}

/** Reads requirements word by word, as apimachinery's parser does. */
class SelectorParser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string) {
    const words = text.match(/!=|==|[=!(),<>]|[^\s=!(),<>]+/g) ?? [];
    this.#tokens = words.map((word) => ({ text: word, isName: !/^[=!(),<>]/.test(word) }));
  }

  requirements(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    if (this.#next.text === "") return requirements;
    for (;;) {
      const { text, isName } = this.#next;
      if (!isName && text !== "!") {
        throw unexpected(text, "!, identifier, or 'end of string'");
      }
      requirements.push(this.#read(() => this.#requirement()));
      const after = this.#take();
      if (after.text === "") return requirements;
      if (after.text !== ",") throw unexpected(after.text, "',' or 'end of string'");
      const next = this.#next;
      if (!next.isName && next.text !== "!") {
        throw unexpected(next.text, "identifier after ','");
      }
    }
  }

  get #next(): Token {
    return this.#tokens[this.#at] ?? { text: "", isName: false };
  }

  #take(): Token {
    const token = this.#next;
    this.#at += 1;
    return token;
  }

  #read<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof SelectorError)) throw error;
      throw new SelectorError(`unable to parse requirement: ${error.message}`);
    }
  }

  #requirement(): LabelRequirement {
    const isAbsent = this.#next.text === "!";
    if (isAbsent) this.#take();
    const { text: key, isName } = this.#take();
    if (!isName) throw unexpected(key, "identifier");
    const [keyProblem] = labelKeyProblems(key);
    if (keyProblem !== undefined) {
      throw new SelectorError(`key: Invalid value: ${JSON.stringify(key)}: ${keyProblem}`);
    }
    if (isAbsent) return { key, operator: "DoesNotExist" };
    if (this.#next.text === "" || this.#next.text === ",") return { key, operator: "Exists" };
    const { text: operator } = this.#take();
    const isSet = operator === "in" || operator === "notin";
    if (!isSet && !["=", "==", "!=", "<", ">"].includes(operator)) {
      throw unexpected(operator, "in, notin, =, ==, !=, gt, lt");
    }
    const values = isSet ? this.#values() : [this.#value()];
    for (const [index, value] of values.entries()) {
      const [valueProblem] = labelValueProblems(value);
      if (valueProblem === undefined) continue;
      throw new SelectorError(
        `values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${valueProblem}`,
      );
    }
    if (operator === "<" || operator === ">") {
      return { key, operator: operator === "<" ? "Lt" : "Gt", values };
    }
    return { key, operator: operator === "notin" || operator === "!=" ? "NotIn" : "In", values };
  }

  #value(): string {
    const { text } = this.#next;
    if (text === "" || text === ",") return "";
    const { text: value, isName } = this.#take();
    if (!isName) throw unexpected(value, "identifier");
    return value;
  }

  #values(): string[] {
    const open = this.#take();
    if (open.text !== "(") throw new SelectorError(`found '${open.text}' expected: '('`);
    const values: string[] = [];
    for (;;) {
      const { text, isName } = this.#next;
      if (isName) values.push(this.#take().text);
      else if (text === "," || (text === ")" && values.length > 0)) values.push("");
      else if (text !== ")") throw unexpected(text, "',', ')' or identifier");
      const after = this.#take();
      if (after.text === ")") return values;
      if (after.text !== ",") throw unexpected(after.text, "',' or ')'");
    }
  }
}

function unexpected(found: string, expected: string): SelectorError {
  return new SelectorError(`found '${found}', expected: ${expected}`);
}
