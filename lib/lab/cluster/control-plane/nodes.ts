/**
 * The nodes of a cluster with a control plane: on each a kubelet with its network, a kube-proxy and
 * a speaker for addresses of LoadBalancer Services.
 */
import { assert } from "../../../base/assert.ts";
import type { Ipv4 } from "../../../base/inet.ts";
import { BridgeNetwork } from "../../../kube/cni/bridge-network.ts";
import { type ControlPlane, WATCH_NS } from "../../../kube/control-plane.ts";
import { commandOf, isKnownImage } from "../../../kube/images/catalogue.ts";
import { Informers, isRead } from "../../../kube/informer.ts";
import type { KubeletCluster } from "../../../kube/kubelet/context.ts";
import { Kubelet } from "../../../kube/kubelet/kubelet.ts";
import { DEFAULT_LATENCIES } from "../../../kube/kubelet/latencies.ts";
import { NodeWatch } from "../../../kube/kubelet/node-watch.ts";
import { Layer2Announcer } from "../../../kube/load-balancer-arp.ts";
import type { Invocation } from "../../../kube/node/invocation.ts";
import { Layer2Speaker } from "../../../kube/node/layer2-speaker.ts";
import { ProxyFeed, ProxyWatch } from "../../../kube/node/proxy-watch.ts";
import type { KubeProxyConfiguration } from "../../../kube/proxy/config.ts";
import { releaseOf } from "../../../kube/proxy/release.ts";
import { clusterDnsAddress } from "../../../kube/system/coredns.ts";
import type { Host, Machine } from "../../build.ts";
import type { Cluster } from "../../schema/cluster.ts";
import type { ContainerTable } from "./containers.ts";

/** A node's parts. */
export interface RunningNode {
  readonly name: string;
  readonly address: Ipv4;
  readonly host: Host;
  readonly kubelet: Kubelet;
  readonly proxy: ProxyWatch;
}

/** What the nodes are started with. */
export interface NodesOptions {
  readonly machine: Machine;
  readonly cluster: Cluster;
  /** The nodes' addresses, in the order of the lab. */
  readonly addresses: ReadonlyMap<string, Ipv4>;
  readonly controlPlane: ControlPlane;
  readonly configuration: KubeProxyConfiguration;
  /** Where containers are noted while their programs run. */
  readonly containers: ContainerTable;
  /** Told of what kube-proxy does on a node. */
  readonly onInvocation: (node: string, invocation: Invocation) => void;
}

/** Starts everything that runs on the nodes. */
export function startNodes(options: NodesOptions): Map<string, RunningNode> {
  const { machine, cluster, controlPlane } = options;
  const { scheduler } = machine;
  const kubelets: KubeletCluster = {
    server: controlPlane.server,
    watch: new NodeWatch(new Informers(scheduler, controlPlane.store, WATCH_NS, isRead)),
    random: machine.random,
    podHosts: machine,
    programOf: (container) => options.containers.run(container),
    execIn: (run, words, io) => options.containers.probe(run.host, words, io),
    commandOf,
    isStandIn: (image) => !isKnownImage(image),
    latencies: DEFAULT_LATENCIES,
    clusterDns: clusterDnsAddress(cluster.networking.serviceSubnet),
    clusterDomain: "cluster.local",
  };
  const proxies = new ProxyFeed({
    scheduler,
    store: controlPlane.store,
    delayNs: WATCH_NS,
    configuration: options.configuration,
    release: releaseOf(cluster.networking.kubeProxyVersion),
  });
  const nodes = new Map<string, RunningNode>();
  const speakers = new Map<string, Layer2Speaker>();
  for (const { name, labels } of cluster.nodes) {
    const host = machine.find(name.value);
    const address = options.addresses.get(name.value);
    assert(host !== null && address !== undefined, `no node ${name.value}`);
    const own = labels.map(({ name: label, value }) => [label, value] as const);
    const node = startNode(options, kubelets, proxies, host, address, Object.fromEntries(own));
    nodes.set(node.name, node);
    const device = host.namespace.devices.get("eth0");
    if (device !== undefined) speakers.set(node.name, new Layer2Speaker(host, device));
  }
  new Layer2Announcer(scheduler, controlPlane.store, WATCH_NS, speakers);
  return nodes;
}

function startNode(
  { cluster, onInvocation }: NodesOptions,
  kubelets: KubeletCluster,
  proxies: ProxyFeed,
  host: Host,
  address: Ipv4,
  labels: Readonly<Record<string, string>>,
): RunningNode {
  const { name } = host;
  const { podSubnet } = cluster.networking;
  const network = new BridgeNetwork({ host, nodeName: name, masqueradeOutside: podSubnet });
  const kubelet = new Kubelet({
    cluster: kubelets,
    nodeName: name,
    host,
    address,
    network,
    labels,
  });
  const proxy = new ProxyWatch(proxies, {
    host,
    nodeName: name,
    onInvocation: (invocation) => onInvocation(name, invocation),
  });
  return { name, address, host, kubelet, proxy };
}

/** A node loses its power: nothing of it runs or answers any more. */
export function powerOff({ host, kubelet, proxy }: RunningNode): void {
  kubelet.powerOff();
  proxy.stop();
  for (const device of host.namespace.devices.values()) device.setUp(false);
}
