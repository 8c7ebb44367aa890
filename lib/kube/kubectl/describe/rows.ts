/**
 * Lines of a description, and how they are set in columns.
 *
 * Spec: kubectl pkg/describe (PrefixWriter), Go text/tabwriter.
 */
import { formatLongTime, parseTime } from "../../api/time.ts";
import type { ApiObject, Condition, StringMap } from "../../api/types.ts";
import { formatTable } from "../table.ts";

/** A line of a description: its cells, or text without any. */
export type Row = readonly string[] | string;

/**
 * Cells in columns, as Go's text/tabwriter sets them: a column is as wide as the widest cell of
 * neighbouring lines that have one there and another after it.
 */
export function layOut(rows: readonly Row[]): string {
  const cells = rows.map((row) => (typeof row === "string" ? [row] : row));
  const texts = cells.map(() => "");
  for (let column = 0; cells.some((row) => row.length > column); column += 1) {
    for (let first = 0; first < cells.length; first += 1) {
      let end = first;
      let width = 0;
      for (; (cells[end]?.length ?? 0) > column + 1; end += 1) {
        width = Math.max(width, (cells[end]?.[column] ?? "").length + 2);
      }
      for (let line = first; line < end; line += 1) {
        texts[line] += (cells[line]?.[column] ?? "").padEnd(width);
      }
      first = Math.max(first, end - 1);
    }
    for (const [line, row] of cells.entries()) {
      if (row.length === column + 1) texts[line] += row[column] ?? "";
    }
  }
  return texts.map((text) => `${text}\n`).join("");
}

/** What every description begins with. */
export function head({ metadata }: ApiObject): Row[] {
  return [
    ["Name:", metadata.name],
    ...(metadata.namespace === undefined ? [] : ([["Namespace:", metadata.namespace]] as Row[])),
    ...mapRows("Labels:", metadata.labels, "="),
    ...annotationRows("Annotations:", metadata.annotations),
  ];
}

/** A line as wide as a terminal that kubectl thinks of, and a mark that there was more. */
const LONGEST = 140;

/** Annotations, long ones and those of several lines below their names. */
export function annotationRows(title: string, annotations: StringMap | undefined): Row[] {
  const entries = Object.entries(withoutApplied(annotations)).sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return [[title, "<none>"]];
  const cells = entries.flatMap(([key, text]): string[] => {
    const value = text.replace(/\n$/, "");
    if (key.length + value.length + 2 <= LONGEST && !value.includes("\n"))
      return [`${key}: ${value}`];
    const lines = value.split("\n").map((line) => `  ${shortened(line, LONGEST - 2)}`);
    return [`${key}:`, ...lines];
  });
  return cells.map((cell, index): Row => [index === 0 ? title : "", cell]);
}

function shortened(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}...` : text;
}

function withoutApplied(annotations: StringMap | undefined): StringMap {
  return Object.fromEntries(
    Object.entries(annotations ?? {}).filter(
      ([name]) => name !== "kubectl.kubernetes.io/last-applied-configuration",
    ),
  );
}

/** A map over as many rows as it has members. */
export function mapRows(title: string, map: StringMap | undefined, joint: string): Row[] {
  const entries = Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return [[title, "<none>"]];
  return entries.map(
    ([key, value], index): Row => [index === 0 ? title : "", `${key}${joint}${value}`],
  );
}

/** A table within a description. */
export function indentedTable(rows: readonly (readonly string[])[]): string[] {
  return formatTable(rows, 2)
    .trimEnd()
    .split("\n")
    .map((line) => `  ${line}`);
}

/** Conditions as a table; nothing if there are none. */
export function conditionLines(conditions: readonly Condition[], withReason: boolean): Row[] {
  if (conditions.length === 0) return [];
  const heads = withReason ? ["Type", "Status", "Reason"] : ["Type", "Status"];
  const rows = conditions.map(({ type, status, reason }) =>
    withReason ? [`${type} `, status, reason ?? ""] : [`${type} `, status],
  );
  const indented = (cells: readonly string[]): Row => [`  ${cells[0] ?? ""}`, ...cells.slice(1)];
  const rule = heads.map((title) => "-".repeat(title.length));
  return ["Conditions:", indented(heads), indented(rule), ...rows.map(indented)];
}

/** `Sat, 01 Jan 2000 00:00:00 +0000` */
export function longTime(time: string): string {
  return formatLongTime(parseTime(time));
}
