/**
 * YAML text to a tree of values that know where they stand. Aliases and merge keys are resolved,
 * so whoever reads the tree sees plain mappings, lists and scalars, and can point at each of them.
 *
 * The only user of the `yaml` package.
 *
 * Spec: YAML 1.2.2 core schema (so `on` and `yes` are words); merge keys of YAML 1.1.
 */
import {
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  Parser,
  parseDocument,
  type Scalar,
  type YAMLError,
  type YAMLMap,
} from "yaml";
import { type Place, VethworkError } from "../base/errors.ts";
import { describeNode, type YamlEntry, type YamlNode, type YamlScalar } from "./yaml-node.ts";

/** The one document in `text`. Throws `VW_YAML` at the first error; `file` names it in places. */
export function parseYaml(text: string, file: string): YamlNode {
  const documents = parseYamlDocuments(text, file);
  const [first, second] = documents;
  if (first === undefined) {
    throw new VethworkError("VW_YAML", "the file is empty", "", { file, line: 1, column: 1 });
  }
  if (second !== undefined) {
    throw new VethworkError(
      "VW_YAML",
      "a second document begins",
      "one YAML document",
      second.place,
    );
  }
  return first;
}

/** How documents are read. */
export interface YamlOptions {
  /** A key may stand twice in a mapping; the last one counts. */
  readonly lastKeyCounts?: boolean;
  /** What plain scalars without a tag mean, if not what the core schema says. */
  readonly scalars?: (text: string) => YamlScalar["value"];
}

/** A text that is no YAML, with the parser's code of the mistake. */
export class YamlSyntaxError extends VethworkError {
  readonly syntax: string;

  constructor(syntax: string, problem: string, place: Place) {
    super("VW_YAML", problem, "", place);
    this.syntax = syntax;
  }
}

/** All documents in `text` that are not empty. Throws `VW_YAML`. */
export function parseYamlDocuments(
  text: string,
  file: string,
  { lastKeyCounts = false, scalars }: YamlOptions = {},
): YamlNode[] {
  const lines = new LineCounter();
  const composer = new Composer({
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    uniqueKeys: !lastKeyCounts,
  });
  const nodes: YamlNode[] = [];
  // As `parseAllDocuments` does it, but each document is let go before the next is read: a file of
  // thousands takes a tenth less time than with all of them in memory.
  for (const document of composer.compose(new Parser(lines.addNewLine).parse(text))) {
    const tree = new TreeBuilder(document, { text, file, lines, scalars: scalars ?? null });
    const node = tree.build();
    if (node !== null) nodes.push(node);
  }
  return nodes;
}

type Built = YamlNode | "unfinished";

/** What a tree is built from, besides its document. */
interface Source {
  readonly text: string;
  readonly file: string;
  readonly lines: LineCounter;
  readonly scalars: YamlOptions["scalars"] | null;
}

/** An escape that YAML 1.2 has not, and that kubectl knows: `\\'`. */
const QUOTE_ESCAPE = "\\'";

class TreeBuilder {
  readonly #document: Document;
  readonly #source: Source;
  /** Where `QUOTE_ESCAPE`s stand that the parser took for mistakes. */
  readonly #quotes: readonly number[];
  /** Nodes already built: an alias shares its anchor's node, however often it is used. */
  readonly #built = new Map<object, Built>();

  constructor(document: Document, source: Source) {
    this.#document = document;
    this.#source = source;
    this.#quotes = document.errors
      .filter((error) => source.scalars !== null && isQuoteEscape(error, source.text))
      .map(({ pos }) => pos[0]);
  }

