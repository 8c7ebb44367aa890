/**
 * kubectl on the emulated API server: commands as people type them, texts as kubectl prints them.
 *
 * Spec: kubectl v1.36.
 * Not modelled: proxy, debug, plugins, contexts.
 */
import type { ApiServer } from "../api/server.ts";
import { carryOutFile } from "./apply.ts";
import { type Arguments, parseArguments, UsageError } from "./arguments.ts";
import { deleteListed, deleteNamed } from "./delete.ts";
import { describe } from "./describe.ts";
import { apiResources, apiVersions, clusterInfo, top, version } from "./discovery.ts";
import { label, patch, scale, set } from "./edit.ts";
import { explain } from "./explain.ts";
import { failuresTo } from "./failures.ts";
import { get } from "./get.ts";
import { autoscale, createNamed, expose, runPod } from "./imperative.ts";
import type { KubectlFile } from "./manifest.ts";
import { cordon, taint } from "./nodes.ts";
import { Output } from "./output.ts";
import { rollout } from "./rollout.ts";

/** Files of manifests by name, as the caller has read them. */
export interface ManifestFiles {
  (file: string): KubectlFile;
  /** What stands in a text of the command line. */
  readonly read?: (text: string) => KubectlFile;
}

type CommandBody = (server: ApiServer, args: Arguments, output: Output) => void;

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
    case "patch":
      patch(server, args, output, files);
      return;
    case "delete":
      if (file === null) break;
      deleteListed(server, files(file), file, args, output);
      return;
  }
  const body = COMMANDS.get(command);
  if (body === undefined) throw new UsageError(`unknown command "${command}" for "kubectl"`);
  body(server, args, output);
}
