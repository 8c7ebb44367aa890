/**
 * The taps of one run: a file for each interface and a merged one, all filled at the moment that a
 * frame passes. Devices may be added at any time.
 */
import type { Ns } from "../base/units.ts";
import type { Frame } from "../wire/frame.ts";
import { type PcapngOptions, PcapngWriter } from "./pcapng.ts";
import type { ByteSink } from "./sink.ts";
import type { Direction, FrameTap } from "./tap.ts";

/** Where the files of a run go. */
export interface RecorderSinks {
  /** The sink of the merged file, or null for none. */
  readonly merged: ByteSink | null;
  /** Opens the sink of one interface's own file; null when only the merged one is wanted. */
  readonly perInterface: ((name: string) => ByteSink) | null;
}

/** Captures on many interfaces. */
export class Recorder {
  readonly #sinks: RecorderSinks;
  readonly #options: PcapngOptions;
  readonly #merged: PcapngWriter | null;
  readonly #writers: PcapngWriter[] = [];

  constructor(sinks: RecorderSinks, options: PcapngOptions = {}) {
    this.#sinks = sinks;
    this.#options = options;
    this.#merged = sinks.merged === null ? null : new PcapngWriter(sinks.merged, options);
    if (this.#merged !== null) this.#writers.push(this.#merged);
  }

  /** The tap for the interface of that name (`node1/eth0`); the caller hangs it on the device. */
  tap(name: string): FrameTap {
    const merged = this.#merged?.tap(name) ?? null;
    if (this.#sinks.perInterface === null) return merged ?? NOBODY;
    const writer = new PcapngWriter(this.#sinks.perInterface(name), this.#options);
    this.#writers.push(writer);
    const own = writer.tap(name);
    return merged === null ? own : new BothTaps(own, merged);
  }

  /** Hands on what has been written so far, to all sinks. */
  flush(): void {
    for (const writer of this.#writers) writer.flush();
  }

  /** Ends all files. */
  finish(): void {
    for (const writer of this.#writers) writer.finish();
  }
}

/** Feeds two files. */
class BothTaps implements FrameTap {
  readonly #first: FrameTap;
  readonly #second: FrameTap;

  constructor(first: FrameTap, second: FrameTap) {
    this.#first = first;
    this.#second = second;
  }

  /** @hot */
  frame(frame: Frame, direction: Direction, at: Ns): void {
    this.#first.frame(frame, direction, at);
    this.#second.frame(frame, direction, at);
  }
}

const NOBODY: FrameTap = { frame: () => {} };
