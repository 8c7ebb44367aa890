/**
 * The Pod and the container that `exec` and `logs` mean.
 *
 * Spec: kubectl v1.36, polymorphichelpers (the first Pod of a workload), cmd/exec, cmd/logs.
 * Differs: among the Pods of a workload the first by name is taken of those that are ready.
 */
import { matchesSelector } from "../api/labels.ts";
import type { ApiServer } from "../api/server.ts";
import type { ApiObject, Container, LabelSelector, Pod, StringMap } from "../api/types.ts";
import { isReady } from "../controllers/pods.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { nameOf, objectsOf, selections } from "./select.ts";

/** The Pods that a word such as `web-0`, `pod/web-0` or `deploy/web` means, the best one first. */
export function podsOf(server: ApiServer, args: Arguments, word: string): Pod[] {
  const [selection] = selections(server, word.includes("/") ? [word] : ["pod", word]);
  if (selection === undefined) return [];
  const [object] = objectsOf(server, selection, args);
  if (object === undefined) return [];
  if (object.kind === "Pod") return [object as Pod];
  return podsOfWorkload(server, object);
}

/** The Pods of a workload or Service, those that are ready first, then by name. */
export function podsOfWorkload(server: ApiServer, object: ApiObject): Pod[] {
  const selector = selectorOf(object);
  if (selector === null) throw new UsageError(`cannot attach to ${nameOf(object)}: no selector`);
  const pods = server.store
    .list("Pod")
    .filter(({ metadata }) => metadata.namespace === object.metadata.namespace)
    .filter(({ metadata }) => matchesSelector(selector, metadata.labels))
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  return [...pods.filter(isReady), ...pods.filter((pod) => !isReady(pod))];
}

/** Name of the container; says on standard error which of several is taken by default. */
export function containerOf(pod: Pod, args: Arguments, warn: (text: string) => void): Container {
  const wanted = args.option("c") ?? args.option("container");
  const { containers, initContainers } = pod.spec;
  const all = [...containers, ...(initContainers ?? [])];
  if (wanted !== null) {
    const found = all.find(({ name }) => name === wanted);
    if (found !== undefined) return found;
    throw new UsageError(`container ${wanted} not found in pod ${pod.metadata.name}`);
  }
  const annotated = pod.metadata.annotations?.["kubectl.kubernetes.io/default-container"];
  const named = all.find(({ name }) => name === annotated);
  const [first] = containers;
  if (named !== undefined) return named;
  if (first === undefined) throw new UsageError(`no containers in pod ${pod.metadata.name}`);
  if (all.length > 1) {
    const names = all.map(({ name }) => name);
    const marked = names.map((name, at) => (at < containers.length ? name : `${name} (init)`));
    warn(`Defaulted container "${first.name}" out of: ${marked.join(", ")}\n`);
  }
  return first;
}

function selectorOf({ kind, spec }: ApiObject): LabelSelector | null {
  const { selector } = spec as { readonly selector?: LabelSelector | StringMap };
  if (selector === undefined) return null;
  const isMap = kind === "Service" || kind === "ReplicationController";
  return isMap ? { matchLabels: selector as StringMap } : (selector as LabelSelector);
}
