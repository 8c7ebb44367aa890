/**
 * The probes of `traceroute -I`: echo requests, numbered.
 *
 * Spec: traceroute 2.1.2, traceroute/mod-icmp.c (icmp_send_probe, icmp_check_reply).
 */
import type { Ipv4 } from "../../base/inet.ts";
import { finish, sum } from "../../wire/checksum.ts";
import { ICMP_ECHO, ICMP_ECHO_REPLY } from "../../wire/icmp.ts";
import { IPV4_SIZE } from "../../wire/ipv4.ts";
import { IPPROTO_ICMP } from "../../wire/protocol-numbers.ts";
import type { AppHost } from "../app-host.ts";
import { filler, type SentProbe, type TracerouteOptions } from "./probe.ts";
import { RawProbes } from "./raw.ts";

/** Probing by ICMP. */
export class IcmpProbes extends RawProbes {
  readonly #destination: Ipv4;
  readonly #identifier: number;
  readonly #length: number;

  constructor(host: AppHost, options: TracerouteOptions, destination: Ipv4, identifier: number) {
    super(host, options, IPPROTO_ICMP);
    this.socket.accepted = [ICMP_ECHO_REPLY];
    this.#destination = destination;
    this.#identifier = identifier;
    this.#length = options.length - IPV4_SIZE;
  }

  override begin(): void {}

  override send(index: number, ttl: number): SentProbe {
    const key = index + 1;
    const packet = filler(this.#length);
    const view = new DataView(packet.buffer);
    view.setUint32(0, 0);
    view.setUint8(0, ICMP_ECHO);
    view.setUint16(4, this.#identifier);
    view.setUint16(6, key);
    view.setUint16(2, finish(sum(view, 0, packet.length)));
    this.transmit(packet, ttl, this.#destination);
    return { key, socket: null };
  }

  protected override quoted(view: DataView): number {
    return view.getUint16(4) === this.#identifier ? view.getUint16(6) : -1;
  }

  protected override answered(view: DataView): number {
    return this.quoted(view);
  }
}
