/**
 * Capture files that another thread writes while the run goes on. The run fills a chunk of a
 * journal, the thread has the one before; memory goes to and fro between them and is never copied.
 */
import { closeSync, openSync } from "node:fs";
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from "node:worker_threads";
import { VethworkError } from "../lib/base/errors.ts";
import { type JournalChunk, type JournalSink, journalChunk } from "../lib/capture/journal.ts";
import { pcapHeader } from "../lib/capture/pcap.ts";
import { writeAll, writing } from "./output.ts";
import { packageFile } from "./package-files.ts";

const CHUNK_BYTES = 1024 * 1024;
/** Chunks that the thread may have before the run waits for it. */
const MAX_IN_FLIGHT = 16;
/** The thread takes milliseconds for a chunk; a disk that makes it wait so long is gone. */
const PATIENCE_MS = 60_000;

/** What the thread is started with. */
export interface CaptureThreadData {
  readonly port: MessagePort;
  /** How many chunks have come back, for `Atomics.wait`. */
  readonly answers: Int32Array;
}

/** To the thread: write the records of port n to descriptor n. */
export interface WriteRequest {
  readonly descriptors: readonly number[];
  readonly chunk: JournalChunk;
}

/** From the thread: the memory again, and why it could not be written. */
export interface WrittenChunk {
  readonly chunk: JournalChunk;
  readonly failure: string | null;
}

/** The files of one journal at a time, and the thread that writes them. */
export class JournalFiles implements JournalSink {
  readonly #answers = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly #port: MessagePort;
  readonly #free: JournalChunk[] = [];
  #paths: readonly string[] = [];
  #descriptors: readonly number[] = [];
  #inFlight = 0;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    const workerData: CaptureThreadData = { port: port2, answers: this.#answers };
    const thread = packageFile("build/tools/capture-thread.js");
    this.#port = port1;
    this.#port.unref();
    new Worker(thread, { workerData, transferList: [port2] }).unref();
  }

  /** Begins a capture file for each port of a journal. Throws `VW_OUTPUT` if one cannot be. */
  open(paths: readonly string[]): void {
    this.#paths = paths;
    this.#descriptors = paths.map((path) =>
      writing(path, () => {
        const descriptor = openSync(path, "w");
        writeAll(descriptor, pcapHeader());
        return descriptor;
      }),
    );
  }

  take(): JournalChunk {
    this.#collect();
    while (this.#free.length === 0 && this.#inFlight >= MAX_IN_FLIGHT) this.#wait();
    return this.#free.pop() ?? journalChunk(CHUNK_BYTES);
  }

  put(chunk: JournalChunk): void {
    const request: WriteRequest = { descriptors: this.#descriptors, chunk };
    this.#inFlight += 1;
    this.#port.postMessage(request, [chunk.bytes, chunk.passages]);
  }

  /** Waits until everything is written. Throws `VW_OUTPUT` if something could not be. */
  close(): void {
    while (this.#inFlight > 0) this.#wait();
    for (const descriptor of this.#descriptors) closeSync(descriptor);
    this.#descriptors = [];
  }

  /** Waits until at least one more chunk has come back. */
  #wait(): void {
    const answers = Atomics.load(this.#answers, 0);
    if (this.#collect()) return;
    if (Atomics.wait(this.#answers, 0, answers, PATIENCE_MS) === "timed-out") {
      throw this.#failed("nothing was written for a minute");
    }
    this.#collect();
  }

  /** Takes what has come back; returns whether anything has. */
  #collect(): boolean {
    const before = this.#inFlight;
    for (;;) {
      const answer = receiveMessageOnPort(this.#port) as { message: WrittenChunk } | undefined;
      if (answer === undefined) return this.#inFlight < before;
      const { chunk, failure } = answer.message;
      this.#inFlight -= 1;
      this.#free.push(chunk);
      if (failure !== null) throw this.#failed(failure);
    }
  }

  #failed(reason: string): VethworkError {
    return new VethworkError("VW_OUTPUT", `cannot write "${this.#paths.join('", "')}"`, reason);
  }
}
