/**
 * The Kubernetes part of a lab: networks, nodes and the objects that are applied. Names and
 * defaults are kind's.
 *
 * Spec: kind's cluster configuration (kind.x-k8s.io/v1alpha4), networking and nodes.
 */
import { type Place, VethworkError } from "../../base/errors.ts";
import { type Cidr, formatCidr, overlaps, parseCidr } from "../../base/inet.ts";
import {
  type Kind,
  type Located,
  list,
  located,
  mapped,
  object,
  pattern,
  required,
  text,
  withDefault,
  word,
} from "./kinds.ts";
import { network, nodeName } from "./values.ts";

/** How kube-proxy programs Services. */
export type KubeProxyMode = "iptables" | "userspace" | "ipvs" | "nftables";

/** The networks of a cluster. */
export interface ClusterNetworking {
  readonly podSubnet: Cidr;
  readonly serviceSubnet: Cidr;
  readonly kubeProxyMode: KubeProxyMode;
  /** The release whose rules are written, such as `1.36`. */
  readonly kubeProxyVersion: string;
}

/** A worker node. */
export interface ClusterNode {
  readonly name: Located<string>;
}

/** A cluster. */
export interface Cluster {
  readonly networking: ClusterNetworking;
  readonly nodes: readonly ClusterNode[];
  /** Files of kubectl YAML, relative to the lab's folder, in the order in which they are applied. */
  readonly manifests: readonly Located<string>[];
  readonly place: Place;
}

const DEFAULT_NETWORKING: ClusterNetworking = {
  podSubnet: parseCidr("10.244.0.0/16"),
  serviceSubnet: parseCidr("10.96.0.0/16"),
  kubeProxyMode: "iptables",
  kubeProxyVersion: "1.36",
};

const networkingKind: Kind<ClusterNetworking> = mapped(
  object("networking", {
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
    kubeProxyVersion: withDefault(
      pattern('a release such as "1.36"', /^1\.[0-9]+$/),
      DEFAULT_NETWORKING.kubeProxyVersion,
      "whose rules are written",
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
    return networking;
  },
);

/** A cluster. */
export const clusterKind: Kind<Cluster> = mapped(
  object("cluster", {
    networking: withDefault(networkingKind, DEFAULT_NETWORKING, "networks and kube-proxy"),
    nodes: required(
      list(object("a node", { name: required(located(nodeName), "the node's name") }), 1),
      "worker nodes",
    ),
    manifests: withDefault(
      list(located(text("a file beside the lab"))),
      [],
      "files of kubectl YAML, applied in this order",
    ),
  }),
  (value, place) => ({ ...value, place }),
);
