/**
 * The Pods of a StatefulSet: their numbers, names and claims.
 *
 * Spec: kubernetes pkg/controller/statefulset/stateful_set_utils.go, v1.36.
 */
import { matchesSelector } from "../api/labels.ts";
import type { ControllerRevision, NewObject, Pod, PodTemplate, StatefulSet } from "../api/types.ts";
import { controllerOf } from "../informer.ts";
import { podFromTemplate } from "./pods.ts";

const REVISION_LABEL = "controller-revision-hash";

/** A claim with its name. */
type NewClaim = NewObject & { readonly metadata: { readonly name: string } };

/** The Pod of a number, of the template that a revision keeps. */
export function numberedPod(
  set: StatefulSet,
  name: string,
  ordinal: number,
  revision: ControllerRevision,
): NewObject {
  const { $patch: _patch, ...rest } = revision.data.spec.template;
  const template = rest as unknown as PodTemplate;
  const pod = podFromTemplate(set, template);
  const labels = {
    ...template.metadata?.labels,
    "apps.kubernetes.io/pod-index": String(ordinal),
    [REVISION_LABEL]: revision.metadata.name,
    "statefulset.kubernetes.io/pod-name": name,
  };
  const claims = set.spec.volumeClaimTemplates ?? [];
  const own = (template.spec.volumes ?? []).filter(
    (volume) => !claims.some(({ metadata }) => metadata.name === volume["name"]),
  );
  const volumes = claims.map(({ metadata }) => ({
    name: metadata.name,
    persistentVolumeClaim: { claimName: `${metadata.name}-${name}` },
  }));
  const spec = {
    ...template.spec,
    hostname: name,
    subdomain: set.spec.serviceName,
    ...(claims.length === 0 ? {} : { volumes: [...volumes, ...own] }),
  };
  return { ...pod, metadata: { ...pod.metadata, name, labels }, spec };
}

/** The claims of the Pod of that name. */
export function claimsOf(set: StatefulSet, pod: string): NewClaim[] {
  return (set.spec.volumeClaimTemplates ?? []).map(({ metadata, spec }) => ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      ...metadata,
      name: `${metadata.name}-${pod}`,
      namespace: set.metadata.namespace,
      labels: { ...metadata.labels, ...set.spec.selector.matchLabels },
    },
    spec,
  }));
}

/** The number at the end of a Pod's name; NaN if there is none. */
export function ordinalOf(pod: Pod): number {
  return Number(pod.metadata.name.slice(pod.metadata.name.lastIndexOf("-") + 1));
}

/** The name of the revision that a Pod was made of. */
export function revisionOf(pod: Pod): string {
  return pod.metadata.labels?.[REVISION_LABEL] ?? "";
}

/** Whether the Pod's number is none of those that the set wants. */
export function isSurplus({ spec }: StatefulSet, pod: Pod): boolean {
  const start = spec.ordinals?.start ?? 0;
  const ordinal = ordinalOf(pod);
  return ordinal < start || ordinal >= start + spec.replicas;
}

/** Whether a Pod that nobody controls could be one of the set's, by its name and labels. */
export function isOrphanOf(set: StatefulSet, pod: Pod): boolean {
  const { name, namespace, deletionTimestamp, labels } = pod.metadata;
  return (
    set.metadata.deletionTimestamp === undefined &&
    deletionTimestamp === undefined &&
    namespace === set.metadata.namespace &&
    controllerOf(pod) === null &&
    name.slice(0, name.lastIndexOf("-")) === set.metadata.name &&
    /-[0-9]+$/.test(name) &&
    matchesSelector(set.spec.selector, labels)
  );
}
