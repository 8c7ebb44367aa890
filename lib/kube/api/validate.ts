/** The API server's checks of an object of any kind, and how a refusal of it reads. */
import { FieldErrors, invalidError } from "./errors.ts";
import { type Fields, mapIn, textIn } from "./fields.ts";
import { checkClaim } from "./validation/claim.ts";
import {
  checkConfigMap,
  checkLimitRange,
  checkNode,
  checkResourceQuota,
  checkSecret,
} from "./validation/config.ts";
import { checkEndpointSlice, checkEndpoints } from "./validation/endpoints.ts";
import { checkCronJob, checkJob } from "./validation/job.ts";
import { checkMetadata } from "./validation/metadata.ts";
import { checkNetworkPolicy } from "./validation/network-policy.ts";
import { checkIngress, checkIngressClass } from "./validation/networking.ts";
import { checkPod } from "./validation/pod.ts";
import {
  checkAutoscaler,
  checkDisruptionBudget,
  checkPriorityClass,
  checkRole,
  checkRoleBinding,
} from "./validation/policy.ts";
import { checkService } from "./validation/service.ts";
import { checkStatefulSet } from "./validation/stateful-set.ts";
import { checkStorageClass, checkVolume } from "./validation/storage.ts";
import {
  checkDaemonSet,
  checkDeployment,
  checkReplicaSet,
  checkReplicationController,
} from "./validation/workload.ts";

/**
 * Checks what a kind has besides metadata; `old` is null of a new object. A Pod may be made of a
 * known template: its spec there.
 */
type KindCheck = (
  errors: FieldErrors,
  object: Fields,
  old: Fields | null,
  template: Fields | null,
) => void;

const CHECKS: ReadonlyMap<string, KindCheck> = new Map<string, KindCheck>([
  ["ClusterRole", checkRole],
  ["ClusterRoleBinding", checkRoleBinding],
  ["ConfigMap", checkConfigMap],
  ["CronJob", checkCronJob],
  ["DaemonSet", checkDaemonSet],
  ["Deployment", checkDeployment],
  ["EndpointSlice", checkEndpointSlice],
  ["Endpoints", checkEndpoints],
  ["HorizontalPodAutoscaler", checkAutoscaler],
  ["Ingress", checkIngress],
  ["IngressClass", checkIngressClass],
  ["Job", checkJob],
  ["LimitRange", checkLimitRange],
  ["NetworkPolicy", checkNetworkPolicy],
  ["Node", checkNode],
  ["PersistentVolume", checkVolume],
  ["PersistentVolumeClaim", checkClaim],
  ["Pod", checkPod],
  ["PodDisruptionBudget", checkDisruptionBudget],
  ["PriorityClass", checkPriorityClass],
  ["ReplicaSet", checkReplicaSet],
  ["ReplicationController", checkReplicationController],
  ["ResourceQuota", checkResourceQuota],
  ["Role", checkRole],
  ["RoleBinding", checkRoleBinding],
  ["Secret", checkSecret],
  ["Service", checkService],
  ["StatefulSet", checkStatefulSet],
  ["StorageClass", checkStorageClass],
]);

/**
 * Throws `Invalid` if the object, defaults filled in, is not one that the API has. `template` is the
 * known spec that a Pod is made of and admitted with, or null.
 */
export function validate(object: Fields, old: Fields | null, template: Fields | null = null): void {
  const errors = new FieldErrors();
  checkMetadata(errors, object, old);
  CHECKS.get(textIn(object, "kind"))?.(errors, object, old, template);
  if (errors.list.length === 0) return;
  throw invalidError(
    textIn(object, "kind"),
    textIn(mapIn(object, "metadata"), "name"),
    errors.list,
  );
}
