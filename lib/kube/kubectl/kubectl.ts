/**
 * kubectl on the emulated API server: commands as people type them, texts as kubectl prints them.
 *
 * Spec: kubectl v1.36.
 * Not modelled: edit, port-forward, top, attach, cp, debug, plugins; `get --watch`.
 */
import { ApiError } from "../api/errors.ts";
import { resourceOf } from "../api/resources.ts";
import type { ApiServer, DeleteOptions } from "../api/server.ts";
import type { ApiObject, Deployment, Node, Pod } from "../api/types.ts";
import { controllerOf } from "../informer.ts";
import { keyOf } from "../store.ts";
import { apply } from "./apply.ts";
import { type Arguments, parseArguments, UsageError } from "./arguments.ts";
import { describe } from "./describe.ts";
import { get } from "./get.ts";
import { createNamed, expose, runPod } from "./imperative.ts";
import type { Manifest } from "./manifest.ts";
import { mergePatch, strategicPatch } from "./merge.ts";
import { Output } from "./output.ts";
import { rollout } from "./rollout.ts";
import { nameOf, selectObjects } from "./select.ts";

const USER = "kubectl";

/** Files of manifests by name, as the caller has read them. */
export type ManifestFiles = (file: string) => readonly Manifest[];

/** Carries out one command line; `words` without `kubectl` itself. */
export function kubectl(server: ApiServer, words: readonly string[], files: ManifestFiles): Output {
  const output = new Output();
  failuresTo(output, () => run(server, parseArguments(words), files, output));
  return output;
}

/** Does something; what kubectl or the server refuses is printed as kubectl prints it. */
export function failuresTo(output: Output, act: () => void): void {
  try {
    act();
  } catch (error) {
    if (error instanceof UsageError) output.fail(`error: ${error.message}`);
    else if (error instanceof ApiError) {
      output.fail(
        error.reason === "Invalid"
          ? error.message
          : `Error from server (${error.reason}): ${error.message}`,
      );
    } else throw error;
  }
}

function run(server: ApiServer, args: Arguments, files: ManifestFiles, output: Output): void {
  const file = args.option("f") ?? args.option("filename");
  switch (args.command) {
    case "apply":
    case "create":
      if (file === null && args.command === "create") {
        createNamed(server, args, output);
        return;
      }
      if (file === null) throw new UsageError("must specify one of -f and -k");
      apply(server, files(file), file, args.namespace, output);
      return;
    case "run":
      runPod(server, args, output);
      return;
    case "expose":
      expose(server, args, output);
      return;
    case "get":
      get(server, args, output);
      return;
    case "describe":
      describe(server, args, output);
      return;
    case "delete":
      file === null
        ? deleteNamed(server, args, output)
        : deleteListed(server, files(file), args, output);
      return;
    case "scale":
      scale(server, args, output);
      return;
    case "patch":
      patch(server, args, output);
      return;
    case "rollout":
      rollout(server, args, output);
      return;
    case "label":
    case "annotate":
      label(server, args, output);
      return;
    case "set":
      setImage(server, args, output);
      return;
    case "cordon":
    case "uncordon":
      cordon(server, args, output);
      return;
    case "taint":
      taint(server, args, output);
      return;
    case "drain":
      drain(server, args, output);
      return;
    default:
      throw new UsageError(`unknown command "${args.command}" for "kubectl"`);
  }
}

function deleteNamed(server: ApiServer, args: Arguments, output: Output): void {
  for (const object of selectObjects(server, args, args.words))
    deleteOne(server, object, args, output);
}

function deleteListed(
  server: ApiServer,
  manifests: readonly Manifest[],
  args: Arguments,
  output: Output,
): void {
  for (const { value } of manifests) {
    const wanted = value as unknown as ApiObject;
    const namespaced = resourceOf(wanted.apiVersion, wanted.kind)?.namespaced !== false;
    const namespace = namespaced ? (wanted.metadata.namespace ?? args.namespace) : undefined;
    const key = keyOf({ metadata: { name: wanted.metadata.name, namespace } });
    const object = server.find(wanted.kind, key);
    if (object === null)
      output.fail(
        `Error from server (NotFound): error when deleting "${args.option("f") ?? ""}": ${server.notFound(wanted.kind, wanted.metadata.name).message}`,
      );
    else deleteOne(server, object, args, output);
  }
}

