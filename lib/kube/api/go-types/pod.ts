/**
 * Go types of Pods and of templates of Pods: `Type: field type, …`, written as those of `core.ts`.
 *
 * Spec: Kubernetes API v1.36, core/v1.
 */
export const POD_TYPES = `
PodTemplateSpec: metadata ObjectMeta, spec PodSpec
Pod: spec PodSpec, status any
PodSpec: volumes []Volume, initContainers []Container, containers []Container!, ephemeralContainers []any, restartPolicy string, terminationGracePeriodSeconds *int64, activeDeadlineSeconds *int64, dnsPolicy string, nodeSelector map string, serviceAccountName string, serviceAccount string, automountServiceAccountToken *bool, nodeName string, hostNetwork bool, hostPID bool, hostIPC bool, shareProcessNamespace *bool, securityContext PodSecurityContext, imagePullSecrets []LocalObjectReference, hostname string, subdomain string, affinity Affinity, schedulerName string, tolerations []Toleration, hostAliases []HostAlias, priorityClassName string, priority *int32, dnsConfig PodDNSConfig, readinessGates []PodReadinessGate, runtimeClassName *string, enableServiceLinks *bool, preemptionPolicy *string, overhead map Quantity, topologySpreadConstraints []TopologySpreadConstraint, setHostnameAsFQDN *bool, os PodOS, hostUsers *bool, schedulingGates []PodSchedulingGate, resourceClaims []PodResourceClaim, resources ResourceRequirements, hostnameOverride *string, schedulingGroup any, workloadRef any
PodSecurityContext: seLinuxOptions SELinuxOptions, windowsOptions any, runAsUser *int64, runAsGroup *int64, runAsNonRoot *bool, supplementalGroups []int64, supplementalGroupsPolicy *string, fsGroup *int64, sysctls []Sysctl, fsGroupChangePolicy *string, seccompProfile SeccompProfile, appArmorProfile AppArmorProfile, seLinuxChangePolicy *string
SecurityContext: capabilities Capabilities, privileged *bool, seLinuxOptions SELinuxOptions, windowsOptions any, runAsUser *int64, runAsGroup *int64, runAsNonRoot *bool, readOnlyRootFilesystem *bool, allowPrivilegeEscalation *bool, procMount *string, seccompProfile SeccompProfile, appArmorProfile AppArmorProfile
SELinuxOptions: user string, role string, type string, level string
Capabilities: add []string, drop []string
Sysctl: name string!, value string!
SeccompProfile: type string!, localhostProfile *string
AppArmorProfile: type string!, localhostProfile *string
PodOS: name string!
PodSchedulingGate: name string!
PodResourceClaim: name string!, resourceClaimName *string, resourceClaimTemplateName *string
PodReadinessGate: conditionType string!
HostAlias: ip string!, hostnames []string
PodDNSConfig: nameservers []string, searches []string, options []PodDNSConfigOption
PodDNSConfigOption: name string, value *string

Container: name string!, image string, command []string, args []string, workingDir string, ports []ContainerPort, envFrom []EnvFromSource, env []EnvVar, resources ResourceRequirements, resizePolicy []ContainerResizePolicy, restartPolicy *string, restartPolicyRules []any, volumeMounts []VolumeMount, volumeDevices []VolumeDevice, livenessProbe Probe, readinessProbe Probe, startupProbe Probe, lifecycle Lifecycle, terminationMessagePath string, terminationMessagePolicy string, imagePullPolicy string, securityContext SecurityContext, stdin bool, stdinOnce bool, tty bool
ContainerPort: name string, hostPort int32, containerPort int32!, protocol string, hostIP string
ContainerResizePolicy: resourceName string!, restartPolicy string!
EnvFromSource: prefix string, configMapRef ConfigMapEnvSource, secretRef SecretEnvSource
ConfigMapEnvSource: name string, optional *bool
SecretEnvSource: name string, optional *bool
EnvVar: name string!, value string, valueFrom EnvVarSource
EnvVarSource: fieldRef ObjectFieldSelector, resourceFieldRef ResourceFieldSelector, configMapKeyRef ConfigMapKeySelector, secretKeyRef SecretKeySelector, fileKeyRef any
ObjectFieldSelector: apiVersion string, fieldPath string!
ResourceFieldSelector: containerName string, resource string!, divisor Quantity!
ConfigMapKeySelector: name string, key string!, optional *bool
SecretKeySelector: name string, key string!, optional *bool
ResourceRequirements: limits map Quantity, requests map Quantity, claims []ResourceClaim
ResourceClaim: name string!, request string
VolumeMount: name string!, readOnly bool, recursiveReadOnly *string, mountPath string!, subPath string, mountPropagation *string, subPathExpr string
VolumeDevice: name string!, devicePath string!
Probe: exec ExecAction, httpGet HTTPGetAction, tcpSocket TCPSocketAction, grpc GRPCAction, initialDelaySeconds int32, timeoutSeconds int32, periodSeconds int32, successThreshold int32, failureThreshold int32, terminationGracePeriodSeconds *int64
ExecAction: command []string
HTTPGetAction: path string, port IntOrString, host string, scheme string, httpHeaders []HTTPHeader
HTTPHeader: name string!, value string!
TCPSocketAction: port IntOrString, host string
GRPCAction: port int32!, service *string
Lifecycle: postStart LifecycleHandler, preStop LifecycleHandler, stopSignal *string
LifecycleHandler: exec ExecAction, httpGet HTTPGetAction, tcpSocket TCPSocketAction, sleep SleepAction
SleepAction: seconds int64!

Affinity: nodeAffinity NodeAffinity, podAffinity PodAffinity, podAntiAffinity PodAntiAffinity
NodeAffinity: requiredDuringSchedulingIgnoredDuringExecution NodeSelector, preferredDuringSchedulingIgnoredDuringExecution []PreferredSchedulingTerm
NodeSelector: nodeSelectorTerms []NodeSelectorTerm!
PreferredSchedulingTerm: weight int32!, preference NodeSelectorTerm
NodeSelectorTerm: matchExpressions []NodeSelectorRequirement, matchFields []NodeSelectorRequirement
NodeSelectorRequirement: key string!, operator string!, values []string
PodAffinity: requiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm, preferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm
PodAntiAffinity: requiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm, preferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm
WeightedPodAffinityTerm: weight int32!, podAffinityTerm PodAffinityTerm
PodAffinityTerm: labelSelector LabelSelector, namespaces []string, topologyKey string!, namespaceSelector LabelSelector, matchLabelKeys []string, mismatchLabelKeys []string
Toleration: key string, operator string, value string, effect string, tolerationSeconds *int64
TopologySpreadConstraint: maxSkew int32!, topologyKey string!, whenUnsatisfiable string!, labelSelector LabelSelector, minDomains *int32, nodeAffinityPolicy *string, nodeTaintsPolicy *string, matchLabelKeys []string

Volume: name string!, hostPath HostPathVolumeSource, emptyDir EmptyDirVolumeSource, secret SecretVolumeSource, nfs NFSVolumeSource, persistentVolumeClaim PersistentVolumeClaimVolumeSource, downwardAPI DownwardAPIVolumeSource, configMap ConfigMapVolumeSource, projected ProjectedVolumeSource, csi any, ephemeral EphemeralVolumeSource, image ImageVolumeSource, gcePersistentDisk any, awsElasticBlockStore any, gitRepo any, iscsi any, glusterfs any, rbd any, flexVolume any, cinder any, cephfs any, flocker any, fc any, azureFile any, vsphereVolume any, quobyte any, azureDisk any, photonPersistentDisk any, portworxVolume any, scaleIO any, storageos any
HostPathVolumeSource: path string!, type *string
EmptyDirVolumeSource: medium string, sizeLimit *Quantity
NFSVolumeSource: server string!, path string!, readOnly bool
PersistentVolumeClaimVolumeSource: claimName string!, readOnly bool
SecretVolumeSource: secretName string, items []KeyToPath, defaultMode *int32, optional *bool
ConfigMapVolumeSource: name string, items []KeyToPath, defaultMode *int32, optional *bool
KeyToPath: key string!, path string!, mode *int32
DownwardAPIVolumeSource: items []DownwardAPIVolumeFile, defaultMode *int32
DownwardAPIVolumeFile: path string!, fieldRef ObjectFieldSelector, resourceFieldRef ResourceFieldSelector, mode *int32
ProjectedVolumeSource: sources []VolumeProjection!, defaultMode *int32
VolumeProjection: secret SecretProjection, downwardAPI DownwardAPIProjection, configMap ConfigMapProjection, serviceAccountToken ServiceAccountTokenProjection, clusterTrustBundle any, podCertificate any
SecretProjection: name string, items []KeyToPath, optional *bool
ConfigMapProjection: name string, items []KeyToPath, optional *bool
DownwardAPIProjection: items []DownwardAPIVolumeFile
ServiceAccountTokenProjection: audience string, expirationSeconds *int64, path string!
EphemeralVolumeSource: volumeClaimTemplate PersistentVolumeClaimTemplate
PersistentVolumeClaimTemplate: metadata ObjectMeta, spec PersistentVolumeClaimSpec
ImageVolumeSource: reference string, pullPolicy string
`;
