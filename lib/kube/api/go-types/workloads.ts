/**
 * Go types of the other groups: `Type: field type, …`, written as those of `core.ts`.
 *
 * Spec: Kubernetes API v1.36: apps/v1, batch/v1, discovery.k8s.io/v1, networking.k8s.io/v1,
 * policy/v1, autoscaling/v2, rbac.authorization.k8s.io/v1, scheduling.k8s.io/v1, storage.k8s.io/v1.
 */
export const WORKLOAD_TYPES = `
Deployment: spec DeploymentSpec, status any
DeploymentSpec: replicas *int32, selector LabelSelector, template PodTemplateSpec, strategy DeploymentStrategy, minReadySeconds int32, revisionHistoryLimit *int32, paused bool, progressDeadlineSeconds *int32
DeploymentStrategy: type string, rollingUpdate RollingUpdateDeployment
RollingUpdateDeployment: maxUnavailable IntOrString, maxSurge IntOrString
ReplicaSet: spec ReplicaSetSpec, status any
ReplicaSetSpec: replicas *int32, minReadySeconds int32, selector LabelSelector, template PodTemplateSpec
StatefulSet: spec StatefulSetSpec, status any
StatefulSetSpec: replicas *int32, selector LabelSelector, template PodTemplateSpec, volumeClaimTemplates []StatefulSetClaim, serviceName string, podManagementPolicy string, updateStrategy StatefulSetUpdateStrategy, revisionHistoryLimit *int32, minReadySeconds int32, persistentVolumeClaimRetentionPolicy StatefulSetPersistentVolumeClaimRetentionPolicy, ordinals StatefulSetOrdinals
StatefulSetClaim: apiVersion string, kind string, metadata ObjectMeta, spec PersistentVolumeClaimSpec, status any
StatefulSetUpdateStrategy: type string, rollingUpdate RollingUpdateStatefulSetStrategy
RollingUpdateStatefulSetStrategy: partition *int32, maxUnavailable IntOrString
StatefulSetPersistentVolumeClaimRetentionPolicy: whenDeleted string, whenScaled string
StatefulSetOrdinals: start int32!
DaemonSet: spec DaemonSetSpec, status any
DaemonSetSpec: selector LabelSelector, template PodTemplateSpec, updateStrategy DaemonSetUpdateStrategy, minReadySeconds int32, revisionHistoryLimit *int32
DaemonSetUpdateStrategy: type string, rollingUpdate RollingUpdateDaemonSet
RollingUpdateDaemonSet: maxUnavailable IntOrString, maxSurge IntOrString

Job: spec JobSpec, status any
JobSpec: parallelism *int32, completions *int32, activeDeadlineSeconds *int64, podFailurePolicy PodFailurePolicy, successPolicy SuccessPolicy, backoffLimit *int32, backoffLimitPerIndex *int32, maxFailedIndexes *int32, selector LabelSelector, manualSelector *bool, template PodTemplateSpec, ttlSecondsAfterFinished *int32, completionMode *string, suspend *bool, podReplacementPolicy *string, managedBy *string
PodFailurePolicy: rules []PodFailurePolicyRule!
PodFailurePolicyRule: action string!, onExitCodes PodFailurePolicyOnExitCodesRequirement, onPodConditions []PodFailurePolicyOnPodConditionsPattern
PodFailurePolicyOnExitCodesRequirement: containerName *string, operator string!, values []int32!
PodFailurePolicyOnPodConditionsPattern: type string!, status string!
SuccessPolicy: rules []SuccessPolicyRule!
SuccessPolicyRule: succeededIndexes *string, succeededCount *int32
CronJob: spec CronJobSpec, status any
CronJobSpec: schedule string!, timeZone *string, startingDeadlineSeconds *int64, concurrencyPolicy string, suspend *bool, jobTemplate JobTemplateSpec, successfulJobsHistoryLimit *int32, failedJobsHistoryLimit *int32
JobTemplateSpec: metadata ObjectMeta, spec JobSpec

EndpointSlice: addressType string!, endpoints []Endpoint!, ports []EndpointPort!
Endpoint: addresses []string!, conditions EndpointConditions, hostname *string, targetRef ObjectReference, deprecatedTopology map string, nodeName *string, zone *string, hints EndpointHints
EndpointConditions: ready *bool, serving *bool, terminating *bool
EndpointHints: forZones []ForZone, forNodes []ForNode
ForZone: name string!
ForNode: name string!
EndpointPort: name *string, protocol *string, port *int32, appProtocol *string

Ingress: spec IngressSpec, status any
IngressSpec: ingressClassName *string, defaultBackend IngressBackend, tls []IngressTLS, rules []IngressRule
IngressTLS: hosts []string, secretName string
IngressRule: host string, http HTTPIngressRuleValue
HTTPIngressRuleValue: paths []HTTPIngressPath!
HTTPIngressPath: path string, pathType *string, backend IngressBackend
IngressBackend: service IngressServiceBackend, resource TypedLocalObjectReference
IngressServiceBackend: name string!, port ServiceBackendPort
ServiceBackendPort: name string, number int32
IngressClass: spec IngressClassSpec
IngressClassSpec: controller string, parameters IngressClassParametersReference
IngressClassParametersReference: apiGroup *string, kind string!, name string!, scope *string, namespace *string
NetworkPolicy: spec NetworkPolicySpec
NetworkPolicySpec: podSelector LabelSelector, ingress []NetworkPolicyIngressRule, egress []NetworkPolicyEgressRule, policyTypes []string
NetworkPolicyIngressRule: ports []NetworkPolicyPort, from []NetworkPolicyPeer
NetworkPolicyEgressRule: ports []NetworkPolicyPort, to []NetworkPolicyPeer
NetworkPolicyPort: protocol *string, port IntOrString, endPort *int32
NetworkPolicyPeer: podSelector LabelSelector, namespaceSelector LabelSelector, ipBlock IPBlock
IPBlock: cidr string!, except []string

PodDisruptionBudget: spec PodDisruptionBudgetSpec, status any
PodDisruptionBudgetSpec: minAvailable IntOrString, selector LabelSelector, maxUnavailable IntOrString, unhealthyPodEvictionPolicy *string
Role: rules []PolicyRule!
ClusterRole: rules []PolicyRule!, aggregationRule any
PolicyRule: verbs []string!, apiGroups []string, resources []string, resourceNames []string, nonResourceURLs []string
RoleBinding: subjects []Subject, roleRef RoleRef
ClusterRoleBinding: subjects []Subject, roleRef RoleRef
Subject: kind string!, apiGroup string, name string!, namespace string
RoleRef: apiGroup string!, kind string!, name string!
PriorityClass: value int32!, globalDefault bool, description string, preemptionPolicy *string
StorageClass: provisioner string!, parameters map string, reclaimPolicy *string, mountOptions []string, allowVolumeExpansion *bool, volumeBindingMode *string, allowedTopologies []any
ControllerRevision: data any, revision int64!
Lease: spec any
HorizontalPodAutoscaler: spec HorizontalPodAutoscalerSpec, status any
HorizontalPodAutoscalerSpec: scaleTargetRef CrossVersionObjectReference, minReplicas *int32, maxReplicas int32!, metrics []MetricSpec, behavior any, targetCPUUtilizationPercentage *int32
CrossVersionObjectReference: kind string!, name string!, apiVersion string
MetricSpec: type string!, object any, pods any, resource ResourceMetricSource, containerResource any, external any
ResourceMetricSource: name string!, target MetricTarget
MetricTarget: type string!, value *Quantity, averageValue *Quantity, averageUtilization *int32
`;
