/**
 * Rewriting packets in place: addresses and ports of the packet itself, and of the packet that an
 * ICMP error quotes, with all checksums patched.
 *
 * Kernel: net/netfilter/nf_nat_proto.c (nf_nat_manip_pkt, nf_nat_icmp_reply_translation), 6.18.
 */
import { update16, update32 } from "../../wire/checksum.ts";
import * as icmp from "../../wire/icmp.ts";
import * as ipv4 from "../../wire/ipv4.ts";
import {
  IPPROTO_ICMP,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
} from "../../wire/protocol-numbers.ts";
import { TCP_CHECKSUM, TCP_SIZE } from "../../wire/tcp.ts";
import { UDP_CHECKSUM, UDP_SIZE } from "../../wire/udp.ts";
import { crc32c } from "../conntrack/crc32c.ts";
import { IPPROTO_DCCP, IPPROTO_UDPLITE, isIcmpQuery, type Tuple } from "../conntrack/tuple.ts";
import { Manip } from "./range.ts";

const SCTP_CHECKSUM = 8;
const SCTP_SIZE = 12;
const DCCP_CHECKSUM = 6;
const DCCP_SIZE = 12;

/**
 * Gives the packet at `l3` the source or destination of `target`. `end` bounds what may be there of
 * it; with `checksumPending` the transport checksum is left to the device. @hot
 */
export function rewrite(
  view: DataView,
  l3: number,
  end: number,
  target: Tuple,
  manip: Manip,
  checksumPending: boolean,
): void {
  const protocol = ipv4.protocol(view, l3);
  const before = manip === Manip.SOURCE ? ipv4.source(view, l3) : ipv4.destination(view, l3);
  const after = manip === Manip.SOURCE ? target.source : target.destination;
  // Only first fragments have a transport header; the others were put together or are not ours.
  if ((ipv4.fragment(view, l3) & ipv4.FRAGMENT_OFFSET_MASK) === 0) {
    const l4 = l3 + ipv4.headerSize(view, l3);
    rewriteTransport(view, l4, end, target, manip, protocol, before, after, checksumPending);
  }
  rewriteAddress(view, l3, manip, after);
}

/** Gives the header at `l3` another source or destination. @hot */
export function rewriteAddress(view: DataView, l3: number, manip: Manip, address: number): void {
  if (manip === Manip.SOURCE) ipv4.setSource(view, l3, address);
  else ipv4.setDestination(view, l3, address);
}

function rewriteTransport(
  view: DataView,
  l4: number,
  end: number,
  target: Tuple,
  manip: Manip,
  protocol: number,
  before: number,
  after: number,
  checksumPending: boolean,
): void {
  switch (protocol) {
    case IPPROTO_TCP:
      // An ICMP error quotes eight bytes at least, which need not hold the checksum.
      rewritePort(view, l4, target, manip);
      if (end - l4 >= TCP_SIZE && !checksumPending) {
        patch(view, l4 + TCP_CHECKSUM, before, after);
      }
      return;
    case IPPROTO_UDP:
    case IPPROTO_UDPLITE: {
      const hasChecksum = end - l4 >= UDP_SIZE && view.getUint16(l4 + UDP_CHECKSUM) !== 0;
      rewritePort(view, l4, target, manip);
      if (!hasChecksum || checksumPending) return;
      patch(view, l4 + UDP_CHECKSUM, before, after);
      if (view.getUint16(l4 + UDP_CHECKSUM) === 0) view.setUint16(l4 + UDP_CHECKSUM, 0xffff);
      return;
    }
    case IPPROTO_DCCP:
      rewritePort(view, l4, target, manip);
      if (end - l4 >= DCCP_SIZE) patch(view, l4 + DCCP_CHECKSUM, before, after);
      return;
    case IPPROTO_SCTP:
      rewritePort(view, l4, target, manip);
      if (end - l4 >= SCTP_SIZE && !checksumPending) {
        view.setUint32(l4 + SCTP_CHECKSUM, crc32c(view, l4, end, l4 + SCTP_CHECKSUM), true);
      }
      return;
    case IPPROTO_ICMP:
      if (end - l4 >= icmp.ICMP_SIZE && isIcmpQuery(icmp.type(view, l4))) {
        icmp.setId(view, l4, target.ports >>> 16);
      }
      return;
    default:
  }
}

/** The old port, until its change has been patched in. */
let portBefore = 0;
let portAfter = 0;

function rewritePort(view: DataView, l4: number, target: Tuple, manip: Manip): void {
  const at = manip === Manip.SOURCE ? l4 : l4 + 2;
  portBefore = view.getUint16(at);
  portAfter = manip === Manip.SOURCE ? target.ports >>> 16 : target.ports & 0xffff;
  view.setUint16(at, portAfter);
}

/** Patches a checksum for the change of an address, and of the port that was just rewritten. */
function patch(view: DataView, at: number, before: number, after: number): void {
  const withAddress = update32(view.getUint16(at), before, after);
  view.setUint16(at, update16(withAddress, portBefore, portAfter));
}
