/**
 * A cluster as hosts, links and commands: what kind, a bridge CNI with host-gw routes and the
 * kubelets would have set up. It is a plain topology, which the emulator and the real kernel build
 * in the same way.
 *
 *     lan (br0 172.18.0.1) ── node1 (eth0 172.18.0.2, cni0 10.244.0.1) ── Pods 10.244.0.2 …
 *                          ├─ node2 (eth0 172.18.0.3, cni0 10.244.1.1) ── Pods 10.244.1.2 …
 *                          └─ hosts outside the cluster, 172.18.0.100 …
 *
 * Spec: CNI bridge plugin (isGateway, hairpinMode), flannel host-gw; Docker's bridge network for MACs
 * of nodes, CNI's for those of Pods.
 * Not modelled: without a control plane, masquerade of what Pods send to hosts outside, and the
 * containers' own programs.
 */
import type { Place } from "../../base/errors.ts";
import { type Cidr, formatCidr, formatIpv4, type Ipv4 } from "../../base/inet.ts";
import { formatMac, type Mac } from "../../base/mac.ts";
import type { Link, LinkEnd } from "../schema/link.ts";
import type { BackgroundProgram } from "../schema/step.ts";
import type { LabNode, SetupCommand, Topology } from "../schema/topology.ts";
import type { ClusterPlan, PlannedMember, PlannedNode, PlannedPod } from "./plan.ts";

/** The switch between the nodes. */
const LAN = "lan";
const MTU = 1500;
const LONGEST_DEVICE_NAME = 15;

/** The topology of a cluster. */
export function clusterTopology(plan: ClusterPlan, place: Place): Topology {
  const members = [...plan.nodes, ...plan.hosts];
  const lan: LabNode = { name: LAN, place, sysctls: [] };
  return {
    nodes: [
      lan,
      ...plan.nodes.map((node) => ({ name: node.name, place: node.place, sysctls: sysctls(node) })),
      ...[...plan.pods, ...plan.hosts].map((one) => ({
        name: one.name,
        place: one.place,
        sysctls: [],
      })),
    ],
    links: [
      ...members.map((member, index) => lanLink(member, lanPort(member.name, index))),
      ...plan.pods.map((pod, index) => podLink(pod, podPort(pod.name, index))),
    ],
    files: [],
    setup: [
      ...lanSetup(plan, place),
      ...plan.nodes.flatMap((node) => nodeSetup(plan, node)),
      ...plan.pods.flatMap(podSetup),
      ...plan.hosts.flatMap((host) => hostSetup(plan, host)),
    ],
  };
}

/** The programs of Pods and outside hosts, by their names. */
export function clusterPrograms(plan: ClusterPlan): BackgroundProgram[] {
  return [...plan.pods, ...plan.hosts].flatMap(({ name, program, place }) => {
    if (program === null) return [];
    const located = { value: name, place };
    return [{ name: located, on: located, command: program, stdin: null }];
  });
}

/** What kubelet and the CNI ask of a node's kernel. */
function sysctls({ place }: PlannedNode): LabNode["sysctls"] {
  const names = ["net.ipv4.ip_forward", "net.bridge.bridge-nf-call-iptables"];
  return names.map((name) => ({ name, place, value: "1" }));
}

function lanSetup({ nodes, hosts, router, nodeSubnet }: ClusterPlan, place: Place): SetupCommand[] {
  const ports = [...nodes, ...hosts].map(({ name }, index) => lanPort(name, index));
  return commandsOf(LAN, place, [
    `ip link add br0 address ${formatMac(dockerMac(router))} type bridge`,
    `ip addr add ${withLength(router, nodeSubnet)} dev br0`,
    "ethtool -K br0 tx off",
    "ip link set br0 up",
    ...ports.flatMap((port) => [`ip link set ${port} master br0`, `ip link set ${port} up`]),
  ]);
}

