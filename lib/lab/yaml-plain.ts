/**
 * YAML as most manifests have it, read without a syntax tree in between: block mappings and lists,
 * flow collections that end on their line, plain and simply quoted scalars, comments, `---`. What
 * is anything else, or might be wrong, is left to the whole parser (yaml.ts), and means the same.
 *
 * Spec: YAML 1.2.2 §6.1 (indentation), §7.3, §7.4, §8.2, §10.3 (core schema).
 */
import type { Place } from "../base/errors.ts";
import type { YamlEntry, YamlNode } from "./yaml-node.ts";

/** The documents in `text` that are not empty; null if the whole parser has to read it. */
export function readPlainYaml(text: string, file: string): YamlNode[] | null {
  return ONLY_ASCII.test(text) ? new PlainReader(text, file).read() : null;
}

const ONLY_ASCII = /^[\x20-\x7e\n]*$/;
const INTEGER = /^(?:0|-?[1-9][0-9]{0,14})$/;
/** Other numbers of the core schema, and null by its other names. */
const LEFT_TO_PARSER =
  /^(?:[-+]?(?:0o[0-7]+|0x[0-9a-fA-F]+|(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN)|[Nn]ull|NULL|~|[Tt]rue|TRUE|[Ff]alse|FALSE)$/;
const KEY = /[A-Za-z_/][A-Za-z0-9_./-]*:(?= |\n|$)/y;
const NULL_KEY = /^(?:[Nn]ull|NULL):$/;
/** What cannot begin a plain scalar, or may begin something else. */
const INDICATORS = ",[]{}#&*!|>'\"%@`?:";
/** A plain scalar up to what may follow it in a flow collection. */
const FLOW_PLAIN = /(?:[^,[\]{}:# \n]|:(?![,[\]{} \n]|$)|(?<! )#| +(?![ ,\]}#\n]|$))+/y;
const FLOW_MARKS = "{['\"";
const DEEPEST = 64;

class PlainReader {
  readonly #text: string;
  readonly #file: string;
  /** Where the next line begins, and its number. */
  #nextLine = 0;
  #line = 0;
  /** The line that is read: where it begins, what of it comes next, where it ends. */
  #lineAt = 0;
  #at = 0;
  #end = 0;
  /** The column of what comes next, from 0; -1 where a document ends. */
  #indent = -1;
  #depth = 0;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
  }

  read(): YamlNode[] | null {
    const nodes: YamlNode[] = [];
    for (;;) {
      if (!this.#advance()) return null;
      if (this.#indent === -1) {
        if (this.#at === this.#text.length) return nodes;
        continue;
      }
      const node = this.#block(this.#indent);
      if (node === null || this.#indent !== -1) return null;
      nodes.push(node);
      if (this.#at === this.#text.length) return nodes;
    }
  }

  /** Goes to the next line with something in it, or the end of the document; false: not plain. */
  #advance(): boolean {
    const text = this.#text;
    for (;;) {
      this.#lineAt = this.#nextLine;
      if (this.#lineAt >= text.length) {
        this.#at = text.length;
        this.#indent = -1;
        return true;
      }
      const newline = text.indexOf("\n", this.#lineAt);
      this.#end = newline === -1 ? text.length : newline;
      this.#nextLine = this.#end + 1;
      this.#line += 1;
      this.#at = this.#lineAt;
      this.#skipSpaces();
      if (this.#at === this.#end || text[this.#at] === "#") continue;
      this.#indent = this.#at - this.#lineAt;
      if (this.#indent > 0) return true;
      if (text.startsWith("...", this.#at)) return false;
      if (!text.startsWith("---", this.#at)) return true;
      this.#at += 3;
      this.#indent = -1;
      return this.#lineEnds();
    }
  }

  #block(indent: number): YamlNode | null {
    if (this.#isDash()) return this.#list(indent);
    return this.#keyEnd() === -1 ? this.#lineOf(this.#flow()) : this.#map(indent);
  }

  #map(indent: number): YamlNode | null {
    const place = this.#place();
    const entries: YamlEntry[] = [];
    do {
      const keyEnd = this.#keyEnd();
      if (keyEnd === -1) return null;
      const keyPlace = this.#place();
      const key = this.#text.slice(this.#at, keyEnd - 1);
      this.#at = keyEnd;
      const value = this.#lineEnds() ? this.#nested(indent) : this.#lineOf(this.#value());
      if (value === null || hasKey(entries, key)) return null;
      entries.push({ key, keyPlace, value });
    } while (this.#indent === indent);
    return this.#indent > indent ? null : { kind: "map", entries, place };
  }

  /** The value of a key that stands on the lines after it. */
  #nested(indent: number): YamlNode | null {
    if (!this.#advance() || this.#indent < indent) return null;
    if (this.#indent > indent) return this.#block(this.#indent);
    return this.#isDash() ? this.#list(indent) : null;
  }

  #list(indent: number): YamlNode | null {
    const place = this.#place();
    const items: YamlNode[] = [];
    do {
      this.#at += 1;
      if (this.#lineEnds()) return null;
      this.#indent = this.#at - this.#lineAt;
      const isBlock = this.#isDash() || this.#keyEnd() !== -1;
      const item = isBlock ? this.#block(this.#indent) : this.#lineOf(this.#value());
      if (item === null) return null;
      items.push(item);
    } while (this.#indent === indent && this.#isDash());
    return this.#indent > indent ? null : { kind: "list", items, place };
  }

  /** A value after which its line must end: goes on to the next. */
  #lineOf(node: YamlNode | null): YamlNode | null {
    return node !== null && this.#lineEnds() && this.#advance() ? node : null;
  }

  #value(): YamlNode | null {
    const first = this.#text[this.#at] ?? "";
    if (FLOW_MARKS.includes(first)) return this.#flow();
    const place = this.#place();
    if (INDICATORS.includes(first) || this.#isDash()) return null;
    const rest = this.#text.slice(this.#at, this.#end);
    const comment = rest.indexOf(" #");
    const text = (comment === -1 ? rest : rest.slice(0, comment)).trimEnd();
    if (text.includes(": ") || text.endsWith(":")) return null;
    this.#at = this.#end;
    return scalarOf(text, place);
  }

  /** A flow collection or a quoted text; null if it is neither, or none that is plain. */
  #flow(): YamlNode | null {
    const first = this.#text[this.#at];
    if (first === '"' || first === "'") return this.#quoted(first);
    if ((first !== "{" && first !== "[") || this.#depth === DEEPEST) return null;
    const place = this.#place();
    this.#at += 1;
    this.#depth += 1;
    const node = first === "{" ? this.#flowMap(place) : this.#flowList(place);
    this.#depth -= 1;
    return node;
  }

  #flowMap(place: Place): YamlNode | null {
    const entries: YamlEntry[] = [];
    this.#skipSpaces();
    if (this.#takes("}")) return { kind: "map", entries, place };
    do {
      this.#skipSpaces();
      const keyEnd = this.#keyEnd();
      if (keyEnd === -1) return null;
      const keyPlace = this.#place();
      const key = this.#text.slice(this.#at, keyEnd - 1);
      this.#at = keyEnd;
      this.#skipSpaces();
      const value = this.#flowValue();
      if (value === null || hasKey(entries, key)) return null;
      entries.push({ key, keyPlace, value });
    } while (this.#takes(","));
    return this.#takes("}") ? { kind: "map", entries, place } : null;
  }

  #flowList(place: Place): YamlNode | null {
    const items: YamlNode[] = [];
    this.#skipSpaces();
    if (this.#takes("]")) return { kind: "list", items, place };
    do {
      this.#skipSpaces();
      const item = this.#flowValue();
      if (item === null) return null;
      items.push(item);
    } while (this.#takes(","));
    return this.#takes("]") ? { kind: "list", items, place } : null;
  }

  #flowValue(): YamlNode | null {
    const first = this.#text[this.#at] ?? "";
    if (FLOW_MARKS.includes(first)) {
      const node = this.#flow();
      this.#skipSpaces();
      return node;
    }
    if (INDICATORS.includes(first) || this.#isDash()) return null;
    FLOW_PLAIN.lastIndex = this.#at;
    const match = FLOW_PLAIN.exec(this.#text);
    if (match === null) return null;
    const place = this.#place();
    this.#at = FLOW_PLAIN.lastIndex;
    this.#skipSpaces();
    return scalarOf(match[0], place);
  }

  /** A text in quotes, without escapes. */
  #quoted(quote: string): YamlNode | null {
    const place = this.#place();
    const close = this.#text.indexOf(quote, this.#at + 1);
    if (close === -1 || close >= this.#end) return null;
    const text = this.#text.slice(this.#at + 1, close);
    if (this.#text[close + 1] === quote || text.includes("\\")) return null;
    this.#at = close + 1;
    return { kind: "scalar", value: text, text, place };
  }

  /** Whether nothing but a comment comes on this line; goes to what comes. */
  #lineEnds(): boolean {
    const before = this.#at;
    this.#skipSpaces();
    return this.#at === this.#end || (this.#at > before && this.#text[this.#at] === "#");
  }

  /** Where the key that comes next ends, behind its colon; -1 if none comes. */
  #keyEnd(): number {
    KEY.lastIndex = this.#at;
    const match = KEY.exec(this.#text);
    return match === null || NULL_KEY.test(match[0]) ? -1 : KEY.lastIndex;
  }

  #isDash(): boolean {
    const next = this.#at + 1;
    return this.#text[this.#at] === "-" && (next >= this.#end || this.#text[next] === " ");
  }

  #takes(mark: string): boolean {
    if (this.#at >= this.#end || this.#text[this.#at] !== mark) return false;
    this.#at += 1;
    return true;
  }

  #skipSpaces(): void {
    while (this.#at < this.#end && this.#text[this.#at] === " ") this.#at += 1;
  }

  #place(): Place {
    return { file: this.#file, line: this.#line, column: this.#at - this.#lineAt + 1 };
  }
}

function scalarOf(text: string, place: Place): YamlNode | null {
  if (INTEGER.test(text)) return { kind: "scalar", value: Number(text), text, place };
  if (text === "true" || text === "false") {
    return { kind: "scalar", value: text === "true", text, place };
  }
  return LEFT_TO_PARSER.test(text) ? null : { kind: "scalar", value: text, text, place };
}

/** A key that stands twice is the whole parser's business. */
function hasKey(entries: readonly YamlEntry[], key: string): boolean {
  for (const entry of entries) if (entry.key === key) return true;
  return false;
}
