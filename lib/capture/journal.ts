/**
 * One memory of what several captures see. A frame that crosses a bridge passes four ports with the
 * same bytes, and to copy them four times costs more than all else on its way: the copies push out of
 * the processor's caches what the next frame needs. A journal keeps the bytes once, and beside them
 * when they passed which port. `pcapPieces` makes each port's file of that, on another thread.
 *
 *     bytes       | record header | frame | record header | frame | …    as they stand in a pcap file
 *     passages    | port | position of the record | seconds | nanoseconds | …    four words each
 */
import { assert } from "../base/assert.ts";
import { NS_PER_S, type Ns } from "../base/units.ts";
import { copySmall, SMALL_COPY_BYTES } from "../wire/copy.ts";
import type { Frame } from "../wire/frame.ts";
import { PCAP_RECORD_HEADER_SIZE } from "./pcap.ts";
import type { Direction, FrameTap } from "./tap.ts";

/** A part of a journal: plain memory, so that it can be handed to another thread. */
export interface JournalChunk {
  readonly bytes: ArrayBuffer;
  /** 32-bit words. */
  readonly passages: ArrayBuffer;
  /** Words of `passages` that are in use. */
  passageWords: number;
}

/** Where the parts of a journal go, and where memory for the next ones comes from. */
export interface JournalSink {
  /** An empty chunk, which the journal owns until it puts it back. */
  take(): JournalChunk;
  /** Takes a filled chunk over; they come in order. */
  put(chunk: JournalChunk): void;
}

/** Where a word stands in a passage. */
const PORT = 0;
const POSITION = 1;
const SECONDS = 2;
const NANOSECONDS = 3;
const PASSAGE_WORDS = 4;

/** Where the lengths stand in a record's header. */
const CAPTURED_LENGTH = 8;
const ORIGINAL_LENGTH = 12;

/** Ethernet, IPv4 with as many options as there may be, the fields of TCP: what hosts write to. */
const HEADERS_SIZE = 14 + 60 + 20;

/** An empty chunk for about `size` bytes of frames, of which each passes some four ports. */
export function journalChunk(size: number): JournalChunk {
  return { bytes: new ArrayBuffer(size), passages: new ArrayBuffer(size / 8), passageWords: 0 };
}

/** Taps that keep a frame once as long as its bytes stay the same. */
export class CaptureJournal {
  readonly #sink: JournalSink;
  #chunk: JournalChunk;
  #bytes: Uint8Array;
  #view: DataView;
  #passages: Int32Array;
  #used = 0;
  #words = 0;
  #ports = 0;

  constructor(sink: JournalSink) {
    const chunk = sink.take();
    this.#sink = sink;
    this.#chunk = chunk;
    this.#bytes = new Uint8Array(chunk.bytes);
    this.#view = new DataView(chunk.bytes);
    this.#passages = new Int32Array(chunk.passages);
  }

  /** The tap of one more port; ports count from 0. */
  addPort(): FrameTap {
    const port = this.#ports;
    this.#ports += 1;
    return {
      frame: (frame: Frame, _direction: Direction, at: Ns) => this.#add(frame, port, at),
    };
  }

  /** Hands on what has been written so far; at the end of a run it must be called. */
  flush(): void {
    if (this.#words > 0) this.#next();
  }

  /** @hot */
  #add(frame: Frame, port: number, at: Ns): void {
    if (this.#words + PASSAGE_WORDS > this.#passages.length) this.#next();
    if (!this.#has(frame, port)) this.#record(frame);
    frame.recordedPorts |= 1 << port;
    const passages = this.#passages;
    const words = this.#words;
    const seconds = Math.floor(at / NS_PER_S);
    passages[words + PORT] = port;
    passages[words + POSITION] = frame.recordedAt;
    passages[words + SECONDS] = seconds;
    passages[words + NANOSECONDS] = at - seconds * NS_PER_S;
    this.#words = words + PASSAGE_WORDS;
  }

  /**
   * Whether there is a record of these bytes in which `port` has no part yet. (Ports above 31 share
   * bits with others; their frames get a record more than they need at times.) What hosts change is
   * headers: it is seen in the first bytes, where the checksums are as well. @hot
   */
  #has(frame: Frame, port: number): boolean {
    if (frame.recordedIn !== this.#bytes || (frame.recordedPorts & (1 << port)) !== 0) return false;
    const view = this.#view;
    const { l2, recordedAt } = frame;
    const length = frame.end - l2;
    if (length !== view.getInt32(recordedAt + CAPTURED_LENGTH, true)) return false;
    const recorded = recordedAt + PCAP_RECORD_HEADER_SIZE;
    const last = Math.min(length, HEADERS_SIZE) - 4;
    for (let at = 0; at <= last; at += 4) {
      if (view.getInt32(recorded + at) !== frame.view.getInt32(l2 + at)) return false;
    }
    return true;
  }

  /** Copies a frame. @hot */
  #record(frame: Frame): void {
    const { l2 } = frame;
    const length = frame.end - l2;
    const size = PCAP_RECORD_HEADER_SIZE + length;
    if (this.#used + size > this.#bytes.length) this.#next();
    assert(size <= this.#bytes.length, "a journal's chunk holds any frame");
    const position = this.#used;
    const view = this.#view;
    view.setInt32(position + CAPTURED_LENGTH, length, true);
    view.setInt32(position + ORIGINAL_LENGTH, length, true);
    const to = position + PCAP_RECORD_HEADER_SIZE;
    if (length > SMALL_COPY_BYTES) this.#bytes.set(frame.captured.at(l2, frame.end), to);
    else copySmall(frame.view, l2, view, to, length);
    this.#used = position + size;
    frame.recordedIn = this.#bytes;
    frame.recordedAt = position;
    frame.recordedPorts = 0;
  }

  #next(): void {
    this.#chunk.passageWords = this.#words;
    this.#sink.put(this.#chunk);
    const chunk = this.#sink.take();
    this.#chunk = chunk;
    this.#bytes = new Uint8Array(chunk.bytes);
    this.#view = new DataView(chunk.bytes);
    this.#passages = new Int32Array(chunk.passages);
    this.#used = 0;
    this.#words = 0;
  }
}

/**
 * The records of one port in a chunk, as pieces of a pcap file in little-endian order and
 * nanoseconds. They alias the chunk's memory and hold until the next call for the same chunk, which
 * stamps the times of another port. `epochSeconds` is the wall-clock time of the start of the run.
 */
export function pcapPieces(chunk: JournalChunk, port: number, epochSeconds = 0): Uint8Array[] {
  const view = new DataView(chunk.bytes);
  const passages = new Int32Array(chunk.passages, 0, chunk.passageWords);
  const pieces: Uint8Array[] = [];
  let from = 0;
  let to = 0;
  for (let at = 0; at < passages.length; at += PASSAGE_WORDS) {
    if (passages[at + PORT] !== port) continue;
    const position = passages[at + POSITION] ?? 0;
    view.setUint32(position, epochSeconds + (passages[at + SECONDS] ?? 0), true);
    view.setUint32(position + 4, passages[at + NANOSECONDS] ?? 0, true);
    if (position !== to) {
      if (to > from) pieces.push(new Uint8Array(chunk.bytes, from, to - from));
      from = position;
    }
    to = position + PCAP_RECORD_HEADER_SIZE + view.getUint32(position + CAPTURED_LENGTH, true);
  }
  if (to > from) pieces.push(new Uint8Array(chunk.bytes, from, to - from));
  return pieces;
}
