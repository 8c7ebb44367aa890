import { expect } from "chai";
import type { Capture } from "../../lib/capture/capture.ts";
import { comparePace } from "../../lib/capture/pace.ts";
import { arpFrame } from "../support/frames.ts";

/** A capture of one interface with frames at these milliseconds. */
function framesAt(...times: readonly number[]): Capture {
  const bytes = arpFrame(1, "10.0.0.1", "10.0.0.2");
  return {
    interfaces: [{ name: "h1/eth0", snapLength: 0 }],
    frames: times.map((ms) => ({
      interfaceIndex: 0,
      seconds: Math.floor(ms / 1000),
      nanoseconds: (ms % 1000) * 1_000_000,
      bytes,
      originalLength: bytes.length,
      direction: 0,
      packetId: 0,
      comment: "",
    })),
  };
}

describe("capture/pace", () => {
  it("accepts pauses that differ by timer ticks and by the start of programs", () => {
    expect(comparePace(framesAt(0, 1010, 1012), framesAt(0, 1024, 1090))).to.equal(null);
  });

  it("reports the first pause that is too long or too short", () => {
    expect(comparePace(framesAt(0, 1000, 3000), framesAt(0, 1000, 2000))).to.equal(
      "h1/eth0 frame 3: 2s after the one before on the kernel, 1s here",
    );
  });

  it("reports a pause where there should be none", () => {
    expect(comparePace(framesAt(0, 1), framesAt(0, 205))).to.include("frame 2: 1ms after");
  });

  it("leaves more time to a program that begins another conversation", () => {
    const begins = (ms: number): Capture => {
      const { interfaces, frames } = framesAt(0, ms);
      const bytes = arpFrame(1, "10.0.0.1", "10.0.0.3");
      const [first, second] = frames;
      if (first === undefined || second === undefined) throw new Error("two frames were asked for");
      return { interfaces, frames: [first, { ...second, bytes, originalLength: bytes.length }] };
    };

    expect(comparePace(begins(100), begins(900))).to.equal(null);
    expect(comparePace(begins(100), begins(1500))).to.include("frame 2: 100ms after");
  });
});
