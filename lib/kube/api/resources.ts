/**
 * The kinds of the API: under which group, version and name the API server has them and kubectl
 * finds them. Kinds without a type of their own here are kept and listed all the same.
 *
 * Spec: `kubectl api-resources` of Kubernetes 1.36.
 */

/** One kind. */
export interface Resource {
  readonly kind: string;
  readonly apiVersion: string;
  /** Plural, as in `kubectl get pods`. */
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
}

const TABLE = `
v1 Pod pods po
v1 Service services svc
v1 Endpoints endpoints ep
v1 Event events ev
v1 ConfigMap configmaps cm
v1 Secret secrets
v1 ServiceAccount serviceaccounts sa
v1 PersistentVolumeClaim persistentvolumeclaims pvc
v1 ReplicationController replicationcontrollers rc
v1 ResourceQuota resourcequotas quota
v1 LimitRange limitranges limits
v1 PodTemplate podtemplates
v1 Namespace namespaces ns !
v1 Node nodes no !
v1 PersistentVolume persistentvolumes pv !
apps/v1 Deployment deployments deploy
apps/v1 ReplicaSet replicasets rs
apps/v1 StatefulSet statefulsets sts
apps/v1 DaemonSet daemonsets ds
apps/v1 ControllerRevision controllerrevisions
batch/v1 Job jobs
batch/v1 CronJob cronjobs cj
autoscaling/v2 HorizontalPodAutoscaler horizontalpodautoscalers hpa
policy/v1 PodDisruptionBudget poddisruptionbudgets pdb
discovery.k8s.io/v1 EndpointSlice endpointslices
networking.k8s.io/v1 Ingress ingresses ing
networking.k8s.io/v1 IngressClass ingressclasses !
networking.k8s.io/v1 NetworkPolicy networkpolicies netpol
networking.k8s.io/v1 IPAddress ipaddresses ip !
networking.k8s.io/v1 ServiceCIDR servicecidrs !
coordination.k8s.io/v1 Lease leases
rbac.authorization.k8s.io/v1 Role roles
rbac.authorization.k8s.io/v1 RoleBinding rolebindings
rbac.authorization.k8s.io/v1 ClusterRole clusterroles !
rbac.authorization.k8s.io/v1 ClusterRoleBinding clusterrolebindings !
scheduling.k8s.io/v1 PriorityClass priorityclasses pc !
storage.k8s.io/v1 StorageClass storageclasses sc !
node.k8s.io/v1 RuntimeClass runtimeclasses !
apiextensions.k8s.io/v1 CustomResourceDefinition customresourcedefinitions crd !
admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration validatingwebhookconfigurations !
admissionregistration.k8s.io/v1 MutatingWebhookConfiguration mutatingwebhookconfigurations !
admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy validatingadmissionpolicies !
admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding validatingadmissionpolicybindings !
apiregistration.k8s.io/v1 APIService apiservices !
certificates.k8s.io/v1 CertificateSigningRequest certificatesigningrequests csr !
flowcontrol.apiserver.k8s.io/v1 FlowSchema flowschemas !
flowcontrol.apiserver.k8s.io/v1 PriorityLevelConfiguration prioritylevelconfigurations !
storage.k8s.io/v1 CSIDriver csidrivers !
`;

/** The kinds that the API server itself has. */
export const RESOURCES: readonly Resource[] = TABLE.trim()
  .split("\n")
  .map((line) => {
    const [apiVersion = "", kind = "", plural = "", ...rest] = line.split(" ");
    return {
      kind,
      apiVersion,
      plural,
      shortNames: rest.filter((word) => word !== "!"),
      namespaced: !rest.includes("!"),
    };
  });

const BY_KIND = new Map(RESOURCES.map((resource) => [resource.kind, resource]));

/** Older versions that are still served beside those above. */
const OTHER_VERSIONS: ReadonlyMap<string, string> = new Map([
  ["HorizontalPodAutoscaler", "autoscaling/v1"],
]);

