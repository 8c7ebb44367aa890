import { expect } from "chai";
import { isTooSoon, mayLoop } from "../../../lib/transport/tcp/oow-rate-limit.ts";
import { Segment } from "../../../lib/transport/tcp/segment.ts";
import { FLAG_ACK, FLAG_FIN, FLAG_SYN } from "../../../lib/wire/tcp.ts";

const MS = 1_000_000;

function segment(flags: number, sequenceSpace: number): Segment {
  return Object.assign(new Segment(), { flags, seq: 1000, endSeq: 1000 + sequenceSpace });
}

describe("transport/tcp/oow-rate-limit", () => {
  it("limits answers to what two hosts may send each other for ever", () => {
    expect(mayLoop(segment(FLAG_ACK, 0)), "a bare ACK").to.equal(true);
    expect(mayLoop(segment(FLAG_SYN, 1)), "a SYN").to.equal(true);
    expect(mayLoop(segment(FLAG_ACK, 100)), "data").to.equal(false);
    expect(mayLoop(segment(FLAG_FIN | FLAG_ACK, 1)), "a FIN").to.equal(false);
  });

  it("lets one answer through in each interval", () => {
    expect(isTooSoon(0, 3 * MS, 500), "the first").to.equal(false);
    expect(isTooSoon(1000 * MS, 1496 * MS, 500)).to.equal(true);
    expect(isTooSoon(1000 * MS, 1500 * MS, 500)).to.equal(false);
    expect(isTooSoon(1000 * MS, 1004 * MS, 0), "no limit").to.equal(false);
  });
});
