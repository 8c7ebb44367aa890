/**
 * Objects that the API server keeps and nobody carries out, so that a lab can say what it is that
 * does not happen.
 */

import { isBuiltIn } from "./api/resources.ts";
import type { ApiObject } from "./api/types.ts";
import type { Store } from "./store.ts";

/** An object without effect. */
export interface KeptOnly {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** `is kept, but not enforced: all traffic passes`. */
  readonly text: string;
}

/** Kinds whose objects do nothing here, and what that means. */
const REASONS: readonly (readonly [kind: string, text: string])[] = [
  ["NetworkPolicy", "is kept, but not enforced: all traffic passes"],
  ["HorizontalPodAutoscaler", "is kept, but scales nothing: Pods use no CPU here"],
];

/** All objects without effect in a cluster as it is now. */
export function keptOnly(store: Store): KeptOnly[] {
  const kinds = REASONS.flatMap(([kind, text]) =>
    store.list(kind).map((object) => note(object, text)),
  );
  const custom = store
    .kinds()
    .filter((kind) => !isBuiltIn(kind))
    .flatMap((kind) =>
      store.list(kind).map((object) => note(object, "is kept, but no controller knows its kind")),
    );
  return [...kinds, ...custom];
}

function note({ kind, metadata }: ApiObject, text: string): KeptOnly {
  return { kind, namespace: metadata.namespace ?? "", name: metadata.name, text };
}
