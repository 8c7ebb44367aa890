import { expect } from "chai";
import { NS_PER_MS, NS_PER_US } from "../../lib/base/units.ts";
import {
  Impairment,
  type ImpairmentOptions,
  NO_FAULTS,
  PERFECT_LINE,
  WAKE_NS,
} from "../../lib/link/impairment.ts";
import { DropCounters } from "../../lib/sim/drop-reason.ts";
import type { Frame } from "../../lib/wire/frame.ts";
import { Bench } from "../support/bare-host.ts";

/** Sends `count` frames of 125 bytes, whose first byte is their number, `gapNs` apart. */
function run(options: Partial<ImpairmentOptions>, count: number, gapNs = 0, seed = 1) {
  const bench = new Bench({ seed });
  const drops = new DropCounters();
  const arrivals: { number: number; at: number; bytes: string }[] = [];
  const end = {
    arrive(frame: Frame): void {
      const bytes = frame.bytes.toString("hex", frame.start, frame.end);
      const number = frame.view.getUint8(frame.start);
      arrivals.push({ number, at: bench.scheduler.now - WAKE_NS, bytes });
      frame.deliver();
    },
  };
  const line = new Impairment(
    bench.cpu,
    bench.random.stream("line"),
    { ...PERFECT_LINE, ...options },
    end,
    drops,
  );
  for (let number = 1; number <= count; number += 1) {
    bench.scheduler.runUntil((number - 1) * gapNs);
    const bytes = new Uint8Array(125);
    bytes[0] = number;
    line.send(bench.pool.takeFrom(bytes));
  }
  bench.scheduler.runUntil(bench.scheduler.now + 10_000 * NS_PER_MS);
  return { arrivals, drops, outstanding: bench.pool.outstanding };
}

const numbers = (result: ReturnType<typeof run>): number[] =>
  result.arrivals.map((arrival) => arrival.number);

describe("link/impairment", () => {
  it("delays each frame by the same time", () => {
    const { arrivals } = run({ delayNs: 10 * NS_PER_MS }, 2, NS_PER_MS);

    expect(arrivals.map((arrival) => arrival.at)).to.deep.equal([10 * NS_PER_MS, 11 * NS_PER_MS]);
  });

  it("hands over with a frame what comes while the host is being woken for it", () => {
    const { arrivals } = run({ delayNs: 10 * NS_PER_MS }, 4, WAKE_NS / 2);

    expect(arrivals.map((arrival) => arrival.at - 10 * NS_PER_MS)).to.deep.equal([
      0,
      0,
      0,
      1.5 * WAKE_NS,
    ]);
  });

  it("sends one frame after the other at its rate: 125 bytes at 1 Mbit/s take 1 ms", () => {
    const { arrivals } = run({ rateBps: 1e6, delayNs: 500 * NS_PER_US }, 3);

    expect(arrivals.map((arrival) => arrival.at)).to.deep.equal([1.5e6, 2.5e6, 3.5e6]);
  });

  it("loses, doubles, delays and damages exactly the frames that it is told to", () => {
    const result = run(
      {
        delayNs: NS_PER_MS,
        exact: {
          ...NO_FAULTS,
          drop: new Set([2]),
          duplicate: new Set([3]),
          delay: new Map([[4, 5 * NS_PER_MS]]),
          corrupt: new Map([[5, 9]]),
        },
      },
      5,
    );

    expect(numbers(result)).to.deep.equal([1, 3, 3, 5, 4]);
    expect(result.arrivals[3]?.bytes).to.equal(`0540${"00".repeat(123)}`);
    expect(result.drops.entries()).to.deep.equal([["LINK_LOSS", 1]]);
    expect(result.outstanding).to.equal(0);
  });

  it("drops what exceeds its limit", () => {
    const result = run({ delayNs: NS_PER_MS, limit: 3 }, 5);

    expect(numbers(result)).to.deep.equal([1, 2, 3]);
    expect(result.drops.entries()).to.deep.equal([["QDISC_DROP", 2]]);
  });

  it("loses about the share that it is told to, and another part with another seed", () => {
    const loss = { loss: { share: 0.3, correlation: 0 } };
    const one = run(loss, 250);
    const other = run(loss, 250, 0, 2);

    for (const result of [one, other]) {
      expect(result.arrivals.length).to.be.within(150, 200);
      expect(result.drops.total).to.equal(250 - result.arrivals.length);
    }
    expect(numbers(one)).to.deep.equal(numbers(run(loss, 250)));
    expect(numbers(one)).to.not.deep.equal(numbers(other));
  });

  it("keeps delays within the jitter", () => {
    const { arrivals } = run({ delayNs: 10 * NS_PER_MS, jitterNs: 2 * NS_PER_MS }, 200);
    const times = arrivals.map((arrival) => arrival.at);

    expect(Math.min(...times)).to.be.within(8 * NS_PER_MS, 8.2 * NS_PER_MS);
    expect(Math.max(...times)).to.be.within(11.8 * NS_PER_MS, 12 * NS_PER_MS);
  });

  it("lets every gap-th frame overtake when reordering is certain [tc-netem(8)]", () => {
    const result = run(
      { delayNs: 10 * NS_PER_MS, gap: 3, reorder: { share: 1, correlation: 0 } },
      6,
    );

    expect(numbers(result)).to.deep.equal([3, 6, 1, 2, 4, 5]);
  });
});
