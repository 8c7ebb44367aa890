/**
 * The captures of a run: for each device a pcap file of its own, and one pcapng file of all of them
 * in order of time. Frames are written at the moment that they pass, through sinks, so a run of
 * any length needs no memory for them.
 */
import type { Ns } from "../base/units.ts";
import { PcapWriter } from "../capture/pcap.ts";
import { PcapngWriter } from "../capture/pcapng.ts";
import type { ByteSink } from "../capture/sink.ts";
import { Direction, type FrameTap } from "../capture/tap.ts";
import type { NetDevice } from "../link/device.ts";
import type { Frame } from "../wire/frame.ts";

/** Where captures go; null for those that nobody wants. */
export interface CaptureSinks {
  /** Opens the sink of one interface's file, named such as `node1-eth0.pcap`. */
  readonly perInterface: ((fileName: string) => ByteSink) | null;
  readonly merged: ByteSink | null;
}

/** How captures are taken. */
export interface CaptureOptions {
  readonly epochSeconds: number;
  /** Bytes kept of a frame. */
  readonly snapLength: number;
  /** Whether this device of this host is captured. */
  readonly wants: (host: string, device: string) => boolean;
}

/** What one interface's captures hold. */
export interface InterfaceTotals {
  /** `node1/eth0` */
  readonly name: string;
  /** Name of its own file, or "". */
  readonly file: string;
  frames: number;
  bytes: number;
}

/** All captures of a run. */
export class CaptureSet {
  readonly #sinks: CaptureSinks;
  readonly #options: CaptureOptions;
  readonly #merged: PcapngWriter | null;
  readonly #taps: DeviceTap[] = [];
  readonly #attached = new Map<NetDevice, DeviceTap>();

  constructor(sinks: CaptureSinks, options: CaptureOptions) {
    this.#sinks = sinks;
    this.#options = options;
    this.#merged = sinks.merged === null ? null : new PcapngWriter(sinks.merged, options);
  }

  /** Interfaces in the order in which they were first seen. */
  get totals(): readonly InterfaceTotals[] {
    return this.#taps.map(({ totals }) => totals);
  }

  /** Listens on a device from now on. One that comes back under its old name goes on as before. */
  attach(host: string, device: NetDevice): void {
    if (!this.#options.wants(host, device.name)) return;
    const name = `${host}/${device.name}`;
    const known = this.#taps.find(({ totals }) => totals.name === name);
    const tap = known ?? this.#open(name, device.kind === "loopback");
    this.#attached.set(device, tap);
    device.taps.push(tap);
  }

  /** Stops to listen on a device that goes away. */
  detach(device: NetDevice): void {
    const tap = this.#attached.get(device);
    if (tap === undefined) return;
    this.#attached.delete(device);
    const index = device.taps.indexOf(tap);
    if (index !== -1) device.taps.splice(index, 1);
  }

  /** Hands on what has been written so far. */
  flush(): void {
    for (const { own } of this.#taps) own?.flush();
    this.#merged?.flush();
  }

  /** Ends all captures. */
  finish(): void {
    for (const device of [...this.#attached.keys()]) this.detach(device);
    for (const { own } of this.#taps) own?.flush();
    this.#merged?.finish();
  }

  #open(name: string, isLoopback: boolean): DeviceTap {
    const { perInterface } = this.#sinks;
    const file = perInterface === null ? "" : this.#fileName(name);
    const own = perInterface === null ? null : new PcapWriter(perInterface(file), this.#options);
    const merged = this.#merged?.tap(name) ?? null;
    const tap = new DeviceTap({ name, file, frames: 0, bytes: 0 }, isLoopback, own, merged);
    this.#taps.push(tap);
    return tap;
  }

  #fileName(name: string): string {
    const base = name.replaceAll("/", "-");
    let file = `${base}.pcap`;
    for (let number = 2; this.#taps.some(({ totals }) => totals.file === file); number += 1) {
      file = `${base}-${number}.pcap`;
    }
    return file;
  }
}

/** Feeds the files of one interface. */
class DeviceTap implements FrameTap {
  readonly totals: InterfaceTotals;
  readonly own: PcapWriter | null;
  readonly #isLoopback: boolean;
  readonly #merged: FrameTap | null;

  constructor(
    totals: InterfaceTotals,
    isLoopback: boolean,
    own: PcapWriter | null,
    merged: FrameTap | null,
  ) {
    this.totals = totals;
    this.#isLoopback = isLoopback;
    this.own = own;
    this.#merged = merged;
  }

  /** @hot */
  frame(frame: Frame, direction: Direction, at: Ns): void {
    // What a loopback sends it receives: libpcap, too, shows it once, as it comes in.
    if (this.#isLoopback && direction === Direction.OUT) return;
    this.totals.frames += 1;
    this.totals.bytes += frame.end - frame.l2;
    this.own?.frame(frame, direction, at);
    this.#merged?.frame(frame, direction, at);
  }
}

/** Gives the same bytes to two sinks. */
export class TeeSink implements ByteSink {
  readonly #first: ByteSink;
  readonly #second: ByteSink;

  constructor(first: ByteSink, second: ByteSink) {
    this.#first = first;
    this.#second = second;
  }

  write(chunk: Uint8Array): void {
    this.#first.write(chunk);
    this.#second.write(chunk);
  }
}
