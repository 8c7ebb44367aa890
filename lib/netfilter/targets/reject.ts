/**
 * -j REJECT: drops the packet and tells its sender, by an ICMP error or a TCP reset.
 *
 * Kernel: net/ipv4/netfilter/ipt_REJECT.c, nf_reject_ipv4.c, 6.18; iptables 1.8.9,
 * extensions/libipt_REJECT.c.
 */

import { HEADROOM } from "../../wire/frame.ts";
import * as icmp from "../../wire/icmp.ts";
import * as ipv4 from "../../wire/ipv4.ts";
import {
  IPPROTO_AH,
  IPPROTO_ESP,
  IPPROTO_GRE,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
} from "../../wire/protocol-numbers.ts";
import * as tcp from "../../wire/tcp.ts";
import * as udp from "../../wire/udp.ts";
import { attachAnswer } from "../conntrack/connection.ts";
import type { Conntrack } from "../conntrack/conntrack.ts";
import { IPPROTO_DCCP, IPPROTO_UDPLITE } from "../conntrack/tuple.ts";
import type { Engine } from "../engine.ts";
import { defineTarget, refuseInKernel } from "../extension.ts";
import { Hook, type NetfilterHost } from "../hooks.ts";
import type { Packet } from "../packet.ts";
import { Target, Verdict } from "../rule.ts";
import { refuse } from "../text/errors.ts";

/** Types by name, with the short form and the ICMP code; -1: a reset. */
const TYPES: readonly (readonly [string, string, number])[] = [
  ["icmp-net-unreachable", "net-unreach", icmp.UNREACHABLE_NET],
  ["icmp-host-unreachable", "host-unreach", icmp.UNREACHABLE_HOST],
  ["icmp-proto-unreachable", "proto-unreach", icmp.UNREACHABLE_PROTOCOL],
  ["icmp-port-unreachable", "port-unreach", icmp.UNREACHABLE_PORT],
  ["icmp-net-prohibited", "net-prohib", icmp.UNREACHABLE_NET_PROHIBITED],
  ["icmp-host-prohibited", "host-prohib", icmp.UNREACHABLE_HOST_PROHIBITED],
  ["tcp-reset", "tcp-rst", -1],
  ["icmp-admin-prohibited", "admin-prohib", icmp.UNREACHABLE_ADMIN_PROHIBITED],
];

const HOOKS = (1 << Hook.INPUT) | (1 << Hook.FORWARD) | (1 << Hook.OUTPUT);
/** AH, ESP, GRE and SCTP have another checksum or none, DCCP and UDP-Lite one of a part only. */
const WITHOUT_CHECKSUM: readonly number[] = [
  IPPROTO_GRE,
  IPPROTO_ESP,
  IPPROTO_AH,
  IPPROTO_DCCP,
  IPPROTO_SCTP,
  IPPROTO_UDPLITE,
];

class RejectTarget extends Target {
  override get name(): string {
    return "REJECT";
  }

  override get validHooks(): number {
    return HOOKS;
  }

  readonly #type: string;
  readonly #code: number;
  readonly #host: NetfilterHost;
  readonly #conntrack: Conntrack;

  constructor(type: string, code: number, { host, conntrack }: Engine) {
    super();
    this.#type = type;
    this.#code = code;
    this.#host = host;
    this.#conntrack = conntrack;
  }

  override apply(packet: Packet): Verdict {
    if (this.#code === -1) this.#sendReset(packet);
    else this.#sendUnreachable(packet);
    return Verdict.DROP;
  }

  /** An ICMP error, but not about later fragments nor about packets whose checksum is wrong. */
  #sendUnreachable(packet: Packet): void {
    if (packet.fragmentOffset !== 0 || !transportIsRight(packet)) return;
    this.#host.sendIcmpError(packet.frame, icmp.ICMP_UNREACHABLE, this.#code, 0);
  }

