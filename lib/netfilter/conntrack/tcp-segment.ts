/**
 * The TCP segment that conntrack is looking at: what its header says, read once.
 *
 * Kernel: net/netfilter/nf_conntrack_proto_tcp.c (segment_seq_plus_len, tcp_options, tcp_sack), 6.18.
 */
import type { Frame } from "../../wire/frame.ts";
import { after } from "../../wire/sequence.ts";
import * as tcp from "../../wire/tcp.ts";
import { TcpOptions } from "../../wire/tcp-options.ts";
import type { Packet } from "../packet.ts";
import { Kind, kindOf } from "./tcp-state.ts";
import * as row from "./tcp-window.ts";

/** One object for each tracker, filled by `read`. Sequence numbers are int32. */
export class TcpSegment {
  frame: Frame | null = null;
  flags = 0;
  kind: Kind = Kind.NONE;
  sequence = 0;
  acknowledgment = 0;
  /** The sequence number behind its last byte; SYN and FIN count as bytes. */
  end = 0;
  /** As the header has it, not scaled. */
  window = 0;
  readonly #options = new TcpOptions();
  #view: DataView = new DataView(new ArrayBuffer(0));
  #optionsAt = 0;
  #optionsEnd = 0;

  /** Reads the headers of a packet whose TCP header is whole. @hot */
  read(packet: Packet): void {
    const { view, l4 } = packet;
    this.frame = packet.frame;
    this.#view = view;
    this.flags = tcp.flags(view, l4);
    this.sequence = tcp.sequence(view, l4);
    this.acknowledgment = tcp.acknowledgment(view, l4);
    this.window = tcp.window(view, l4);
    const size = tcp.headerSize(view, l4);
    this.#optionsAt = l4 + tcp.TCP_SIZE;
    this.#optionsEnd = l4 + size;
    const payload = packet.length - (l4 - packet.l3) - size;
    const syn = (this.flags & tcp.FLAG_SYN) !== 0 ? 1 : 0;
    const fin = (this.flags & tcp.FLAG_FIN) !== 0 ? 1 : 0;
    this.end = (this.sequence + payload + syn + fin) | 0;
    this.kind = kindOf(this.flags);
  }

  /** Puts window scale and "SACK permitted" of a SYN into fields of row `at`. */
  takeOptions(rows: row.TcpWindows, at: number, scaleField: number, flagsField: number): void {
    const options = this.#options;
    options.parse(this.#view, this.#optionsAt, this.#optionsEnd, true);
    if (options.windowScale >= 0) {
      rows.set(at, scaleField, options.windowScale);
      rows.or(at, flagsField, row.Flag.WINDOW_SCALE);
    }
    if (options.sackPermitted) rows.or(at, flagsField, row.Flag.SACK_PERM);
  }

  /** The latest byte that the segment acknowledges, by its header or by a SACK block. @hot */
  highestSack(): number {
    let highest = this.acknowledgment;
    if (this.#optionsAt === this.#optionsEnd) return highest;
    const options = this.#options;
    options.parse(this.#view, this.#optionsAt, this.#optionsEnd, false);
    for (let block = 0; block < options.sackCount; block += 1) {
      const right = options.sack[2 * block + 1] ?? 0;
      if (after(right, highest)) highest = right;
    }
    return highest;
  }
}
