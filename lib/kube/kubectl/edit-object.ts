/**
 * `kubectl edit`: an object as YAML in a file, a program that changes the file, and what it says
 * then to the API server. The program is that of KUBE_EDITOR or EDITOR, which has to end by itself.
 *
 * Spec: kubectl v1.36, cmd/util/editor (DefaultEditorEnvs, editOptions).
 * Not modelled: an editor on a terminal, `--output-patch`, a second attempt after a refusal.
 */
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { type CommandContext, notModelled } from "../../shell/command.ts";
import { shellCommand } from "../../shell/commands/sh.ts";
import type { Program } from "../../sim/process.ts";
import type { ApiObject } from "../api/types.ts";
import { deepEqual } from "../deep-equal.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { nameOf, selectObjects } from "./select.ts";
import { type KubectlSurroundings, printed } from "./surroundings.ts";
import { toYaml } from "./yaml-text.ts";

const HEAD = `# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
`;

/** `kubectl edit TYPE/NAME`. */
export function* edit(
  { server, readManifests }: KubectlSurroundings,
  args: Arguments,
  context: CommandContext,
): Program<number> {
  const { io, host, environment, commands } = context;
  const editor = environment.get("KUBE_EDITOR") ?? environment.get("EDITOR");
  if (editor === undefined) {
    throw notModelled("kubectl edit", "an editor on a terminal", "KUBE_EDITOR=… kubectl edit …");
  }
  const found: ApiObject[] = [];
  const refused = printed(io, () => {
    if (args.words.length === 0) throw new UsageError("must specify one of -f and -k");
    found.push(...selectObjects(server, args, args.words));
  });
  for (const object of found) {
    const path = `/tmp/kubectl-edit-${object.metadata.resourceVersion}.yaml`;
    const before = `${HEAD}${toYaml(object)}`;
    host.files.write(path, utf8(before));
    const words = ["-c", `${editor} "$0"`, path];
    const status = yield* shellCommand("sh").parse(words, () => {
      throw new Error("a shell starts nothing by itself");
    })({ ...context, commands });
    if (status !== 0) {
      io.stderr(`error: there was a problem with the editor "${editor}"\n`);
      return 1;
    }
    const after = fromUtf8(host.files.read(path) ?? new Uint8Array(0));
    host.files.remove(path);
    const outcome = printed(io, (output) => {
      const [manifest] = readManifests(after, path).manifests;
      if (after === before || manifest === undefined) {
        output.warn("Edit cancelled, no changes made.");
        return;
      }
      const next = manifest.value as unknown as ApiObject;
      if (deepEqual(next, object)) output.warn("Edit cancelled, no changes made.");
      else {
        server.update(next, "kubectl-edit");
        output.print(`${nameOf(object)} edited`);
      }
    });
    if (outcome !== 0) return outcome;
  }
  return refused;
}
