/**
 * Filters of lines: `cut`, `rev`, `sort`, `tr`, `uniq`.
 *
 * Spec: GNU coreutils 9.1, cut(1), sort(1), tr(1), uniq(1).
 * Not modelled: locales (order is that of code units), keys of sort inside of fields, classes of tr.
 */
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import {
  afterInput,
  type Command,
  type CommandBody,
  type CommandContext,
  immediate,
  ToolError,
} from "../command.ts";
import { type OptionTable, readOptions } from "../options.ts";
import { readFile } from "../system-files.ts";

type Options = ReadonlyMap<string, string>;

/** What a filter makes of lines. */
export type LineTransform = (lines: readonly string[]) => string[];

/** A command that turns lines into lines; its words after the first `own` are files. */
export function lineFilter(
  table: OptionTable,
  own: number,
  prepare: (options: Options, words: readonly string[]) => LineTransform,
): Command {
  return {
    name: table.command,
    parse(args) {
      const { options, words } = readOptions(args, table);
      const transform = prepare(new Map(options), words.slice(0, own));
      if (new Set(options.map(([letter]) => letter)).has("i")) {
        return inPlace(table.command, words.slice(own), transform);
      }
      return afterInput((context, input) => {
        const bytes = inputOf(context, table.command, words.slice(own), input);
        if (bytes === null) return 1;
        const lines = fromUtf8(bytes).replace(/\n$/, "").split("\n");
        const result = transform(bytes.length === 0 ? [] : lines);
        context.io.stdout(result.map((line) => `${line}\n`).join(""));
        return 0;
      });
    },
  };
}

/** `sed -i`: the files themselves are changed. */
function inPlace(name: string, paths: readonly string[], transform: LineTransform): CommandBody {
  return immediate(({ host, io }) => {
    let status = 0;
    for (const path of paths) {
      const bytes = host.files.read(path);
      if (bytes === null) {
        io.stderr(`${name}: can't read ${path}: No such file or directory\n`);
        status = 2;
        continue;
      }
      const lines = bytes.length === 0 ? [] : fromUtf8(bytes).replace(/\n$/, "").split("\n");
      const text = transform(lines)
        .map((line) => `${line}\n`)
        .join("");
      host.files.write(path, utf8(text));
    }
    return status;
  });
}

function inputOf(
  { host, io }: CommandContext,
  name: string,
  [path = "-"]: readonly string[],
  input: Uint8Array,
): Uint8Array | null {
  const bytes = path === "-" ? input : readFile(host, path);
  if (bytes === null) io.stderr(`${name}: ${path}: No such file or directory\n`);
  return bytes;
}

/** Parts of lines. */
export const cut = lineFilter(
  { command: "cut", letters: "c:d:f:s", allowed: "options are -c -d -f -s" },
  0,
  (options) => {
    const list = options.get("c") ?? options.get("f");
    if (list === undefined) {
      throw new ToolError("cut: you must specify a list of bytes, characters, or fields", 1);
    }
    const takes = rangesOf(list);
    if (options.has("c")) {
      return (lines) =>
        lines.map((line) => [...line].filter((_, index) => takes(index + 1)).join(""));
    }
    const delimiter = options.get("d") ?? "\t";
    return (lines) =>
      lines.flatMap((line) => {
        if (!line.includes(delimiter)) return options.has("s") ? [] : [line];
        const fields = line.split(delimiter);
        return [fields.filter((_, index) => takes(index + 1)).join(delimiter)];
      });
  },
);

/** `1,3-5,7-` as a test of numbers from one on. */
function rangesOf(list: string): (position: number) => boolean {
  const ranges = list.split(",").map((part) => {
    const [from = "", to = from] = part.split("-");
    const last = part.includes("-") && to === "" ? Number.POSITIVE_INFINITY : Number(to);
    return [from === "" ? 1 : Number(from), last] as const;
  });
  return (position) => ranges.some(([from, to]) => position >= from && position <= to);
}

