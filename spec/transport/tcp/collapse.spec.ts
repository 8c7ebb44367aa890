import { expect } from "chai";
import { collapseOutOfOrder, collapseReceived } from "../../../lib/transport/tcp/collapse.ts";
import { Segment, SegmentQueue } from "../../../lib/transport/tcp/segment.ts";
import type { Tcb } from "../../../lib/transport/tcp/tcb.ts";
import { FLAG_ACK, FLAG_FIN } from "../../../lib/wire/tcp.ts";

/** A head of a page's payload: 3776 bytes and the shared info are 4096, and 256 for `sk_buff`. */
const FULL_HEAD = 4096 + 256;
const FULL_PAYLOAD = 4096 - 320;

interface Given {
  readonly seq: number;
  readonly length: number;
  readonly truesize?: number;
  readonly flags?: number;
}

function queueOf(...all: Given[]): SegmentQueue {
  const queue = new SegmentQueue();
  for (const { seq, length, truesize = 2304, flags = FLAG_ACK } of all) {
    const one = new Segment();
    one.seq = seq;
    one.length = length;
    one.endSeq = seq + length + ((flags & FLAG_FIN) !== 0 ? 1 : 0);
    one.flags = flags;
    one.truesize = truesize;
    one.charged = truesize;
    queue.push(one);
  }
  return queue;
}

function connection(receiveQueue: SegmentQueue, outOfOrder = new SegmentQueue()): Tcb {
  const all = [...charges(receiveQueue), ...charges(outOfOrder)];
  const rmemAlloc = all.reduce((sum, one) => sum + one, 0);
  return { receiveQueue, outOfOrder, copiedSeq: 0, scalingRatio: 128, rmemAlloc } as Tcb;
}

function charges(queue: SegmentQueue): number[] {
  const all: number[] = [];
  for (let one = queue.head; one !== null; one = one.next) all.push(one.charged);
  return all;
}

/** `count` segments of `length` bytes, one behind the other. */
function run(seq: number, count: number, length: number): Given[] {
  return Array.from({ length: count }, (_, index) => ({ seq: seq + index * length, length }));
}

describe("transport/tcp/collapse", () => {
  it("packs small segments into one head, charged to the segment that ends in it", () => {
    const tp = connection(queueOf(...run(0, 5, 100)));
    collapseReceived(tp);
    // 500 bytes and the shared info need a head of 1024.
    expect(charges(tp.receiveQueue)).to.deep.equal([0, 0, 0, 0, 1024 + 256]);
    expect(tp.rmemAlloc).to.equal(1024 + 256);
  });

  it("begins another head when a page is full", () => {
    const tp = connection(queueOf(...run(0, 40, 100)));
    collapseReceived(tp);
    const rest = 4000 - FULL_PAYLOAD;
    expect(rest).to.be.lessThan(256);
    const all = charges(tp.receiveQueue);
    expect(all[Math.floor(FULL_PAYLOAD / 100)]).to.equal(FULL_HEAD);
    expect(all.at(-1)).to.equal(576 + 256);
    expect(tp.rmemAlloc).to.equal(FULL_HEAD + 576 + 256);
  });

  it("leaves segments alone whose memory is mostly payload", () => {
    const full = run(0, 3, 1448).map((one) => ({ ...one, truesize: 2304 }));
    const tp = connection(queueOf(...full));
    collapseReceived(tp);
    expect(charges(tp.receiveQueue)).to.deep.equal([2304, 2304, 2304]);
  });

  it("begins at the first segment that wastes memory", () => {
    const tp = connection(queueOf({ seq: 0, length: 1448 }, ...run(1448, 3, 100)));
    collapseReceived(tp);
    expect(charges(tp.receiveQueue)).to.deep.equal([2304, 0, 0, 1024 + 256]);
  });

  it("does not copy what was read already", () => {
    const tp = connection(queueOf(...run(0, 3, 200)));
    tp.copiedSeq = 150;
    collapseReceived(tp);
    // 450 bytes are left; with all 600 the head would be the same, with 100 it would be small.
    expect(tp.rmemAlloc).to.equal(1024 + 256);
    tp.copiedSeq = 500;
    collapseReceived(tp);
    expect(tp.rmemAlloc).to.equal(576 + 256);
  });

  it("keeps a FIN out of the packing", () => {
    const fin = { seq: 200, length: 100, flags: FLAG_ACK | FLAG_FIN };
    const tp = connection(queueOf(...run(0, 2, 100), fin));
    collapseReceived(tp);
    expect(charges(tp.receiveQueue)).to.deep.equal([0, 576 + 256, 2304]);
  });

  it("packs each run ahead of order on its own, and no single small segment", () => {
    const ahead = queueOf(...run(1000, 2, 100), { seq: 5000, length: 100 });
    const tp = connection(new SegmentQueue(), ahead);
    collapseOutOfOrder(tp);
    expect(charges(ahead)).to.deep.equal([0, 576 + 256, 2304]);
    expect(tp.rmemAlloc).to.equal(576 + 256 + 2304);
  });
});