  build(): YamlNode | null {
    const { errors, warnings } = this.#document;
    const error = errors.find(({ pos }) => !this.#quotes.includes(pos[0])) ?? warnings[0];
    if (error !== undefined) {
      throw new YamlSyntaxError(error.code, asOneLine(error.message), this.#place(error.pos[0]));
    }
    const contents = this.#document.contents;
    if (contents === null || (isScalar(contents) && contents.value === null)) return null;
    return this.#node(contents, this.#place(0));
  }

  #node(node: unknown, missingAt: Place): YamlNode {
    if (typeof node !== "object" || node === null) {
      return { kind: "scalar", value: null, text: "", place: missingAt };
    }
    const known = this.#built.get(node);
    if (known === "unfinished") {
      throw new VethworkError("VW_YAML", "an alias stands inside its own anchor", "", missingAt);
    }
    if (known !== undefined) return known;
    this.#built.set(node, "unfinished");
    const built = this.#convert(node, missingAt);
    this.#built.set(node, built);
    return built;
  }

  #convert(node: object, missingAt: Place): YamlNode {
    if (isAlias(node)) {
      const place = this.#placeOf(node, missingAt);
      const target = node.resolve(this.#document);
      if (target === undefined) {
        const syntax = /^[\w-]+$/.test(node.source) ? "NO_ANCHOR" : "BAD_ALIAS";
        throw new YamlSyntaxError(syntax, `no anchor &${node.source} above`, place);
      }
      return this.#node(target, place);
    }
    const place = this.#placeOf(node, missingAt);
    if (isMap(node)) return { kind: "map", entries: this.#entries(node, place), place };
    if (isSeq(node)) {
      return { kind: "list", items: node.items.map((item) => this.#node(item, place)), place };
    }
    if (isScalar(node)) {
      const { source } = node;
      const value = this.#scalar(node);
      const isPlain = value === null || ["string", "number", "boolean"].includes(typeof value);
      if (isPlain) {
        const plain = value as YamlScalar["value"];
        return { kind: "scalar", value: plain, text: source ?? String(value), place };
      }
    }
    throw new VethworkError("VW_YAML", "a value of a kind that is not used here", "", place);
  }

  #scalar(node: Scalar): unknown {
    const { scalars, text } = this.#source;
    const { type, tag, source, value, range } = node;
    if (scalars === null) return value;
    if (type === "PLAIN" && tag === undefined) return scalars?.(source ?? "");
    const [start, end] = range ?? [0, 0];
    const quotes = this.#quotes.filter((at) => at >= start && at < end);
    if (quotes.length === 0) return value;
    let written = "";
    let from = start;
    for (const at of quotes) {
      written += `${text.slice(from, at)}\\x27`;
      from = at + QUOTE_ESCAPE.length;
    }
    return parseDocument(written + text.slice(from, end)).toJS();
  }

  #entries(map: YAMLMap, place: Place): YamlEntry[] {
    const entries: YamlEntry[] = [];
    const merged: YamlEntry[] = [];
    for (const pair of map.items) {
      if (isMergeKey(pair)) merged.push(...this.#mergedEntries(pair, place));
      else {
        const entry = this.#entry(pair, place);
        const known = entries.findIndex(({ key }) => key === entry.key);
        if (known === -1) entries.push(entry);
        else entries[known] = entry;
      }
    }
    for (const entry of merged) {
      if (!entries.some(({ key }) => key === entry.key)) entries.push(entry);
    }
    return entries;
  }

  #entry(pair: Pair, mapPlace: Place): YamlEntry {
    const key = this.#node(pair.key, mapPlace);
    if (key.kind !== "scalar" || key.value === null) {
      throw new VethworkError(
        "VW_YAML",
        `${describeNode(key)} is not a key`,
        "keys are text",
        key.place,
      );
    }
    const text = this.#source.scalars === null ? key.text : String(key.value);
    return { key: text, keyPlace: key.place, value: this.#node(pair.value, key.place) };
  }

  #mergedEntries(pair: Pair, mapPlace: Place): readonly YamlEntry[] {
    const value = this.#node(pair.value, mapPlace);
    const sources = value.kind === "list" ? value.items : [value];
    const entries: YamlEntry[] = [];
    for (const source of sources) {
      if (source.kind !== "map") {
        throw new VethworkError(
          "VW_YAML",
          `${describeNode(source)} cannot be merged`,
          "<< takes a mapping or a list of mappings",
          source.place,
        );
      }
      for (const entry of source.entries) {
        if (!entries.some(({ key }) => key === entry.key)) entries.push(entry);
      }
    }
    return entries;
  }

  #placeOf(node: { range?: readonly number[] | null | undefined }, otherwise: Place): Place {
    const start = node.range?.[0];
    return start === undefined ? otherwise : this.#place(start);
  }

  #place(offset: number): Place {
    const { file, lines } = this.#source;
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  }
}

function isQuoteEscape({ code, pos }: YAMLError, text: string): boolean {
  return code === "BAD_DQ_ESCAPE" && text.startsWith(QUOTE_ESCAPE, pos[0]);
}

function isMergeKey(pair: Pair): boolean {
  return isScalar(pair.key) && typeof pair.key.value === "symbol";
}

function asOneLine(message: string): string {
  const line = message.replace(/\s+/g, " ").trim();
  return line.charAt(0).toLowerCase() + line.slice(1);
}