function deleteOne(server: ApiServer, object: ApiObject, args: Arguments, output: Output): void {
  const cascade = args.option("cascade") ?? "background";
  const grace = args.option("grace-period");
  const force = args.flag("force");
  const options: DeleteOptions = {
    propagation:
      cascade === "orphan" ? "Orphan" : cascade === "foreground" ? "Foreground" : "Background",
    ...(grace !== null && { gracePeriodSeconds: Number(grace) }),
    ...(force && grace === null && { gracePeriodSeconds: 0 }),
  };
  if (force) {
    output.warn(
      "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.",
    );
  }
  server.delete(object.kind, keyOf(object), USER, options);
  const { namespace, name } = object.metadata;
  const where = namespace === undefined ? "" : ` from ${namespace} namespace`;
  const how = force ? "force deleted" : "deleted";
  output.print(`${nameOf(object).slice(0, nameOf(object).indexOf("/"))} "${name}" ${how}${where}`);
}

function scale(server: ApiServer, args: Arguments, output: Output): void {
  const replicas = Number(args.option("replicas") ?? Number.NaN);
  if (!Number.isInteger(replicas)) throw new UsageError('required flag(s) "replicas" not set');
  for (const object of selectObjects(server, args, args.words)) {
    server.patch(
      object.kind,
      keyOf(object),
      (current) => withSpec(current, { replicas }),
      USER,
      "patch scale",
    );
    output.print(`${nameOf(object)} scaled`);
  }
}

function patch(server: ApiServer, args: Arguments, output: Output): void {
  const text = args.option("p") ?? args.option("patch") ?? "{}";
  const change = JSON.parse(text) as Record<string, unknown>;
  const isMerge = args.option("type") === "merge";
  for (const object of selectObjects(server, args, args.words)) {
    const next = server.patch(
      object.kind,
      keyOf(object),
      (current) => {
        const target = current as unknown as Record<string, unknown>;
        return (isMerge
          ? mergePatch(target, change)
          : strategicPatch(target, change)) as unknown as ApiObject;
      },
      USER,
    );
    output.print(`${nameOf(object)} patched${next === object ? " (no change)" : ""}`);
  }
}

function label(server: ApiServer, args: Arguments, output: Output): void {
  const field = args.command === "label" ? "labels" : "annotations";
  const isChange = (word: string) => word.includes("=") || word.endsWith("-");
  const changes = args.words.filter(isChange);
  for (const object of selectObjects(
    server,
    args,
    args.words.filter((word) => !isChange(word)),
  )) {
    const next = server.patch(
      object.kind,
      keyOf(object),
      (current) => {
        const values = { ...current.metadata[field] };
        for (const change of changes) {
          const equals = change.indexOf("=");
          if (equals === -1) delete values[change.slice(0, -1)];
          else values[change.slice(0, equals)] = change.slice(equals + 1);
        }
        const kept = Object.keys(values).length === 0 ? undefined : values;
        return { ...current, metadata: { ...current.metadata, [field]: kept } };
      },
      USER,
    );
    const done =
      field === "annotations"
        ? "annotated"
        : changes.every((change) => !change.includes("="))
          ? "unlabeled"
          : "labeled";
    output.print(
      `${nameOf(object)} ${next === object && field === "labels" ? "not labeled" : done}`,
    );
  }
}

function setImage(server: ApiServer, args: Arguments, output: Output): void {
  const [what, ...rest] = args.words;
  if (what !== "image") throw new UsageError(`unknown command "set ${what ?? ""}"`);
  const images = new Map(
    rest
      .filter((word) => word.includes("="))
      .map((word) => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]),
  );
  for (const object of selectObjects(
    server,
    args,
    rest.filter((word) => !word.includes("=")),
  )) {
    server.patch(
      object.kind,
      keyOf(object),
      (current) => {
        const { template } = (current as Deployment).spec;
        const containers = template.spec.containers.map((each) => ({
          ...each,
          image: images.get(each.name) ?? images.get("*") ?? each.image,
        }));
        return withSpec(current, {
          template: { ...template, spec: { ...template.spec, containers } },
        });
      },
      USER,
    );
    output.print(`${nameOf(object)} image updated`);
  }
}

