/**
 * Pods on a bridge of their node, and a route by each other node to its Pods: the bridge plugin
 * (isGateway, isDefaultGateway, hairpinMode) with host-local addresses, and host-gw routes.
 *
 *     Pod eth0 ── veth… ┐
 *     Pod eth0 ── veth… ┴ cni0 10.244.0.1/24 ── node ── eth0 ── other nodes
 *
 * As with the real plugin, cni0 is made with the node's first Pod, and eth0 announces its address
 * by a gratuitous ARP request when it comes up (arp_notify).
 *
 * Spec: CNI plugins v1.9, plugins/main/bridge (cmdAdd, cmdDel, setupVeth, ensureAddr),
 * pkg/ipam (ConfigureIface); flannel host-gw.
 * Differs: MAC addresses are made of the IPv4 address (`0a:58:` and its four octets), as older
 * releases did; today the kernel draws them. Names of veths are made of the sandbox's id, not drawn.
 */
import { broadcastOf, type Cidr, type Ipv4, parseCidr, parseIpv4 } from "../../base/inet.ts";
import { type Mac, macFromName } from "../../base/mac.ts";
import { Bridge } from "../../link/bridge.ts";
import { Veth } from "../../link/veth.ts";
import type { AddressSpec } from "../../net/addresses.ts";
import { findDevice, type ShellHost } from "../../shell/host.ts";
import type { Node } from "../api/types.ts";
import { addBridge, addVethPair, deleteVethPair } from "./devices.ts";
import { HostLocal } from "./host-local.ts";
import { masqueradeRules } from "./masquerade.ts";
import { CniError, type PodAttachment, type PodNetwork } from "./pod-network.ts";
import { PortMap } from "./port-map.ts";

/** The name in flannel's CNI configuration. */
const NETWORK = "cbr0";
const BRIDGE = "cni0";
const POD_DEVICE = "eth0";
const MTU = 1500;
const ANYWHERE: Cidr = parseCidr("0.0.0.0/0");

/** How a node's Pods are connected. */
export interface BridgeNetworkOptions {
  /** The node's own namespace; borrowed. */
  readonly host: ShellHost;
  readonly nodeName: string;
  /** What Pods send out of this network gets the node's address; null: it keeps the Pod's. */
  readonly masqueradeOutside: Cidr | null;
}

/** The first `PodNetwork`. */
export class BridgeNetwork implements PodNetwork {
  readonly #host: ShellHost;
  readonly #nodeName: string;
  readonly #portMap: PortMap;
  #addresses: HostLocal | null = null;

  constructor({ host, nodeName, masqueradeOutside }: BridgeNetworkOptions) {
    this.#host = host;
    this.#nodeName = nodeName;
    this.#portMap = new PortMap(host, NETWORK);
    if (masqueradeOutside !== null) {
      host.netfilter.restore(masqueradeRules(masqueradeOutside), { noflush: true });
    }
  }

  get problem(): string | null {
    return this.#addresses === null
      ? "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized"
      : null;
  }

