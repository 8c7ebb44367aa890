/**
 * The objects as the API server stores them and controllers read them: immutable records under the
 * API's own field names, with the metadata that only a server sets. Only fields that a controller
 * reads are named; everything else a manifest says is kept. A field that is undefined is not there:
 * the store drops it. The lesser records that kube-proxy takes, from a file or from here, are in
 * ../objects.ts.
 *
 * Spec: Kubernetes API v1, apps/v1, discovery.k8s.io/v1, networking.k8s.io/v1.
 */

/** Labels, annotations and other maps of texts. */
export type StringMap = Readonly<Record<string, string>>;

/** A value of JSON. */
export type Json = string | number | boolean | null | readonly Json[] | JsonMap;
/** An object of which nothing is known but that it is one. */
export interface JsonMap {
  readonly [field: string]: Json | undefined;
}

/** An object that must be there for this one to stay. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean | undefined;
  readonly blockOwnerDeletion?: boolean | undefined;
}

/** What all objects have (`metav1.ObjectMeta`); times in RFC 3339. */
export interface Metadata {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly generateName?: string | undefined;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number | undefined;
  readonly creationTimestamp: string;
  readonly labels?: StringMap | undefined;
  readonly annotations?: StringMap | undefined;
  readonly ownerReferences?: readonly OwnerReference[] | undefined;
  readonly finalizers?: readonly string[] | undefined;
  readonly deletionTimestamp?: string | undefined;
  readonly deletionGracePeriodSeconds?: number | undefined;
}

/** Any object of the API. */
export interface ApiObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly spec?: unknown;
  readonly status?: unknown;
}

/** What a creator says of an object's metadata; the API server adds the rest. */
export type NewMetadata = Partial<Metadata>;

/** An object before the API server has it. */
export interface NewObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: NewMetadata;
  readonly spec?: unknown;
  readonly status?: unknown;
  readonly [field: string]: unknown;
}

/** One condition on a label. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[] | undefined;
}

/** Conditions on labels, all of which must hold. */
export interface LabelSelector {
  readonly matchLabels?: StringMap | undefined;
  readonly matchExpressions?: readonly LabelRequirement[] | undefined;
}

/** A condition of a Pod, Node or workload. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly observedGeneration?: number | undefined;
  readonly lastTransitionTime?: string | undefined;
  readonly lastUpdateTime?: string | undefined;
  readonly lastProbeTime?: string | null | undefined;
  readonly lastHeartbeatTime?: string | undefined;
}

/** A port that a container says it listens on. */
export interface ContainerPort {
  readonly name?: string | undefined;
  readonly containerPort: number;
  readonly hostPort?: number | undefined;
  readonly hostIP?: string | undefined;
  readonly protocol?: string | undefined;
}

/** One container of a Pod. */
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly ports?: readonly ContainerPort[] | undefined;
  readonly resources?:
    | { readonly requests?: StringMap | undefined; readonly limits?: StringMap | undefined }
    | undefined;
  readonly readinessProbe?: JsonMap | undefined;
  readonly livenessProbe?: JsonMap | undefined;
  readonly startupProbe?: JsonMap | undefined;
  readonly restartPolicy?: string | undefined;
  readonly lifecycle?: JsonMap | undefined;
  readonly imagePullPolicy?: string | undefined;
  readonly volumeMounts?: readonly JsonMap[] | undefined;
  readonly env?: readonly JsonMap[] | undefined;
  readonly envFrom?: readonly JsonMap[] | undefined;
  readonly command?: readonly string[] | undefined;
  readonly args?: readonly string[] | undefined;
  readonly workingDir?: string | undefined;
  readonly terminationMessagePath?: string | undefined;
  readonly terminationMessagePolicy?: string | undefined;
}

/** A taint that a Pod minds not. */
export interface Toleration {
  readonly key?: string | undefined;
  readonly operator?: string | undefined;
  readonly value?: string | undefined;
  readonly effect?: string | undefined;
  readonly tolerationSeconds?: number | undefined;
}

/** Keeps Pods that do not tolerate it from a node. */
export interface Taint {
  readonly key: string;
  readonly value?: string | undefined;
  readonly effect: string;
  readonly timeAdded?: string | undefined;
}

/** Conditions on a node, all of which must hold. */
export interface NodeSelectorTerm {
  readonly matchExpressions?: readonly LabelRequirement[] | undefined;
  readonly matchFields?: readonly LabelRequirement[] | undefined;
}

