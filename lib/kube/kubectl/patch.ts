/**
 * `kubectl patch`: a patch in JSON or YAML, of one of three kinds. Fields that nobody knows are
 * left out with a warning.
 *
 * Spec: kubectl v1.36, cmd/patch.
 */
import { jsonPatch, mergePatch } from "../api/json-patch.ts";
import type { ApiServer } from "../api/server.ts";
import type { Json } from "../api/strategic-merge.ts";
import { keyOf } from "../store.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import type { KubectlFile, ManifestFiles } from "./manifest.ts";
import type { Output } from "./output.ts";
import { nameOf, visitObjects } from "./select.ts";

const USER = "kubectl";

/** `patch TYPE NAME [--type=strategic|merge|json] -p PATCH`, or `--patch-file FILE`. */
export function patch(
  server: ApiServer,
  args: Arguments,
  output: Output,
  files: ManifestFiles,
): void {
  const text = args.option("p") ?? args.option("patch");
  const file = args.option("patch-file");
  if (text === null && file === null) {
    throw new UsageError(
      "must specify --patch or --patch-file containing the contents of the patch",
    );
  }
  const type = args.option("type") ?? "strategic";
  if (!["json", "merge", "strategic"].includes(type)) {
    throw new UsageError(`--type must be one of [json merge strategic], not "${type}"`);
  }
  const change = text === null ? valueIn(files(file ?? ""), file ?? "") : parsed(text, files);
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

/** The value of a text in JSON or YAML. */
function parsed(text: string, files: ManifestFiles): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return valueIn(files("patch", text), text);
  }
}

function valueIn(file: KubectlFile, text: string): unknown {
  const [manifest] = file.manifests;
  if (manifest !== undefined && file.problem === null) return manifest.value;
  throw new UsageError(
    `unable to parse ${JSON.stringify(text)}: error converting YAML to JSON: yaml: did not find expected node content`,
  );
}
