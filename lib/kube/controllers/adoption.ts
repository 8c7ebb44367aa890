/**
 * Taking over what belongs to nobody, and letting go what no longer fits.
 *
 * Spec: kubernetes pkg/controller/controller_ref_manager.go (claimObject), v1.36.
 */
import { matchesSelector } from "../api/labels.ts";
import type { ApiObject, LabelSelector } from "../api/types.ts";
import { controllerOf } from "../informer.ts";
import { keyOf } from "../store.ts";
import type { ApiClient, Sync } from "./client.ts";
import { controllerReference } from "./pods.ts";

/**
 * Of `owned` those that fit the selector, and of `orphans`, which nobody controls, those that do
 * and are not on their way out: these are taken over. What `owner` has and no longer fits is let
 * go. An owner that is being deleted changes nothing.
 */
export function* claim<T extends ApiObject>(
  client: ApiClient,
  owner: ApiObject,
  selector: LabelSelector,
  owned: readonly T[],
  orphans: readonly T[],
): Sync<readonly T[]> {
  const fits = ({ metadata }: T): boolean => matchesSelector(selector, metadata.labels);
  const isGoing = owner.metadata.deletionTimestamp !== undefined;
  const adoptable = isGoing
    ? []
    : orphans.filter((object) => canAdopt(owner, object) && fits(object));
  if (adoptable.length === 0 && owned.every(fits)) return owned;
  if (!isGoing) {
    for (const object of owned) if (!fits(object)) yield* release(client, owner, object);
    for (const object of adoptable) yield* adopt(client, owner, object);
  }
  return [...owned.filter(fits), ...adoptable];
}

/** Whether nobody else has the object, so that `owner` could be its controller. */
export function canAdopt({ metadata }: ApiObject, object: ApiObject): boolean {
  return (
    metadata.deletionTimestamp === undefined &&
    metadata.namespace === object.metadata.namespace &&
    object.metadata.deletionTimestamp === undefined &&
    controllerOf(object) === null
  );
}

/** Makes `owner` the controller of an object that has none. */
function* adopt(client: ApiClient, owner: ApiObject, object: ApiObject): Sync {
  yield* client.patch(object.kind, keyOf(object), (current) => ({
    ...current,
    metadata: {
      ...current.metadata,
      ownerReferences: [...(current.metadata.ownerReferences ?? []), controllerReference(owner)],
    },
  }));
}

/** Takes `owner` out of the object's owners. */
function* release(client: ApiClient, owner: ApiObject, object: ApiObject): Sync {
  yield* client.patch(object.kind, keyOf(object), (current) => {
    const others = (current.metadata.ownerReferences ?? []).filter(
      ({ uid }) => uid !== owner.metadata.uid,
    );
    const ownerReferences = others.length === 0 ? undefined : others;
    return { ...current, metadata: { ...current.metadata, ownerReferences } };
  });
}
