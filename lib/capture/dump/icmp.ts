/** ICMP as tcpdump prints it. Spec: tcpdump 4.99, icmp_print. */
import { formatIpv4 } from "../../base/inet.ts";
import { finish, sum } from "../../wire/checksum.ts";
import * as icmp from "../../wire/icmp.ts";
import * as ipv4 from "../../wire/ipv4.ts";
import { IPPROTO_TCP, IPPROTO_UDP } from "../../wire/protocol-numbers.ts";
import { type DumpContext, truncated } from "./context.ts";

/** Codes of "destination unreachable" whose line is only the address in a frame of words. */
const UNREACHABLE: ReadonlyMap<number, (address: string) => string> = new Map([
  [0, (address: string) => `net ${address} unreachable`],
  [1, (address: string) => `host ${address} unreachable`],
  [5, (address: string) => `${address} unreachable - source route failed`],
  [6, (address: string) => `net ${address} unreachable - unknown`],
  [7, (address: string) => `host ${address} unreachable - unknown`],
  [8, (address: string) => `${address} unreachable - source host isolated`],
  [9, (address: string) => `net ${address} unreachable - admin prohibited`],
  [10, (address: string) => `host ${address} unreachable - admin prohibited`],
  [11, (address: string) => `net ${address} unreachable - tos prohibited`],
  [12, (address: string) => `host ${address} unreachable - tos prohibited`],
  [13, (address: string) => `host ${address} unreachable - admin prohibited filter`],
  [14, (address: string) => `host ${address} unreachable - host precedence violation`],
  [15, (address: string) => `host ${address} unreachable - precedence cutoff`],
]);
const REDIRECTS = [
  "redirect {} to net",
  "redirect {} to host",
  "redirect-tos {} to net",
  "redirect-tos {} to host",
];

const OTHER_TYPES: ReadonlyMap<number, string> = new Map([
  [9, "router advertisement"],
  [10, "router solicitation"],
  [14, "time stamp reply"],
  [15, "information request"],
  [16, "information reply"],
  [17, "address mask request"],
  [18, "address mask reply"],
]);

/** What an ICMP message of `length` bytes says, from "ICMP" on. */
export function describeIcmp(
  context: DumpContext,
  at: number,
  length: number,
  end: number,
  isFragment: boolean,
): string {
  const { view } = context;
  if (end - at < icmp.ICMP_SIZE) return truncated("icmp");
  const summary = summarise(view, at, end);
  if (summary === null) return truncated("icmp");
  const wrong = context.verbose > 0 && !isFragment ? wrongChecksum(view, at, length, end) : "";
  return `ICMP ${summary}, length ${length}${wrong}${quoted(context, at, end)}`;
}

function summarise(view: DataView, at: number, end: number): string | null {
  const code = icmp.code(view, at);
  switch (icmp.type(view, at)) {
    case icmp.ICMP_ECHO:
      return `echo request, id ${icmp.id(view, at)}, seq ${icmp.sequence(view, at)}`;
    case icmp.ICMP_ECHO_REPLY:
      return `echo reply, id ${icmp.id(view, at)}, seq ${icmp.sequence(view, at)}`;
    case icmp.ICMP_UNREACHABLE:
      return unreachable(view, at, end, code);
    case icmp.ICMP_REDIRECT:
      return redirect(view, at, end, code);
    case icmp.ICMP_TIME_EXCEEDED:
      return code === icmp.TIME_EXCEEDED_TTL
        ? "time exceeded in-transit"
        : code === icmp.TIME_EXCEEDED_REASSEMBLY
          ? "ip reassembly time exceeded"
          : `time exceeded-#${code}`;
    case icmp.ICMP_PARAMETER_PROBLEM:
      return code !== 0
        ? `parameter problem - code ${code}`
        : `parameter problem - octet ${view.getUint8(at + 4)}`;
    case icmp.ICMP_SOURCE_QUENCH:
      return "source quench";
    case icmp.ICMP_TIMESTAMP:
      return `time stamp query id ${icmp.id(view, at)} seq ${icmp.sequence(view, at)}`;
    default:
      // Not modelled: the times in a timestamp reply, routers in an advertisement, a mask's value.
      return OTHER_TYPES.get(icmp.type(view, at)) ?? `type-#${icmp.type(view, at)}`;
  }
}

function unreachable(view: DataView, at: number, end: number, code: number): string | null {
  const inner = at + icmp.ICMP_SIZE;
  if (end - inner < ipv4.IPV4_SIZE) return null;
  const address = formatIpv4(ipv4.destination(view, inner));
  switch (code) {
    case icmp.UNREACHABLE_PROTOCOL:
      return `${address} protocol ${ipv4.protocol(view, inner)} unreachable`;
    case icmp.UNREACHABLE_PORT:
      return portUnreachable(view, inner, end, address);
    case icmp.UNREACHABLE_FRAGMENTATION_NEEDED: {
      const mtu = icmp.nextHopMtu(view, at);
      return `${address} unreachable - need to frag${mtu === 0 ? "" : ` (mtu ${mtu})`}`;
    }
    default:
      return UNREACHABLE.get(code)?.(address) ?? `${address} unreachable - #${code}`;
  }
}

function portUnreachable(view: DataView, inner: number, end: number, address: string) {
  const l4 = inner + ipv4.headerSize(view, inner);
  if (end - l4 < 4) return null;
  const protocol = ipv4.protocol(view, inner);
  const port = view.getUint16(l4 + 2);
  const name =
    protocol === IPPROTO_TCP ? "tcp" : protocol === IPPROTO_UDP ? "udp" : `protocol ${protocol}`;
  return `${address} ${name} port ${port} unreachable`;
}

function redirect(view: DataView, at: number, end: number, code: number): string | null {
  const inner = at + icmp.ICMP_SIZE;
  if (end - inner < ipv4.IPV4_SIZE) return null;
  const address = formatIpv4(ipv4.destination(view, inner));
  const words = REDIRECTS[code] ?? `redirect-#${code} {} to`;
  return `${words.replace("{}", address)} ${formatIpv4(icmp.rest(view, at))}`;
}

function wrongChecksum(view: DataView, at: number, length: number, end: number): string {
  if (end - at < length || icmp.checksumIsRight(view, at, at + length)) return "";
  const found = icmp.checksum(view, at);
  const total = sum(view, at, length) + (~found & 0xffff);
  const right = finish((total & 0xffff) + (total >>> 16));
  return ` (wrong icmp cksum ${found.toString(16)} (->${right.toString(16)})!)`;
}

/** With -v an error's quoted packet follows on lines of its own. */
function quoted(context: DumpContext, at: number, end: number): string {
  if (context.verbose === 0 || !icmp.isError(icmp.type(context.view, at))) return "";
  const inner = at + icmp.ICMP_SIZE;
  if (end - inner < ipv4.IPV4_SIZE) return "";
  const length = ipv4.totalLength(context.view, inner);
  return `\n\t${context.link ? "" : "IP "}${context.ipv4(context, inner, length, end)}`;
}
