/**
 * The fields of the API's Go types, which is what a strict decoder knows: `Type: field type, …`.
 * A manifest's fields are looked up here, and so are the type names that a decoder's message says.
 *
 * Spec: Kubernetes API v1.36 reference: core/v1, apps/v1, discovery.k8s.io/v1, networking.k8s.io/v1.
 */

/** A type: a scalar's name, a struct's name, or a list or map of a type. */
export type GoType =
  | { readonly kind: "scalar"; readonly name: string }
  | { readonly kind: "struct"; readonly name: string }
  | { readonly kind: "list"; readonly item: GoType }
  | { readonly kind: "map"; readonly item: GoType };

const DECLARATIONS = `
ObjectMeta: name string, generateName string, namespace string, selfLink string, uid string, resourceVersion string, generation int64, creationTimestamp Time, deletionTimestamp Time, deletionGracePeriodSeconds int64, labels map string, annotations map string, ownerReferences []OwnerReference, finalizers []string, managedFields []any
OwnerReference: apiVersion string, kind string, name string, uid string, controller bool, blockOwnerDeletion bool
LabelSelector: matchLabels map string, matchExpressions []LabelSelectorRequirement
LabelSelectorRequirement: key string, operator string, values []string
LocalObjectReference: name string
ObjectReference: kind string, namespace string, name string, uid string, apiVersion string, resourceVersion string, fieldPath string
Condition: type string, status string, observedGeneration int64, lastTransitionTime Time, reason string, message string

Service: spec ServiceSpec, status ServiceStatus
ServiceSpec: ports []ServicePort, selector map string, clusterIP string, clusterIPs []string, type string, externalIPs []string, sessionAffinity string, loadBalancerIP string, loadBalancerSourceRanges []string, externalName string, externalTrafficPolicy string, healthCheckNodePort int32, publishNotReadyAddresses bool, sessionAffinityConfig SessionAffinityConfig, ipFamilies []string, ipFamilyPolicy string, allocateLoadBalancerNodePorts bool, loadBalancerClass string, internalTrafficPolicy string, trafficDistribution string
ServicePort: name string, protocol string, appProtocol string, port int32, targetPort IntOrString, nodePort int32
SessionAffinityConfig: clientIP ClientIPConfig
ClientIPConfig: timeoutSeconds int32
ServiceStatus: loadBalancer LoadBalancerStatus, conditions []Condition
LoadBalancerStatus: ingress []LoadBalancerIngress
LoadBalancerIngress: ip string, hostname string, ipMode string, ports []PortStatus
PortStatus: port int32, protocol string, error string

EndpointSlice: addressType string, endpoints []Endpoint, ports []EndpointPort
Endpoint: addresses []string, conditions EndpointConditions, hostname string, targetRef ObjectReference, deprecatedTopology map string, nodeName string, zone string, hints EndpointHints
EndpointConditions: ready bool, serving bool, terminating bool
EndpointHints: forZones []ForZone, forNodes []ForNode
ForZone: name string
ForNode: name string
EndpointPort: name string, protocol string, port int32, appProtocol string
Endpoints: subsets []EndpointSubset
EndpointSubset: addresses []EndpointAddress, notReadyAddresses []EndpointAddress, ports []EndpointPort
EndpointAddress: ip string, hostname string, nodeName string, targetRef ObjectReference

Deployment: spec DeploymentSpec, status any
DeploymentSpec: replicas int32, selector LabelSelector, template PodTemplateSpec, strategy DeploymentStrategy, minReadySeconds int32, revisionHistoryLimit int32, paused bool, progressDeadlineSeconds int32
DeploymentStrategy: type string, rollingUpdate RollingUpdateDeployment
RollingUpdateDeployment: maxUnavailable IntOrString, maxSurge IntOrString
ReplicaSet: spec ReplicaSetSpec, status any
ReplicaSetSpec: replicas int32, minReadySeconds int32, selector LabelSelector, template PodTemplateSpec
StatefulSet: spec StatefulSetSpec, status any
StatefulSetSpec: replicas int32, selector LabelSelector, template PodTemplateSpec, volumeClaimTemplates []any, serviceName string, podManagementPolicy string, updateStrategy StatefulSetUpdateStrategy, revisionHistoryLimit int32, minReadySeconds int32, persistentVolumeClaimRetentionPolicy StatefulSetPersistentVolumeClaimRetentionPolicy, ordinals StatefulSetOrdinals
StatefulSetUpdateStrategy: type string, rollingUpdate RollingUpdateStatefulSetStrategy
RollingUpdateStatefulSetStrategy: partition int32, maxUnavailable IntOrString
StatefulSetPersistentVolumeClaimRetentionPolicy: whenDeleted string, whenScaled string
StatefulSetOrdinals: start int32
DaemonSet: spec DaemonSetSpec, status any
DaemonSetSpec: selector LabelSelector, template PodTemplateSpec, updateStrategy DaemonSetUpdateStrategy, minReadySeconds int32, revisionHistoryLimit int32
DaemonSetUpdateStrategy: type string, rollingUpdate RollingUpdateDaemonSet
RollingUpdateDaemonSet: maxUnavailable IntOrString, maxSurge IntOrString

Job: spec JobSpec, status any
JobSpec: parallelism int32, completions int32, activeDeadlineSeconds int64, podFailurePolicy any, successPolicy any, backoffLimit int32, backoffLimitPerIndex int32, maxFailedIndexes int32, selector LabelSelector, manualSelector bool, template PodTemplateSpec, ttlSecondsAfterFinished int32, completionMode string, suspend bool, podReplacementPolicy string, managedBy string
CronJob: spec CronJobSpec, status any
CronJobSpec: schedule string, timeZone string, startingDeadlineSeconds int64, concurrencyPolicy string, suspend bool, jobTemplate JobTemplateSpec, successfulJobsHistoryLimit int32, failedJobsHistoryLimit int32
JobTemplateSpec: metadata ObjectMeta, spec JobSpec

PodTemplateSpec: metadata ObjectMeta, spec PodSpec
Pod: spec PodSpec, status any
PodSpec: volumes []Volume, initContainers []Container, containers []Container, ephemeralContainers []any, restartPolicy string, terminationGracePeriodSeconds int64, activeDeadlineSeconds int64, dnsPolicy string, nodeSelector map string, serviceAccountName string, serviceAccount string, automountServiceAccountToken bool, nodeName string, hostNetwork bool, hostPID bool, hostIPC bool, shareProcessNamespace bool, securityContext any, imagePullSecrets []LocalObjectReference, hostname string, subdomain string, affinity Affinity, schedulerName string, tolerations []Toleration, hostAliases []HostAlias, priorityClassName string, priority int32, dnsConfig PodDNSConfig, readinessGates []PodReadinessGate, runtimeClassName string, enableServiceLinks bool, preemptionPolicy string, overhead map Quantity, topologySpreadConstraints []TopologySpreadConstraint, setHostnameAsFQDN bool, os PodOS, hostUsers bool, schedulingGates []PodSchedulingGate, resourceClaims []any, resources ResourceRequirements, hostnameOverride string, workloadRef any
PodOS: name string
PodSchedulingGate: name string
PodReadinessGate: conditionType string
HostAlias: ip string, hostnames []string
PodDNSConfig: nameservers []string, searches []string, options []PodDNSConfigOption
PodDNSConfigOption: name string, value string
Container: name string, image string, command []string, args []string, workingDir string, ports []ContainerPort, envFrom []EnvFromSource, env []EnvVar, resources ResourceRequirements, resizePolicy []any, restartPolicy string, restartPolicyRules []any, volumeMounts []VolumeMount, volumeDevices []any, livenessProbe Probe, readinessProbe Probe, startupProbe Probe, lifecycle Lifecycle, terminationMessagePath string, terminationMessagePolicy string, imagePullPolicy string, securityContext any, stdin bool, stdinOnce bool, tty bool
ContainerPort: name string, hostPort int32, containerPort int32, protocol string, hostIP string
EnvFromSource: prefix string, configMapRef any, secretRef any
EnvVar: name string, value string, valueFrom any
ResourceRequirements: limits map Quantity, requests map Quantity, claims []any
VolumeMount: name string, readOnly bool, recursiveReadOnly string, mountPath string, subPath string, mountPropagation string, subPathExpr string
Probe: exec ExecAction, httpGet HTTPGetAction, tcpSocket TCPSocketAction, grpc GRPCAction, initialDelaySeconds int32, timeoutSeconds int32, periodSeconds int32, successThreshold int32, failureThreshold int32, terminationGracePeriodSeconds int64
ExecAction: command []string
HTTPGetAction: path string, port IntOrString, host string, scheme string, httpHeaders []HTTPHeader
HTTPHeader: name string, value string
TCPSocketAction: port IntOrString, host string
GRPCAction: port int32, service string
Lifecycle: postStart LifecycleHandler, preStop LifecycleHandler, stopSignal string
LifecycleHandler: exec ExecAction, httpGet HTTPGetAction, tcpSocket TCPSocketAction, sleep SleepAction
SleepAction: seconds int64
Affinity: nodeAffinity NodeAffinity, podAffinity PodAffinity, podAntiAffinity PodAntiAffinity
NodeAffinity: requiredDuringSchedulingIgnoredDuringExecution NodeSelector, preferredDuringSchedulingIgnoredDuringExecution []PreferredSchedulingTerm
NodeSelector: nodeSelectorTerms []NodeSelectorTerm
PreferredSchedulingTerm: weight int32, preference NodeSelectorTerm
NodeSelectorTerm: matchExpressions []NodeSelectorRequirement, matchFields []NodeSelectorRequirement
NodeSelectorRequirement: key string, operator string, values []string
PodAffinity: requiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm, preferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm
PodAntiAffinity: requiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm, preferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm
WeightedPodAffinityTerm: weight int32, podAffinityTerm PodAffinityTerm
PodAffinityTerm: labelSelector LabelSelector, namespaces []string, topologyKey string, namespaceSelector LabelSelector, matchLabelKeys []string, mismatchLabelKeys []string
Toleration: key string, operator string, value string, effect string, tolerationSeconds int64
TopologySpreadConstraint: maxSkew int32, topologyKey string, whenUnsatisfiable string, labelSelector LabelSelector, minDomains int32, nodeAffinityPolicy string, nodeTaintsPolicy string, matchLabelKeys []string
Volume: name string, hostPath any, emptyDir any, gcePersistentDisk any, awsElasticBlockStore any, gitRepo any, secret any, nfs any, iscsi any, glusterfs any, persistentVolumeClaim any, rbd any, flexVolume any, cinder any, cephfs any, flocker any, downwardAPI any, fc any, azureFile any, configMap any, vsphereVolume any, quobyte any, azureDisk any, photonPersistentDisk any, projected any, portworxVolume any, scaleIO any, storageos any, csi any, ephemeral any, image any

Namespace: spec NamespaceSpec, status any
NamespaceSpec: finalizers []string
ConfigMap: immutable bool, data map string, binaryData map string
Node: spec NodeSpec, status any
NodeSpec: podCIDR string, podCIDRs []string, externalID string, providerID string, unschedulable bool, taints []Taint, configSource any
Taint: key string, value string, effect string, timeAdded Time
Ingress: spec IngressSpec, status any
IngressSpec: ingressClassName string, defaultBackend IngressBackend, tls []IngressTLS, rules []IngressRule
IngressTLS: hosts []string, secretName string
IngressRule: host string, http HTTPIngressRuleValue
HTTPIngressRuleValue: paths []HTTPIngressPath
HTTPIngressPath: path string, pathType string, backend IngressBackend
IngressBackend: service IngressServiceBackend, resource TypedLocalObjectReference
IngressServiceBackend: name string, port ServiceBackendPort
ServiceBackendPort: name string, number int32
TypedLocalObjectReference: apiGroup string, kind string, name string
IngressClass: spec IngressClassSpec
IngressClassSpec: controller string, parameters any
`;

