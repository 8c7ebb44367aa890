/**
 * The counters of `/proc/net/snmp` and `/proc/net/netstat` that IPv4 and ICMP keep. They are plain
 * fields, so that counting costs one addition; names are those that `nstat` prints, without the
 * protocol.
 *
 * Spec: RFC 2011, RFC 4293. Kernel: net/ipv4/proc.c, 6.18.
 */

/** `Ip` and `IpExt`. */
export class IpCounters {
  InReceives = 0;
  InHdrErrors = 0;
  InAddrErrors = 0;
  ForwDatagrams = 0;
  InUnknownProtos = 0;
  InDiscards = 0;
  InDelivers = 0;
  OutRequests = 0;
  OutDiscards = 0;
  OutNoRoutes = 0;
  ReasmTimeout = 0;
  ReasmReqds = 0;
  ReasmOKs = 0;
  ReasmFails = 0;
  FragOKs = 0;
  FragFails = 0;
  FragCreates = 0;
  OutTransmits = 0;
}

/** `IpExt`. */
export class IpExtCounters {
  InNoRoutes = 0;
  InTruncatedPkts = 0;
  InMcastPkts = 0;
  OutMcastPkts = 0;
  InBcastPkts = 0;
  OutBcastPkts = 0;
  InOctets = 0;
  OutOctets = 0;
  InMcastOctets = 0;
  OutMcastOctets = 0;
  InBcastOctets = 0;
  OutBcastOctets = 0;
  InCsumErrors = 0;
  InNoECTPkts = 0;
  InECT1Pkts = 0;
  InECT0Pkts = 0;
  InCEPkts = 0;
  ReasmOverlaps = 0;
}

/** `Icmp`. */
export class IcmpCounters {
  InMsgs = 0;
  InErrors = 0;
  InCsumErrors = 0;
  OutMsgs = 0;
  OutErrors = 0;
  OutRateLimitGlobal = 0;
  OutRateLimitHost = 0;
}

/** Names of the ICMP types that have a counter of their own, `In…s` and `Out…s`. */
const ICMP_TYPE_NAMES: readonly (readonly [string, number])[] = [
  ["DestUnreachs", 3],
  ["TimeExcds", 11],
  ["ParmProbs", 12],
  ["SrcQuenchs", 4],
  ["Redirects", 5],
  ["Echos", 8],
  ["EchoReps", 0],
  ["Timestamps", 13],
  ["TimestampReps", 14],
  ["AddrMasks", 17],
  ["AddrMaskReps", 18],
];

const ICMP_TYPES = 256;

/** The counters of one host. */
export class Snmp {
  readonly ip = new IpCounters();
  readonly ipExt = new IpExtCounters();
  readonly icmp = new IcmpCounters();
  /** `TcpExt` counters that are IPv4's: packets that a reverse path filter stopped. */
  IPReversePathFilter = 0;
  ArpFilter = 0;
  /** ICMP messages by type (0–255); no entry is none. */
  readonly icmpIn: number[] = [];
  readonly icmpOut: number[] = [];

  /** All counters as `nstat` names them, such as `IpInReceives`. */
  entries(): [string, number][] {
    const found: [string, number][] = [];
    for (const [name, value] of Object.entries(this.ip)) found.push([`Ip${name}`, value]);
    for (const [name, value] of Object.entries(this.ipExt)) found.push([`IpExt${name}`, value]);
    for (const [name, value] of Object.entries(this.icmp)) found.push([`Icmp${name}`, value]);
    for (const [name, type] of ICMP_TYPE_NAMES) {
      found.push([`IcmpIn${name}`, this.icmpIn[type] ?? 0]);
      found.push([`IcmpOut${name}`, this.icmpOut[type] ?? 0]);
    }
    for (let type = 0; type < ICMP_TYPES; type += 1) {
      const [received, sent] = [this.icmpIn[type] ?? 0, this.icmpOut[type] ?? 0];
      if (received !== 0) found.push([`IcmpMsgInType${type}`, received]);
      if (sent !== 0) found.push([`IcmpMsgOutType${type}`, sent]);
    }
    found.push(["TcpExtArpFilter", this.ArpFilter]);
    found.push(["TcpExtIPReversePathFilter", this.IPReversePathFilter]);
    return found;
  }

  /** The value of one counter by its name in `nstat`; 0 if there is none. */
  get(name: string): number {
    return this.entries().find(([found]) => found === name)?.[1] ?? 0;
  }
}
