/**
 * The columns of `kubectl get`, per kind.
 *
 * Spec: kubernetes pkg/printers/internalversion, v1.36.
 */
import { formatSelector } from "../api/labels.ts";
import { qualifiedKind } from "../api/resources.ts";
import type {
  ApiObject,
  ControllerRevision,
  DaemonSet,
  Deployment,
  EndpointSlice,
  Endpoints,
  EventObject,
  Node,
  Pod,
  PodTemplate,
  ReplicaSet,
  ReplicationController,
  Service,
  StatefulSet,
} from "../api/types.ts";
import { conditionOf } from "../controllers/pods.ts";
import { selectorOf } from "../controllers/replicaset.ts";
import { controllerOf } from "../informer.ts";
import { BATCH_AND_STORAGE } from "./batch-columns.ts";
import { type AgeOf, born, type Columns, columns, NONE, nameOfClass, text } from "./column.ts";
import { KEPT } from "./kept-columns.ts";
import { podCells } from "./pod-columns.ts";
import { firstThree } from "./table.ts";

interface IngressClassSpec {
  readonly controller?: string;
  readonly parameters?: {
    readonly apiGroup?: string;
    readonly kind: string;
    readonly name: string;
  };
}

/** Columns of any kind: those of its own, or name and age. */
export function columnsOf(kind: string): Columns {
  return (
    TABLES.get(kind) ??
    BATCH_AND_STORAGE.get(kind) ??
    KEPT.get(kind) ??
    columns("NAME|AGE", "", (object, age) => [object.metadata.name, born(object, age)])
  );
}

function containers({ spec }: PodTemplate): string[] {
  return [
    spec.containers.map(({ name }) => name).join(","),
    spec.containers.map(({ image }) => image).join(","),
  ];
}

const REPLICATED = columns<ReplicaSet | ReplicationController>(
  "NAME|DESIRED|CURRENT|READY|AGE",
  "CONTAINERS|IMAGES|SELECTOR",
  (object, age) => [
    object.metadata.name,
    String(object.spec.replicas),
    String(object.status.replicas),
    String(object.status.readyReplicas ?? 0),
    born(object, age),
    ...containers(object.spec.template),
    formatSelector(selectorOf(object)),
  ],
);