  nodeChanged(previous: Node | null, current: Node | null): void {
    const [before, now] = [nodeRoute(previous), nodeRoute(current)];
    if ((current ?? previous)?.metadata.name === this.#nodeName) {
      if (now !== null && this.#addresses === null) this.#addresses = new HostLocal(now.network);
      return;
    }
    const { fib } = this.#host.namespace;
    if (before !== null && (now === null || !sameRoute(before, now))) {
      fib.deleteRoute({ destination: before.network, gateway: before.gateway });
    }
    if (now !== null && (before === null || !sameRoute(before, now))) {
      fib.addRoute(
        { destination: now.network, nexthops: [{ device: null, gateway: now.gateway }] },
        "replace",
      );
    }
  }

  add(pod: PodAttachment): Ipv4 {
    const addresses = this.#addresses;
    if (addresses === null) throw new CniError("cni plugin not initialized");
    const bridge = this.#ensureBridge();
    const address = addresses.reserve(pod.sandboxId);
    const veth = vethName(pod.sandboxId);
    const [inside, outside] = addVethPair(
      { host: pod.host, name: POD_DEVICE, mac: macOf(address) },
      { host: this.#host, name: veth, mac: this.#host.macFor(veth) },
      MTU,
    );
    outside.setUp(true);
    bridge.addPort(outside).hairpin = true;
    this.#configure(pod.host, inside, address, addresses);
    this.#ensureGateway(bridge, addresses);
    const { sandboxId, portMappings: mappings } = pod;
    this.#portMap.add({ sandboxId, address, subnet: addresses.subnet, mappings }, BRIDGE);
    return address;
  }

  remove(pod: PodAttachment): void {
    this.#portMap.remove(pod.sandboxId);
    const inside = findDevice(pod.host, POD_DEVICE);
    if (inside instanceof Veth) deleteVethPair(pod.host, inside, this.#host);
    this.#addresses?.release(pod.sandboxId);
  }

  #ensureBridge(): Bridge {
    const known = findDevice(this.#host, BRIDGE);
    if (known instanceof Bridge) return known;
    if (known !== null) throw new CniError(`"${BRIDGE}" already exists but is not a bridge`);
    const bridge = addBridge(this.#host, BRIDGE, this.#host.macFor(BRIDGE), MTU);
    bridge.setUp(true);
    return bridge;
  }

  /** Addresses first, then up: that is when arp_notify tells the link of them. */
  #configure(host: ShellHost, device: Veth, address: Ipv4, { subnet, gateway }: HostLocal): void {
    const { namespace } = host;
    namespace.sysctls.write(`net.ipv4.conf.${device.name}.arp_notify`, "1");
    namespace.addresses.add(device, addressIn(subnet, address));
    device.setUp(true);
    namespace.fib.addRoute({ destination: ANYWHERE, nexthops: [{ device, gateway }] });
  }

  #ensureGateway(bridge: Bridge, { subnet, gateway }: HostLocal): void {
    const { namespace } = this.#host;
    if (namespace.inet(bridge).addressOf(gateway) !== null) return;
    namespace.addresses.add(bridge, addressIn(subnet, gateway));
    // Otherwise the bridge would take the lowest of its ports' addresses.
    bridge.setMac(macOf(gateway));
    namespace.sysctls.write("net.ipv4.ip_forward", "1");
  }
}

/** As Go's netlink library adds it: with the broadcast address. */
function addressIn({ prefixLength }: Cidr, local: Ipv4): AddressSpec {
  return { local, prefixLength, broadcast: broadcastOf(local, prefixLength) };
}

/** `veth` and eight hexadecimal digits of the sandbox's id. */
function vethName(sandboxId: string): string {
  return `veth${(macFromName(`cni:${sandboxId}`) % 2 ** 32).toString(16).padStart(8, "0")}`;
}

/** `0a:58:` and the address. */
function macOf(address: Ipv4): Mac {
  return (0x0a58 * 2 ** 32 + (address >>> 0)) as Mac;
}

interface NodeRoute {
  readonly network: Cidr;
  readonly gateway: Ipv4;
}

/** Routes that were read: all nodes of a cluster read the same of the same record. */
const routes = new WeakMap<Node, { readonly route: NodeRoute | null }>();

function nodeRoute(node: Node | null): NodeRoute | null {
  if (node === null) return null;
  const known = routes.get(node);
  if (known !== undefined) return known.route;
  const route = readRoute(node);
  routes.set(node, { route });
  return route;
}

function readRoute(node: Node): NodeRoute | null {
  const address = node.status.addresses?.find(({ type }) => type === "InternalIP")?.address;
  const network = node.spec.podCIDR;
  if (address === undefined || network === undefined) return null;
  return { network: parseCidr(network), gateway: parseIpv4(address) };
}

function sameRoute(one: NodeRoute, other: NodeRoute): boolean {
  return (
    one.gateway === other.gateway &&
    one.network.address === other.network.address &&
    one.network.prefixLength === other.network.prefixLength
  );
}
