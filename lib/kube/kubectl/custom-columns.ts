/**
 * `kubectl get -o custom-columns=NAME:.metadata.name,IP:.status.podIP`: a table whose columns are
 * JSON paths.
 *
 * Spec: Kubernetes, "Custom columns"; kubectl, pkg/cmd/get/customcolumn.go.
 */
import { UsageError } from "./arguments.ts";
import { evaluateJsonPath } from "./jsonpath.ts";

/** Columns are as wide as their widest cell and a gap, and not narrower than this. */
const LEAST_WIDTH = 6;
const GAP = 3;

/** The table of some objects by a specification. Throws a usage error for what it cannot read. */
export function customColumns(
  specification: string,
  objects: readonly unknown[],
  withHeads: boolean,
): string {
  const columns = readColumns(specification);
  const rows = objects.map((object) =>
    columns.map(({ path }) => evaluateJsonPath(object, path).join(",") || "<none>"),
  );
  const all = withHeads ? [columns.map(({ head }) => head), ...rows] : rows;
  const widths = columns.map((_, column) =>
    Math.max(LEAST_WIDTH, ...all.map((row) => (row[column] ?? "").length + GAP)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join("");
  return all.map((row) => `${line(row)}\n`).join("");
}

function readColumns(specification: string): { readonly head: string; readonly path: string }[] {
  if (specification === "") {
    throw new UsageError("custom-columns format specified but no custom columns given");
  }
  return specification.split(",").map((part) => {
    const [, head, path] = /^([^:]*):(.*)$/s.exec(part) ?? [];
    if (head !== undefined && path !== undefined) return { head, path };
    throw new UsageError(
      `unexpected custom-columns spec: ${part}, expected <header>:<json-path-expr>`,
    );
  });
}
