/** Connections as `/proc/net/nf_conntrack` and `conntrack -L` show them. */
import type { ShellHost } from "./host.ts";

/** One line for each connection, newline included. */
export function conntrackLines(_host: ShellHost, _form: "file" | "list"): string[] {
  return [];
}
