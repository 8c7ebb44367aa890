/**
 * A raw socket: sends packets of one IP protocol and sees all that come in, as ping and traceroute
 * use it. With `IP_RECVERR`, which is always on here, ICMP errors wait in a queue of their own.
 *
 * Kernel: net/ipv4/raw.c (raw_sendmsg, raw_err), net/ipv4/ip_sockglue.c (ip_icmp_error,
 * ip_local_error), 6.18.
 * Not modelled: IP_HDRINCL, connected raw sockets.
 */

import { EACCES, EMSGSIZE } from "../base/errno.ts";
import { ANY_ADDRESS, type Ipv4 } from "../base/inet.ts";
import type { Ns } from "../base/units.ts";
import { CHOOSE_ID, Flow, type IcmpListener, PacketFields, type RawListener } from "../net/inet.ts";
import type { Namespace } from "../net/namespace.ts";
import type { EchoedOptions } from "../net/option-echo.ts";
import type { Route } from "../net/route.ts";
import { compileSocketOptions } from "../net/socket-options.ts";
import { SocketMark } from "../netfilter/socket-owner.ts";
import { WaitQueue } from "../sim/process.ts";
import type { ExtendedError } from "../transport/extended-error.ts";
import { icmpErrno } from "../transport/icmp-errno.ts";
import type { Frame } from "../wire/frame.ts";
import * as icmp from "../wire/icmp.ts";
import * as ipv4 from "../wire/ipv4.ts";
import { IPPROTO_ICMP } from "../wire/protocol-numbers.ts";

/** SO_RCVBUF's default (`net.core.rmem_default`) in bytes; a packet counts with its buffer. */
const RECEIVE_BUFFER = 212_992;
const PACKET_OVERHEAD = 768;

/** `IP_MTU_DISCOVER`. */
export type PmtuDiscovery = "want" | "dont" | "do" | "probe";

/** A packet that came in. */
export interface RawPacket {
  /** From the IPv4 header on; the reader's. */
  readonly bytes: Uint8Array;
  readonly source: Ipv4;
  /** When it was received (SO_TIMESTAMP). */
  readonly receivedAt: Ns;
}

/** An error, with the packet that caused it. */
export interface RawError extends ExtendedError {
  /** The beginning of the packet behind its IPv4 header. */
  readonly data: Uint8Array;
}

/** A raw socket of one protocol. */
export class RawSocket implements RawListener, IcmpListener {
  /** Woken when a packet or an error has come. */
  readonly readable = new WaitQueue();
  readonly protocol: number;
  /** 0: the host's default. */
  ttl = 0;
  tos = 0;
  mark = 0;
  pmtuDiscovery: PmtuDiscovery = "want";
  /** SO_BROADCAST. */
  broadcast = false;
  /** `bind`: only packets to this address are seen, and packets leave with it. */
  source: Ipv4 = ANY_ADDRESS;
  readonly #mark = new SocketMark();
  /** IP_OPTIONS on what is sent; see `setOptions`. */
  #options: EchoedOptions | null = null;
  /** ICMP_FILTER: message types that are let through; null for all. */
  accepted: readonly number[] | null = null;
  readonly #namespace: Namespace;
  readonly #packets: RawPacket[] = [];
  readonly #errors: RawError[] = [];
  #queuedBytes = 0;
  /** What the next system call fails with (`sk_err`). */
  #pendingError = 0;
  readonly #flow = new Flow();
  readonly #fields = new PacketFields();

  /** Opens the socket; `close` must follow. */
  constructor(namespace: Namespace, protocol: number) {
    this.#namespace = namespace;
    this.protocol = protocol;
    if (namespace.conf.ipNoPmtuDisc !== 0) this.pmtuDiscovery = "dont";
    namespace.rawListeners.push(this);
    namespace.icmp.listeners.push(this);
  }

  /** SO_BINDTODEVICE by index, or 0. */
  get deviceIndex(): number {
    return this.#mark.boundDevice;
  }

  set deviceIndex(index: number) {
    this.#mark.boundDevice = index;
  }

