/**
 * `kubectl delete`: of names, of what is selected, of what files name.
 *
 * Spec: kubectl v1.36, cmd/delete.
 */
import type { DeleteOptions } from "../api/deletion.ts";
import { notFound } from "../api/errors.ts";
import type { ApiServer } from "../api/server.ts";
import type { ApiObject } from "../api/types.ts";
import { keyOf, objectKey } from "../store.ts";
import { type Arguments, integerOption, UsageError } from "./arguments.ts";
import { dryRunOf } from "./done.ts";
import { Failures } from "./failures.ts";
import { readFiles } from "./infos.ts";
import type { ManifestFiles } from "./manifest.ts";
import type { Output } from "./output.ts";
import { foundObjects, isNamed, nameOf } from "./select.ts";

const USER = "kubectl";

/** `delete TYPE NAME…`, `delete TYPE -l …`, `delete TYPE --all`. */
export function deleteNamed(server: ApiServer, args: Arguments, output: Output): void {
  const failures = new Failures();
  const objects = foundObjects(server, args, args.words, failures);
  const options = deleteOptions(args, output);
  for (const object of objects) deleteOne(server, object, options, args, failures, output);
  if (objects.length === 0 && failures.isEmpty && !isNamed(args))
    output.print("No resources found");
  failures.print(output);
}

/** `delete -f FILE`. */
export function deleteListed(
  server: ApiServer,
  read: ManifestFiles,
  files: readonly string[],
  args: Arguments,
  output: Output,
): void {
  const failures = new Failures();
  const source = { files, namespace: args.namespace, command: "delete", unchecked: true };
  const infos = readFiles(server, read, source, failures, output);
  const options = deleteOptions(args, output);
  for (const { object, file } of infos) {
    const { kind, metadata } = object;
    const name = metadata.name ?? "";
    const found = server.find(kind, objectKey(metadata.namespace, name));
    if (found !== null) deleteOne(server, found, options, args, failures, output);
    else if (!args.flag("ignore-not-found")) {
      failures.add(notFound(kind, name), `error when deleting "${file}"`);
    }
  }
  failures.print(output);
}

function deleteOptions(args: Arguments, output: Output): DeleteOptions {
  const cascade = args.option("cascade") ?? "background";
  const propagations = {
    background: "Background",
    foreground: "Foreground",
    orphan: "Orphan",
  } as const;
  const propagation = propagations[cascade as keyof typeof propagations];
  if (propagation === undefined) {
    throw new UsageError(
      `invalid cascade value (${cascade}). Must be "background", "foreground", or "orphan"`,
    );
  }
  const grace = gracePeriod(args);
  if (grace === 0) {
    output.warn(
      "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.",
    );
  }
  return { propagation, ...(grace >= 0 && { gracePeriodSeconds: grace }) };
}

/** In seconds; less than 0: that of each object. */
function gracePeriod(args: Arguments): number {
  const asked = args.option("grace-period");
  if (args.flag("now")) {
    if (asked !== null)
      throw new UsageError("--now and --grace-period cannot be specified together");
    return 1;
  }
  if (asked === null) return args.flag("force") ? 0 : -1;
  const grace = integerOption(asked, "grace-period", args.command);
  if (args.flag("force") && grace > 0) {
    throw new UsageError("--force and --grace-period greater than 0 cannot be specified together");
  }
  return grace === 0 && !args.flag("force") ? 1 : grace;
}

function deleteOne(
  server: ApiServer,
  object: ApiObject,
  options: DeleteOptions,
  args: Arguments,
  failures: Failures,
  output: Output,
): void {
  const { isDry, suffix } = dryRunOf(args, output);
  const done = failures.collect(null, () => {
    if (!isDry) server.delete(object.kind, keyOf(object), USER, options);
  });
  if (!done) return;
  const { namespace, name } = object.metadata;
  if (args.option("o") === "name" || args.option("output") === "name") {
    output.print(nameOf(object));
    return;
  }
  const where = namespace === undefined ? "" : ` from ${namespace} namespace`;
  const how = options.gracePeriodSeconds === 0 ? "force deleted" : "deleted";
  const type = nameOf(object).slice(0, nameOf(object).indexOf("/"));
  output.print(`${type} "${name}" ${how}${suffix}${where}`);
}