/** Pods, and the label of nodes by which near and far are told apart. */
export interface PodAffinityTerm {
  readonly labelSelector?: LabelSelector | undefined;
  readonly topologyKey: string;
  readonly namespaces?: readonly string[] | undefined;
}

/** Where a Pod wants to be. */
export interface Affinity {
  readonly nodeAffinity?:
    | {
        readonly requiredDuringSchedulingIgnoredDuringExecution?:
          | { readonly nodeSelectorTerms: readonly NodeSelectorTerm[] }
          | undefined;
        readonly preferredDuringSchedulingIgnoredDuringExecution?:
          | readonly { readonly weight: number; readonly preference: NodeSelectorTerm }[]
          | undefined;
      }
    | undefined;
  readonly podAffinity?: PodAffinity | undefined;
  readonly podAntiAffinity?: PodAffinity | undefined;
}

/** Pods to which a Pod wants to be near, or far from. */
export interface PodAffinity {
  readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly PodAffinityTerm[] | undefined;
  readonly preferredDuringSchedulingIgnoredDuringExecution?:
    | readonly { readonly weight: number; readonly podAffinityTerm: PodAffinityTerm }[]
    | undefined;
}

/** How evenly Pods must be spread. */
export interface TopologySpreadConstraint {
  readonly maxSkew: number;
  readonly topologyKey: string;
  readonly whenUnsatisfiable: string;
  readonly labelSelector?: LabelSelector | undefined;
}

/** What a Pod is asked to be. */
export interface PodSpec {
  readonly priority?: number | undefined;
  readonly priorityClassName?: string | undefined;
  readonly preemptionPolicy?: string | undefined;
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[] | undefined;
  readonly nodeName?: string | undefined;
  readonly nodeSelector?: StringMap | undefined;
  readonly affinity?: Affinity | undefined;
  readonly tolerations?: readonly Toleration[] | undefined;
  readonly topologySpreadConstraints?: readonly TopologySpreadConstraint[] | undefined;
  readonly restartPolicy?: string | undefined;
  readonly terminationGracePeriodSeconds?: number | undefined;
  readonly hostNetwork?: boolean | undefined;
  readonly hostname?: string | undefined;
  readonly subdomain?: string | undefined;
  readonly setHostnameAsFQDN?: boolean | undefined;
  readonly hostAliases?: readonly JsonMap[] | undefined;
  readonly dnsPolicy?: string | undefined;
  readonly dnsConfig?: JsonMap | undefined;
  readonly enableServiceLinks?: boolean | undefined;
  readonly serviceAccountName?: string | undefined;
  readonly schedulerName?: string | undefined;
  readonly volumes?: readonly JsonMap[] | undefined;
  readonly readinessGates?: readonly { readonly conditionType: string }[] | undefined;
  readonly schedulingGates?: readonly { readonly name: string }[] | undefined;
  readonly resources?: Container["resources"];
  readonly overhead?: StringMap | undefined;
}

/** How a container mounted a volume. */
export interface VolumeMountStatus {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly?: boolean | undefined;
  readonly recursiveReadOnly?: string | undefined;
}

/** What has become of a container. */
export interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly started?: boolean | undefined;
  readonly restartCount: number;
  readonly image: string;
  readonly imageID: string;
  readonly containerID?: string | undefined;
  readonly resources?: Container["resources"];
  readonly allocatedResources?: StringMap | undefined;
  readonly volumeMounts?: readonly VolumeMountStatus[] | undefined;
  readonly state: {
    readonly waiting?:
      | { readonly reason: string; readonly message?: string | undefined }
      | undefined;
    readonly running?: { readonly startedAt: string } | undefined;
    readonly terminated?:
      | {
          readonly exitCode: number;
          readonly reason: string;
          readonly message?: string | undefined;
          readonly signal?: number | undefined;
          readonly startedAt: string;
          readonly finishedAt: string;
          readonly containerID: string;
        }
      | undefined;
  };
  readonly lastState: ContainerStatus["state"];
}

/** What has become of a Pod. */
export interface PodStatus {
  readonly phase?: string | undefined;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly conditions?: readonly Condition[] | undefined;
  readonly hostIP?: string | undefined;
  readonly hostIPs?: readonly { readonly ip: string }[] | undefined;
  readonly podIP?: string | undefined;
  readonly podIPs?: readonly { readonly ip: string }[] | undefined;
  readonly startTime?: string | undefined;
  readonly qosClass?: string | undefined;
  readonly nominatedNodeName?: string | undefined;
  readonly containerStatuses?: readonly ContainerStatus[] | undefined;
  readonly initContainerStatuses?: readonly ContainerStatus[] | undefined;
  readonly observedGeneration?: number | undefined;
}