  /** IP_OPTIONS: these go with every packet. Copies; returns 0 or a negative errno. */
  setOptions(bytes: Uint8Array): number {
    const compiled = compileSocketOptions(this.#namespace, bytes);
    if (typeof compiled === "number") return compiled;
    this.#options = compiled;
    return 0;
  }

  /** Sends `payload` (borrowed); returns its length or a negative errno. */
  sendTo(payload: Uint8Array, destination: Ipv4): number {
    const namespace = this.#namespace;
    namespace.cpu.spend(namespace.cpu.costs.syscallNs);
    const error = this.#pendingError;
    this.#pendingError = 0;
    if (error !== 0) return -error;
    const route = this.routeTo(destination);
    if (typeof route === "number") return route;
    if (route.isBroadcast && !this.broadcast) return -EACCES;
    const mayFragment = this.pmtuDiscovery === "want" || this.pmtuDiscovery === "dont";
    const header = ipv4.IPV4_SIZE + (this.#options?.bytes.length ?? 0);
    const largest = (mayFragment ? 0xffff : route.mtu) - header;
    if (payload.length > largest) {
      this.#localError(EMSGSIZE, route.mtu, destination, payload);
      return -EMSGSIZE;
    }
    const frame = namespace.pool.takeForPayload(payload.length);
    frame.bytes.set(payload, frame.start);
    frame.mark = this.mark;
    frame.socket = this.#mark;
    const fields = this.#fields;
    fields.source = this.#flow.source;
    fields.destination = destination;
    fields.protocol = this.protocol;
    fields.tos = this.tos;
    fields.ttl = this.ttl;
    fields.df =
      this.pmtuDiscovery === "do" ||
      this.pmtuDiscovery === "probe" ||
      (this.pmtuDiscovery === "want" && !route.mtuLocked && payload.length + header <= route.mtu);
    fields.ignoreDf = mayFragment;
    fields.id = CHOOSE_ID;
    this.#options?.finish(fields.source, destination, namespace.clockMs);
    fields.options = this.#options?.bytes ?? null;
    if (this.protocol === IPPROTO_ICMP) namespace.icmp.countOut(payload[0] ?? 0);
    const sent = namespace.ipOutput.queueXmit(frame, route, fields);
    return sent < 0 ? sent : payload.length;
  }

  /** The route of a packet to `destination`, or a negative errno. */
  routeTo(destination: Ipv4): Route | number {
    const flow = this.#flow.reset();
    flow.destination = destination;
    flow.source = this.source;
    flow.tos = this.tos;
    flow.mark = this.mark;
    flow.protocol = this.protocol;
    flow.outputIndex = this.deviceIndex;
    return this.#namespace.routing.output(flow);
  }

  /** The next packet, or null if there is none. A system call. */
  receive(): RawPacket | null {
    const { cpu } = this.#namespace;
    cpu.spend(cpu.costs.syscallNs);
    const packet = this.#packets.shift() ?? null;
    if (packet !== null) this.#queuedBytes -= packet.bytes.length + PACKET_OVERHEAD;
    return packet;
  }

  /** The next error (MSG_ERRQUEUE), or null. */
  takeError(): RawError | null {
    this.#pendingError = 0;
    return this.#errors.shift() ?? null;
  }

  /** Forgets what the next system call would fail with (SO_ERROR). */
  clearError(): void {
    this.#pendingError = 0;
  }

  /** Whether `receive` or `takeError` would find something. */
  get hasInput(): boolean {
    return this.#packets.length > 0 || this.#errors.length > 0;
  }

  close(): void {
    remove(this.#namespace.rawListeners, this);
    remove(this.#namespace.icmp.listeners, this);
  }

  rawPacket(frame: Frame): boolean {
    const { view, start } = frame;
    if (ipv4.protocol(view, start) !== this.protocol) return false;
    if (this.source !== 0 && ipv4.destination(view, start) !== this.source) return false;
    if (this.deviceIndex !== 0 && frame.inputIndex !== this.deviceIndex) return false;
    const behind = start + ipv4.headerSize(view, start);
    if (this.protocol === IPPROTO_ICMP && this.accepted !== null) {
      if (!this.accepted.includes(icmp.type(view, behind))) return false;
    }
    const size = frame.end - start + PACKET_OVERHEAD;
    if (this.#queuedBytes + size > RECEIVE_BUFFER) return false;
    this.#queuedBytes += size;
    this.#packets.push({
      bytes: Uint8Array.from(frame.bytes.subarray(start, frame.end)),
      source: ipv4.source(view, start),
      receivedAt: this.#namespace.cpu.now,
    });
    this.readable.wake();
    return true;
  }

  icmpMessage(): boolean {
    return false;
  }

  icmpError(frame: Frame, innerL3: number, type: number, code: number, info: number): void {
    const { view, end } = frame;
    if (ipv4.protocol(view, innerL3) !== this.protocol) return;
    if (this.source !== 0 && ipv4.source(view, innerL3) !== this.source) return;
    const errno = icmpErrno(type, code);
    if (errno === 0) return;
    const dataAt = innerL3 + ipv4.headerSize(view, innerL3);
    this.#errors.push({
      errno,
      origin: "icmp",
      type,
      code,
      info,
      offender: ipv4.source(view, frame.l3),
      destination: ipv4.destination(view, innerL3),
      data: Uint8Array.from(frame.bytes.subarray(dataAt, end)),
    });
    this.#pendingError = errno;
    this.readable.wake();
  }

  #localError(errno: number, info: number, destination: Ipv4, payload: Uint8Array): void {
    const data = payload.slice(0, 64);
    this.#errors.push({
      errno,
      origin: "local",
      type: 0,
      code: 0,
      info,
      offender: ANY_ADDRESS,
      destination,
      data,
    });
  }
}

function remove<T>(list: T[], member: T): void {
  const index = list.indexOf(member);
  if (index !== -1) list.splice(index, 1);
}
