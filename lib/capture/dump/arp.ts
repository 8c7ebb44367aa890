/** ARP as tcpdump prints it. Spec: tcpdump 4.99, arp_print. */
import { formatIpv4 } from "../../base/inet.ts";
import { formatMac } from "../../base/mac.ts";
import * as arp from "../../wire/arp.ts";
import { ETHERTYPE_IPV4 } from "../../wire/protocol-numbers.ts";
import { type DumpContext, truncated } from "./context.ts";

const REVERSE_REQUEST = 3;
const REVERSE_REPLY = 4;

/** What an ARP packet of `length` bytes says. */
export function describeArp(context: DumpContext, at: number, length: number, end: number): string {
  const { view } = context;
  if (end - at < arp.ARP_SIZE) return truncated("arp");
  if (!arp.isValid(view, at, end)) return `${hardware(view, at)}, length ${length}`;
  const detail = context.verbose > 0 ? "Ethernet (len 6), IPv4 (len 4), " : "";
  return `${detail}${operation(view, at)}, length ${length}`;
}

function operation(view: DataView, at: number): string {
  const senderIp = formatIpv4(arp.senderIp(view, at));
  const targetIp = formatIpv4(arp.targetIp(view, at));
  const senderMac = formatMac(arp.senderMac(view, at));
  const targetMac = formatMac(arp.targetMac(view, at));
  switch (arp.operation(view, at)) {
    case arp.ARP_REQUEST: {
      const known = arp.targetMac(view, at) === 0 ? "" : ` (${targetMac})`;
      return `Request who-has ${targetIp}${known} tell ${senderIp}`;
    }
    case arp.ARP_REPLY:
      return `Reply ${senderIp} is-at ${senderMac}`;
    case REVERSE_REQUEST:
      return `Reverse Request who-is ${targetMac} tell ${senderMac}`;
    case REVERSE_REPLY:
      return `Reverse Reply ${targetMac} at ${targetIp}`;
    default:
      // Differs: tcpdump ends the line here and adds the bytes in hexadecimal.
      return `Unknown (${arp.operation(view, at)})`;
  }
}

/** ARP for other hardware or protocols than Ethernet and IPv4: only its kind. */
function hardware(view: DataView, at: number): string {
  const type = view.getUint16(at);
  const protocol = view.getUint16(at + 2);
  const hardwareName = type === 1 ? "Ethernet" : `Unknown Hardware (${type})`;
  const protocolName =
    protocol === ETHERTYPE_IPV4
      ? "IPv4"
      : `Unknown Protocol (0x${protocol.toString(16).padStart(4, "0")})`;
  return `${hardwareName} (len ${view.getUint8(at + 4)}), ${protocolName} (len ${view.getUint8(at + 5)})`;
}
