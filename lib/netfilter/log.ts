/**
 * What LOG and NFLOG rules say about packets: records for whoever listens. Text is made by the
 * listener, from the frame that it may look at during the call.
 *
 * Kernel: net/netfilter/nf_log.c, nf_log_syslog.c, 6.18.
 */
import type { Packet } from "./packet.ts";

/** What a rule asks to have logged beside the packet. */
export interface LogRequest {
  readonly target: "LOG" | "NFLOG";
  readonly prefix: string;
  /** LOG: the syslog level; NFLOG: the group. */
  readonly level: number;
  /** LOG: bits of --log-tcp-sequence 1, -tcp-options 2, -ip-options 4, -uid 8, -macdecode 32. */
  readonly flags: number;
}

/** Told of logged packets; borrows the packet. */
export interface LogListener {
  packetLogged(request: LogRequest, packet: Packet): void;
}

/** The log of a host. */
export class PacketLog {
  readonly listeners: LogListener[] = [];

  /** Tells all listeners. */
  write(request: LogRequest, packet: Packet): void {
    for (let index = 0; index < this.listeners.length; index += 1) {
      this.listeners[index]?.packetLogged(request, packet);
    }
  }
}
