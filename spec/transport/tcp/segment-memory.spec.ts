import { expect } from "chai";
import fc from "fast-check";
import { Segment } from "../../../lib/transport/tcp/segment.ts";
import {
  condensedSize,
  forwardAlloc,
  headSize,
  PAGE,
  sizeWithoutHead,
} from "../../../lib/transport/tcp/segment-memory.ts";
import type { Tcb } from "../../../lib/transport/tcp/tcb.ts";
import { FrameStorage } from "../../../lib/wire/frame.ts";
import { FramePool } from "../../../lib/wire/frame-pool.ts";

/** A connection as far as its memory goes. */
function holding(rmemAlloc: number, wmemQueued: number): Tcb {
  return { rmemAlloc, wmemQueued } as Tcb;
}

function segment(storage: FrameStorage, length: number): Segment {
  const one = new Segment();
  one.frame = new FramePool().take(1500);
  one.frame.storage = storage;
  one.length = length;
  one.truesize = 832 + length;
  return one;
}

describe("transport/tcp/segment-memory", () => {
  it("asks for no page while the last one has room, both directions counted together", () => {
    expect(forwardAlloc(holding(0, 0))).to.equal(0);
    expect(forwardAlloc(holding(1, 0))).to.equal(4095);
    expect(forwardAlloc(holding(2304, 1280))).to.equal(512);
    expect(forwardAlloc(holding(4096, 4096))).to.equal(0);
  });

  it("always makes whole pages of what is charged and what is left", () => {
    const bytes = fc.nat(1 << 25);
    fc.assert(
      fc.property(bytes, bytes, (received, queued) => {
        const left = forwardAlloc(holding(received, queued));
        return left >= 0 && left < PAGE && (received + queued + left) % PAGE === 0;
      }),
    );
  });

  it("allocates heads of the small cache's size, then of powers of two", () => {
    expect(headSize(1)).to.equal(576);
    expect(headSize(256)).to.equal(576);
    expect(headSize(257)).to.equal(1024);
    expect(headSize(704)).to.equal(1024);
    expect(headSize(705)).to.equal(2048);
    expect(headSize(1728)).to.equal(2048);
  });

  it("counts nothing of a head without payload", () => {
    expect(sizeWithoutHead(segment(FrameStorage.COPIED, 0))).to.equal(0);
    expect(sizeWithoutHead(segment(FrameStorage.PAGED, 1448))).to.equal(1448);
    expect(sizeWithoutHead(segment(FrameStorage.PULLED, 1448))).to.equal(832 + 1448);
  });

  it("packs a segment ahead of order into the head that its payload was pulled into", () => {
    expect(condensedSize(segment(FrameStorage.PULLED, 100))).to.equal(1024 + 256);
    expect(condensedSize(segment(FrameStorage.PULLED, 0))).to.equal(832);
    expect(condensedSize(segment(FrameStorage.COPIED, 100))).to.equal(932);
  });
});
