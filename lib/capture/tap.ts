/** Where captures are taken: the interface between devices and whoever keeps their frames. */
import type { Ns } from "../base/units.ts";
import type { Frame } from "../wire/frame.ts";

/** Which way a frame passes a device, as seen from the host that has the device. */
export const Direction = { IN: 1, OUT: 2 } as const;
export type Direction = (typeof Direction)[keyof typeof Direction];

/** A listener on a device. It borrows the frame and copies what it keeps. */
export interface FrameTap {
  /** A frame passes: its bytes are those from `frame.l2` to `frame.end`. */
  frame(frame: Frame, direction: Direction, at: Ns): void;
}