function nodeSetup(plan: ClusterPlan, node: PlannedNode): SetupCommand[] {
  return commandsOf(node.name, node.place, [
    ...hostCommands(plan, node.address),
    // With a control plane the kubelets' CNI plugin makes the bridge and the routes.
    ...(plan.controlPlane === null ? podNetwork(plan, node) : []),
  ]);
}

function podNetwork(plan: ClusterPlan, node: PlannedNode): string[] {
  const own = plan.pods.flatMap((pod, index) =>
    pod.node === node ? [podPort(pod.name, index)] : [],
  );
  const others = plan.nodes.filter((other) => other !== node);
  return [
    `ip link add cni0 address ${formatMac(podMac(node.gateway))} type bridge`,
    `ip addr add ${withLength(node.gateway, node.podCidr)} dev cni0`,
    // The bridge computes checksums itself, as devices of links do.
    "ethtool -K cni0 tx off",
    "ip link set cni0 up",
    ...own.flatMap((port) => [
      `ip link set ${port} master cni0`,
      `ip link set ${port} up`,
      `bridge link set dev ${port} hairpin on`,
    ]),
    ...others.map(
      ({ podCidr, address }) => `ip route add ${formatCidr(podCidr)} via ${formatIpv4(address)}`,
    ),
  ];
}

function podSetup({ name, place, address, node }: PlannedPod): SetupCommand[] {
  return commandsOf(name, place, [
    `ip addr add ${withLength(address, node.podCidr)} dev eth0`,
    "ip link set eth0 up",
    `ip route add default via ${formatIpv4(node.gateway)}`,
  ]);
}

function hostSetup(plan: ClusterPlan, { name, place, address }: PlannedMember): SetupCommand[] {
  return commandsOf(name, place, hostCommands(plan, address));
}

function hostCommands({ nodeSubnet, router }: ClusterPlan, address: Ipv4): string[] {
  return [
    `ip addr add ${withLength(address, nodeSubnet)} dev eth0`,
    "ip link set eth0 up",
    `ip route add default via ${formatIpv4(router)}`,
  ];
}

function lanLink({ name, address, place }: PlannedNode | PlannedMember, port: string): Link {
  return link(
    { node: name, device: "eth0", mac: dockerMac(address), place },
    { node: LAN, device: port, mac: null, place },
  );
}

function podLink({ name, address, node, place }: PlannedPod, port: string): Link {
  return link(
    { node: name, device: "eth0", mac: podMac(address), place },
    { node: node.name, device: port, mac: null, place },
  );
}

function link(one: LinkEnd, other: LinkEnd): Link {
  return {
    ends: [one, other],
    type: "veth",
    mtu: MTU,
    lines: [null, null],
    from: [],
    place: one.place,
  };
}

/** The bridge's end of a member's link: the member's own name if a device may be called so. */
function lanPort(name: string, index: number): string {
  return name.length <= LONGEST_DEVICE_NAME ? name : `port${index + 1}`;
}

/** The node's end of a Pod's link. */
function podPort(name: string, index: number): string {
  const port = `veth${name}`;
  return port.length <= LONGEST_DEVICE_NAME ? port : `veth${index + 1}`;
}

/** `02:42:` and the address, as Docker gives its containers. */
function dockerMac(address: Ipv4): Mac {
  return (0x0242 * 2 ** 32 + (address >>> 0)) as Mac;
}

/** `0a:58:` and the address, as CNI gives its bridges and Pods. */
function podMac(address: Ipv4): Mac {
  return (0x0a58 * 2 ** 32 + (address >>> 0)) as Mac;
}

function withLength(address: Ipv4, { prefixLength }: Cidr): string {
  return `${formatIpv4(address)}/${prefixLength}`;
}

function commandsOf(node: string, place: Place, lines: readonly string[]): SetupCommand[] {
  return lines.map((line) => ({
    node: { value: node, place },
    command: { value: line, place },
  }));
}
