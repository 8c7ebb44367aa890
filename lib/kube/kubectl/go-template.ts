/**
 * `kubectl get -o go-template=…`: text with `{{.field}}`, `{{range}}`, `{{if}}`, `{{with}}`,
 * variables and a few functions.
 *
 * Spec: Go text/template; kubectl's `base64decode`.
 * Not modelled: nested templates (`define`, `template`, `block`), `break`, `continue`, comments,
 * methods, functions other than eq, ne, lt, gt, and, or, not, len, index, print, println, printf with
 * %s, %d and %v, and base64decode.
 */
import { fromUtf8 } from "../../base/bytes.ts";
import { UsageError } from "./arguments.ts";

interface Block {
  readonly kind: "range" | "if" | "with";
  readonly pipeline: string;
  readonly body: Node[];
  readonly otherwise: Node[];
}

type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "value"; readonly pipeline: string }
  | Block;

/** What a pipeline sees: the dot, and variables by their names with `$`. */
interface Scope {
  readonly dot: unknown;
  readonly variables: Map<string, unknown>;
}

const ACTION = /\{\{(-\s)?((?:"(?:[^"\\]|\\.)*"|`[^`]*`|[^}"`]|\}(?!\}))*?)(\s-)?\}\}/g;
const WORD = /\(|\)|\||"(?:[^"\\]|\\.)*"|`[^`]*`|[^\s()|]+/g;

/** The template over an object. Throws a usage error for what it cannot read. */
export function renderGoTemplate(object: unknown, template: string): string {
  const nodes = parse(template);
  return render(nodes, { dot: object, variables: new Map([["$", object]]) });
}

function parse(template: string): Node[] {
  const root: Node[] = [];
  const open: { readonly node: Block; into: Node[] }[] = [];
  const add = (node: Node): void => {
    (open.at(-1)?.into ?? root).push(node);
  };
  let end = 0;
  let trimsNext = false;
  const addText = (text: string, trimsEnd: boolean): void => {
    let shown = trimsNext ? text.trimStart() : text;
    if (trimsEnd) shown = shown.trimEnd();
    if (shown !== "") add({ kind: "text", text: shown });
  };
  for (const match of template.matchAll(ACTION)) {
    addText(template.slice(end, match.index), match[1] !== undefined);
    end = match.index + match[0].length;
    trimsNext = match[3] !== undefined;
    const inside = (match[2] ?? "").trim();
    const [word = "", rest = ""] = /^(range|if|with)\s+(.*)$/s.exec(inside)?.slice(1) ?? [];
    if (word === "range" || word === "if" || word === "with") {
      const node: Block = { kind: word, pipeline: rest, body: [], otherwise: [] };
      add(node);
      open.push({ node, into: node.body });
    } else if (inside === "else") {
      const top = open.at(-1);
      if (top === undefined) throw refusal("unexpected {{else}}");
      top.into = top.node.otherwise;
    } else if (inside === "end") {
      if (open.pop() === undefined) throw refusal("unexpected {{end}}");
    } else if (/^(else|define|template|block|break|continue)\b/.test(inside)) {
      throw refusal(`{{${inside}}} is not modelled`);
    } else add({ kind: "value", pipeline: inside });
  }
  addText(template.slice(end), false);
  if (open.length > 0) throw refusal("unexpected EOF");
  return root;
}

function refusal(why: string): UsageError {
  return new UsageError(`error parsing template: ${why}`);
}

function render(nodes: readonly Node[], scope: Scope): string {
  return nodes.map((node) => renderNode(node, scope)).join("");
}

function renderNode(node: Node, scope: Scope): string {
  if (node.kind === "text") return node.text;
  const [, names = "", pipeline = node.pipeline] =
    /^(\$\w*(?:\s*,\s*\$\w+)?)\s*:?=\s*(.*)$/s.exec(node.pipeline) ?? [];
  const value = evaluate(pipeline, scope);
  const [first = "", second] = names.split(",").map((name) => name.trim());
  if (node.kind === "value") {
    if (names === "") return shown(value);
    scope.variables.set(first, value);
    return "";
  }
  const inner = (dot: unknown, variables: readonly (readonly [string, unknown])[]): string =>
    render(node.body, { dot, variables: new Map([...scope.variables, ...variables]) });
  if (node.kind === "range") {
    const entries = entriesOf(value);
    if (entries.length === 0) return render(node.otherwise, scope);
    return entries
      .map(([key, item]) => {
        if (names === "") return inner(item, []);
        return inner(
          item,
          second === undefined
            ? [[first, item]]
            : [
                [first, key],
                [second, item],
              ],
        );
      })
      .join("");
  }
  if (!isTrue(value)) return render(node.otherwise, scope);
  const dot = node.kind === "with" ? value : scope.dot;
  return inner(dot, names === "" ? [] : [[first, value]]);
}

/** Lists by their numbers, maps by their names in order. */
function entriesOf(value: unknown): (readonly [unknown, unknown])[] {
  if (Array.isArray(value)) return [...value.entries()];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
}

function evaluate(pipeline: string, scope: Scope): unknown {
  const words = [...pipeline.matchAll(WORD)].map(([word]) => word);
  const value = evaluatePipe(words, scope);
  if (words.length > 0) throw refusal(`unexpected "${words[0]}" in operand`);
  return value;
}

/** Commands apart by `|`, each with the result of the one before as its last argument. */
function evaluatePipe(words: string[], scope: Scope): unknown {
  let piped: readonly unknown[] = [];
  for (;;) {
    const operands: unknown[] = [];
    const name = words[0] ?? "";
    const apply = FUNCTIONS.get(name);
    if (apply !== undefined) words.shift();
    while (words.length > 0 && words[0] !== "|" && words[0] !== ")") {
      operands.push(operand(words, scope));
    }
    const args = [...operands, ...piped];
    if (apply === undefined && args.length !== 1) throw refusal(`function "${name}" not defined`);
    piped = [apply === undefined ? args[0] : apply(args)];
    if (words[0] !== "|") return piped[0];
    words.shift();
  }
}

function operand(words: string[], scope: Scope): unknown {
  const word = words.shift() ?? "";
  if (word === "(") {
    const value = evaluatePipe(words, scope);
    if (words.shift() !== ")") throw refusal("unclosed left paren");
    return words[0]?.startsWith(".") === true ? atPath(value, words.shift() ?? "") : value;
  }
  if (word.startsWith('"')) return JSON.parse(word) as unknown;
  if (word.startsWith("`")) return word.slice(1, -1);
  if (/^-?[0-9.]+$/.test(word) && word !== ".") return Number(word);
  if (word === "true" || word === "false") return word === "true";
  if (word === "nil") return null;
  const [, start = "", path = ""] = /^(\$\w*)?(\..*)?$/s.exec(word) ?? [];
  if (start === "" && path === "") throw refusal(`function "${word}" not defined`);
  if (start !== "" && !scope.variables.has(start)) throw refusal(`undefined variable "${start}"`);
  const from = start === "" ? scope.dot : scope.variables.get(start);
  return atPath(from, path);
}

function atPath(from: unknown, path: string): unknown {
  const fields = path.split(".").filter((field) => field !== "");
  return fields.reduce<unknown>((value, field) => fieldOf(value, field), from);
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}

const FUNCTIONS: ReadonlyMap<string, (args: readonly unknown[]) => unknown> = new Map<
  string,
  (args: readonly unknown[]) => unknown
>([
  ["eq", ([first, ...others]) => others.some((other) => other === first)],
  ["ne", ([first, second]) => first !== second],
  ["lt", ([first, second]) => Number(first) < Number(second)],
  ["gt", ([first, second]) => Number(first) > Number(second)],
  ["and", (args) => args.find((each) => !isTrue(each)) ?? args.at(-1)],
  ["or", (args) => args.find(isTrue) ?? args.at(-1)],
  ["not", ([value]) => !isTrue(value)],
  ["len", ([value]) => (typeof value === "string" ? value.length : entriesOf(value).length)],
  ["index", ([value, ...keys]) => keys.reduce((at, key) => fieldOf(at, String(key)), value)],
  ["print", (args) => args.map(shown).join("")],
  ["println", (args) => `${args.map(shown).join(" ")}\n`],
  ["printf", ([format, ...args]) => formatted(String(format), args)],
  ["base64decode", ([value]) => fromUtf8(Buffer.from(String(value), "base64"))],
]);

function formatted(format: string, args: readonly unknown[]): string {
  const left = [...args];
  return format.replace(/%([sdv%])/g, (_all, letter) =>
    letter === "%" ? "%" : shown(left.shift()),
  );
}

function isTrue(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return entriesOf(value).length > 0;
  return value !== undefined && value !== null && value !== "" && value !== 0 && value !== false;
}

/** As Go prints it: lists in brackets, maps with `map[…]`. */
function shown(value: unknown): string {
  if (value === undefined || value === null) return "<no value>";
  if (Array.isArray(value)) return `[${value.map(shown).join(" ")}]`;
  if (typeof value !== "object") return String(value);
  return `map[${entriesOf(value)
    .map(([key, item]) => `${key}:${shown(item)}`)
    .join(" ")}]`;
}
