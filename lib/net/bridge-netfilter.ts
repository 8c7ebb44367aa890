/**
 * br_netfilter: bridged IPv4 packets pass the IP hooks as well, so that rules see traffic between
 * two Pods on one bridge. A packet whose destination was rewritten in PREROUTING leaves the bridge
 * for the host's routing, or goes on to another port when it is routed back to the same bridge.
 *
 * Kernel: net/bridge/br_netfilter_hooks.c, 6.18.
 * Not modelled: packets of IPv6, ARP, VLANs and PPPoE in the hooks.
 */
import { EINVAL } from "../base/errno.ts";
import type { Mac } from "../base/mac.ts";
import type { Bridge } from "../link/bridge.ts";
import type { BridgeNetfilter } from "../link/bridge-hooks.ts";
import type { BridgePort } from "../link/bridge-port.ts";
import type { NetDevice } from "../link/device.ts";
import { BridgeInfo, bridgeInfoOf } from "../netfilter/bridge-info.ts";
import { Hook } from "../netfilter/hooks.ts";
import { DropReason } from "../sim/drop-reason.ts";
import * as ethernet from "../wire/ethernet.ts";
import { type Frame, PacketType } from "../wire/frame.ts";
import * as ipv4 from "../wire/ipv4.ts";
import { ETHERTYPE_IPV4 } from "../wire/protocol-numbers.ts";
import { Fragmenter } from "./fragment.ts";
import type { Namespace } from "./namespace.ts";
import { NUD_CONNECTED } from "./nud.ts";
import { routeOf } from "./route.ts";

/** Where the source address stands in the Ethernet header, behind the destination. */
const SOURCE_AT = 6;

/** What is remembered of a bridged packet between its hooks; reused. */
class PooledInfo extends BridgeInfo {
  readonly #free: PooledInfo[];
  #references = 1;
  /** The port by which it came. */
  port: BridgePort | null = null;
  /** Its source on the link, while the host sends it on in the bridge's name. */
  source: Mac = 0 as Mac;
  /** It was rewritten to a neighbour on its own bridge, whose address is still being asked for. */
  isBridgedDnat = false;

  constructor(free: PooledInfo[]) {
    super();
    this.#free = free;
  }

  /** The state of a new one. */
  reset(): this {
    this.#references = 1;
    this.port = null;
    this.physIn = null;
    this.physOut = null;
    this.passedPrerouting = false;
    this.isBridgedDnat = false;
    return this;
  }

  override onCopy(): void {
    this.#references += 1;
  }

  override onRelease(): void {
    this.#references -= 1;
    if (this.#references === 0) this.#free.push(this);
  }
}

/** The hooks of a host's bridges. */
export class BridgedIpv4 implements BridgeNetfilter {
  readonly #namespace: Namespace;
  readonly #free: PooledInfo[] = [];
  readonly #header = Buffer.alloc(ethernet.ETHERNET_SIZE);
  readonly #fragmenter = new Fragmenter();
  #callIptables = true;

