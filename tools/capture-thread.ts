/**
 * The thread that makes capture files of a journal. Each chunk goes back when it is written, with
 * the reason if that failed.
 */
import { receiveMessageOnPort, workerData } from "node:worker_threads";
import { type JournalChunk, pcapPieces } from "../lib/capture/journal.ts";
import { reasonOf } from "./input.ts";
import type { CaptureThreadData, WriteRequest, WrittenChunk } from "./journal-files.ts";
import { writePieces } from "./output.ts";

/**
 * How long the thread looks for the next chunk by itself before it sleeps: to be woken costs the run
 * more, some 100 µs each time, than looking costs the thread.
 */
const WATCH_MS = 20;
const LOOK_EVERY_MS = 0.2;

const { port: main, answers } = workerData as CaptureThreadData;
const never = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

main.on("message", (first: WriteRequest) => {
  for (let request: WriteRequest | null = first; request !== null; request = next()) {
    const { descriptors, chunk } = request;
    const answer: WrittenChunk = { chunk, failure: write(descriptors, chunk) };
    main.postMessage(answer, [chunk.bytes, chunk.passages]);
    Atomics.add(answers, 0, 1);
    Atomics.notify(answers, 0);
  }
});

/** The next request if it comes soon. */
function next(): WriteRequest | null {
  for (let waited = 0; waited < WATCH_MS; waited += LOOK_EVERY_MS) {
    const received = receiveMessageOnPort(main) as { message: WriteRequest } | undefined;
    if (received !== undefined) return received.message;
    Atomics.wait(never, 0, 0, LOOK_EVERY_MS);
  }
  return null;
}

/** Writes each port's part of a chunk to its file; returns why it could not. */
function write(descriptors: readonly number[], chunk: JournalChunk): string | null {
  try {
    for (const [port, descriptor] of descriptors.entries()) {
      writePieces(descriptor, pcapPieces(chunk, port));
    }
    return null;
  } catch (error) {
    return reasonOf(error);
  }
}