const TABLES: ReadonlyMap<string, Columns> = new Map([
  [
    "Pod",
    columns<Pod>(
      "NAME|READY|STATUS|RESTARTS|AGE",
      "IP|NODE|NOMINATED NODE|READINESS GATES",
      podCells,
    ),
  ],
  [
    "Deployment",
    columns<Deployment>(
      "NAME|READY|UP-TO-DATE|AVAILABLE|AGE",
      "CONTAINERS|IMAGES|SELECTOR",
      (object, age) => [
        object.metadata.name,
        `${object.status.readyReplicas ?? 0}/${object.spec.replicas}`,
        String(object.status.updatedReplicas ?? 0),
        String(object.status.availableReplicas ?? 0),
        born(object, age),
        ...containers(object.spec.template),
        formatSelector(object.spec.selector),
      ],
    ),
  ],
  ["ReplicaSet", REPLICATED],
  ["ReplicationController", REPLICATED],
  [
    "StatefulSet",
    columns<StatefulSet>("NAME|READY|AGE", "CONTAINERS|IMAGES", (object, age) => [
      object.metadata.name,
      `${object.status.readyReplicas ?? 0}/${object.spec.replicas}`,
      born(object, age),
      ...containers(object.spec.template),
    ]),
  ],
  [
    "DaemonSet",
    columns<DaemonSet>(
      "NAME|DESIRED|CURRENT|READY|UP-TO-DATE|AVAILABLE|NODE SELECTOR|AGE",
      "CONTAINERS|IMAGES|SELECTOR",
      (object, age) => [
        object.metadata.name,
        String(object.status.desiredNumberScheduled),
        String(object.status.currentNumberScheduled),
        String(object.status.numberReady),
        String(object.status.updatedNumberScheduled ?? 0),
        String(object.status.numberAvailable ?? 0),
        formatSelector({ matchLabels: object.spec.template.spec.nodeSelector }),
        born(object, age),
        ...containers(object.spec.template),
        formatSelector(object.spec.selector),
      ],
    ),
  ],
  [
    "ControllerRevision",
    columns<ControllerRevision>("NAME|CONTROLLER|REVISION|AGE", "", (object, age) => {
      const owner = controllerOf(object);
      const controller =
        owner === null ? NONE : `${qualifiedKind(owner.apiVersion, owner.kind)}/${owner.name}`;
      return [object.metadata.name, controller, String(object.revision), born(object, age)];
    }),
  ],
  [
    "Service",
    columns<Service>("NAME|TYPE|CLUSTER-IP|EXTERNAL-IP|PORT(S)|AGE", "SELECTOR", (object, age) => [
      object.metadata.name,
      object.spec.type,
      text(object.spec.clusterIP),
      externalAddress(object),
      servicePorts(object),
      born(object, age),
      formatSelector({ matchLabels: object.spec.selector }),
    ]),
  ],
  [
    "EndpointSlice",
    columns<EndpointSlice>("NAME|ADDRESSTYPE|PORTS|ENDPOINTS|AGE", "", (object, age) => {
      const ports = (object.ports ?? []).map(({ port }) =>
        port === undefined ? "*" : String(port),
      );
      const addresses = (object.endpoints ?? []).flatMap((endpoint) => endpoint.addresses);
      return [
        object.metadata.name,
        object.addressType,
        ports.length === 0 ? "<unset>" : firstThree(ports),
        addresses.length === 0 ? "<unset>" : firstThree(addresses),
        born(object, age),
      ];
    }),
  ],
  [
    "Endpoints",
    columns<Endpoints>("NAME|ENDPOINTS|AGE", "", (object, age) => {
      const list = (object.subsets ?? []).flatMap(({ addresses, ports }) =>
        (ports ?? []).flatMap(({ port }) => (addresses ?? []).map(({ ip }) => `${ip}:${port}`)),
      );
      return [object.metadata.name, list.length === 0 ? NONE : firstThree(list), born(object, age)];
    }),
  ],
  [
    "Node",
    columns<Node>(
      "NAME|STATUS|ROLES|AGE|VERSION",
      "INTERNAL-IP|EXTERNAL-IP|OS-IMAGE|KERNEL-VERSION|CONTAINER-RUNTIME",
      nodeCells,
    ),
  ],
  [
    "Namespace",
    columns<ApiObject>("NAME|STATUS|AGE", "", (object, age) => {
      const { phase } = (object.status ?? {}) as { readonly phase?: string };
      return [object.metadata.name, text(phase), born(object, age)];
    }),
  ],
  [
    "ConfigMap",
    columns<ApiObject>("NAME|DATA|AGE", "", (object, age) => {
      const { data = {}, binaryData = {} } = object as {
        readonly data?: object;
        readonly binaryData?: object;
      };
      const count = Object.keys(data).length + Object.keys(binaryData).length;
      return [object.metadata.name, String(count), born(object, age)];
    }),
  ],
  [
    "IngressClass",
    columns<ApiObject>("NAME|CONTROLLER|PARAMETERS|AGE", "", (object, age) => {
      const { controller, parameters } = object.spec as IngressClassSpec;
      const { apiGroup, kind, name } = parameters ?? {};
      const group = apiGroup === undefined ? "" : `.${apiGroup}`;
      const shown = parameters === undefined ? NONE : `${kind}${group}/${name}`;
      return [nameOfClass(object), text(controller), shown, born(object, age)];
    }),
  ],
  [
    "Ingress",
    columns<ApiObject>("NAME|CLASS|HOSTS|ADDRESS|PORTS|AGE", "", (object, age) => {
      const spec = object.spec as {
        readonly ingressClassName?: string;
        readonly rules?: readonly { readonly host?: string }[];
        readonly tls?: unknown;
      };
      const hosts = (spec.rules ?? []).map(({ host }) => host ?? "*");
      const status = object.status as {
        readonly loadBalancer?: {
          readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[];
        };
      };
      const addresses = (status.loadBalancer?.ingress ?? []).map(
        ({ ip, hostname }) => ip ?? hostname ?? "",
      );
      return [
        object.metadata.name,
        text(spec.ingressClassName),
        hosts.length === 0 ? "*" : firstThree(hosts),
        addresses.join(","),
        spec.tls === undefined ? "80" : "80, 443",
        born(object, age),
      ];
    }),
  ],
  [
    "Event",
    columns<EventObject>("LAST SEEN|TYPE|REASON|OBJECT|MESSAGE", "", (object, age) => [
      age(object.lastTimestamp),
      object.type,
      object.reason,
      `${object.involvedObject.kind.toLowerCase()}/${object.involvedObject.name}`,
      object.message.trim(),
    ]),
  ],
]);

function nodeCells(node: Node, age: AgeOf): string[] {
  const ready = conditionOf(node.status.conditions, "Ready");
  const state = ready === null ? "Unknown" : ready.status === "True" ? "Ready" : "NotReady";
  const roles = Object.keys(node.metadata.labels ?? {})
    .filter((label) => label.startsWith("node-role.kubernetes.io/"))
    .map((label) => label.slice("node-role.kubernetes.io/".length));
  const address = (type: string) =>
    text(node.status.addresses?.find((each) => each.type === type)?.address);
  const info = node.status.nodeInfo ?? {};
  const known = (name: string) => info[name] ?? "<unknown>";
  return [
    node.metadata.name,
    node.spec.unschedulable === true ? `${state},SchedulingDisabled` : state,
    roles.length === 0 ? NONE : roles.sort().join(","),
    born(node, age),
    info["kubeletVersion"] ?? "",
    address("InternalIP"),
    address("ExternalIP"),
    known("osImage"),
    info["architecture"] === undefined
      ? known("kernelVersion")
      : `${known("kernelVersion")} (${info["architecture"]})`,
    known("containerRuntimeVersion"),
  ];
}

function externalAddress({ spec, status }: Service): string {
  const external = spec.externalIPs ?? [];
  const given = (status.loadBalancer.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? "");
  if (spec.type === "ExternalName") return text(spec.externalName);
  if (spec.type !== "LoadBalancer") return external.length === 0 ? NONE : external.join(",");
  const all = [...given, ...external];
  return all.length === 0 ? "<pending>" : all.join(",");
}

function servicePorts({ spec }: Service): string {
  const ports = (spec.ports ?? []).map(({ port, nodePort, protocol }) =>
    nodePort === undefined ? `${port}/${protocol}` : `${port}:${nodePort}/${protocol}`,
  );
  return ports.length === 0 ? NONE : ports.join(",");
}