  /** Defines `net.bridge.bridge-nf-call-iptables`, which is 1 as br_netfilter sets it. */
  constructor(namespace: Namespace) {
    this.#namespace = namespace;
    namespace.sysctls.define("net.bridge.bridge-nf-call-iptables", {
      read: () => (this.#callIptables ? "1" : "0"),
      write: (text) => {
        if (!/^\s*[0-9]+\s*$/.test(text)) return -EINVAL;
        this.#callIptables = Number(text) !== 0;
        return 0;
      },
    });
  }

  /** PREROUTING, with the bridge as input device (`br_nf_pre_routing`). @hot */
  preRouting(bridge: Bridge, frame: Frame, port: BridgePort): boolean {
    if (!this.#callIptables || frame.protocol !== ETHERTYPE_IPV4) return true;
    const { ipInput, netfilter } = this.#namespace;
    if (!ipInput.validate(frame, false)) return false;
    const isForOther = asHost(frame);
    this.#attach(frame, port);
    const destination = ipv4.destination(frame.view, frame.l3);
    let passed: Frame | null = frame;
    if (netfilter.active(Hook.PREROUTING)) {
      frame.bytes.copy(this.#header, 0, frame.l2, frame.l2 + ethernet.ETHERNET_SIZE);
      passed = netfilter.run(Hook.PREROUTING, frame, bridge, null);
      if (passed === null) return false;
    }
    if (passed !== frame) this.#restoreHeader(passed);
    if (isForOther) passed.packetType = PacketType.OTHERHOST;
    if (ipv4.destination(passed.view, passed.l3) !== destination) {
      // Of a packet that was put together, the first fragment's.
      const info = infoOf(passed);
      if (info !== null && !this.#redirect(bridge, passed, info)) return false;
    }
    if (passed === frame) return true;
    bridge.handleFinish(passed, port);
    return false;
  }

  /** Nothing to do: the host's own hooks follow. */
  localIn(): boolean {
    return true;
  }

  /** FORWARD, with the bridge as both devices (`br_nf_forward_ip`). @hot */
  forward(bridge: Bridge, frame: Frame, _from: NetDevice, to: BridgePort): boolean {
    const info = infoOf(frame);
    if (info === null || frame.protocol !== ETHERTYPE_IPV4) return true;
    const own = this.#unshare(frame, info);
    own.physOut = to.device;
    return this.#run(Hook.FORWARD, frame, bridge, bridge);
  }

  /** The host's own packets have passed their hooks already. */
  localOut(): boolean {
    return true;
  }

  /** POSTROUTING of forwarded packets, with the bridge as output device (`br_nf_post_routing`). @hot */
  postRouting(bridge: Bridge, frame: Frame, to: BridgePort): boolean {
    const info = infoOf(frame);
    if (info?.physOut == null || frame.protocol !== ETHERTYPE_IPV4) return true;
    if (!this.#run(Hook.POSTROUTING, frame, null, bridge)) return false;
    if (frame.gsoSize > 0 || frame.end - frame.l3 <= pieceLimit(frame, to.device.mtu)) return true;
    this.#fragment(bridge, frame, to);
    return false;
  }

  /** A packet that waited for its new destination's address goes on (`br_nf_dev_xmit`). */
  transmit(bridge: Bridge, frame: Frame): boolean {
    const info = infoOf(frame);
    if (info === null || !info.isBridgedDnat || info.port === null) return true;
    info.isBridgedDnat = false;
    ethernet.writeMac(frame.view, frame.l2 + SOURCE_AT, info.source);
    frame.start = frame.l3;
    bridge.handleFinish(frame, info.port);
    return false;
  }

  /**
   * Cuts a packet again that connection tracking put together: the bridge shall not show
   * (`br_nf_dev_queue_xmit`, `br_nf_ip_fragment`). Takes it. No router, so nobody is told of a
   * packet that must not be cut.
   */
  #fragment(bridge: Bridge, frame: Frame, to: BridgePort): void {
    const { snmp, drops } = this.#namespace;
    const { view, l2, l3, fragmentMaxSize } = frame;
    if ((ipv4.hasDf(view, l3) && !frame.ignoreDf) || fragmentMaxSize > bridge.mtu) {
      snmp.ip.FragFails += 1;
      frame.drop(DropReason.PKT_TOO_BIG, drops);
      return;
    }
    frame.start = l3;
    const fragmenter = this.#fragmenter;
    fragmenter.begin(frame, pieceLimit(frame, bridge.mtu));
    for (let piece = fragmenter.next(); piece !== null; piece = fragmenter.next()) {
      snmp.ip.FragCreates += 1;
      piece.l2 = l2;
      frame.bytes.copy(piece.bytes, l2, l2, l3);
      bridge.pushOut(piece, to);
    }
    snmp.ip.FragOKs += 1;
    frame.deliver();
  }

  /** @hot */
  #run(hook: Hook, frame: Frame, from: NetDevice | null, to: NetDevice): boolean {
    const { netfilter } = this.#namespace;
    if (!netfilter.active(hook)) return true;
    const isForOther = asHost(frame);
    frame.start = frame.l3;
    const passed = netfilter.run(hook, frame, from, to);
    if (passed === null) return false;
    if (isForOther) passed.packetType = PacketType.OTHERHOST;
    return true;
  }

  /**
   * A packet has a new destination (`br_nf_pre_routing_finish`). True: the bridge goes on with it.
   */
  #redirect(bridge: Bridge, frame: Frame, info: PooledInfo): boolean {
    const { view, l2, l3 } = frame;
    const { drops, neighbours, routing } = this.#namespace;
    const destination = ipv4.destination(view, l3);
    const tos = ipv4.tos(view, l3) & 0xfc;
    const reason = routing.input(frame, destination, ipv4.source(view, l3), tos, bridge);
    if (reason !== null) {
      frame.drop(reason, drops);
      return false;
    }
    const route = routeOf(frame);
    if (route === null || route.device !== bridge || route.isLocal || route.error !== 0) {
      ethernet.writeMac(view, l2, bridge.mac);
      frame.packetType = PacketType.HOST;
      return true;
    }
    const neighbour = neighbours.get(bridge, route.nexthop(destination));
    if (neighbour === null) {
      frame.drop(DropReason.NEIGH_CREATEFAIL, drops);
      return false;
    }
    if ((neighbour.state & NUD_CONNECTED) !== 0) {
      ethernet.writeMac(view, l2, neighbour.mac);
      return true;
    }
    info.source = ethernet.source(view, l2);
    info.isBridgedDnat = true;
    neighbour.output(frame);
    return false;
  }

  #attach(frame: Frame, port: BridgePort): void {
    const info = (this.#free.pop() ?? new PooledInfo(this.#free)).reset();
    info.port = port;
    info.physIn = port.device;
    frame.bridge?.onRelease();
    frame.bridge = info;
  }

  /** Copies of one flooded frame go out by different ports (`nf_bridge_unshare`). */
  #unshare(frame: Frame, info: PooledInfo): PooledInfo {
    const own = (this.#free.pop() ?? new PooledInfo(this.#free)).reset();
    own.port = info.port;
    own.physIn = info.physIn;
    info.onRelease();
    frame.bridge = own;
    return own;
  }

  #restoreHeader(frame: Frame): void {
    frame.l2 = frame.push(ethernet.ETHERNET_SIZE);
    this.#header.copy(frame.bytes, frame.l2);
    frame.pull(ethernet.ETHERNET_SIZE);
  }
}

function infoOf(frame: Frame): PooledInfo | null {
  const info = bridgeInfoOf(frame);
  return info instanceof PooledInfo ? info : null;
}

/** The IP hooks treat every bridged packet as one for this host. */
function asHost(frame: Frame): boolean {
  const isForOther = frame.packetType === PacketType.OTHERHOST;
  if (isForOther) frame.packetType = PacketType.HOST;
  return isForOther;
}

/** What a packet may measure: no more than the largest fragment that it came in. @hot */
function pieceLimit(frame: Frame, mtu: number): number {
  const { fragmentMaxSize } = frame;
  return fragmentMaxSize > 0 && fragmentMaxSize < mtu ? fragmentMaxSize : mtu;
}