/** Each line from its end to its start. */
export const rev = lineFilter(
  { command: "rev", letters: "", allowed: "rev has no options" },
  0,
  () => (lines) => lines.map((line) => [...line].reverse().join("")),
);

/** Lines in order. */
export const sort = lineFilter(
  { command: "sort", letters: "k:nrt:u", allowed: "options are -k -n -r -t -u" },
  0,
  (options) => {
    const [field = 1] = (options.get("k") ?? "").split(/[,.]/).map(Number);
    const separator = options.get("t") ?? /\s+/;
    const keyOf = (line: string): string => {
      if (!options.has("k")) return line;
      const fields = (options.has("t") ? line : line.trimStart()).split(separator);
      return fields.slice(field - 1).join(" ");
    };
    const isNumeric = options.has("n");
    const order = (a: string, b: string): number => {
      const [first, second] = [keyOf(a), keyOf(b)];
      const byNumber = isNumeric ? numberOf(first) - numberOf(second) : 0;
      if (byNumber !== 0) return byNumber;
      if (!isNumeric && first !== second) return first < second ? -1 : 1;
      return a < b ? -1 : a > b ? 1 : 0;
    };
    return (lines) => {
      const sorted = lines.toSorted(options.has("r") ? (a, b) => order(b, a) : order);
      return options.has("u") ? sorted.filter((line, index) => line !== sorted[index - 1]) : sorted;
    };
  },
);

function numberOf(text: string): number {
  return Number(/^\s*-?[0-9]*\.?[0-9]*/.exec(text)?.[0] ?? 0) || 0;
}

/** One of lines that are the same and stand together. */
export const uniq = lineFilter(
  { command: "uniq", letters: "cdu", allowed: "options are -c -d -u" },
  0,
  (options) => (lines) => {
    const groups: { readonly line: string; count: number }[] = [];
    for (const line of lines) {
      const last = groups.at(-1);
      if (last?.line === line) last.count += 1;
      else groups.push({ line, count: 1 });
    }
    const shown = groups.filter(({ count }) =>
      options.has("d") ? count > 1 : options.has("u") ? count === 1 : true,
    );
    return shown.map(({ line, count }) =>
      options.has("c") ? `${String(count).padStart(7)} ${line}` : line,
    );
  },
);

/** Characters for characters. */
export const tr: Command = {
  name: "tr",
  parse(args) {
    const table = { command: "tr", letters: "ds", allowed: "options are -d -s" };
    const { options, words } = readOptions(args, table);
    const given = new Map(options);
    const [from, to] = words.map(charactersOf);
    if (from === undefined) throw new ToolError("tr: missing operand", 1);
    return afterInput(({ io }, input) => {
      const text = [...fromUtf8(input)];
      const kept = given.has("d") ? text.filter((each) => !from.includes(each)) : text;
      const put = kept.map((each) => {
        const at = to === undefined || given.has("d") ? -1 : from.indexOf(each);
        return at === -1 ? each : (to?.[at] ?? to?.at(-1) ?? each);
      });
      const squeezed = to ?? from;
      const isRepeated = (each: string, index: number): boolean =>
        given.has("s") && squeezed.includes(each) && put[index - 1] === each;
      io.stdout(put.filter((each, index) => !isRepeated(each, index)).join(""));
      return 0;
    });
  },
};

/** A set of tr: escapes and ranges. */
function charactersOf(text: string): string[] {
  const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "\\": "\\" };
  const plain = [...text.replace(/\\([ntr\\])/g, (_, letter: string) => escapes[letter] ?? letter)];
  const characters: string[] = [];
  for (let at = 0; at < plain.length; at += 1) {
    const [first = "", dash, last] = plain.slice(at, at + 3);
    if (dash !== "-" || last === undefined) {
      characters.push(first);
      continue;
    }
    for (let code = first.charCodeAt(0); code <= last.charCodeAt(0); code += 1) {
      characters.push(String.fromCharCode(code));
    }
    at += 2;
  }
  return characters;
}
