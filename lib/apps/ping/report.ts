/**
 * What ping prints while it runs: a line for each answer and each error, or less with `-q` and
 * `-f`.
 *
 * Spec: iputils 20221126, ping/ping_common.c (gather_statistics), ping/ping.c (ping4_parse_reply,
 * ping4_receive_error_msg).
 */
import { utf8 } from "../../base/bytes.ts";
import { EMSGSIZE, errnoMessage } from "../../base/errno.ts";
import { formatIpv4, type Ipv4, isMulticast } from "../../base/inet.ts";
import { NS_PER_US, type Ns } from "../../base/units.ts";
import type { Program } from "../../sim/process.ts";
import type { AppHost } from "../app-host.ts";
import { icmpText } from "../icmp-text.ts";
import type { PingOptions } from "./options.ts";
import { RoutePrinter } from "./route-option.ts";

/** An answer, as its line tells it. */
export interface EchoReply {
  readonly sequence: number;
  /** Bytes from the ICMP header on. */
  readonly size: number;
  readonly ttl: number;
  readonly source: Ipv4;
  readonly receivedAt: Ns;
  /** Round trip time in us, or -1. */
  readonly us: number;
  readonly isDuplicate: boolean;
  /** The options of its IPv4 header. */
  readonly options: Uint8Array;
}

/** What one run prints. */
export class PingReport {
  readonly #host: AppHost;
  readonly #options: PingOptions;
  readonly #destination: Ipv4;
  readonly #identifier: number;
  readonly #routes = new RoutePrinter();

  constructor(host: AppHost, options: PingOptions, destination: Ipv4, identifier: number) {
    this.#host = host;
    this.#options = options;
    this.#destination = destination;
    this.#identifier = identifier;
  }

  print(text: string): void {
    this.#host.stdout(utf8(text));
  }

  /** A request has gone. */
  sent(): void {
    if (this.#options.flood && !this.#options.quiet) this.print(".");
  }

  /** A request has not gone. */
  notSent(errno: number): void {
    this.#sendingError(`sendmsg: ${errnoMessage(errno)}`);
  }

  /** The host itself refused a packet; `mtu` is that of the route. */
  localError(errno: number, mtu: number): void {
    const text = errno === EMSGSIZE ? `message too long, mtu=${mtu}` : errnoMessage(errno);
    this.#sendingError(`local error: ${text}`);
  }

  #sendingError(text: string): void {
    if (this.#options.quiet) return;
    if (this.#options.flood) this.print("E");
    else this.#host.stderr(`ping: ${text}\n`);
  }

  /** An answer. */
  *reply(reply: EchoReply): Program<void> {
    const { quiet, flood, audible } = this.#options;
    if (quiet) return;
    if (flood) this.print("\b \b");
    else this.print(yield* this.#replyLine(reply));
    if (audible) this.print("\x07");
    if (!flood) this.print(`${this.#routes.text(reply.options, flood)}\n`);
  }

  *#replyLine(reply: EchoReply): Program<string> {
    const { sequence, size, ttl, source, receivedAt, us } = reply;
    const identifier = this.#options.verbose ? ` ident=${this.#identifier}` : "";
    const from = yield* this.#nameOf(source);
    let line = `${this.#timeOfDay(receivedAt)}${size} bytes from ${from}:`;
    line += ` icmp_seq=${sequence}${identifier} ttl=${ttl}`;
    if (us >= 0) line += ` time=${timeText(us)} ms`;
    if (reply.isDuplicate) line += " (DUP!)";
    const isFromOther = source !== this.#destination && !isMulticast(this.#destination);
    if (isFromOther && !this.#options.broadcast) line += " (DIFFERENT ADDRESS!)";
    return line;
  }

  /** A router or the destination sent an error about request `sequence`. */
  *icmpError(
    offender: Ipv4,
    sequence: number,
    type: number,
    code: number,
    info: number,
  ): Program<void> {
    if (this.#options.quiet) return;
    if (this.#options.flood) {
      this.print("\bE");
      return;
    }
    const when = this.#timeOfDay(this.#host.namespace.cpu.now);
    const from = yield* this.#nameOf(offender);
    this.print(`${when}From ${from} icmp_seq=${sequence} ${icmpText(type, code, info)}\n`);
  }

  /** A router told of a shorter way for request `sequence`. */
  *redirect(
    router: Ipv4,
    sequence: number,
    type: number,
    code: number,
    gateway: number,
  ): Program<void> {
    if (this.#options.quiet) return;
    const text = icmpText(type, code, gateway);
    this.print(`From ${yield* this.#nameOf(router)}: icmp_seq=${sequence} ${text}\n`);
  }

  /** `-O`: the last request has no answer yet. */
  outstanding(sequence: number): void {
    const when = this.#timeOfDay(this.#host.namespace.cpu.now);
    this.print(`${when}no answer yet for icmp_seq=${sequence}\n`);
  }

  /** `[1700000000.123456] ` with `-D`. */
  #timeOfDay(at: Ns): string {
    if (!this.#options.timeOfDay) return "";
    const us = Math.floor(at / NS_PER_US);
    const seconds = this.#host.epochSeconds + Math.floor(us / 1e6);
    return `[${seconds}.${String(us % 1e6).padStart(6, "0")}] `;
  }

  /** `web.test (10.0.0.2)`, or the address alone; looked up anew for each line. */
  *#nameOf(address: Ipv4): Program<string> {
    const name = this.#options.numeric ? null : yield* this.#host.nameOf(address);
    return name === null ? formatIpv4(address) : `${name} (${formatIpv4(address)})`;
  }
}

/** A round trip time in ms with as many digits as ping prints. */
function timeText(us: number): string {
  if (us >= 100_000 - 50) return String(Math.floor((us + 500) / 1000));
  if (us >= 10_000 - 5) {
    return `${Math.floor((us + 50) / 1000)}.${Math.floor(((us + 50) % 1000) / 100)}`;
  }
  if (us >= 1000) {
    const hundredths = Math.floor(((us + 5) % 1000) / 10);
    return `${Math.floor((us + 5) / 1000)}.${String(hundredths).padStart(2, "0")}`;
  }
  return `0.${String(us).padStart(3, "0")}`;
}
