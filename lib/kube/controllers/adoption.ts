/**
 * Taking over what belongs to nobody.
 *
 * Spec: kubernetes pkg/controller/controller_ref_manager.go (AdoptPod), v1.36.
 */
import type { ApiObject, Pod } from "../api/types.ts";
import { keyOf } from "../store.ts";
import type { ApiClient, Sync } from "./client.ts";
import { controllerReference } from "./pods.ts";

/** Makes `owner` the controller of a Pod that has none. */
export function* adoptPod(client: ApiClient, owner: ApiObject, pod: Pod): Sync {
  yield* client.patch("Pod", keyOf(pod), (current) => ({
    ...current,
    metadata: {
      ...current.metadata,
      ownerReferences: [...(current.metadata.ownerReferences ?? []), controllerReference(owner)],
    },
  }));
}
