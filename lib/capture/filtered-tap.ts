/** A tap that passes on only the frames that a filter lets through. */
import type { Ns } from "../base/units.ts";
import type { Frame } from "../wire/frame.ts";
import type { FrameFilter } from "./filter.ts";
import type { Direction, FrameTap } from "./tap.ts";

/** Stands before another tap. */
export class FilteredTap implements FrameTap {
  readonly #filter: FrameFilter;
  readonly #tap: FrameTap;

  constructor(filter: FrameFilter, tap: FrameTap) {
    this.#filter = filter;
    this.#tap = tap;
  }

  /** @hot */
  frame(frame: Frame, direction: Direction, at: Ns): void {
    if (this.#filter(frame.view, frame.l2, frame.end)) this.#tap.frame(frame, direction, at);
  }
}
