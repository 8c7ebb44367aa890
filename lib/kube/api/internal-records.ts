/**
 * Pods and templates as the API server's own records, which some of its errors quote: all fields by
 * their names in Go and in their order, those that are not there as null, 0, false or "".
 *
 * Spec: Kubernetes pkg/apis/core/types.go, v1.36.
 * Differs: affinities, and volumes that only a cloud has, are shown with the fields they have.
 */
import { type Fields, mapIn } from "./fields.ts";

/**
 * Records and their fields. After a name: nothing, what may be missing; `s` a text, `i` a number,
 * `b` a truth, `q` a quantity, `r` what is shown as it is; `[R` a list of records, `*R` a record that may be missing, `=R` one that is always
 * there; `.name` is the field of the API.
 */
const TABLE = `
PodSpec: Volumes[Volume InitContainers[Container Containers[Container EphemeralContainers RestartPolicy:s TerminationGracePeriodSeconds ActiveDeadlineSeconds DNSPolicy:s NodeSelector ServiceAccountName:s AutomountServiceAccountToken NodeName:s SecurityContext*PodSecurityContext ImagePullSecrets[LocalObjectReference Hostname:s Subdomain:s SetHostnameAsFQDN Affinity SchedulerName:s Tolerations[Toleration HostAliases[HostAlias PriorityClassName:s Priority PreemptionPolicy DNSConfig*PodDNSConfig ReadinessGates[PodReadinessGate RuntimeClassName Overhead EnableServiceLinks TopologySpreadConstraints[TopologySpreadConstraint OS*LocalObjectReference SchedulingGates[LocalObjectReference ResourceClaims Resources*ResourceRequirements HostnameOverride SchedulingGroup
PodSecurityContext: HostNetwork:b HostPID:b HostIPC:b ShareProcessNamespace HostUsers SELinuxOptions WindowsOptions RunAsUser RunAsGroup RunAsNonRoot SupplementalGroups SupplementalGroupsPolicy FSGroup FSGroupChangePolicy Sysctls[NameValue SeccompProfile*SeccompProfile AppArmorProfile*SeccompProfile SELinuxChangePolicy
SecurityContext: Capabilities*Capabilities Privileged SELinuxOptions WindowsOptions RunAsUser RunAsGroup RunAsNonRoot ReadOnlyRootFilesystem AllowPrivilegeEscalation ProcMount SeccompProfile*SeccompProfile AppArmorProfile*SeccompProfile
SeccompProfile: Type:s LocalhostProfile
Capabilities: Add Drop
LocalObjectReference: Name:s
NameValue: Name:s Value:s
Toleration: Key:s Operator:s Value:s Effect:s TolerationSeconds
HostAlias: IP:s Hostnames
PodDNSConfig: Nameservers Searches Options[PodDNSConfigOption
PodDNSConfigOption: Name:s Value
PodReadinessGate: ConditionType:s
TopologySpreadConstraint: MaxSkew:i TopologyKey:s WhenUnsatisfiable:s LabelSelector:r MinDomains NodeAffinityPolicy NodeTaintsPolicy MatchLabelKeys
Container: Name:s Image:s Command Args WorkingDir:s Ports[ContainerPort EnvFrom[EnvFromSource Env[EnvVar Resources=ResourceRequirements ResizePolicy[ContainerResizePolicy RestartPolicy RestartPolicyRules VolumeMounts[VolumeMount VolumeDevices[VolumeDevice LivenessProbe*Probe ReadinessProbe*Probe StartupProbe*Probe Lifecycle*Lifecycle TerminationMessagePath:s TerminationMessagePolicy:s ImagePullPolicy:s SecurityContext*SecurityContext Stdin:b StdinOnce:b TTY:b
ContainerPort: Name:s HostPort:i ContainerPort:i Protocol:s HostIP:s
ContainerResizePolicy: ResourceName:s RestartPolicy:s
ResourceRequirements: Limits Requests Claims
EnvFromSource: Prefix:s ConfigMapRef*OptionalReference SecretRef*OptionalReference
OptionalReference: Name:s Optional
EnvVar: Name:s Value:s ValueFrom*EnvVarSource
EnvVarSource: FieldRef*ObjectFieldSelector ResourceFieldRef*ResourceFieldSelector ConfigMapKeyRef*KeySelector SecretKeyRef*KeySelector FileKeyRef
ObjectFieldSelector: APIVersion:s FieldPath:s
ResourceFieldSelector: ContainerName:s Resource:s Divisor:q
KeySelector: Name:s Key:s Optional
VolumeMount: Name:s ReadOnly:b RecursiveReadOnly MountPath:s SubPath:s MountPropagation SubPathExpr:s
VolumeDevice: Name:s DevicePath:s
Probe: Exec*ExecAction HTTPGet*HTTPGetAction TCPSocket*TCPSocketAction GRPC*GRPCAction InitialDelaySeconds:i TimeoutSeconds:i PeriodSeconds:i SuccessThreshold:i FailureThreshold:i TerminationGracePeriodSeconds
ExecAction: Command
HTTPGetAction: Path:s Port:i Host:s Scheme:s HTTPHeaders[NameValue
TCPSocketAction: Port:i Host:s
GRPCAction: Port:i Service
Lifecycle: PostStart*LifecycleHandler PreStop*LifecycleHandler StopSignal
LifecycleHandler: Exec*ExecAction HTTPGet*HTTPGetAction TCPSocket*TCPSocketAction Sleep*SleepAction
SleepAction: Seconds:i
Volume: Name:s HostPath*HostPathVolumeSource EmptyDir*EmptyDirVolumeSource GCEPersistentDisk AWSElasticBlockStore GitRepo Secret*SecretVolumeSource NFS*NFSVolumeSource ISCSI Glusterfs PersistentVolumeClaim*ClaimSource RBD Quobyte FlexVolume Cinder CephFS.cephfs Flocker DownwardAPI*DownwardAPIVolumeSource FC AzureFile ConfigMap*ConfigMapVolumeSource VsphereVolume AzureDisk PhotonPersistentDisk Projected*ProjectedVolumeSource PortworxVolume ScaleIO StorageOS.storageos CSI Ephemeral Image*ImageVolumeSource
HostPathVolumeSource: Path:s Type
EmptyDirVolumeSource: Medium:s SizeLimit
SecretVolumeSource: SecretName:s Items[KeyToPath DefaultMode Optional
ConfigMapVolumeSource: Name:s Items[KeyToPath DefaultMode Optional
KeyToPath: Key:s Path:s Mode
NFSVolumeSource: Server:s Path:s ReadOnly:b
ClaimSource: ClaimName:s ReadOnly:b
DownwardAPIVolumeSource: Items[DownwardAPIVolumeFile DefaultMode
DownwardAPIVolumeFile: Path:s FieldRef*ObjectFieldSelector ResourceFieldRef*ResourceFieldSelector Mode
ProjectedVolumeSource: Sources[VolumeProjection DefaultMode
VolumeProjection: Secret*ProjectedItems DownwardAPI*DownwardAPIProjection ConfigMap*ProjectedItems ServiceAccountToken*ServiceAccountTokenProjection ClusterTrustBundle PodCertificate
ProjectedItems: Name:s Items[KeyToPath Optional
DownwardAPIProjection: Items[DownwardAPIVolumeFile
ServiceAccountTokenProjection: Audience:s ExpirationSeconds:i Path:s
ImageVolumeSource: Reference:s PullPolicy:s
`;

