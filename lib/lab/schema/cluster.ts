/**
 * The Kubernetes part of a lab: networks, nodes and the objects that are applied. Names and
 * defaults are kind's.
 *
 * Spec: kind's cluster configuration (kind.x-k8s.io/v1alpha4), networking and nodes.
 */
import { type Place, VethworkError } from "../../base/errors.ts";
import {
  type Cidr,
  formatCidr,
  type Ipv4,
  overlaps,
  parseCidr,
  parseIpv4,
} from "../../base/inet.ts";
import type { Ns } from "../../base/units.ts";
import { PROXY_MODES } from "../../kube/proxy/create.ts";
import { releaseOf } from "../../kube/proxy/release.ts";
import type { YamlNode } from "../yaml-node.ts";
import {
  list,
  mapping,
  type NamedEntry,
  object,
  optional,
  required,
  withDefault,
} from "./collections.ts";
import { type Kind, type Located, located, mapped, wrong } from "./kind.ts";
import { parsed, pattern, text, truth, word } from "./scalars.ts";
import { command, duration, network, nodeName } from "./values.ts";

/** How kube-proxy programs Services. */
export type KubeProxyMode = "iptables" | "userspace" | "ipvs" | "nftables";

/** The networks of a cluster. */
export interface ClusterNetworking {
  /** The network of the nodes; its first address is that of the bridge between them. */
  readonly nodeSubnet: Cidr;
  readonly podSubnet: Cidr;
  readonly serviceSubnet: Cidr;
  readonly kubeProxyMode: KubeProxyMode;
  /** The release whose rules are written, such as `1.36`. */
  readonly kubeProxyVersion: string;
}

/** A worker node: a host with a bridge for its Pods, and kube-proxy. */
export interface ClusterNode {
  readonly name: Located<string>;
  readonly labels: readonly NamedEntry<string>[];
}

/** A Pod that is there from the start, on a node of the lab's choice. */
export interface ClusterPod {
  readonly name: Located<string>;
  readonly node: Located<string>;
  /** Null: the next free one of the node. */
  readonly ip: Located<Ipv4> | null;
  /** Its program, or null if it only runs what steps say. */
  readonly run: Located<string> | null;
}

/** A host beside the nodes, outside the cluster. */
export interface ClusterHost {
  readonly name: Located<string>;
  readonly ip: Located<Ipv4> | null;
  readonly run: Located<string> | null;
}

/** A cluster. */
export interface Cluster {
  readonly networking: ClusterNetworking;
  /** A KubeProxyConfiguration, as it stands in the lab; null: kind's. */
  readonly kubeProxy: YamlNode | null;
  readonly nodes: readonly ClusterNode[];
  readonly pods: readonly ClusterPod[];
  readonly hosts: readonly ClusterHost[];
  /**
   * Files of Services, EndpointSlices and Nodes, relative to the lab's folder, that kube-proxy is
   * told of as they stand.
   */
  readonly objects: readonly Located<string>[];
  /** Null: there is no API server, and Pods and objects are those above. */
  readonly controlPlane: ControlPlaneSettings | null;
  readonly place: Place;
}

/** What a cluster with an API server begins with. */
export interface ControlPlaneSettings {
  /** Files of kubectl YAML, relative to the lab's folder, in the order in which they are applied. */
  readonly manifests: readonly Located<string>[];
  /** Whether CoreDNS runs, and Pods ask it. */
  readonly dns: boolean;
  /** Whether ingress-nginx runs, as its manifests for kind install it. */
  readonly ingress: boolean;
  /** When the lab goes on: as soon as all that was applied is ready, or after a time in ns. */
  readonly start: "ready" | Ns;
}

const DEFAULT_NETWORKING: ClusterNetworking = {
  nodeSubnet: parseCidr("172.18.0.0/16"),
  podSubnet: parseCidr("10.244.0.0/16"),
  serviceSubnet: parseCidr("10.96.0.0/16"),
  kubeProxyMode: "iptables",
  kubeProxyVersion: "1.36",
};

const networkingKind: Kind<ClusterNetworking> = mapped(
  object("networking", {
    nodeSubnet: withDefault(
      network,
      DEFAULT_NETWORKING.nodeSubnet,
      "addresses of nodes (172.18.0.0/16)",
    ),
    podSubnet: withDefault(
      network,
      DEFAULT_NETWORKING.podSubnet,
      "addresses of Pods (10.244.0.0/16)",
    ),
    serviceSubnet: withDefault(
      network,
      DEFAULT_NETWORKING.serviceSubnet,
      "addresses of Services (10.96.0.0/16)",
    ),
    kubeProxyMode: withDefault(
      word<KubeProxyMode>("iptables", "userspace", "ipvs", "nftables"),
      DEFAULT_NETWORKING.kubeProxyMode,
      "how kube-proxy programs Services (iptables)",
    ),
    kubeProxyVersion: optional(
      pattern('a release such as "1.36"', /^1\.[0-9]+$/),
      "whose rules are written (the newest that has the mode)",
    ),
  }),
  (networking) => {
    const { podSubnet, serviceSubnet } = networking;
    if (overlaps(podSubnet, serviceSubnet)) {
      throw new VethworkError(
        "VW_LAB",
        `podSubnet ${formatCidr(podSubnet)} and serviceSubnet ${formatCidr(serviceSubnet)} overlap`,
        "two networks without a common address",
      );
    }
    return { ...networking, kubeProxyVersion: releaseFor(networking) };
  },
);

