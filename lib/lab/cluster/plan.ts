/**
 * Which addresses a cluster's nodes, Pods and outside hosts have. As in kind: nodes from the second
 * address of their network, Pods from a /24 for each node with the gateway first.
 *
 * Spec: Kubernetes pkg/controller/nodeipam (range allocator); CNI host-local (order of addresses).
 */
import { type Place, VethworkError } from "../../base/errors.ts";
import { type Cidr, contains, formatCidr, formatIpv4, type Ipv4, ipv4 } from "../../base/inet.ts";
import type { Cluster } from "../schema/cluster.ts";
import type { Located } from "../schema/kind.ts";

/** Prefix length of the network that each node has for its Pods (node-cidr-mask-size). */
const POD_CIDR_LENGTH = 24;
/** Addresses of outside hosts begin here, from their network's. */
const FIRST_HOST = 100;

/** A node and its addresses. */
export interface PlannedNode {
  readonly name: string;
  readonly address: Ipv4;
  readonly podCidr: Cidr;
  /** The address of its bridge, which its Pods send to. */
  readonly gateway: Ipv4;
  readonly place: Place;
}

/** A host of the cluster's network. */
export interface PlannedMember {
  readonly name: string;
  readonly address: Ipv4;
  readonly program: Located<string> | null;
  readonly place: Place;
}

/** A Pod, its node and its address. */
export interface PlannedPod extends PlannedMember {
  readonly node: PlannedNode;
}

/** A cluster with all its addresses. */
export interface ClusterPlan {
  readonly nodeSubnet: Cidr;
  /** The address of the bridge between the nodes. */
  readonly router: Ipv4;
  readonly nodes: readonly PlannedNode[];
  readonly pods: readonly PlannedPod[];
  readonly hosts: readonly PlannedMember[];
  /** Where the API server and kubectl are, if there is one: a node of that name, or a host. */
  readonly controlPlane: { readonly name: string; readonly address: Ipv4 } | null;
}

/** The host of the API server. */
const CONTROL_PLANE = "control-plane";

/** Gives out the addresses. Throws `VW_LAB` for one that is taken or in the wrong network. */
export function planCluster(cluster: Cluster): ClusterPlan {
  const { nodeSubnet, podSubnet } = cluster.networking;
  const nodes = cluster.nodes.map(({ name }, index): PlannedNode => {
    const podCidr = podCidrOf(podSubnet, index, name.place);
    return {
      name: name.value,
      address: ipv4(nodeSubnet.address + 2 + index),
      podCidr,
      gateway: ipv4(podCidr.address + 1),
      place: name.place,
    };
  });
  const taken = new Map<Ipv4, string>();
  for (const { name, address, gateway } of nodes) taken.set(address, name).set(gateway, name);
  const pods = cluster.pods.map(({ name, node, ip, run }): PlannedPod => {
    const home = nodes.find((one) => one.name === node.value);
    if (home === undefined) throw noNode(node, nodes);
    if (ip !== null) claim(taken, ip, name.value, home.podCidr);
    const address = ip?.value ?? nextFree(taken, ipv4(home.gateway + 1), name.value);
    return { name: name.value, node: home, address, program: run, place: name.place };
  });
  const hosts = cluster.hosts.map(({ name, ip, run }): PlannedMember => {
    if (ip !== null) claim(taken, ip, name.value, nodeSubnet);
    const first = ipv4(nodeSubnet.address + FIRST_HOST);
    const address = ip?.value ?? nextFree(taken, first, name.value);
    return { name: name.value, address, program: run, place: name.place };
  });
  const router = ipv4(nodeSubnet.address + 1);
  if (cluster.controlPlane === null) {
    return { nodeSubnet, router, nodes, pods, hosts, controlPlane: null };
  }
  const known = [...nodes, ...hosts].find(({ name }) => name === CONTROL_PLANE);
  if (known !== undefined) {
    return { nodeSubnet, router, nodes, pods, hosts, controlPlane: known };
  }
  const afterNodes = ipv4(nodeSubnet.address + 2 + nodes.length);
  const address = nextFree(taken, afterNodes, CONTROL_PLANE);
  const own = { name: CONTROL_PLANE, address, program: null, place: cluster.place };
  return { nodeSubnet, router, nodes, pods, hosts: [...hosts, own], controlPlane: own };
}

function podCidrOf(podSubnet: Cidr, index: number, place: Place): Cidr {
  const address = ipv4(podSubnet.address + index * 2 ** (32 - POD_CIDR_LENGTH));
  if (podSubnet.prefixLength <= POD_CIDR_LENGTH && contains(podSubnet, address)) {
    return { address, prefixLength: POD_CIDR_LENGTH };
  }
  throw new VethworkError(
    "VW_LAB",
    `podSubnet ${formatCidr(podSubnet)} has no /${POD_CIDR_LENGTH} for node ${index + 1}`,
    "a larger network",
    place,
  );
}

function claim(taken: Map<Ipv4, string>, ip: Located<Ipv4>, name: string, within: Cidr): void {
  const text = formatIpv4(ip.value);
  const owner = taken.get(ip.value);
  const problem =
    owner !== undefined
      ? `${text} is the address of "${owner}" already`
      : contains(within, ip.value)
        ? null
        : `${text} is not in ${formatCidr(within)}`;
  if (problem !== null) throw new VethworkError("VW_LAB", problem, "another address", ip.place);
  taken.set(ip.value, name);
}

function nextFree(taken: Map<Ipv4, string>, first: Ipv4, name: string): Ipv4 {
  let address = first;
  while (taken.has(address)) address = ipv4(address + 1);
  taken.set(address, name);
  return address;
}

function noNode(node: Located<string>, nodes: readonly PlannedNode[]): VethworkError {
  const known = nodes.map(({ name }) => name).join(", ");
  return new VethworkError(
    "VW_LAB",
    `there is no node "${node.value}"`,
    `nodes: ${known}`,
    node.place,
  );
}
