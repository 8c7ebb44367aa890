import { expect } from "chai";
import { interfaceName, mergeCaptures } from "../../lib/capture/capture.ts";
import { PcapngWriter } from "../../lib/capture/pcapng.ts";
import { readCapture } from "../../lib/capture/read.ts";
import { MemorySink } from "../../lib/capture/sink.ts";
import { Direction } from "../../lib/capture/tap.ts";
import { FramePool } from "../../lib/wire/frame-pool.ts";
import { tcpFrame } from "../support/frames.ts";

describe("capture/capture", () => {
  it("merges captures of single interfaces in order of time", () => {
    const frame = new FramePool().takeFrom(tcpFrame({}));
    const sinks = [new MemorySink(), new MemorySink()];
    const writers = sinks.map((sink) => new PcapngWriter(sink));
    const taps = writers.map((writer, index) => writer.tap(["a/eth0", "b/eth0"][index] ?? ""));
    taps[0]?.frame(frame, Direction.OUT, 10);
    taps[1]?.frame(frame, Direction.IN, 20);
    taps[0]?.frame(frame, Direction.IN, 30);
    for (const writer of writers) writer.flush();

    const merged = mergeCaptures(sinks.map((sink) => readCapture(sink.bytes())));

    expect(
      merged.frames.map((one) => [interfaceName(merged, one), one.nanoseconds, one.direction]),
    ).to.deep.equal([
      ["a/eth0", 10, Direction.OUT],
      ["b/eth0", 20, Direction.IN],
      ["a/eth0", 30, Direction.IN],
    ]);
  });
});
