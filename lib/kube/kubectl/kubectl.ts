/**
 * kubectl on the emulated API server: commands as people type them, texts as kubectl prints them.
 *
 * Spec: kubectl v1.36.
 * Not modelled: proxy, debug, plugins, contexts.
 */
import { qualifiedKind } from "../api/resources.ts";
import type { ApiServer } from "../api/server.ts";
import { carryOutFile } from "./apply.ts";
import { type Arguments, parseArguments, UsageError } from "./arguments.ts";
import { deleteListed, deleteNamed } from "./delete.ts";
import { describe } from "./describe.ts";
import { apiResources, apiVersions, clusterInfo, top, version } from "./discovery.ts";
import { scale, set } from "./edit.ts";
import { explain } from "./explain.ts";
import { Failures, failuresTo } from "./failures.ts";
import { get } from "./get.ts";
import { autoscale, createNamed, expose, runPod } from "./imperative.ts";
import { readInfos } from "./infos.ts";
import { label } from "./label.ts";
import type { KubectlFile } from "./manifest.ts";
import { cordon, taint } from "./nodes.ts";
import { Output } from "./output.ts";
import { patch } from "./patch.ts";
import { rollout } from "./rollout.ts";

/** Files of manifests by name, as the caller has read them. */
export interface ManifestFiles {
  (file: string): KubectlFile;
  /** What stands in a text of the command line. */
  readonly read?: (text: string) => KubectlFile;
}

type CommandBody = (
  server: ApiServer,
  args: Arguments,
  output: Output,
  files: ManifestFiles,
) => void;

const COMMANDS: ReadonlyMap<string, CommandBody> = new Map([
  ["annotate", label],
  ["api-resources", apiResources],
  ["api-versions", apiVersions],
  ["autoscale", autoscale],
  ["cluster-info", clusterInfo],
  ["cordon", cordon],
  ["create", createNamed],
  ["delete", deleteNamed],
  ["describe", describe],
  ["explain", explain],
  ["expose", expose],
  ["get", get],
  ["label", label],
  ["patch", patch],
  ["rollout", rollout],
  ["run", runPod],
  ["scale", scale],
  ["set", set],
  ["taint", taint],
  ["top", top],
  ["uncordon", cordon],
  ["version", version],
]);

/** Carries out one command line; `words` without `kubectl` itself. */
export function kubectl(server: ApiServer, words: readonly string[], files: ManifestFiles): Output {
  const output = new Output();
  failuresTo(output, () => run(server, parseArguments(words), files, output));
  return output;
}

function run(server: ApiServer, args: Arguments, files: ManifestFiles, output: Output): void {
  const { command, namespace } = args;
  const file = args.option("f") ?? args.option("filename");
  switch (command) {
    case "apply":
    case "create":
    case "replace":
      if (file !== null) {
        carryOutFile(server, files(file), { command, file, namespace }, output);
        return;
      }
      if (command !== "create") throw new UsageError("must specify one of -f and -k");
      break;
    case "delete":
      if (file === null) break;
      deleteListed(server, files(file), file, args, output);
      return;
  }
  const body = COMMANDS.get(command);
  if (body === undefined) throw new UsageError(`unknown command "${command}" for "kubectl"`);
  const named = file === null ? args : namedByFile(server, files(file), file, args, output);
  body(server, named, output, files);
}

/** Commands whose first word is not a resource. */
const WITH_ACTION = new Set(["rollout", "set"]);

/** The command line with the objects of a file as `-f` names them in it. */
function namedByFile(
  server: ApiServer,
  manifests: KubectlFile,
  file: string,
  args: Arguments,
  output: Output,
): Arguments {
  const { command, namespace, words } = args;
  const failures = new Failures();
  const source = { file, namespace, command, unchecked: true };
  const names = readInfos(server, manifests, source, failures, output).map(({ object }) => {
    const { apiVersion, kind, metadata } = object;
    return `${qualifiedKind(apiVersion, kind)}/${metadata.name ?? ""}`;
  });
  failures.throwFirst();
  const actions = WITH_ACTION.has(command) ? 1 : 0;
  return { ...args, words: [...words.slice(0, actions), ...names, ...words.slice(actions)] };
}
