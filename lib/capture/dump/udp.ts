/** UDP as tcpdump prints it. Spec: tcpdump 4.99, udp_print. */
import { formatIpv4 } from "../../base/inet.ts";
import { add, finish, pseudoHeaderSum, sum } from "../../wire/checksum.ts";
import * as ipv4 from "../../wire/ipv4.ts";
import { DNS_PORT, IPPROTO_UDP } from "../../wire/protocol-numbers.ts";
import * as udp from "../../wire/udp.ts";
import { type DumpContext, hex16, truncated } from "./context.ts";
import { describeDns } from "./dns.ts";

/** What a UDP datagram says, addresses included. `length` is what IPv4 says there is. */
export function describeUdp(
  context: DumpContext,
  ip: number,
  at: number,
  length: number,
  end: number,
): string {
  const { view } = context;
  const [source, destination] = [
    formatIpv4(ipv4.source(view, ip)),
    formatIpv4(ipv4.destination(view, ip)),
  ];
  if (end - at < 4) return `${source} > ${destination}: ${truncated("udp")}`;
  const from = udp.sourcePort(view, at);
  const to = udp.destinationPort(view, at);
  const ports = `${source}.${from} > ${destination}.${to}: `;
  if (end - at < udp.UDP_SIZE) return `${ports}${truncated("udp")}`;
  const stated = udp.length(view, at);
  if (stated < udp.UDP_SIZE) return `${ports}truncated-udplength ${stated}`;
  const isFragment = ipv4.isFragment(view, ip);
  if (stated > length && !isFragment) {
    return `${ports}UDP, bad length ${stated - udp.UDP_SIZE} > ${length - udp.UDP_SIZE}`;
  }
  const verdict = context.verbose > 1 && !isFragment ? checksum(view, ip, at, end) : "";
  if ((from === DNS_PORT || to === DNS_PORT) && stated > udp.UDP_SIZE) {
    const dnsEnd = Math.min(end, at + stated);
    return `${ports}${verdict}${describeDns(context, at + udp.UDP_SIZE, dnsEnd, stated - udp.UDP_SIZE)}`;
  }
  return `${ports}${verdict}UDP, length ${stated - udp.UDP_SIZE}`;
}

function checksum(view: DataView, ip: number, at: number, end: number): string {
  const found = udp.checksum(view, at);
  const size = udp.length(view, at);
  if (found === 0) return "[no cksum] ";
  if (end - at < size) return "";
  const [source, destination] = [ipv4.source(view, ip), ipv4.destination(view, ip)];
  if (udp.checksumIsRight(view, at, source, destination)) return "[udp sum ok] ";
  const partial = add(sum(view, at, size), pseudoHeaderSum(source, destination, IPPROTO_UDP, size));
  const right = finish(add(partial, ~found & 0xffff));
  return `[bad udp cksum ${hex16(found)} -> ${hex16(right)}!] `;
}
