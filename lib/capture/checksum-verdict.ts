/**
 * Whether the checksums of a dissected frame are right. Their values depend on what differs from
 * run to run (ports, sequence numbers), so comparisons look at the verdict instead.
 */
import { add, finish, pseudoHeaderSum, sum } from "../wire/checksum.ts";
import * as icmp from "../wire/icmp.ts";
import * as ipv4 from "../wire/ipv4.ts";
import { IPPROTO_TCP, IPPROTO_UDP } from "../wire/protocol-numbers.ts";
import * as tcp from "../wire/tcp.ts";
import * as udp from "../wire/udp.ts";
import type { Layer } from "./dissect.ts";

/** A verdict as it stands in a comparison. */
const VALID = "valid";
/** UDP's 0: the sender computed none. */
const ABSENT = "none";
/** Only the pseudo header was summed: the device was to do the rest, as on the loopback. */
const PARTIAL = "partial";
/** The bytes it covers are not all there: a fragment, or what an error quotes. */
const UNVERIFIED = "unverified";

/** The verdict about the checksum field of `layer`; `ip` is the IPv4 layer that carries it. */
export function checksumVerdict(view: DataView, layer: Layer, ip: Layer | null): string {
  const kind = layer.name.slice(layer.name.lastIndexOf(".") + 1);
  if (kind === "ip") return ipVerdict(view, layer.at);
  if (ip === null || ipv4.isFragment(view, ip.at)) return UNVERIFIED;
  const end = ip.at + ipv4.totalLength(view, ip.at);
  if (end > view.byteLength) return UNVERIFIED;
  if (kind === "icmp") {
    const right = icmp.checksumIsRight(view, layer.at, end);
    return right
      ? VALID
      : wrong(icmp.checksum(view, layer.at), sum(view, layer.at, end - layer.at));
  }
  return transportVerdict(view, kind, layer.at, end, ip.at);
}

function ipVerdict(view: DataView, at: number): string {
  const size = ipv4.headerSize(view, at);
  if (at + size > view.byteLength) return UNVERIFIED;
  return ipv4.checksumIsRight(view, at)
    ? VALID
    : wrong(ipv4.checksum(view, at), sum(view, at, size));
}

function transportVerdict(
  view: DataView,
  kind: string,
  at: number,
  end: number,
  ip: number,
): string {
  const isUdp = kind === "udp";
  const length = isUdp ? udp.length(view, at) : end - at;
  if (at + length > end) return UNVERIFIED;
  const found = isUdp ? udp.checksum(view, at) : tcp.checksum(view, at);
  if (isUdp && found === 0) return ABSENT;
  const protocol = isUdp ? IPPROTO_UDP : IPPROTO_TCP;
  const [source, destination] = [ipv4.source(view, ip), ipv4.destination(view, ip)];
  const pseudo = pseudoHeaderSum(source, destination, protocol, length);
  const total = add(sum(view, at, length), pseudo);
  if (total === 0xffff) return VALID;
  return found === pseudo ? PARTIAL : wrong(found, total);
}

/** `wrong (0x1234, 0x5678 is right)`; `total` sums all that is covered, the field included. */
function wrong(found: number, total: number): string {
  const right = finish(add(total, ~found & 0xffff));
  return `wrong (${hex16(found)}, ${hex16(right)} is right)`;
}

function hex16(value: number): string {
  return `0x${value.toString(16).padStart(4, "0")}`;
}