function cordon(server: ApiServer, args: Arguments, output: Output): void {
  for (const name of args.words) setUnschedulable(server, name, args.command === "cordon", output);
}

function setUnschedulable(
  server: ApiServer,
  name: string,
  unschedulable: boolean,
  output: Output,
): void {
  const node = server.find("Node", name) as Node | null;
  if (node === null) throw server.notFound("Node", name);
  const already = (node.spec.unschedulable === true) === unschedulable;
  server.patch(
    "Node",
    name,
    (current) => withSpec(current, { unschedulable: unschedulable ? true : undefined }),
    USER,
  );
  output.print(
    `node/${name} ${already ? "already " : ""}${unschedulable ? "cordoned" : "uncordoned"}`,
  );
}

function taint(server: ApiServer, args: Arguments, output: Output): void {
  const [, ...words] = args.words;
  const changes = words.filter((word) => word.includes(":") || word.endsWith("-"));
  for (const name of words.filter((word) => !changes.includes(word))) {
    server.patch(
      "Node",
      name,
      (current) => {
        let taints = [...((current as Node).spec.taints ?? [])];
        for (const change of changes) {
          const [left = "", effect = ""] = change.replace(/-$/, "").split(":");
          const [key = "", value] = left.split("=");
          taints = taints.filter(
            (each) => each.key !== key || (effect !== "" && each.effect !== effect),
          );
          if (!change.endsWith("-"))
            taints.push({ key, ...(value !== undefined && value !== "" && { value }), effect });
        }
        return withSpec(current, { taints: taints.length === 0 ? undefined : taints });
      },
      USER,
    );
    output.print(
      `node/${name} ${changes.every((change) => change.endsWith("-")) ? "untainted" : "tainted"}`,
    );
  }
}

function drain(server: ApiServer, args: Arguments, output: Output): void {
  for (const name of args.words) {
    setUnschedulable(server, name, true, output);
    const pods = server.store
      .list("Pod")
      .filter((pod) => pod.spec.nodeName === name && pod.metadata.deletionTimestamp === undefined);
    const daemons = pods.filter((pod) => controllerOf(pod)?.kind === "DaemonSet");
    if (daemons.length > 0) {
      const list = daemons.map((pod) => keyOf(pod)).join(", ");
      if (!args.flag("ignore-daemonsets")) {
        output.fail(
          `error: unable to drain node "${name}" due to error: cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore): ${list}, continuing command...`,
        );
        continue;
      }
      output.warn(`Warning: ignoring DaemonSet-managed Pods: ${list}`);
    }
    for (const pod of pods) {
      if (daemons.includes(pod)) continue;
      output.print(`evicting pod ${keyOf(pod)}`);
      evict(server, pod);
    }
    for (const pod of pods)
      if (!daemons.includes(pod)) output.print(`pod/${pod.metadata.name} evicted`);
    output.print(`node/${name} drained`);
  }
}

/** The eviction API: says why in a condition, then deletes. */
function evict(server: ApiServer, pod: Pod): void {
  server.patchStatus(
    "Pod",
    keyOf(pod),
    (current) => ({
      ...current.status,
      conditions: [
        ...(current.status.conditions ?? []).filter(({ type }) => type !== "DisruptionTarget"),
        {
          type: "DisruptionTarget",
          observedGeneration: pod.metadata.generation,
          status: "True",
          reason: "EvictionByEvictionAPI",
          message: "Eviction API: evicting",
          lastProbeTime: null,
          lastTransitionTime: server.time,
        },
      ],
    }),
    USER,
  );
  server.delete("Pod", keyOf(pod), USER);
}

function withSpec(object: ApiObject, change: Readonly<Record<string, unknown>>): ApiObject {
  return { ...object, spec: { ...(object.spec as Record<string, unknown>), ...change } };
}
