/**
 * What the rules of one hook look at: the frame, its devices, and the fields of its IPv4 header
 * that nearly every rule compares. One object for each depth of nesting (a REJECT sends a packet
 * from inside a hook), reused for ever.
 *
 * Kernel: include/linux/netfilter/x_tables.h (struct xt_action_param), 6.18.
 */
import type { NetDevice } from "../link/device.ts";
import type { Frame } from "../wire/frame.ts";
import * as ipv4 from "../wire/ipv4.ts";
import { Hook } from "./hooks.ts";

/** A packet at a hook. */
export class Packet {
  hook: Hook = Hook.PREROUTING;
  #frame: Frame | null = null;
  view: DataView = new DataView(new ArrayBuffer(0));
  inDevice: NetDevice | null = null;
  outDevice: NetDevice | null = null;
  /** Positions of the network and transport headers and of the end, absolute in the frame. */
  l3 = 0;
  l4 = 0;
  end = 0;
  source = 0;
  destination = 0;
  protocol = 0;
  /** In units of 8 bytes; only packets with 0 have a transport header. */
  fragmentOffset = 0;
  /** Whole length of the packet in bytes, payload still to be cut included (`skb->len`). */
  length = 0;
  /** A match found the packet broken: it is dropped, whatever the rule says (`hotdrop`). */
  hotDrop = false;

  /** The frame; only while a hook runs. */
  get frame(): Frame {
    if (this.#frame === null) throw new Error("vethwork invariant broken: no packet at the hook");
    return this.#frame;
  }

  /** Begins with a frame at a hook. @hot */
  begin(hook: Hook, frame: Frame, inDevice: NetDevice | null, outDevice: NetDevice | null): void {
    this.hook = hook;
    this.#frame = frame;
    this.view = frame.view;
    this.inDevice = inDevice;
    this.outDevice = outDevice;
    this.refresh();
  }

  /** Reads the header again, after something may have changed it. @hot */
  refresh(): void {
    const { frame, view } = this;
    const l3 = frame.start;
    this.l3 = l3;
    this.l4 = l3 + ipv4.headerSize(view, l3);
    this.end = Math.min(frame.end, l3 + ipv4.totalLength(view, l3) - frame.payloadLength);
    if (frame.payloadLength > 0) this.end = frame.end;
    this.source = ipv4.source(view, l3);
    this.destination = ipv4.destination(view, l3);
    this.protocol = ipv4.protocol(view, l3);
    this.fragmentOffset = ipv4.fragment(view, l3) & ipv4.FRAGMENT_OFFSET_MASK;
    this.length = frame.length;
    this.hotDrop = false;
  }

  /** Lets go of the frame. @hot */
  finish(): void {
    this.#frame = null;
    this.inDevice = null;
    this.outDevice = null;
  }

  /** Bytes of transport header and payload that lie in the frame's own memory. @hot */
  get transportLength(): number {
    return this.end - this.l4;
  }
}
