/**
 * Whether the claims of a StatefulSet's Pods go with it: as the set's or a Pod's own, the garbage
 * collector takes them when their owner has gone.
 *
 * | whenDeleted | whenScaled | the claim's owner                               |
 * | ----------- | ---------- | ----------------------------------------------- |
 * | Retain      | Retain     | nobody                                          |
 * | Delete      | Retain     | the set                                         |
 * | Retain      | Delete     | the Pod, if there is one too many; else nobody  |
 * | Delete      | Delete     | the Pod, if there is one too many; else the set |
 *
 * Spec: Kubernetes, "StatefulSets", PersistentVolumeClaim retention; kubernetes
 * pkg/controller/statefulset/stateful_set_utils.go (updateClaimOwnerRefForSetAndPod), v1.36.
 */
import type { ApiObject, OwnerReference, Pod, StatefulSet } from "../api/types.ts";
import { deepEqual } from "../deep-equal.ts";
import type { Informers } from "../informer.ts";
import { keyOf } from "../store.ts";
import type { ApiClient, Sync } from "./client.ts";
import { controllerReference } from "./pods.ts";
import { claimsOf, isSurplus } from "./statefulset-pods.ts";

/** Gives the claims of the set's Pods the owners that its policy asks for. */
export function* retainClaims(
  client: ApiClient,
  informers: Informers,
  set: StatefulSet,
  pods: readonly Pod[],
): Sync {
  for (const pod of pods) {
    for (const { metadata } of claimsOf(set, pod.metadata.name)) {
      const key = keyOf({ metadata: { name: metadata.name, namespace: set.metadata.namespace } });
      const claim = informers.get("PersistentVolumeClaim", key);
      if (claim === null || claim.metadata.deletionTimestamp !== undefined) continue;
      const owners = ownersOf(claim, set, pod);
      if (deepEqual(owners, claim.metadata.ownerReferences ?? [])) continue;
      const ownerReferences = owners.length === 0 ? undefined : owners;
      yield* client.patch("PersistentVolumeClaim", key, (current) => ({
        ...current,
        metadata: { ...current.metadata, ownerReferences },
      }));
    }
  }
}

/** The claim's owners as they should be: those that others gave it stay. */
function ownersOf({ metadata }: ApiObject, set: StatefulSet, pod: Pod): OwnerReference[] {
  const others = (metadata.ownerReferences ?? []).filter(
    ({ uid }) => uid !== set.metadata.uid && uid !== pod.metadata.uid,
  );
  const { whenDeleted, whenScaled } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  if (whenScaled === "Delete" && isSurplus(set, pod)) return [...others, controllerReference(pod)];
  return whenDeleted === "Delete" ? [...others, controllerReference(set)] : others;
}