  /** A reset that the receiver would take for the peer's. */
  #sendReset(packet: Packet): void {
    const { view, l4 } = packet;
    if (packet.fragmentOffset !== 0 || !tcp.isValid(view, l4, packet.end)) return;
    const flags = tcp.flags(view, l4);
    if ((flags & tcp.FLAG_RST) !== 0 || !transportIsRight(packet)) return;
    const hasAck = (flags & tcp.FLAG_ACK) !== 0;
    const payload = packet.length - (l4 - packet.l3) - tcp.headerSize(view, l4);
    const syn = (flags & tcp.FLAG_SYN) !== 0 ? 1 : 0;
    const fin = (flags & tcp.FLAG_FIN) !== 0 ? 1 : 0;
    const sequence = hasAck ? tcp.acknowledgment(view, l4) : 0;
    const acknowledgment = hasAck ? 0 : (tcp.sequence(view, l4) + syn + fin + payload) | 0;
    const reset = this.#host.pool.take(HEADROOM + ipv4.IPV4_SIZE + tcp.TCP_SIZE);
    reset.packetId = this.#host.pool.nextPacketId();
    reset.start = HEADROOM;
    reset.l3 = HEADROOM;
    reset.l4 = HEADROOM + ipv4.IPV4_SIZE;
    reset.end = reset.l4 + tcp.TCP_SIZE;
    ipv4.write(reset.view, reset.l3, {
      tos: 0,
      length: ipv4.IPV4_SIZE + tcp.TCP_SIZE,
      id: 0,
      fragment: ipv4.FLAG_DF,
      ttl: this.#host.defaultTtl,
      protocol: IPPROTO_TCP,
      source: packet.destination,
      destination: packet.source,
    });
    tcp.write(
      reset.view,
      reset.l4,
      tcp.destinationPort(view, l4),
      tcp.sourcePort(view, l4),
      sequence,
      acknowledgment,
      tcp.TCP_SIZE,
      hasAck ? tcp.FLAG_RST : tcp.FLAG_RST | tcp.FLAG_ACK,
      0,
    );
    tcp.finishSegment(reset.view, reset.l4, reset.end, packet.destination, packet.source);
    reset.checksumVerified = true;
    attachAnswer(reset, packet.frame);
    this.#conntrack.close(packet.frame);
    this.#host.answer(reset, packet.frame);
  }

  override save(): string {
    return ` --reject-with ${this.#type}`;
  }

  override list(): string {
    return ` reject-with ${this.#type}`;
  }
}

/** The module. */
export const REJECT_TARGET = defineTarget<{ type: number }>({
  name: "REJECT",
  reuse: "options",
  options: [
    {
      name: "reject-with",
      read: (state, value) => {
        const lower = value.toLowerCase();
        const type =
          lower === ""
            ? -1
            : TYPES.findIndex(([name, short]) => name.startsWith(lower) || short.startsWith(lower));
        if (type === -1) {
          const names = TYPES.map(([name]) => name).join(", ");
          refuse(`unknown reject type "${value}"`, `types are ${names}`);
        }
        state.type = type;
      },
    },
  ],
  start: () => ({ type: 3 }),
  finish: (state, context) => {
    const { engine, header, table } = context;
    const [name = "", , code = 0] = TYPES[state.type] ?? [];
    if (table !== "filter") refuseInKernel(context, "REJECT: only valid in the filter table");
    if (code === -1 && (header.protocol !== IPPROTO_TCP || header.protocolInverted)) {
      refuseInKernel(context, "tcp-reset needs -p tcp");
    }
    return new RejectTarget(name, code, engine);
  },
});

/** Whether the transport checksum is right, where there is one to check (nf_ip_checksum). */
function transportIsRight(packet: Packet): boolean {
  const { frame, view, l4, end, source, destination } = packet;
  if (frame.checksumVerified || frame.checksumPending || frame.payloadLength > 0) return true;
  if (packet.hook === Hook.OUTPUT) return true;
  switch (packet.protocol) {
    case IPPROTO_TCP:
      return end - l4 >= tcp.TCP_SIZE && tcp.checksumIsRight(view, l4, end, source, destination);
    case IPPROTO_UDP:
      return udp.isValid(view, l4, end) && udp.checksumIsRight(view, l4, source, destination);
    default:
      // Of whatever else, as of ICMP, the sum of all is taken.
      if (WITHOUT_CHECKSUM.includes(packet.protocol)) return true;
      return icmp.checksumIsRight(view, l4, end);
  }
}
