/**
 * Go types of the core group, except those of Pods: `Type: field type, …`. A star marks a pointer,
 * whose zero value is a value; a bang a field that is written even if it is empty.
 *
 * Spec: Kubernetes API v1.36, core/v1.
 */
export const CORE_TYPES = `
ObjectMeta: name string, generateName string, namespace string, selfLink string, uid string, resourceVersion string, generation int64, creationTimestamp Time, deletionTimestamp *Time, deletionGracePeriodSeconds *int64, labels map string, annotations map string, ownerReferences []OwnerReference, finalizers []string, managedFields []any
OwnerReference: apiVersion string!, kind string!, name string!, uid string!, controller *bool, blockOwnerDeletion *bool
LabelSelector: matchLabels map string, matchExpressions []LabelSelectorRequirement
LabelSelectorRequirement: key string!, operator string!, values []string
LocalObjectReference: name string
ObjectReference: kind string, namespace string, name string, uid string, apiVersion string, resourceVersion string, fieldPath string
TypedLocalObjectReference: apiGroup *string, kind string!, name string!
Condition: type string, status string, observedGeneration int64, lastTransitionTime Time, reason string, message string

Service: spec ServiceSpec, status ServiceStatus
ServiceSpec: ports []ServicePort, selector map string, clusterIP string, clusterIPs []string, type string, externalIPs []string, sessionAffinity string, loadBalancerIP string, loadBalancerSourceRanges []string, externalName string, externalTrafficPolicy string, healthCheckNodePort int32, publishNotReadyAddresses bool, sessionAffinityConfig SessionAffinityConfig, ipFamilies []string, ipFamilyPolicy *string, allocateLoadBalancerNodePorts *bool, loadBalancerClass *string, internalTrafficPolicy *string, trafficDistribution *string
ServicePort: name string, protocol string, appProtocol *string, port int32!, targetPort IntOrString, nodePort int32
SessionAffinityConfig: clientIP ClientIPConfig
ClientIPConfig: timeoutSeconds *int32
ServiceStatus: loadBalancer LoadBalancerStatus, conditions []Condition
LoadBalancerStatus: ingress []LoadBalancerIngress
LoadBalancerIngress: ip string, hostname string, ipMode *string, ports []PortStatus
PortStatus: port int32!, protocol string!, error *string

Endpoints: subsets []EndpointSubset
EndpointSubset: addresses []EndpointAddress, notReadyAddresses []EndpointAddress, ports []core.EndpointPort
EndpointAddress: ip string!, hostname string, nodeName *string, targetRef ObjectReference
core.EndpointPort: name string, port int32!, protocol string, appProtocol *string

Namespace: spec NamespaceSpec, status any
NamespaceSpec: finalizers []string
ConfigMap: immutable *bool, data map string, binaryData map bytes
Secret: immutable *bool, data map bytes, stringData map string, type string
ServiceAccount: secrets []ObjectReference, imagePullSecrets []LocalObjectReference, automountServiceAccountToken *bool
Node: spec NodeSpec, status any
NodeSpec: podCIDR string, podCIDRs []string, externalID string, providerID string, unschedulable bool, taints []Taint, configSource any
Taint: key string!, value string, effect string!, timeAdded *Time
ReplicationController: spec ReplicationControllerSpec, status any
ReplicationControllerSpec: replicas *int32, minReadySeconds int32, selector map string, template PodTemplateSpec
PodTemplate: template PodTemplateSpec
LimitRange: spec LimitRangeSpec
LimitRangeSpec: limits []LimitRangeItem!
LimitRangeItem: type string!, max map Quantity, min map Quantity, default map Quantity, defaultRequest map Quantity, maxLimitRequestRatio map Quantity
ResourceQuota: spec ResourceQuotaSpec, status any
ResourceQuotaSpec: hard map Quantity, scopes []string, scopeSelector ScopeSelector
ScopeSelector: matchExpressions []ScopedResourceSelectorRequirement
ScopedResourceSelectorRequirement: scopeName string!, operator string!, values []string
PersistentVolumeClaim: spec PersistentVolumeClaimSpec, status any
PersistentVolumeClaimSpec: accessModes []string, selector LabelSelector, resources VolumeResourceRequirements, volumeName string, storageClassName *string, volumeMode *string, dataSource TypedLocalObjectReference, dataSourceRef TypedObjectReference, volumeAttributesClassName *string
VolumeResourceRequirements: limits map Quantity, requests map Quantity
TypedObjectReference: apiGroup *string, kind string!, name string!, namespace *string
PersistentVolume: spec PersistentVolumeSpec, status any
PersistentVolumeSpec: capacity map Quantity, accessModes []string, claimRef ObjectReference, persistentVolumeReclaimPolicy string, storageClassName string, mountOptions []string, volumeMode *string, nodeAffinity VolumeNodeAffinity, volumeAttributesClassName *string, hostPath HostPathVolumeSource, nfs NFSVolumeSource, local LocalVolumeSource, csi any, iscsi any, fc any, azureFile any, azureDisk any, gcePersistentDisk any, awsElasticBlockStore any, glusterfs any, rbd any, cinder any, cephfs any, flocker any, flexVolume any, vsphereVolume any, quobyte any, photonPersistentDisk any, portworxVolume any, scaleIO any, storageos any
VolumeNodeAffinity: required NodeSelector
LocalVolumeSource: path string!, fsType *string
Event: involvedObject ObjectReference, reason string, message string, source any, firstTimestamp Time, lastTimestamp Time, count int32, type string, eventTime any, series any, action string, related ObjectReference, reportingComponent string, reportingInstance string
`;