interface RecordField {
  readonly name: string;
  /** The field of the API. */
  readonly source: string;
  /** `s`, `i`, `b`, `q`: its kind; `[`, `*`, `=`: of which record; "": it may be missing. */
  readonly form: string;
  readonly record: string;
}

const RECORDS = new Map<string, readonly RecordField[]>();
const ZEROS: Readonly<Record<string, unknown>> = { s: "", i: 0, b: false, q: "0" };

/** A Pod's spec as the API server's record. */
export function internalPodSpec(spec: Fields): Fields {
  // Whose network and processes a Pod has is part of its security here.
  const own = ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"];
  const shared = Object.fromEntries(
    own.filter((name) => spec[name] !== undefined).map((name) => [name, spec[name]]),
  );
  return recordOf("PodSpec", {
    ...spec,
    securityContext: { ...mapIn(spec, "securityContext"), ...shared },
  });
}

/** A template as the API server's record. */
export function internalTemplate(template: Fields | null): Fields {
  const metadata = Object.entries(mapIn(template, "metadata") ?? {}).map(([name, value]) => [
    name,
    sorted(value),
  ]);
  return {
    ...Object.fromEntries(metadata),
    Spec: internalPodSpec(mapIn(template, "spec") ?? {}),
  };
}

function recordOf(name: string, value: Fields): Fields {
  return Object.fromEntries(
    fieldsOf(name).map(({ name: field, source, form, record }) => [
      field,
      shownField(form, record, value[source]),
    ]),
  );
}

function shownField(form: string, record: string, value: unknown): unknown {
  if (form === "=") return recordOf(record, (value ?? {}) as Fields);
  if (value === undefined || value === null) return ZEROS[form] ?? null;
  if (form === "*") return recordOf(record, value as Fields);
  if (form === "[") return (value as readonly Fields[]).map((item) => recordOf(record, item));
  return form === "" ? sorted(value) : value;
}

/** A map in the order of its keys, as Go prints it. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function fieldsOf(record: string): readonly RecordField[] {
  if (RECORDS.size === 0) {
    for (const line of TABLE.trim().split("\n")) {
      const [name = "", fields = ""] = line.split(": ");
      RECORDS.set(name, fields.split(" ").map(parseField));
    }
  }
  return RECORDS.get(record) ?? [];
}

function parseField(text: string): RecordField {
  const parts = /^(\w+)(?::([sibqr])|([[*=])(\w+)|\.(\w+))?$/.exec(text);
  const [, name = text, kind, mark, record = "", source] = parts ?? [];
  return { name, source: source ?? apiName(name), form: kind ?? mark ?? "", record };
}

/** `DNSPolicy` is `dnsPolicy`, `TTY` is `tty`. */
function apiName(name: string): string {
  return name.replace(/^[A-Z]+(?![a-z])|^[A-Z]/, (capitals) => capitals.toLowerCase());
}
