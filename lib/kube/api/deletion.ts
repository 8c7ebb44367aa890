/**
 * How objects go: grace periods and finalizers hold them back, and a namespace waits until it is
 * empty.
 *
 * Spec: Kubernetes API concepts (garbage collection); registry/rest/delete.go of apiserver v1.36.
 */
import { ApiError } from "./errors.ts";
import type { ApiObject, Pod } from "./types.ts";

/** How a deletion is meant. */
export interface DeleteOptions {
  /** Seconds a Pod has to end; its own grace period by default. */
  readonly gracePeriodSeconds?: number;
  /** What becomes of the objects it owns. */
  readonly propagation?: "Background" | "Foreground" | "Orphan";
  /** Only an object of this uid. */
  readonly uid?: string;
}

/** The namespaces that cannot be deleted. */
const IMMORTAL = new Set(["default", "kube-system", "kube-public"]);

/** Seconds that an object has to end: those of a Pod that runs, 0 for all others. */
export function gracePeriod(object: ApiObject, options: DeleteOptions): number {
  if (object.kind !== "Pod") return 0;
  const pod = object as Pod;
  const { phase } = pod.status;
  if (pod.spec.nodeName === undefined || phase === "Succeeded" || phase === "Failed") return 0;
  return options.gracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30;
}

/** The finalizers that hold an object back once it is deleted with that propagation. */
export function finalizersAtDeletion(
  object: ApiObject,
  propagation: DeleteOptions["propagation"],
): string[] {
  const finalizers = object.metadata.finalizers ?? [];
  const others = finalizers.filter((name) => name !== "orphan" && name !== "foregroundDeletion");
  if (propagation === "Foreground") return [...others, "foregroundDeletion"];
  if (propagation === "Orphan") return [...others, "orphan"];
  return propagation === "Background" ? others : [...finalizers];
}

/** The object with the marks of its deletion, which was asked for at `time` or before. */
export function markedForDeletion(
  object: ApiObject,
  time: string,
  graceSeconds: number,
  finalizers: readonly string[],
): ApiObject {
  const { metadata } = object;
  const isNew = metadata.deletionTimestamp === undefined;
  return {
    ...object,
    metadata: {
      ...metadata,
      deletionTimestamp: metadata.deletionTimestamp ?? time,
      deletionGracePeriodSeconds: graceSeconds,
      ...(isNew && metadata.generation !== undefined && { generation: metadata.generation + 1 }),
      ...(finalizers.length > 0 && { finalizers }),
    },
  };
}

/**
 * A namespace on its way out; it stays until its controller has emptied it. Null if it is on its
 * way already. Throws `Forbidden` for one that cannot be deleted.
 */
export function terminating(namespace: ApiObject, time: string): ApiObject | null {
  const { metadata } = namespace;
  if (IMMORTAL.has(metadata.name)) {
    throw new ApiError(
      "Forbidden",
      `namespaces "${metadata.name}" is forbidden: this namespace may not be deleted`,
    );
  }
  if (metadata.deletionTimestamp !== undefined) return null;
  const marked = { ...metadata, deletionTimestamp: time };
  return { ...namespace, metadata: marked, status: { phase: "Terminating" } };
}