/** The group of a kind that the API server has; "" is the core group, and that of unknown kinds. */
export function groupOfKind(kind: string): string {
  return groupOf(BY_KIND.get(kind)?.apiVersion ?? "");
}

/** `deployments.apps`, `services`: how the API server calls the objects of a kind. */
export function qualifiedPlural(kind: string): string {
  const { plural, apiVersion } = BY_KIND.get(kind) ?? {
    plural: `${kind.toLowerCase()}s`,
    apiVersion: "",
  };
  const group = groupOf(apiVersion);
  return group === "" ? plural : `${plural}.${group}`;
}

/** The group of an API version; "" is the core group. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf("/");
  return slash === -1 ? "" : apiVersion.slice(0, slash);
}

/**
 * The resource of a kind. Null if its group is one of Kubernetes' own and has no such kind; a kind
 * of another group is taken as a custom resource.
 */
export function resourceOf(apiVersion: string, kind: string): Resource | null {
  const known = BY_KIND.get(kind);
  if (known !== undefined && known.apiVersion === apiVersion) return known;
  if (known !== undefined && OTHER_VERSIONS.get(kind) === apiVersion) return known;
  const group = groupOf(apiVersion);
  const builtIn = !group.includes(".") || group.endsWith(".k8s.io");
  if (builtIn && !isOutOfTree(group)) return null;
  return {
    kind,
    apiVersion,
    plural: `${writtenKind(apiVersion, kind).toLowerCase()}s`,
    shortNames: [],
    namespaced: true,
  };
}

/**
 * The kind under which an object is kept: a custom one that is called as one of Kubernetes' own is
 * kept with its group, `Service.serving.knative.dev`.
 */
export function storedKind(apiVersion: string, kind: string): string {
  const group = groupOf(apiVersion);
  const isOther = BY_KIND.has(kind) && group !== groupOfKind(kind);
  return isOther ? `${kind}.${group}` : kind;
}

/** A kind as manifests write it. */
export function writtenKind(apiVersion: string, kind: string): string {
  const suffix = `.${groupOf(apiVersion)}`;
  return suffix !== "." && kind.endsWith(suffix) ? kind.slice(0, -suffix.length) : kind;
}

/** What CustomResourceDefinitions say of a kind; null if there is none for it. */
export function definedResource(
  definitions: Iterable<unknown>,
  apiVersion: string,
  kind: string,
): Resource | null {
  for (const definition of definitions) {
    const { spec } = definition as {
      readonly spec?: {
        readonly group?: string;
        readonly scope?: string;
        readonly names?: {
          readonly kind?: string;
          readonly plural?: string;
          readonly shortNames?: readonly string[];
        };
      };
    };
    const { kind: name, plural = "", shortNames = [] } = spec?.names ?? {};
    if (name !== writtenKind(apiVersion, kind) || spec?.group !== groupOf(apiVersion)) continue;
    return { kind, apiVersion, plural, shortNames, namespaced: spec.scope !== "Cluster" };
  }
  return null;
}

/** Whether the API server has the kind by itself; it keeps others without knowing them. */
export function isBuiltIn(kind: string): boolean {
  return BY_KIND.has(kind);
}

/** Groups of the Kubernetes project that a bare API server does not have. */
function isOutOfTree(group: string): boolean {
  return /^(gateway\.networking|metrics|snapshot\.storage)\.k8s\.io$/.test(group);
}

/** The resource of a word as kubectl takes it: `po`, `pods`, `pod`, `deployments.apps`. */
export function findResource(word: string): Resource | null {
  const [name = ""] = word.toLowerCase().split(".");
  return (
    RESOURCES.find(
      ({ kind, plural, shortNames }) =>
        plural === name || kind.toLowerCase() === name || shortNames.includes(name),
    ) ?? null
  );
}

/** `deployment.apps`, `service`: how kubectl calls a kind in its messages. */
export function qualifiedKind(apiVersion: string, kind: string): string {
  const group = groupOf(apiVersion);
  const name = writtenKind(apiVersion, kind).toLowerCase();
  return group === "" ? name : `${name}.${group}`;
}