const SCALARS = new Set([
  "string",
  "bool",
  "int32",
  "int64",
  "IntOrString",
  "Quantity",
  "Time",
  "any",
]);

/** Fields of each struct, by the struct's name. */
export const GO_TYPES: ReadonlyMap<string, ReadonlyMap<string, GoType>> = new Map(
  DECLARATIONS.trim()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const colon = line.indexOf(":");
      const fields = line
        .slice(colon + 1)
        .split(",")
        .map((field): [string, GoType] => {
          const [name = "", ...type] = field.trim().split(" ");
          return [name, readType(type.join(" "))];
        });
      return [line.slice(0, colon), new Map(fields)];
    }),
);

function readType(text: string): GoType {
  if (text.startsWith("[]")) return { kind: "list", item: readType(text.slice(2)) };
  if (text.startsWith("map ")) return { kind: "map", item: readType(text.slice(4)) };
  return { kind: SCALARS.has(text) ? "scalar" : "struct", name: text };
}

/** The type as Go prints it: `[]v1.ServicePort`, `map[string]string`. */
export function goTypeName(type: GoType): string {
  switch (type.kind) {
    case "list":
      return `[]${goTypeName(type.item)}`;
    case "map":
      return `map[string]${goTypeName(type.item)}`;
    case "struct":
      return `v1.${type.name}`;
    case "scalar":
      if (type.name === "IntOrString") return "intstr.IntOrString";
      if (type.name === "Quantity") return "resource.Quantity";
      return type.name === "Time" ? "v1.Time" : type.name;
  }
}