/** v1 Pod. */
export interface Pod extends ApiObject {
  readonly kind: "Pod";
  readonly spec: PodSpec;
  readonly status: PodStatus;
}

/** What Pods are made from. */
export interface PodTemplate {
  readonly metadata?:
    | { readonly labels?: StringMap | undefined; readonly annotations?: StringMap | undefined }
    | undefined;
  readonly spec: PodSpec;
}

/** A number, or a share of the replicas as text: `25%`. */
export type IntOrPercent = number | string;

/** apps/v1 ReplicaSet. */
export interface ReplicaSet extends ApiObject {
  readonly kind: "ReplicaSet";
  readonly spec: {
    readonly replicas: number;
    readonly selector: LabelSelector;
    readonly template: PodTemplate;
    readonly minReadySeconds?: number | undefined;
  };
  readonly status: ReplicaSetStatus;
}

/** v1 ReplicationController: the older form of a ReplicaSet, whose selector is a map of labels. */
export interface ReplicationController extends ApiObject {
  readonly kind: "ReplicationController";
  readonly spec: {
    readonly replicas: number;
    readonly selector: StringMap;
    readonly template: PodTemplate;
    readonly minReadySeconds?: number | undefined;
  };
  readonly status: ReplicaSetStatus;
}

/** Its Pods, counted. */
export interface ReplicaSetStatus {
  readonly replicas: number;
  readonly fullyLabeledReplicas?: number | undefined;
  readonly readyReplicas?: number | undefined;
  readonly availableReplicas?: number | undefined;
  readonly terminatingReplicas?: number | undefined;
  readonly observedGeneration?: number | undefined;
  readonly conditions?: readonly Condition[] | undefined;
}

/** apps/v1 Deployment. */
export interface Deployment extends ApiObject {
  readonly kind: "Deployment";
  readonly spec: {
    readonly replicas: number;
    readonly selector: LabelSelector;
    readonly template: PodTemplate;
    readonly strategy: {
      readonly type: string;
      readonly rollingUpdate?:
        | { readonly maxSurge: IntOrPercent; readonly maxUnavailable: IntOrPercent }
        | undefined;
    };
    readonly minReadySeconds?: number | undefined;
    readonly revisionHistoryLimit?: number | undefined;
    readonly progressDeadlineSeconds?: number | undefined;
    readonly paused?: boolean | undefined;
  };
  readonly status: DeploymentStatus;
}

/** Its Pods, counted over all its ReplicaSets. */
export interface DeploymentStatus {
  readonly observedGeneration?: number | undefined;
  readonly replicas?: number | undefined;
  readonly updatedReplicas?: number | undefined;
  readonly readyReplicas?: number | undefined;
  readonly availableReplicas?: number | undefined;
  readonly unavailableReplicas?: number | undefined;
  readonly terminatingReplicas?: number | undefined;
  readonly collisionCount?: number | undefined;
  readonly conditions?: readonly Condition[] | undefined;
}

/** apps/v1 StatefulSet. */
export interface StatefulSet extends ApiObject {
  readonly kind: "StatefulSet";
  readonly spec: {
    readonly replicas: number;
    readonly serviceName?: string | undefined;
    readonly selector: LabelSelector;
    readonly template: PodTemplate;
    readonly podManagementPolicy: string;
    readonly minReadySeconds?: number | undefined;
    readonly revisionHistoryLimit?: number | undefined;
    readonly ordinals?: { readonly start?: number | undefined } | undefined;
    readonly volumeClaimTemplates?: readonly VolumeClaimTemplate[] | undefined;
    readonly persistentVolumeClaimRetentionPolicy?:
      | { readonly whenDeleted?: string | undefined; readonly whenScaled?: string | undefined }
      | undefined;
    readonly updateStrategy: {
      readonly type: string;
      readonly rollingUpdate?:
        | {
            readonly partition?: number | undefined;
            readonly maxUnavailable?: IntOrPercent | undefined;
          }
        | undefined;
    };
  };
  readonly status: StatefulSetStatus;
}

/** What each Pod of a StatefulSet claims. */
export interface VolumeClaimTemplate {
  readonly metadata: { readonly name: string; readonly labels?: StringMap | undefined };
  readonly spec: JsonMap;
}

