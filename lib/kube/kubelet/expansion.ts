/**
 * `$(NAME)` in commands, arguments and variables.
 *
 * Spec: kubernetes third_party/forked/golang/expansion; `$$` stands for one `$`.
 */

/** Replaces references to what `values` has; others stay as they are written. */
export function expand(text: string, values: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$(\$|\(([^)]*)\))/g, (reference, kind: string, name: string) =>
    kind === "$" ? "$" : (values.get(name) ?? reference),
  );
}