function releaseFor(networking: {
  readonly kubeProxyMode: KubeProxyMode;
  readonly kubeProxyVersion: string | null;
}): string {
  const { kubeProxyMode, kubeProxyVersion } = networking;
  if (!PROXY_MODES.includes(kubeProxyMode)) {
    throw new VethworkError(
      "VW_LAB",
      `kubeProxyMode ${kubeProxyMode} is not modelled`,
      `one of ${PROXY_MODES.join(", ")}`,
    );
  }
  const newest = kubeProxyMode === "userspace" ? "1.20" : DEFAULT_NETWORKING.kubeProxyVersion;
  return releaseOf(kubeProxyVersion ?? newest).version;
}

const address: Kind<Ipv4> = parsed("an address such as 10.244.0.5", parseIpv4, {
  type: "string",
  pattern: "^[0-9.]+$",
});

const anyMap: Kind<YamlNode> = {
  expected: "a KubeProxyConfiguration",
  jsonSchema: { type: "object" },
  read(node) {
    if (node.kind !== "map") throw wrong(node, this.expected);
    return node;
  },
};

const readyWord = word("ready");

const start: Kind<"ready" | Ns> = {
  expected: "ready, or a duration such as 30s",
  jsonSchema: { anyOf: [readyWord.jsonSchema, duration.jsonSchema] },
  read: (node) =>
    node.kind === "scalar" && node.value === "ready" ? readyWord.read(node) : duration.read(node),
};

const file = located(text("a file beside the lab"));

const nodeKind = object("a node", {
  name: required(located(nodeName), "the node's name"),
  labels: withDefault(mapping(text("a label"), text("its value")), [], "labels of the Node"),
});

const podKind = object("a Pod", {
  name: required(located(nodeName), "the Pod's name, which is also its host's"),
  node: required(located(nodeName), "the node that it is on"),
  ip: optional(located(address), "its address (the node's next free one)"),
  run: optional(command, "its program"),
});

const hostKind = object("a host", {
  name: required(located(nodeName), "the host's name"),
  ip: optional(located(address), "its address in the nodes' network (from .100 on)"),
  run: optional(command, "its program"),
});

/** A cluster. */
export const clusterKind: Kind<Cluster> = mapped(
  object("cluster", {
    networking: withDefault(networkingKind, DEFAULT_NETWORKING, "networks and kube-proxy"),
    kubeProxy: optional(anyMap, "fields of a KubeProxyConfiguration"),
    nodes: required(list(nodeKind, 1), "worker nodes"),
    pods: withDefault(list(podKind), [], "Pods that are there from the start"),
    hosts: withDefault(list(hostKind), [], "hosts beside the nodes, outside the cluster"),
    objects: withDefault(
      list(file),
      [],
      "files of Services, EndpointSlices and Nodes, as they are",
    ),
    manifests: optional(
      list(file),
      "files of kubectl YAML, applied in this order; even an empty list makes a control plane",
    ),
    dns: optional(truth, "whether CoreDNS runs (true)"),
    ingress: optional(truth, "whether ingress-nginx runs (false)"),
    start: optional(start, "when the lab goes on: when all is ready, or after a time (ready)"),
  }),
  ({ manifests, dns, ingress, start, ...value }, place): Cluster => {
    const settings = { dns, ingress, start };
    if (manifests === null) {
      const [extra] = Object.entries(settings).filter(([, setting]) => setting !== null);
      if (extra !== undefined) {
        throw new VethworkError("VW_LAB", `${extra[0]}: without a control plane`, "manifests: []");
      }
      return { ...value, controlPlane: null, place };
    }
    const [first] = [...value.pods.map(({ name }) => name), ...value.objects];
    if (first !== undefined) {
      throw new VethworkError(
        "VW_LAB",
        `"${first.value}" beside manifests`,
        "pods: and objects: are for a cluster without a control plane",
        first.place,
      );
    }
    const controlPlane: ControlPlaneSettings = {
      manifests,
      dns: dns ?? true,
      ingress: ingress ?? false,
      start: start ?? "ready",
    };
    return { ...value, controlPlane, place };
  },
);