/** Its Pods, counted by revision. */
export interface StatefulSetStatus {
  readonly observedGeneration?: number | undefined;
  readonly replicas: number;
  readonly readyReplicas?: number | undefined;
  readonly availableReplicas?: number | undefined;
  readonly currentReplicas?: number | undefined;
  readonly updatedReplicas?: number | undefined;
  readonly currentRevision?: string | undefined;
  readonly updateRevision?: string | undefined;
  readonly collisionCount?: number | undefined;
}

/** apps/v1 DaemonSet. */
export interface DaemonSet extends ApiObject {
  readonly kind: "DaemonSet";
  readonly spec: {
    readonly selector: LabelSelector;
    readonly template: PodTemplate;
    readonly minReadySeconds?: number | undefined;
    readonly revisionHistoryLimit?: number | undefined;
    readonly updateStrategy: {
      readonly type: string;
      readonly rollingUpdate?:
        | { readonly maxSurge: IntOrPercent; readonly maxUnavailable: IntOrPercent }
        | undefined;
    };
  };
  readonly status: DaemonSetStatus;
}

/** Its nodes, counted. */
export interface DaemonSetStatus {
  readonly observedGeneration?: number | undefined;
  readonly currentNumberScheduled: number;
  readonly numberMisscheduled: number;
  readonly desiredNumberScheduled: number;
  readonly numberReady: number;
  readonly updatedNumberScheduled?: number | undefined;
  readonly numberAvailable?: number | undefined;
  readonly numberUnavailable?: number | undefined;
}

/** batch/v1 Job. */
export interface Job extends ApiObject {
  readonly kind: "Job";
  readonly spec: {
    readonly parallelism?: number | undefined;
    readonly completions?: number | undefined;
    readonly completionMode?: string | undefined;
    readonly backoffLimit?: number | undefined;
    readonly activeDeadlineSeconds?: number | undefined;
    readonly ttlSecondsAfterFinished?: number | undefined;
    readonly suspend?: boolean | undefined;
    readonly template: PodTemplate;
  };
  readonly status: JobStatus;
}

/** Its Pods, counted; times in RFC 3339. */
export interface JobStatus {
  readonly startTime?: string | undefined;
  readonly completionTime?: string | undefined;
  readonly active?: number | undefined;
  readonly ready?: number | undefined;
  readonly succeeded?: number | undefined;
  readonly failed?: number | undefined;
  readonly terminating?: number | undefined;
  /** Of an indexed Job: `0-3,5`. */
  readonly completedIndexes?: string | undefined;
  readonly conditions?: readonly Condition[] | undefined;
}

/** apps/v1 ControllerRevision: a template that was. */
export interface ControllerRevision extends ApiObject {
  readonly kind: "ControllerRevision";
  readonly data: { readonly spec: { readonly template: JsonMap } };
  readonly revision: number;
}

/** A port of a Service. */
export interface ServicePort {
  readonly name?: string | undefined;
  readonly protocol: string;
  readonly port: number;
  readonly targetPort: number | string;
  readonly nodePort?: number | undefined;
  readonly appProtocol?: string | undefined;
}

/** v1 Service. */
export interface Service extends ApiObject {
  readonly kind: "Service";
  readonly spec: {
    readonly type: string;
    readonly clusterIP?: string | undefined;
    readonly clusterIPs?: readonly string[] | undefined;
    readonly externalName?: string | undefined;
    readonly externalIPs?: readonly string[] | undefined;
    readonly selector?: StringMap | undefined;
    readonly ports?: readonly ServicePort[] | undefined;
    readonly sessionAffinity?: string | undefined;
    readonly sessionAffinityConfig?: JsonMap | undefined;
    readonly externalTrafficPolicy?: string | undefined;
    readonly internalTrafficPolicy?: string | undefined;
    readonly trafficDistribution?: string | undefined;
    readonly healthCheckNodePort?: number | undefined;
    readonly allocateLoadBalancerNodePorts?: boolean | undefined;
    readonly loadBalancerIP?: string | undefined;
    readonly loadBalancerClass?: string | undefined;
    readonly loadBalancerSourceRanges?: readonly string[] | undefined;
    readonly publishNotReadyAddresses?: boolean | undefined;
    readonly ipFamilies?: readonly string[] | undefined;
    readonly ipFamilyPolicy?: string | undefined;
  };
  readonly status: {
    readonly loadBalancer: {
      readonly ingress?:
        | readonly {
            readonly ip?: string | undefined;
            readonly hostname?: string | undefined;
            readonly ipMode?: string | undefined;
          }[]
        | undefined;
    };
  };
}

