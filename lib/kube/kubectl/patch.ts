/**
 * `kubectl patch`: a patch in JSON or YAML, of one of three kinds. Fields that nobody knows are
 * left out with a warning.
 *
 * Spec: kubectl v1.36, cmd/patch.
 */
import { parse } from "yaml";
import { jsonPatch, mergePatch } from "../api/json-patch.ts";
import type { ApiServer } from "../api/server.ts";
import type { Json } from "../api/strategic-merge.ts";
import { keyOf } from "../store.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import type { Output } from "./output.ts";
import { nameOf, visitObjects } from "./select.ts";

const USER = "kubectl";

/** `patch TYPE NAME [--type=strategic|merge|json] -p PATCH`. */
export function patch(server: ApiServer, args: Arguments, output: Output): void {
  const text = args.option("p") ?? args.option("patch");
  if (text === null) {
    throw new UsageError(
      "must specify --patch or --patch-file containing the contents of the patch",
    );
  }
  const type = args.option("type") ?? "strategic";
  if (!["json", "merge", "strategic"].includes(type)) {
    throw new UsageError(`--type must be one of [json merge strategic], not "${type}"`);
  }
  const change = parsed(text);
  const warn = (field: string) => output.warn(`Warning: ${field}`);
  visitObjects(server, args, args.words, output, (object) => {
    const { kind } = object;
    const key = keyOf(object);
    const apply = type === "json" ? jsonPatch : mergePatch;
    const next =
      type === "strategic"
        ? server.strategicPatch(kind, key, change as Json, USER, warn)
        : server.patchJson(kind, key, (current) => apply(current, change), USER, warn);
    output.print(`${nameOf(object)} patched${next === object ? " (no change)" : ""}`);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // It may still be YAML.
  }
  try {
    return parse(text, { version: "1.1" });
  } catch {
    throw new UsageError(
      `unable to parse ${JSON.stringify(text)}: error converting YAML to JSON: yaml: did not find expected node content`,
    );
  }
}
