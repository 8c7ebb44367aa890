/**
 * A capture in memory: what a capture file says, whichever format it had. Cold path: readers fill
 * it, dumps, diffs and the normaliser look at it. Frames on their way into a file never take this
 * form; see `pcap.ts` and `pcapng.ts` for the writers that devices feed.
 */
import { VethworkError } from "../base/errors.ts";
import { NS_PER_S, type Ns } from "../base/units.ts";
import type { Direction } from "./tap.ts";

/** LINKTYPE_ETHERNET, the only link type that vethwork reads and writes. */
export const LINKTYPE_ETHERNET = 1;

/** What tcpdump writes as the largest frame, and reads without a warning. */
export const DEFAULT_SNAP_LENGTH = 262144;

/** Where frames were captured. */
export interface CaptureInterface {
  /** `node1/eth0`, or "" when the file does not say. */
  readonly name: string;
  /** Longer frames were cut to this many bytes; 0 for no limit. */
  readonly snapLength: number;
}

/** One captured frame. */
export interface CapturedFrame {
  /** Index in `Capture.interfaces`. */
  readonly interfaceIndex: number;
  /** Whole seconds of the wall clock, and the nanoseconds of the second (0 … 10^9 - 1). */
  readonly seconds: number;
  readonly nanoseconds: number;
  /** From the Ethernet header on, as far as captured. */
  readonly bytes: Buffer;
  /** Length on the wire, at least that of `bytes`. */
  readonly originalLength: number;
  /** Which way it passed, or 0 when the file does not say. */
  readonly direction: Direction | 0;
  /** The same number on every hop of a packet; 0 when the file does not say. */
  readonly packetId: number;
  readonly comment: string;
}

/** A capture file. */
export interface Capture {
  readonly interfaces: readonly CaptureInterface[];
  readonly frames: readonly CapturedFrame[];
}

/** Nanoseconds from `origin` to `frame`, negative if it was earlier; exact below 104 days. */
export function nsSince(origin: CapturedFrame, frame: CapturedFrame): Ns {
  return (frame.seconds - origin.seconds) * NS_PER_S + (frame.nanoseconds - origin.nanoseconds);
}

/** The name of the interface that captured `frame`. */
export function interfaceName(capture: Capture, frame: CapturedFrame): string {
  return capture.interfaces[frame.interfaceIndex]?.name ?? "";
}

/** The frames of one interface, in order. */
export function framesOf(capture: Capture, interfaceIndex: number): CapturedFrame[] {
  return capture.frames.filter((frame) => frame.interfaceIndex === interfaceIndex);
}

/**
 * Several captures as one, frames in order of time; equal times keep the order of the captures.
 * Interfaces are named by `names`, one for each capture, or keep their own.
 */
export function mergeCaptures(captures: readonly Capture[], names?: readonly string[]): Capture {
  const interfaces: CaptureInterface[] = [];
  const frames: CapturedFrame[] = [];
  captures.forEach((capture, index) => {
    const first = interfaces.length;
    for (const one of capture.interfaces) {
      interfaces.push({ ...one, name: names?.[index] ?? one.name });
    }
    for (const frame of capture.frames) {
      frames.push({ ...frame, interfaceIndex: first + frame.interfaceIndex });
    }
  });
  frames.sort((a, b) => nsSince(b, a));
  return { interfaces, frames };
}

/** The error about a damaged capture file: where in the file, what is wrong, what is allowed. */
export function damaged(
  file: string,
  offset: number,
  problem: string,
  hint: string,
): VethworkError {
  return new VethworkError("VW_CAPTURE", `${file}: byte ${offset}: ${problem}`, hint);
}
