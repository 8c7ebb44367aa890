/**
 * The values that the API server fills in when an object comes without them, per kind. Works on a
 * copy that the server owns.
 *
 * Spec: Kubernetes API v1.36, "default" of each field.
 */
import {
  defaultAutoscaler,
  defaultClaim,
  defaultLimitRange,
  defaultNamespace,
  defaultPriorityClass,
  defaultRoleBinding,
  defaultSecret,
  defaultStatus,
  defaultStorageClass,
  defaultVolume,
} from "./defaulting/objects.ts";
import { defaultPod } from "./defaulting/pod.ts";
import {
  defaultEndpointSlice,
  defaultEndpoints,
  defaultIngress,
  defaultIngressClass,
  defaultNetworkPolicy,
  defaultService,
} from "./defaulting/service.ts";
import {
  defaultCronJob,
  defaultDaemonSet,
  defaultDeployment,
  defaultJob,
  defaultReplicaSet,
  defaultReplicationController,
  defaultStatefulSet,
} from "./defaulting/workloads.ts";
import { ensureMap, type Fields, mapIn, numberIn, textIn } from "./fields.ts";

const DEFAULTERS: ReadonlyMap<string, (object: Fields) => void> = new Map([
  ["ClusterRoleBinding", defaultRoleBinding],
  ["CronJob", defaultCronJob],
  ["DaemonSet", defaultDaemonSet],
  ["Deployment", defaultDeployment],
  ["EndpointSlice", defaultEndpointSlice],
  ["Endpoints", defaultEndpoints],
  ["HorizontalPodAutoscaler", defaultAutoscaler],
  ["Ingress", defaultIngress],
  ["IngressClass", defaultIngressClass],
  ["Job", defaultJob],
  ["LimitRange", defaultLimitRange],
  ["Namespace", defaultNamespace],
  ["NetworkPolicy", defaultNetworkPolicy],
  ["PersistentVolume", defaultVolume],
  ["PersistentVolumeClaim", defaultClaim],
  ["Pod", defaultPod],
  ["PriorityClass", defaultPriorityClass],
  ["ReplicaSet", defaultReplicaSet],
  ["ReplicationController", defaultReplicationController],
  ["ResourceQuota", defaultStatus],
  ["RoleBinding", defaultRoleBinding],
  ["Secret", defaultSecret],
  ["Service", defaultService],
  ["StatefulSet", defaultStatefulSet],
  ["StorageClass", defaultStorageClass],
]);

/** Fills in what `object` of its kind does not say. */
export function setDefaults(object: Fields): void {
  DEFAULTERS.get(textIn(object, "kind"))?.(object);
}

const GENERATION = "deprecated.daemonset.template.generation";

/** A DaemonSet counts versions of its template in an annotation. */
export function setTemplateGeneration(daemonSet: Fields, generation: number): void {
  const annotations = ensureMap(ensureMap(daemonSet, "metadata"), "annotations");
  annotations[GENERATION] = String(generation);
}

/** The number in that annotation. */
export function templateGeneration(daemonSet: Fields): number {
  const metadata = mapIn(daemonSet, "metadata");
  return (
    Number(textIn(mapIn(metadata, "annotations"), GENERATION)) ||
    numberIn(metadata, "generation", 1)
  );
}
