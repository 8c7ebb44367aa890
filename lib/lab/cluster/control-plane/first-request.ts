/** Notices the first request that reaches a Pod from anybody but its own node. */
import { formatIpv4, type Ipv4 } from "../../../base/inet.ts";
import type { Ns } from "../../../base/units.ts";
import { Direction, type FrameTap } from "../../../capture/tap.ts";
import type { NetDevice } from "../../../link/device.ts";
import * as ethernet from "../../../wire/ethernet.ts";
import type { Frame } from "../../../wire/frame.ts";
import * as ipv4 from "../../../wire/ipv4.ts";
import { ETHERTYPE_IPV4, IPPROTO_TCP, IPPROTO_UDP } from "../../../wire/protocol-numbers.ts";
import * as tcp from "../../../wire/tcp.ts";

/** Told of it: when, and from which address. */
export type FirstRequest = (at: Ns, source: string) => void;

/** Sees the first request that reaches a Pod. */
export class FirstRequestTap implements FrameTap {
  readonly #node: ReadonlySet<Ipv4>;
  readonly #tell: FirstRequest;
  #has = false;

  /** Listens on a Pod's device until it has come; `node` are the addresses of the Pod's node. */
  constructor(device: NetDevice, node: ReadonlySet<Ipv4>, tell: FirstRequest) {
    this.#node = node;
    this.#tell = tell;
    device.taps.push(this);
  }

  frame(frame: Frame, direction: Direction, at: Ns): void {
    if (this.#has || direction !== Direction.IN) return;
    const { view, l2, end } = frame;
    const l3 = l2 + ethernet.ETHERNET_SIZE;
    if (ethernet.type(view, l2) !== ETHERTYPE_IPV4 || !ipv4.isValid(view, l3, end)) return;
    const source = ipv4.source(view, l3);
    if (this.#node.has(source) || !isRequest(view, l3)) return;
    this.#has = true;
    this.#tell(at, formatIpv4(source));
  }
}

/** The begin of a connection, or a datagram from a port above those of servers. */
function isRequest(view: DataView, l3: number): boolean {
  const l4 = l3 + ipv4.headerSize(view, l3);
  const protocol = ipv4.protocol(view, l3);
  if (protocol === IPPROTO_UDP) return view.getUint16(l4) >= 1024;
  return (
    protocol === IPPROTO_TCP &&
    (tcp.flags(view, l4) & (tcp.FLAG_SYN | tcp.FLAG_ACK)) === tcp.FLAG_SYN
  );
}
