/**
 * kubectl on the emulated API server: commands as people type them, texts as kubectl prints them.
 *
 * Spec: kubectl v1.36.
 * Not modelled: proxy, debug, plugins.
 */
import { qualifiedKind } from "../api/resources.ts";
import type { ApiServer } from "../api/server.ts";
import { carryOutFiles } from "./apply.ts";
import { type Arguments, checkFlags, filenames, parseArguments, UsageError } from "./arguments.ts";
import { auth } from "./auth.ts";
import { deleteListed, deleteNamed } from "./delete.ts";
import { describe } from "./describe.ts";
import { apiResources, apiVersions, clusterInfo, top, version } from "./discovery.ts";
import { scale, set } from "./edit.ts";
import { events } from "./events.ts";
import { explain } from "./explain.ts";
import { Failures, failuresTo } from "./failures.ts";
import { get } from "./get.ts";
import { autoscale, createNamed, expose, runPod } from "./imperative.ts";
import { readFiles } from "./infos.ts";
import { label } from "./label.ts";
import type { ManifestFiles } from "./manifest.ts";
import { cordon, taint } from "./nodes.ts";
import { Output } from "./output.ts";
import { patch } from "./patch.ts";
import { rollout } from "./rollout.ts";

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
  ["auth", auth],
  ["autoscale", autoscale],
  ["cluster-info", clusterInfo],
  ["cordon", cordon],
  ["create", createNamed],
  ["delete", deleteNamed],
  ["describe", describe],
  ["events", events],
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

/**
 * Carries out one command line; `words` without `kubectl` itself. `namespace` is that of commands
 * that name none.
 */
export function kubectl(
  server: ApiServer,
  words: readonly string[],
  files: ManifestFiles,
  namespace = "default",
): Output {
  const output = new Output();
  failuresTo(output, () => run(server, parseArguments(words, namespace), files, output));
  return output;
}

function run(server: ApiServer, args: Arguments, read: ManifestFiles, output: Output): void {
  checkFlags(args);
  const { command } = args;
  const files = filenames(args);
  switch (command) {
    case "apply":
    case "create":
    case "replace":
      if (files.length > 0) {
        carryOutFiles(server, read, { command, files, args }, output);
        return;
      }
      if (command !== "create") throw new UsageError("must specify one of -f and -k");
      break;
    case "delete":
      if (files.length === 0) break;
      deleteListed(server, read, files, args, output);
      return;
  }
  const body = COMMANDS.get(command);
  if (body === undefined) throw new UsageError(`unknown command "${command}" for "kubectl"`);
  const named = files.length === 0 ? args : namedByFiles(server, read, args, output);
  body(server, named, output, read);
}

/** Commands whose first word is not a resource. */
const WITH_ACTION = new Set(["rollout", "set"]);

/** The command line with the objects of its files named in it. */
function namedByFiles(
  server: ApiServer,
  read: ManifestFiles,
  args: Arguments,
  output: Output,
): Arguments {
  const { command, namespace, words } = args;
  const failures = new Failures();
  const source = { files: filenames(args), namespace, command, unchecked: true };
  const names = readFiles(server, read, source, failures, output).map(({ object }) => {
    const { apiVersion, kind, metadata } = object;
    return `${qualifiedKind(apiVersion, kind)}/${metadata.name ?? ""}`;
  });
  failures.throwFirst();
  const actions = WITH_ACTION.has(command) ? 1 : 0;
  return { ...args, words: [...words.slice(0, actions), ...names, ...words.slice(actions)] };
}