/** An object, named. */
export interface ObjectReference {
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly uid?: string | undefined;
}

/** One backend of a slice. */
export interface Endpoint {
  readonly addresses: readonly string[];
  readonly conditions?:
    | {
        readonly ready?: boolean | undefined;
        readonly serving?: boolean | undefined;
        readonly terminating?: boolean | undefined;
      }
    | undefined;
  readonly hostname?: string | undefined;
  readonly targetRef?: ObjectReference | undefined;
  readonly nodeName?: string | undefined;
  readonly zone?: string | undefined;
  readonly hints?:
    | {
        readonly forZones?: readonly { readonly name: string }[] | undefined;
        readonly forNodes?: readonly { readonly name: string }[] | undefined;
      }
    | undefined;
}

/** A port that all backends of a slice have. */
export interface EndpointPort {
  readonly name?: string | undefined;
  readonly protocol?: string | undefined;
  readonly port?: number | undefined;
  readonly appProtocol?: string | undefined;
}

/** discovery.k8s.io/v1 EndpointSlice. */
export interface EndpointSlice extends ApiObject {
  readonly kind: "EndpointSlice";
  readonly addressType: string;
  readonly endpoints: readonly Endpoint[] | null;
  readonly ports: readonly EndpointPort[] | null;
}

/** One backend of the older kind. */
export interface EndpointAddress {
  readonly ip: string;
  readonly hostname?: string | undefined;
  readonly nodeName?: string | undefined;
  readonly targetRef?: ObjectReference | undefined;
}

/** Backends that have the same ports. */
export interface EndpointSubset {
  readonly addresses?: readonly EndpointAddress[] | undefined;
  readonly notReadyAddresses?: readonly EndpointAddress[] | undefined;
  readonly ports?:
    | readonly {
        readonly name?: string | undefined;
        readonly port: number;
        readonly protocol?: string | undefined;
        readonly appProtocol?: string | undefined;
      }[]
    | undefined;
}

/** v1 Endpoints. */
export interface Endpoints extends ApiObject {
  readonly kind: "Endpoints";
  readonly subsets?: readonly EndpointSubset[] | undefined;
}

/** v1 Node. */
export interface Node extends ApiObject {
  readonly kind: "Node";
  readonly spec: {
    readonly podCIDR?: string | undefined;
    readonly podCIDRs?: readonly string[] | undefined;
    readonly taints?: readonly Taint[] | undefined;
    readonly unschedulable?: boolean | undefined;
  };
  readonly status: {
    readonly capacity?: StringMap | undefined;
    readonly allocatable?: StringMap | undefined;
    readonly conditions?: readonly Condition[] | undefined;
    readonly addresses?: readonly { readonly type: string; readonly address: string }[] | undefined;
    readonly nodeInfo?: StringMap | undefined;
  };
}

/** coordination.k8s.io/v1 Lease: a node's sign of life. */
export interface Lease extends ApiObject {
  readonly kind: "Lease";
  readonly spec: {
    readonly renewTime?: string | undefined;
    readonly acquireTime?: string | undefined;
    readonly holderIdentity?: string | undefined;
  };
}

/** An Event, `v1`. */
export interface EventObject extends ApiObject {
  readonly kind: "Event";
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly involvedObject: ObjectReference & {
    readonly apiVersion?: string | undefined;
    readonly fieldPath?: string | undefined;
  };
  readonly source: { readonly component: string; readonly host?: string | undefined };
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
  readonly count: number;
}

/** An Event before the API server has it. */
export type NewEvent = Omit<EventObject, "metadata" | "kind"> & {
  readonly kind: "Event";
  readonly metadata: { readonly name: string; readonly namespace: string };
};

/** The kinds whose records are typed. */
export interface Kinds {
  readonly Pod: Pod;
  readonly ReplicaSet: ReplicaSet;
  readonly ReplicationController: ReplicationController;
  readonly Deployment: Deployment;
  readonly StatefulSet: StatefulSet;
  readonly DaemonSet: DaemonSet;
  readonly Job: Job;
  readonly ControllerRevision: ControllerRevision;
  readonly Service: Service;
  readonly EndpointSlice: EndpointSlice;
  readonly Endpoints: Endpoints;
  readonly Node: Node;
  readonly Event: EventObject;
  readonly Lease: Lease;
}

/** Name of a typed kind. */
export type Kind = keyof Kinds;
